"""What the lines of a table are called: a reducer's name, and no more than tells it from the others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from g2tr.config import fingerprint
from g2tr.evaluation.run_folder import Run
from g2tr.report.tables.table import stages

FOLDED = ("keep_ratio", "seed")
Settings = Mapping[str, Any]


def without(node: Any, keys: Sequence[str]) -> Any:  # noqa: ANN401 - any JSON
    """A nested node without these keys."""
    if isinstance(node, Mapping):
        return {key: without(value, keys) for key, value in node.items() if key not in keys}
    return [without(value, keys) for value in node] if isinstance(node, list) else node


def identity(run: Run) -> str:
    """What runs of one reducer share at all keep ratios and seeds."""
    return fingerprint(without(run.metrics["reducer"], FOLDED))


def labels_of(runs: Sequence[Run]) -> dict[str, str]:
    """A reducer's name; with its stages where several share it, and with settings where these are the same, too."""
    reducers = {identity(run): run.metrics["reducer"] for run in runs}
    names = Counter(str(reducer["name"]) for reducer in reducers.values())
    labels: dict[str, str] = {}
    for key, reducer in reducers.items():
        alike = [other for other in reducers.values() if called(other) == called(reducer)]
        details = [stages(reducer), *distinguishing_settings(reducer, alike)]
        name = str(reducer["name"])
        labels[key] = name if names[name] == 1 else f"{name} ({'; '.join(details)})"
    return labels


def called(reducer: Settings) -> tuple[str, str]:
    """Name and stages of a reducer."""
    return str(reducer["name"]), stages(reducer)


def distinguishing_settings(reducer: Settings, alike: Sequence[Settings]) -> list[str]:
    """The settings in which a reducer differs from others, as `key=value`."""
    own, others = flat(without(reducer, FOLDED)), [flat(without(other, FOLDED)) for other in alike]
    return [f"{key}={value}" for key, value in own.items() if any(other.get(key) != value for other in others)]


def flat(node: Any, prefix: str = "") -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """All values of a nested node by their dotted keys."""
    if not isinstance(node, Mapping | list):
        return {prefix: node}
    parts = node.items() if isinstance(node, Mapping) else enumerate(node)
    return {key: value for name, part in parts for key, value in flat(part, f"{prefix}.{name}".strip(".")).items()}
