"""The whole evaluation on the embedded model, a few samples each."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from omegaconf import DictConfig

from g2tr.assets import ASSETS
from g2tr.benchmarks.groups import Group
from g2tr.evaluation.evaluate import evaluate
from g2tr.evaluation.predict import Evaluation, log_query
from g2tr.evaluation.record import read_records
from g2tr.evaluation.run_folder import Run
from g2tr.models.bagel.model import Bagel
from g2tr.reducers.cascade import KEEP_ALL, Cascade
from g2tr.reducers.importance.attention import Attention
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Depth, Reducer
from g2tr.reducers.selection.topk import TopK

Compose = Callable[..., DictConfig]
SMALL = ("limit=3", "benchmark.scenes_edits.limit=1", "model.sampling.num_timesteps=3")


def without_times(value: Any) -> Any:
    """Metrics or records without what differs from run to run."""
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key != "seconds"}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def contents(run: Run) -> tuple[Any, list[Any]]:
    """Metrics and predictions as they lie on disk, without times."""
    lines = (run.folder.path / "predictions.jsonl").read_text().splitlines()
    return without_times(json.loads(run.folder.metrics_file.read_text())), [without_times(json.loads(x)) for x in lines]


@pytest.fixture(scope="module")
def finished(compose: Compose, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    return evaluate(compose(*SMALL, f"outputs={tmp_path_factory.mktemp('outputs')}"))


def test_a_run_folder_holds_what_design_promises(finished: list[Run]) -> None:
    for run in finished:
        names = {path.name for path in run.folder.path.iterdir()}
        assert names == {"config.yaml", "predictions.jsonl", "seconds.jsonl", "images", "metrics.json", "run.log"}
        assert (run.folder.path / "images/scenes_edits-edit-000-recolor.png").is_file()


def test_metrics_say_what_ran_and_what_it_scored_and_cost(finished: list[Run]) -> None:
    reference, reduced = (run.metrics for run in finished)
    for metrics in (reference, reduced):
        assert {"run_id", "git", "versions", "model", "reducer", "preprocess", "benchmarks", "tokens", "cost"} < set(
            metrics
        )
        assert metrics["benchmarks"]["scenes_questions"]["n"] == 3
        assert {"encode", "prefill", "decode", "denoise"} <= set(metrics["seconds"])
    assert reference["tokens"]["ratio"] == 1.0
    assert "relative" not in reference["benchmarks"]["scenes_questions"]
    assert reduced["tokens"]["ratio"] == 0.5
    assert reduced["benchmarks"]["scenes_questions"]["cost"]["anchor_flops"] > 0
    assert reduced["benchmarks"]["scenes_edits"]["cost"]["anchor_flops"] == 0
    assert "agreement_psnr" in reduced["benchmarks"]["scenes_edits"]["scores"]
    assert reduced["benchmarks"]["scenes_questions"]["relative"]["accuracy"] <= 1.0


def test_every_sample_has_one_line_in_the_order_of_the_benchmark(finished: list[Run]) -> None:
    records = read_records(finished[1].folder.path / "predictions.jsonl")
    assert [r.id for r in records] == ["scene-000-exist", "scene-000-color", "scene-000-shape", "edit-000-recolor"]
    assert all(record.visual_tokens["kept"] == 128 and record.error is None for record in records)


def test_questions_in_parts_are_answered_as_together(finished: list[Run], compose: Compose, tmp_path: Path) -> None:
    questions = ("benchmark=scenes_questions", "limit=3", "reducer=none", "questions_per_batch=2")
    (run,) = evaluate(compose(*questions, f"outputs={tmp_path}"))
    together = read_records(finished[0].folder.path / "predictions.jsonl")[:3]
    parts = read_records(run.folder.path / "predictions.jsonl")
    assert [(record.id, record.prediction) for record in parts] == [(r.id, r.prediction) for r in together]


def test_a_complete_run_is_not_run_again(
    finished: list[Run], compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Evaluation, "predict_step", lambda *_: pytest.fail("predicted again"))
    again = evaluate(compose(*SMALL, f"outputs={finished[0].folder.path.parent}"))
    assert [run.metrics for run in again] == [run.metrics for run in finished]


def test_force_does_a_finished_run_again_and_spares_the_shared_reference(
    compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choice = ("benchmark=scenes_questions", "limit=2", f"outputs={tmp_path}")
    first = evaluate(compose(*choice))
    step, seen = Evaluation.predict_step, []

    def counted(self: Evaluation, batch: Group, batch_idx: int) -> Any:
        seen.append(self.reducer.encoder.name)
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Evaluation, "predict_step", counted)
    assert [contents(run) for run in evaluate(compose(*choice, "force=true"))] == [contents(run) for run in first]
    assert set(seen) == {"g2tr"}


def test_an_unfinished_run_starts_afresh_without_resume(compose: Compose, tmp_path: Path) -> None:
    choice = ("benchmark=scenes_questions", "limit=2", "reducer=none", f"outputs={tmp_path}")
    run = evaluate(compose(*choice))[0]
    lines = run.folder.path / "predictions.jsonl"
    lines.write_text(lines.read_text().replace('"prediction": "', '"prediction": "tampered '))
    run.folder.metrics_file.unlink()
    assert "tampered" in str(contents(evaluate(compose(*choice))[0]))
    run.folder.metrics_file.unlink()
    assert "tampered" not in str(contents(evaluate(compose(*choice, "resume=false"))[0]))


def test_what_is_too_much_for_the_memory_is_tried_alone_and_then_counted(
    compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, tries = Evaluation.answer, []

    def hungry(self: Evaluation, group: Group, images: Any) -> Any:
        tries.append([sample.id for sample in group.samples])
        if len(group.samples) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        if group.samples[0].id == "scene-000-color":
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 PiB")
        return answer(self, group, images)

    monkeypatch.setattr(Evaluation, "answer", hungry)
    run = evaluate(compose("benchmark=scenes_questions", "limit=3", "reducer=none", f"outputs={tmp_path}"))[0]
    errors = {record.id: record.error for record in run.folder.records().values()}
    assert errors == {"scene-000-exist": None, "scene-000-color": "out of memory", "scene-000-shape": None}
    assert [len(names) for names in tries] == [3, 1, 1, 1]
    assert run.metrics["benchmarks"]["scenes_questions"]["failed"] == 1


def test_a_single_sample_gets_a_second_try(compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, tries = Evaluation.answer, []

    def once(self: Evaluation, group: Group, images: Any) -> Any:
        tries.append(group)
        if len(tries) == 1:
            raise MemoryError
        return answer(self, group, images)

    monkeypatch.setattr(Evaluation, "answer", once)
    run = evaluate(compose("benchmark=scenes_questions", "limit=1", "reducer=none", f"outputs={tmp_path}"))[0]
    assert run.metrics["benchmarks"]["scenes_questions"]["failed"] == 0 and len(tries) == 2


def test_a_fault_of_the_program_is_no_failed_sample(
    compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Evaluation, "answer", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        evaluate(compose("benchmark=scenes_questions", "limit=1", "reducer=none", f"outputs={tmp_path}"))


def test_a_killed_run_ends_with_the_bytes_of_an_uninterrupted_one(
    finished: list[Run], compose: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, calls = Evaluation.predict_step, []

    def killed(self: Evaluation, batch: Group, batch_idx: int) -> Any:
        calls.append(batch)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return step(self, batch, batch_idx)

    cfg = compose(*SMALL, f"outputs={tmp_path}")
    with monkeypatch.context() as patch, pytest.raises((KeyboardInterrupt, SystemExit)):
        patch.setattr(Evaluation, "predict_step", killed)
        evaluate(cfg)
    for part in tmp_path.glob("*/predictions.rank0.jsonl"):
        part.write_text(part.read_text() + '{"id": "cut o')
    assert [contents(run) for run in evaluate(cfg)] == [contents(run) for run in finished]


def test_a_reducer_that_keeps_all_predicts_what_no_reduction_predicts(finished: list[Run], compose: Compose) -> None:
    runs = evaluate(compose(*SMALL, "keep_ratio=1.0", f"outputs={finished[0].folder.path.parent}"))
    assert contents(runs[0])[1] == [
        {**line, "score": {k: v for k, v in line["score"].items() if not k.startswith("agreement")}}
        for line in contents(runs[1])[1]
    ]
    assert runs[1].metrics["benchmarks"]["scenes_edits"]["scores"]["agreement_psnr"] == 100.0


def test_the_reference_alone_is_one_run(finished: list[Run], compose: Compose) -> None:
    runs = evaluate(compose(*SMALL, "reducer=none", f"outputs={finished[0].folder.path.parent}"))
    assert [run.folder.path for run in runs] == [finished[0].folder.path]


def test_unreadable_images_and_empty_prompts_are_counted_and_the_run_goes_on(compose: Compose, tmp_path: Path) -> None:
    table = pq.read_table(ASSETS / "scenes/understanding.parquet").slice(0, 20)
    rows = table.to_pylist()
    rows[0]["image"] = {"bytes": b"no image", "path": None}
    rows[1]["question"] = "   "
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), tmp_path / "understanding.parquet")
    choice = ("benchmark=scenes_questions", f"benchmark.scenes_questions.path={tmp_path}", "reducer=none", "limit=4")
    run = evaluate(compose(*choice, f"outputs={tmp_path / 'out'}"))[0]
    errors = [record.error for record in read_records(run.folder.path / "predictions.jsonl")]
    assert errors[0] is not None and errors[0].startswith("unreadable image")
    assert errors[1] is not None and errors[1].startswith("empty prompt")
    assert errors[2:] == [None, None]
    assert run.metrics["benchmarks"]["scenes_questions"]["failed"] == 2
    assert run.metrics["benchmarks"]["scenes_questions"]["n"] == 4


def test_a_run_says_which_query_native_means(bagel_tiny: Bagel, caplog: pytest.LogCaptureFixture) -> None:
    step = Reducer(Attention(), TopK(), Drop(), at=Depth(2))
    with caplog.at_level("INFO", "g2tr"):
        for plan in (KEEP_ALL, Cascade([step], "deferred"), Cascade([step])):
            log_query(bagel_tiny, plan)
    assert [record.getMessage() for record in caplog.records] == [
        f"query=native means query=image_end on {bagel_tiny.name}"
    ]
