"""Finds run folders and reads the complete ones; what cannot be used is named."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from g2tr.errors import InputError
from g2tr.evaluation.record import read_records
from g2tr.evaluation.run_folder import Run, RunFolder, run_folders
from g2tr.evaluation.trusted_config import headline_of
from g2tr.report.tables.table import stages

NEEDED = ("run_id", "model", "benchmark", "reducer", "seed", "benchmarks")


@dataclass(frozen=True)
class Collected:
    """Complete runs, and for every other run folder why it is left out."""

    runs: Sequence[Run]
    left_out: Sequence[str]


def collect(paths: Sequence[Path]) -> Collected:
    """All runs in these folders or below, each once. Raises `InputError` where none is complete."""
    runs: dict[str, Run] = {}
    left_out = []
    for folder in dict.fromkeys(folder.resolve() for path in paths for folder in run_folders(path)):
        try:
            run = read_run(folder)
        except InputError as error:
            left_out.append(f"{folder.name}: {error}")
        else:
            runs.setdefault(run.metrics["run_id"], run)
    if not runs:
        reasons = f"; {'; '.join(left_out)}" if left_out else ""
        raise InputError(f"no complete run in {', '.join(map(str, paths))}{reasons}")
    return Collected(list(runs.values()), left_out)


def read_run(path: Path) -> Run:
    """A complete run. Raises `InputError` for any other."""
    folder = RunFolder(path)
    try:
        metrics = json.loads(folder.metrics_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("not complete, it has no metrics.json") from None
    except (OSError, ValueError):
        raise InputError("metrics.json is not readable") from None
    check(metrics)
    for node in metrics["benchmark"].values():
        headline_of(node)
    graded = sum(result["n"] for result in metrics["benchmarks"].values())
    lines = len(read_records(path / "predictions.jsonl"))
    if lines < graded:
        raise InputError(f"predictions.jsonl has {lines} readable lines for {graded} graded samples")
    return Run(folder, metrics)


def check(metrics: Any) -> None:  # noqa: ANN401 - whatever the file holds
    """Raises `InputError` where metrics lack what a report needs."""
    if not isinstance(metrics, dict):
        raise InputError("metrics.json is no mapping")
    if missing := [key for key in NEEDED if key not in metrics]:
        raise InputError(f"metrics.json lacks {missing[0]}")
    try:
        known = {name: metrics["benchmark"][name] for name in metrics["benchmarks"]}
        empty = [name for name, result in metrics["benchmarks"].items() if not (result["n"] and result["scores"])]
        float(metrics["reducer"]["keep_ratio"]), str(metrics["model"]["name"]), stages(metrics["reducer"])
    except (AttributeError, KeyError, TypeError, ValueError, IndexError):
        raise InputError("metrics.json has an unknown form") from None
    if empty or not known:
        raise InputError(f"no sample of {'any benchmark' if not empty else empty[0]} was graded")
