"""Packages whose public names are imported at their first use, so that nothing heavy is imported before."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(package: str, exports: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package that exports each name from the module beside it, relative to the package."""

    def import_name(name: str) -> Any:  # noqa: ANN401 - any export
        if name in exports:
            return getattr(import_module(f"{package}.{exports[name]}"), name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return import_name
