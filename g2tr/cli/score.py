"""`g2tr score`: scores from saved predictions alone, without the model and without the data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from g2tr.benchmarks.sample import Benchmark
from g2tr.config import plain
from g2tr.errors import InputError
from g2tr.evaluation.record import Record, to_line
from g2tr.evaluation.saved_predictions import MERGED, SavedPredictions, Settings, find_predictions, sample_of
from g2tr.evaluation.scoring import grade_record, relative, score_benchmark
from g2tr.evaluation.shard import Shard
from g2tr.evaluation.trusted_config import build_benchmark, headline_of
from g2tr.files import write_atomically, write_json
from g2tr.report.collect import read_run
from g2tr.report.tables.table import Row, markdown, score_cell

COUNTS = ("empty", "unparsed")


@dataclass(frozen=True)
class RescoredRun:
    """Predictions graded under a protocol, None for their own, and what was measured on each benchmark."""

    saved: SavedPredictions
    protocol: str | None
    records: Sequence[Record]
    results: Mapping[str, dict[str, Any]]


def rescore(cfg: DictConfig) -> list[RescoredRun]:
    """Scores the predictions in `cfg.paths`, prints a table, and stores the scores of complete runs.

    Under another protocol than their own they are stored only with `write=true`.
    """
    protocols, stored = check(cfg), cfg.write is True or (cfg.write is None and cfg.protocol is None)
    external_benchmarks = plain(cfg).get("benchmark") or {}
    found = [saved for path in cfg.paths for saved in find_predictions(Path(path), external_benchmarks)]
    done = [score(saved, protocol) for saved in found for protocol in protocols]
    complete = [one for one in done if stored and one.saved.whole and one.saved.folder.metrics_file.is_file()]
    for one, metrics in [(one, metrics_of(one, done)) for one in complete]:
        store(one, metrics)
    Console(soft_wrap=True, highlight=False, markup=False).print("\n\n".join(tables(done)))
    return done


def check(cfg: DictConfig) -> list[str | None]:
    """The protocols that are asked for, None for each run's own. Raises `InputError` for settings that cannot work."""
    if not OmegaConf.is_list(cfg.paths) or not cfg.paths or not all(isinstance(path, str) for path in cfg.paths):
        raise InputError(f"name run folders or files of predictions, as in g2tr score outputs; got paths={cfg.paths!r}")
    if cfg.write not in (None, True, False):
        raise InputError(f"write must be true, false or null, got {cfg.write!r}")
    protocols = list(cfg.protocol) if OmegaConf.is_list(cfg.protocol) else [cfg.protocol]
    if cfg.write and len(protocols) > 1:
        raise InputError("write=true stores one score per prediction; name one protocol")
    return protocols


def score(saved: SavedPredictions, protocol: str | None) -> RescoredRun:
    """Grades and sums up; edits keep the grades that they have, since grading them needs their images."""
    records: list[Record] = []
    results: dict[str, dict[str, Any]] = {}
    for name, node in saved.benchmarks.items():
        benchmark = benchmark_of(name, node, protocol)
        mine = [record for record in saved.records if record.benchmark == name]
        if benchmark.task == "answer":
            mine = [grade_record(record, sample_of(record), benchmark, saved.folder, None) for record in mine]
        without_cost = [replace(record, cost={}) for record in mine]
        results[name] = score_benchmark(benchmark, [sample_of(record) for record in mine], without_cost)
        records += mine
    return RescoredRun(saved, protocol, records, results)


def benchmark_of(name: str, node: Settings, protocol: str | None) -> Benchmark:
    """The benchmark of a node, with another protocol."""
    if protocol is not None and "protocol" not in node:
        raise InputError(f"{name} knows no protocols; leave out protocol={protocol}")
    return build_benchmark(name, {**node, "protocol": protocol} if protocol is not None else node)


def store(done: RescoredRun, metrics: Settings) -> None:
    """Replaces the metrics of a run and the grades of its predictions."""
    folder = done.saved.folder
    with folder.locked(Shard().part(0), wait=False):
        write_atomically(folder.path / MERGED, "".join(map(to_line, done.records)))
        write_json(folder.metrics_file, metrics)


def metrics_of(done: RescoredRun, others: Sequence[RescoredRun]) -> dict[str, Any]:
    """The metrics of a complete run with the new scores, and everything else as it was."""
    metrics = dict(read_run(done.saved.folder.path).metrics)
    measured = {name: dict(metrics["benchmarks"].get(name, {})) for name in done.results}
    for name, result in done.results.items():
        scores, old = result["scores"], measured[name]
        if "relative" in old:
            full = reference_scores(metrics, name, others)
            if full is None and old["scores"] != scores:
                raise InputError(f"{name}: scores change, so give the run without reduction as well, for their ratios")
            old["relative"] = old["relative"] if full is None else relative(scores, full)
        old.pop("protocol", None)
        old |= {"n": result["n"], "scores": scores, "failed": result["failed"]}
        old |= {"protocol": done.protocol} if done.protocol else {}
    return metrics | {"benchmarks": measured}


def reference_scores(metrics: Settings, name: str, others: Sequence[RescoredRun]) -> Mapping[str, float] | None:
    """The scores of the unreduced model on the same samples, where it is among what is scored."""
    for other in others:
        known = other.saved.folder.metrics() or {}
        alike = all(known.get(key) == metrics[key] for key in ("model", "seed"))
        same = known.get("benchmark", {}).get(name) == metrics["benchmark"][name]
        if alike and same and "relative" not in known["benchmarks"].get(name, {"relative": None}):
            scores: Mapping[str, float] = other.results[name]["scores"]
            return scores
    return None


def tables(done: Sequence[RescoredRun]) -> Iterator[str]:
    """A Markdown table for each benchmark."""
    for name in dict.fromkeys(name for one in done for name in one.results):
        yield f"{name}\n\n{markdown([row(one, name) for one in done if name in one.results])}"


def row(done: RescoredRun, name: str) -> Row:
    """One line of the table of a benchmark."""
    node, result = done.saved.benchmarks[name], done.results[name]
    scores = result["scores"]
    cells = {"run": done.saved.label, "protocol": done.protocol or str(node.get("protocol", ""))}
    cells |= {score: score_cell(score, scores[score], {}) for score in headline_of(node) if score in scores}
    counted = {name: f"{scores[name]:.0f}" for name in COUNTS if name in scores}
    return cells | counted | {"n": str(result["n"]), "failed": str(result["failed"])}
