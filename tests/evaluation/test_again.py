"""Results belong to what was read; what failed is tried again, what succeeded is not."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from omegaconf import DictConfig
from PIL import Image

from g2tr.benchmarks.groups import Group
from g2tr.cli.merge_shards import merge, reference_of
from g2tr.errors import InputError, OutputError
from g2tr.evaluation.evaluate import evaluate
from g2tr.evaluation.predict import Evaluation
from g2tr.evaluation.run_folder import Run, RunFolder
from g2tr.files import reporting_os_errors
from g2tr.reducers.cascade import KEEP_ALL
from g2tr.report.tables.table import tried_again

Compose = Callable[..., DictConfig]
Asked = list[str]
Go = Callable[..., list[Run]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two pictures of MME, two questions each."""
    rows: list[dict[str, Any]] = []
    for i, color in enumerate(("red", "blue")):
        Image.new("RGB", (64, 64), color).save(tmp_path / f"i{i}.png")
        for target in ("Yes", "No"):
            question = f"Is the background {color if target == 'Yes' else 'green'} ?"
            name = {"question_id": f"color/i{i}.png", "image": f"i{i}.png", "category": ("color", "code_reasoning")[i]}
            rows.append(name | {"question": question, "answer": target})
    (tmp_path / "mme.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The prompts that were put to the model."""
    step, seen = Evaluation.predict_step, []

    def noted(self: Evaluation, batch: Group, batch_idx: int) -> Any:
        seen.extend(sample.prompt for sample in batch.samples if batch_idx >= 0)
        return step(self, batch, batch_idx)

    monkeypatch.setattr(Evaluation, "predict_step", noted)
    return seen


@pytest.fixture
def go(compose: Compose, data: Path) -> Go:
    def run(*more: str) -> list[Run]:
        path = f"benchmark.mme.dataset.path={data / 'mme.jsonl'}"
        return evaluate(compose("benchmark=mme", path, "reducer=none", f"outputs={data / 'out'}", *more))

    return run


def taken(asked: Asked) -> Iterator[str]:
    """What was asked since the last look."""
    yield from asked
    asked.clear()


def test_another_table_at_the_same_path_is_another_run(go: Go, data: Path, asked: Asked) -> None:
    (first,) = go()
    table = data / "mme.jsonl"
    table.write_text(table.read_text().replace("green", "gray"))
    assert len(list(taken(asked))) == 4
    (second,) = go()
    assert any("gray" in prompt for prompt in taken(asked))
    assert first.folder.path != second.folder.path


def test_another_picture_at_the_same_path_is_predicted_again(go: Go, data: Path, asked: Asked) -> None:
    go()
    Image.new("RGB", (64, 64), "white").save(data / "i1.png")
    assert len(list(taken(asked))) == 4
    (run,) = go()
    assert len(list(taken(asked))) == 2
    assert "Tried again" in str(tried_again([run])) and "2 samples" in str(tried_again([run]))
    assert run.metrics["benchmarks"]["mme"]["n"] == len(run.folder.records()) == 4
    go()
    assert not list(taken(asked))


def test_a_picture_that_was_only_touched_is_the_same(go: Go, data: Path, asked: Asked) -> None:
    go()
    (data / "i1.png").touch()
    asked.clear()
    go()
    assert not asked


def test_other_weights_at_the_same_path_are_another_run(compose: Compose, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from g2tr.assets import ASSETS

    folder = tmp_path / "model"
    folder.mkdir()
    for file in (ASSETS / "bagel_tiny").iterdir():
        (folder / file.name).symlink_to(file)
    choice = ("benchmark=scenes_questions", "limit=1", "reducer=none", f"model.checkpoint={folder}")
    (first,) = evaluate(compose(*choice, f"outputs={tmp_path / 'out'}"))
    weights = load_file(folder / "ema.safetensors")
    weights["connector.fc1.bias"][0] += 1
    (folder / "ema.safetensors").unlink()
    save_file(weights, folder / "ema.safetensors")
    (second,) = evaluate(compose(*choice, f"outputs={tmp_path / 'out'}"))
    assert first.folder.path != second.folder.path


@pytest.mark.parametrize("finished", [True, False])
def test_what_failed_is_tried_again_and_what_succeeded_is_not(go: Go, data: Path, asked: Asked, finished: bool) -> None:
    image = (data / "i1.png").read_bytes()
    (data / "i1.png").unlink()
    (run,) = go()
    assert run.metrics["benchmarks"]["mme"]["failed"] == 2 and not run.again
    if not finished:
        run.folder.metrics_file.unlink()
    asked.clear()
    (data / "i1.png").write_bytes(image)
    (run,) = go()
    assert len(asked) == 2 and all("blue" in prompt or "green" in prompt for prompt in asked)
    assert run.metrics["benchmarks"]["mme"]["failed"] == 0
    assert [record.error for record in run.folder.records().values()] == [None] * 4
    assert "Tried again" in str(tried_again([run])) and "2 succeeded" in str(tried_again([run]))
    assert all(seconds > 0 for record in run.folder.records().values() for seconds in record.seconds.values())


def test_a_failure_that_stays_is_still_counted(go: Go, data: Path) -> None:
    (data / "i1.png").unlink()
    go()
    (run,) = go()
    assert run.metrics["benchmarks"]["mme"]["failed"] == 2
    assert "2 samples that had failed, or whose pictures changed; 0 succeeded" in str(tried_again([run]))


@pytest.mark.parametrize("shard", ["null", "1/1", "1/2"])
def test_nothing_that_could_be_answered_is_bad_input(go: Go, data: Path, shard: str) -> None:
    for file in data.glob("*.png"):
        file.unlink()
    with pytest.raises(InputError, match="no sample could be answered; the first failed with: .*"):
        go(f"shard={shard}")
    assert not list(data.glob("out/*/metrics.json"))


def test_merging_takes_a_prediction_before_a_failure(compose: Compose, go: Go, data: Path) -> None:
    image = (data / "i1.png").read_bytes()
    (data / "i1.png").unlink()
    go(f"outputs={data / 'a'}")
    (data / "i1.png").write_bytes(image)
    go(f"outputs={data / 'b'}")
    for file in data.glob("[ab]/*/metrics.json"):
        file.unlink()
    paths = f"paths=[{data / 'a'},{data / 'b'}]"
    (run,) = merge(compose(paths, f"outputs={data / 'all'}", config_name="merge"))
    assert run.metrics["benchmarks"]["mme"]["failed"] == 0


def test_merging_over_other_data_is_refused(compose: Compose, go: Go, data: Path) -> None:
    go("shard=1/1")
    for file in data.glob("out/*/metrics.json"):
        file.unlink()
    table = data / "mme.jsonl"
    table.write_text(table.read_text().replace("green", "gray"))
    with pytest.raises(InputError, match="the data of mme have changed since they were predicted"):
        merge(compose(f"paths=[{data / 'out'}]", f"outputs={data / 'out'}", config_name="merge"))


def test_a_reduced_run_is_compared_anew_once_its_reference_has_succeeded(
    compose: Compose, go: Go, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`relative` takes the samples that both runs have graded, so it follows the reference."""
    answer = Evaluation.answer

    def fails(self: Evaluation, group: Group, images: Sequence[Image.Image]) -> Any:
        if self.reducer.encoder.name == "none" and "i1" in group.samples[0].id:
            raise InputError("no luck")
        return answer(self, group, images)

    with monkeypatch.context() as patch:
        patch.setattr(Evaluation, "answer", fails)
        assert go("reducer=random")[0].metrics["benchmarks"]["mme"]["failed"] == 2
    before = next((data / "out").glob("*-random-*/metrics.json"))
    times = before.stat().st_mtime_ns
    reference, reduced = go("reducer=random")
    assert len(reference.again) == 2 and not reduced.again
    assert reduced.folder.metrics_file.stat().st_mtime_ns > times


def test_an_edit_whose_image_is_gone_is_made_again(compose: Compose, tmp_path: Path) -> None:
    choice = ("benchmark=scenes_edits", "limit=2", "reducer=none", "model.sampling.num_timesteps=2")
    (run,) = evaluate(compose(*choice, f"outputs={tmp_path}"))
    gone, _ = sorted((run.folder.path / "images").iterdir())
    before = gone.read_bytes()
    gone.unlink()
    (run,) = evaluate(compose(*choice, f"outputs={tmp_path}"))
    assert gone.read_bytes() == before and len(run.again) == 1


def test_processes_share_the_groups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    groups = [Group(str(i), ()) for i in range(7)]
    seen = []
    for rank in range(3):
        place = SimpleNamespace(global_rank=rank, world_size=3)
        monkeypatch.setattr(Evaluation, "trainer", place)
        module = Evaluation(lambda _: None, KEEP_ALL, {}, 0, RunFolder(tmp_path), groups)
        seen.append([group.benchmark for group in module.predict_dataloader()])
    assert seen == [["0", "3", "6"], ["1", "4"], ["2", "5"]]


def test_the_reference_of_a_merged_run_has_its_seed_model_and_benchmark(tmp_path: Path) -> None:
    def run(seed: int, model: str = "a", name: str = "none") -> Run:
        facts = {"model": {"name": model}, "benchmark": {"x": {}}, "seed": seed, "reducer": {"name": name}}
        return Run(RunFolder(tmp_path / f"{seed}{model}{name}"), facts)

    runs = [run(0), run(1, "b"), run(1, name="g2tr"), run(1)]
    assert reference_of(dict(run(1, name="random").metrics), runs) is runs[3]
    assert reference_of(dict(run(2, name="random").metrics), runs) is None
    assert reference_of(dict(run(1).metrics), runs) is None


def test_a_failure_to_write_says_that_predictions_are_kept_only_where_there_are_some(tmp_path: Path) -> None:
    for existing in (False, True):
        if existing:
            (tmp_path / "predictions.rank0.jsonl").touch()
        with pytest.raises(OutputError) as error, reporting_os_errors(tmp_path / "x"):
            raise OSError(28, "No space left on device")
        assert ("is kept" in str(error.value)) is existing
