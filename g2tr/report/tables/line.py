"""One line of a table: a reducer at a keep ratio, its seeds as mean and standard deviation."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, stdev
from typing import Any

from g2tr.evaluation.run_folder import Run
from g2tr.report.tables.table import stages

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class MeanStd:
    """One value per seed."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return fmean(self.values)

    @property
    def deviation(self) -> float:
        """The standard deviation of a sample, 0 for one value."""
        return stdev(self.values) if len(self.values) > 1 else 0.0


@dataclass(frozen=True, eq=False)
class ResultRow:
    """One reducer at one keep ratio: runs that differ in their seed, or in their benchmarks."""

    label: str
    runs: Sequence[Run]
    benchmarks: Mapping[str, Sequence[str]]

    @property
    def key(self) -> str:
        """What tells the line from all others."""
        return "+".join(sorted(str(run.folder.path) for run in self.runs))

    @property
    def reducer(self) -> Settings:
        settings: Settings = self.runs[0].metrics["reducer"]
        return settings

    @property
    def keep(self) -> float:
        return float(self.reducer["keep_ratio"])

    @property
    def stages(self) -> str:
        return stages(self.reducer)

    @property
    def seeds(self) -> list[int]:
        return sorted({run.metrics["seed"] for run in self.runs})

    @property
    def is_reference(self) -> bool:
        return all("relative" not in result for _, result in self.results())

    def results(self, seed: int | None = None) -> Iterator[tuple[str, Settings]]:
        """Benchmarks and what was measured on them."""
        for run in self.runs:
            if seed in (None, run.metrics["seed"]):
                yield from run.metrics["benchmarks"].items()

    def first_run(self, benchmark: str) -> Run | None:
        """The run on a benchmark with the smallest seed."""
        runs = [run for run in self.runs if benchmark in run.metrics["benchmarks"]]
        return min(runs, key=lambda run: run.metrics["seed"], default=None)

    def score(self, benchmark: str, name: str) -> MeanStd | None:
        """A score, seed by seed."""
        results = [result["scores"] for other, result in self.results() if other == benchmark]
        values = tuple(float(scores[name]) for scores in results if name in scores)
        return MeanStd(values) if values else None

    @cached_property
    def relative(self) -> MeanStd | None:
        """Mean over benchmarks of the first headline score's ratio to the unreduced model; None if one is missing."""
        values = []
        for seed in self.seeds:
            ratios = {name: ratio(result, self.benchmarks[name][0]) for name, result in self.results(seed)}
            known = [value for value in ratios.values() if value is not None]
            if len(known) == len(self.benchmarks):
                values.append(fmean(known))
        return MeanStd(tuple(values)) if values else None

    def mean(self, group: str, key: str) -> float | None:
        """A measured number, averaged over benchmarks and seeds."""
        results = [result for _, result in self.results()]
        known = [float(result[group][key]) for result in results if key in result.get(group, {})]
        return fmean(known) if known and len(known) == len(results) else None

    def saving(self, key: str) -> float | None:
        """How many times more the unreduced model takes."""
        full, reduced = self.mean("cost", f"{key}_full"), self.mean("cost", key)
        return full / reduced if full and reduced else None


def ratio(result: Settings, score: str) -> float | None:
    """A score as a share of the unreduced model's, which is itself 1."""
    if "relative" not in result:
        return 1.0
    value = result["relative"].get(score)
    return None if value is None else float(value)
