"""The one door for settings that were read from disk: they name g2tr's own benchmarks and their parts, nothing else.

Whoever may write to a shared folder of outputs must not run code in another user's process. So names are compared
with a list before anything is imported, and interpolations, which can build and reveal things, are refused.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from g2tr.benchmarks.sample import Benchmark, Shares
from g2tr.config import build
from g2tr.errors import InputError

BENCHMARKS = frozenset(
    f"g2tr.benchmarks.{name}"
    for name in (
        "EmuEdit",
        "GEditBench",
        "GeneratedEdits",
        "GeneratedQuestions",
        "ImgEditBench",
        "KRISBench",
        "MMBench",
        "MME",
        "MMVP",
        "MagicBrush",
        "OwnEdits",
        "POPE",
        "Questions",
        "RISEBench",
        "RealWorldQA",
        "SceneEdits",
        "SceneQuestions",
    )
)
PARTS = frozenset(
    {"g2tr.benchmarks.Dataset", *(f"g2tr.metrics.{name}" for name in ("ClipCaptions", "ClipImage", "Dino", "Lpips"))}
)
MOVED = re.compile(r"g2tr\.(benchmarks|metrics)\.[a-z_.]+\.([A-Z]\w+)")  # what 0.1.0 called g2tr.benchmarks.mme.MME
Settings = Mapping[str, object]


def build_benchmark(name: str, node: Settings) -> Benchmark:
    """The benchmark of a node from a file. Raises `InputError` where it would build anything else."""
    require_trusted(name, node)
    benchmark = build(current(node))
    if not isinstance(benchmark, Benchmark):
        raise InputError(f"{name}: {node.get('_target_')} is no benchmark")
    return benchmark


def require_trusted(name: str, node: object) -> None:
    """Raises `InputError` where a node from a file would build what is not on our list. Imports nothing."""
    if not isinstance(node, Mapping):
        raise InputError(f"{name}: the settings of a run must be a mapping, got {type(node).__name__}")
    for target in targets(current(node)):
        if target not in BENCHMARKS | PARTS:
            raise InputError(f"{name}: the settings of a run may not build {target}")
    if text := next(interpolations(node), None):
        raise InputError(f"{name}: the settings of a run may not hold the interpolation {text}")


def headline_of(node: Settings) -> tuple[str, ...]:
    """The headline scores of a benchmark, best first. Builds nothing, and imports what is on our list alone."""
    headline = getattr(class_of(node), "headline", None)
    if not isinstance(headline, tuple) or not all(isinstance(score, str) for score in headline):
        raise InputError(f"{node.get('_target_')} is no benchmark that is known here")
    return headline


def shares_of(node: Settings, score: str, protocol: str | None) -> Shares | None:
    """How a first headline comes from clusters, by the node's own protocol or another; None for any other score."""
    found = class_of(node)
    rule, headline = getattr(found, "shares", None), getattr(found, "headline", ())
    if rule is None or score not in headline[:1]:
        return None
    shares: Shares = partial(rule, protocol=protocol or node.get("protocol") or getattr(found, "protocol", ""))
    return shares


def class_of(node: Settings) -> type | None:
    """The class that a node names: one on our list, or one of the user's own that this process has imported."""
    target = current_name(str(node.get("_target_")))
    module, _, name = target.rpartition(".")
    found = vars(sys.modules[module]).get(name) if module in sys.modules else None
    if target in BENCHMARKS:
        found = getattr(import_module(module), name)
    return found if isinstance(found, type) else None


def current_name(target: str) -> str:
    """The public name of a class; run folders of 0.1.0 name the module that it was in."""
    return MOVED.sub(r"g2tr.\1.\2", target)


def current(value: Any) -> Any:  # noqa: ANN401 - a node, or a part of one
    """A node with the public names of all that it builds."""
    if isinstance(value, Mapping):
        return {key: current_name(str(part)) if key == "_target_" else current(part) for key, part in value.items()}
    return [current(part) for part in value] if isinstance(value, list | tuple) else value


def targets(value: object) -> Iterator[str]:
    """Everything that a node builds."""
    if isinstance(value, Mapping):
        yield from [str(value["_target_"])] if "_target_" in value else []
    for part in parts(value):
        yield from targets(part)


def interpolations(value: object) -> Iterator[str]:
    """Every text of a node, its keys included, that OmegaConf would take for an instruction."""
    if isinstance(value, str) and "${" in value:
        yield value
    for part in (*value, *parts(value)) if isinstance(value, Mapping) else parts(value):
        yield from interpolations(part)


def parts(value: object) -> list[object]:
    """What a mapping or a list holds."""
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []
