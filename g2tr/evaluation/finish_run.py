"""The end of a run: grades, sums, metrics; and what a run may not be."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from g2tr.benchmarks.sample import Benchmark, Sample
from g2tr.config import fingerprint
from g2tr.errors import InputError
from g2tr.evaluation.provenance import git_state, versions
from g2tr.evaluation.record import Record
from g2tr.evaluation.run_folder import Run, RunFolder
from g2tr.evaluation.scoring import score_run

log = logging.getLogger(__name__)


def require_any(records: Mapping[tuple[str, str], Record], benchmarks: Mapping[str, Benchmark]) -> None:
    """Raises `InputError` where nothing at all was predicted."""
    if records and all(record.prediction is None for record in records.values()):
        first = next(iter(records.values()))
        done = "answered" if benchmarks[first.benchmark].task == "answer" else "edited"
        raise InputError(f"no sample could be {done}; the first failed with: {first.error}")


def require_same(folder: RunFolder, metrics: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Raises `InputError` where the metrics in a folder are not those of the configuration that it is named after."""
    if not isinstance(metrics, Mapping) or any(
        metrics.get(key) != config.get(key) for key in ("model", "benchmark", "reducer", "seed")
    ):
        raise InputError(
            f"{folder.metrics_file} is of other settings than its folder; remove it, and the same command goes on"
        )


def require_names(samples: Mapping[str, Sequence[Sample]]) -> None:
    """Raises `InputError` where two samples of a benchmark share an id."""
    for name, members in samples.items():
        (most, count), *_ = Counter(sample.id for sample in members).most_common(1)
        if count > 1:
            raise InputError(f"{name}: {count} samples have the id {most!r}; ids must differ")


def finish_run(
    folder: RunFolder,
    config: Mapping[str, Any],
    benchmarks: Mapping[str, Benchmark],
    samples: Mapping[str, Sequence[Sample]],
    reference: Run | None,
) -> Run:
    """Grades, sums up and writes a run whose samples all have a record."""
    full = reference.folder if reference else None
    records, measured = score_run(folder, folder.records(), benchmarks, samples, full)
    metrics = {
        "run_id": fingerprint(config),
        "git": git_state(),
        "versions": versions(),
        "model": config["model"],
        "benchmark": config["benchmark"],
        "reducer": config["reducer"],
        "preprocess": config["model"].get("preprocess"),
        "seed": config["seed"],
        **measured,
    }
    folder.finish(records, metrics)
    log.info("wrote %s", folder.metrics_file)
    return Run(folder, metrics)
