"""Runs of one model side by side: what was measured alike stands in one section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from g2tr.config import fingerprint
from g2tr.evaluation.run_folder import Run
from g2tr.report.tables.labels import called, identity, labels_of, without
from g2tr.report.tables.line import ResultRow, Settings
from g2tr.report.tables.paired import Difference, difference, scored
from g2tr.report.tables.table import PERCENT, findings, net_losses

BASELINES = ("none", "g2tr")
RELEASED = ("g2tr", "latent × balanced × nearest")
POOL = 2
Differences = Mapping[tuple[str, str, str], Difference]


@dataclass(frozen=True)
class ModelResults:
    """All lines of one model on benchmarks of the same settings."""

    model: Settings
    benchmarks: Mapping[str, Settings]
    headlines: Mapping[str, Sequence[str]]
    lines: Sequence[ResultRow]

    @property
    def reference(self) -> ResultRow | None:
        return next((line for line in self.lines if line.is_reference), None)

    @property
    def series(self) -> Mapping[str, Sequence[ResultRow]]:
        """The lines of each reducer, by falling keep ratio."""
        labels = dict.fromkeys(line.label for line in self.lines)
        return {
            label: sorted((line for line in self.lines if line.label == label), key=lambda line: -line.keep)
            for label in labels
        }

    @cached_property
    def differences(self) -> Mapping[str, Differences]:
        """For the runs of each line its differences, by benchmark, score and rival: no reduction, G²TR as released."""
        graded = {
            (line.key, name, scores[0]): scored(line.runs, name, scores[0])
            for line in self.lines
            for name, scores in self.headlines.items()
        }
        return {
            line.key: {
                (name, scores[0], rival): apart
                for name, scores in self.headlines.items()
                for rival, other in self.rivals(line).items()
                if (apart := difference(graded[line.key, name, scores[0]], graded[other.key, name, scores[0]]))
            }
            for line in self.lines
        }

    def rivals(self, line: ResultRow) -> dict[str, ResultRow]:
        """What a line is compared with: the unreduced model, and G²TR as released at the same keep ratio."""
        released = [other for other in self.lines if is_released(other.reducer)]
        same = next((other for other in released if other.keep == line.keep), None)
        known = dict(zip(BASELINES, (self.reference, same), strict=True))
        return {name: other for name, other in known.items() if other and other is not line and not line.is_reference}

    def findings(self) -> list[str]:
        """What falls below random reduction by more than chance, by the first seed of every line."""
        said = []
        for name, (first, *_) in self.headlines.items():
            runs = [run for line in self.lines if (run := line.first_run(name))]
            said += findings(runs, name, first) if first in PERCENT else []
            said += net_losses(runs, name)
        return said


def is_released(reducer: Settings) -> bool:
    """Whether it is G²TR with its released stages and pool."""
    return called(reducer) == RELEASED and reducer.get("anchors", {}).get("pool", POOL) == POOL


def sections(runs: Sequence[Run], headlines: Mapping[str, Sequence[str]]) -> list[ModelResults]:
    """Runs sorted into sections, so that only what was measured alike stands in one table."""
    labels = labels_of(runs)
    parts: list[tuple[dict[str, Any], list[Run]]] = []
    for run in runs:
        fitting = (part for part in parts if fits(run, part[1][0], part[0]))
        part = next(fitting, None)
        if part is None:
            parts.append(part := ({}, []))
        part[0].update(run.metrics["benchmark"])
        part[1].append(run)
    return [
        ModelResults(members[0].metrics["model"], nodes, known, ordered(members, labels, known))
        for nodes, members in parts
        for known in [{name: headlines[name] for name in nodes}]
    ]


def fits(run: Run, other: Run, nodes: Settings) -> bool:
    """Whether a run has the model of another, and the same settings for every benchmark that both know."""
    benchmark = run.metrics["benchmark"]
    return run.metrics["model"] == other.metrics["model"] and all(
        benchmark[name] == node for name, node in nodes.items() if name in benchmark
    )


def ordered(runs: Sequence[Run], labels: Mapping[str, str], headlines: Mapping[str, Sequence[str]]) -> list[ResultRow]:
    """Lines by falling keep ratio, the best relative score first."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(fingerprint(without(run.metrics["reducer"], ("seed",))), []).append(run)
    lines = [ResultRow(labels[identity(group[0])], group, headlines) for group in groups.values()]
    return sorted(lines, key=lambda line: (-line.keep, -line.relative.mean if line.relative else 0.0, line.label))
