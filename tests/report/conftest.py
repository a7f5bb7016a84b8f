"""Run folders without a model: what is right and what it cost is made up, samples are those of the embedded world."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from g2tr.benchmarks.scenes import SceneEdits, SceneQuestions
from g2tr.config import fingerprint
from g2tr.evaluation.record import Record
from g2tr.evaluation.run_folder import Run, RunFolder
from g2tr.report.collect import read_run
from g2tr.report.tables.section import ModelResults, sections

HEADLINES = {"questions": SceneQuestions.headline, "edits": SceneEdits.headline}
NODES = {
    "questions": {"_target_": "g2tr.benchmarks.SceneQuestions", "limit": 12},
    "edits": {"_target_": "g2tr.benchmarks.SceneEdits", "limit": 3},
}
STAGES = {stage: {"_target_": f"g2tr.{stage}.x.X"} for stage in ("importance", "selection", "merge")}
MakeRun = Callable[..., Run]
MakeSection = Callable[..., ModelResults]


def reducer_of(name: str, keep: float, seed: int) -> dict[str, Any]:
    stages = {**STAGES, "importance": {"_target_": f"g2tr.reducers.importance.{name}.X", "seed": seed}}
    return {"name": name, "keep_ratio": keep, **stages}


def result_of(benchmark: str, score: float, keep: float) -> dict[str, Any]:
    scores = dict.fromkeys(HEADLINES[benchmark], score)
    full = {"prefill_flops_full": 1e9, "kv_bytes_full": 2.0**20}
    cost = {"prefill_flops": 1e9 * keep, "kv_bytes": keep * 2.0**20, **full}
    result = {"n": NODES[benchmark]["limit"], "failed": 0, "scores": scores, "cost": cost}
    result["tokens"] = {"full": 256.0, "kept": 256 * keep, "ratio": keep}
    return result if keep == 1 else result | {"relative": {name: value / 0.8 for name, value in scores.items()}}


def records_of(benchmark: str, folder: RunFolder, score: float, keep: float) -> list[Record]:
    world = {"questions": SceneQuestions, "edits": SceneEdits}[benchmark](limit=NODES[benchmark]["limit"])
    (folder.path / "images").mkdir(parents=True, exist_ok=True)
    records = []
    for i, sample in enumerate(world.samples()):
        answer = str(sample.target)
        if benchmark == "edits":
            answer = folder.save_image(sample.id, Image.new("RGB", (32, 32), (200, 40 * i, 0)))
        right = float(i < round(score * NODES[benchmark]["limit"]))
        kept = [{"grid": [16, 16], "bits": "1" + format((1 << round(256 * keep)) - 1, "064x")}]
        place = (sample.id, benchmark, sample.category, sample.prompt, answer, None, 0)
        records.append(Record(*place, score=dict.fromkeys(HEADLINES[benchmark], right), kept=kept))
    return records


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes a complete run folder and reads it."""

    def made(
        name: str,
        keep: float = 0.5,
        score: float = 0.4,
        seed: int = 0,
        benchmarks: Sequence[str] = ("questions", "edits"),
        **changes: object,
    ) -> Run:
        metrics: Mapping[str, Any] = {
            "model": {"name": "tiny", "preprocess": "official_eval"},
            "benchmark": {benchmark: NODES[benchmark] for benchmark in benchmarks},
            "reducer": reducer_of(name, keep, seed),
            "seed": seed,
            "benchmarks": {benchmark: result_of(benchmark, score, keep) for benchmark in benchmarks},
            **changes,
        }
        run_id = fingerprint(metrics)
        folder = RunFolder(tmp_path / "runs" / f"{name}-{keep}-{run_id}")
        records = [record for benchmark in benchmarks for record in records_of(benchmark, folder, score, keep)]
        folder.finish(records, {"run_id": run_id, **metrics})
        return read_run(folder.path)

    return made


@pytest.fixture
def make_section(make_run: MakeRun) -> MakeSection:
    """The section of the unreduced model, of random at two seeds, and of one reducer, at two keep ratios."""

    def made() -> ModelResults:
        runs = [make_run("none", 1.0, 0.8)]
        for keep, score in ((0.5, 0.6), (0.25, 0.4)):
            runs += [make_run("random", keep, score - 0.2, 0), make_run("random", keep, score, 1)]
            runs += [make_run("g2tr", keep, score + 0.1)]
        (section,) = sections(runs, HEADLINES)
        return section

    return made
