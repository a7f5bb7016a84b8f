"""What all published editing benchmarks do alike, on a few edits of each in its published format."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig
from PIL import Image

from g2tr.benchmarks.editing import PublishedEdits, check_ids
from g2tr.benchmarks.emu_edit import EmuEdit
from g2tr.benchmarks.gedit import GEditBench
from g2tr.benchmarks.imgedit import ImgEditBench
from g2tr.benchmarks.judge_questions import JudgedBenchmark
from g2tr.benchmarks.kris import KRISBench
from g2tr.benchmarks.magicbrush import MagicBrush
from g2tr.benchmarks.risebench import RISEBench
from g2tr.benchmarks.sample import Benchmark
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError
from g2tr.evaluation.evaluate import evaluate
from g2tr.evaluation.export import Exported
from g2tr.images import ImageSource
from g2tr.judges.prompts import Prompts

ALL: dict[str, type[PublishedEdits]] = {
    "risebench": RISEBench,
    "kris": KRISBench,
    "gedit": GEditBench,
    "imgedit": ImgEditBench,
    "magicbrush": MagicBrush,
    "emu_edit": EmuEdit,
}
Compose = Callable[..., DictConfig]


@pytest.mark.parametrize("name", ALL)
def test_a_benchmark_runs_from_its_data_to_its_metrics(
    name: str, compose: Compose, tiny: dict[str, Dataset], tmp_path: Path
) -> None:
    data = f"benchmark.{name}.dataset.path={tiny[name].path}"
    small = ("limit=1", "model.sampling.num_timesteps=2", "reducer=none", f"outputs={tmp_path}")
    (run,) = evaluate(compose(f"benchmark={name}", data, *small))
    metrics = json.loads(run.folder.metrics_file.read_text())["benchmarks"][name]
    assert (metrics["n"], metrics["failed"]) == (1, 0)
    assert set(ALL[name].headline) <= set(metrics["scores"])
    (record,) = run.folder.records().values()
    (sample,) = ALL[name](tiny[name], limit=1).samples()
    assert record.facts == sample.facts and (run.folder.path / str(record.prediction)).is_file()


@pytest.mark.parametrize("name", ALL)
def test_every_sample_is_read_and_every_inquiry_has_a_prompt(name: str, tiny: dict[str, Dataset]) -> None:
    benchmark, prompts = ALL[name](tiny[name]), Prompts.of()
    assert isinstance(benchmark, Benchmark) and isinstance(benchmark, Exported)
    for sample in benchmark.samples():
        assert json.loads(json.dumps(sample.facts)) == sample.facts
        assert all(source.open().size >= (48, 48) for source in sample.images)
        for inquiry in benchmark.inquiries(sample) if isinstance(benchmark, JudgedBenchmark) else []:
            assert (
                sample.prompt in prompts.fill(inquiry.name, inquiry.words)
                or "quality" in inquiry.name
                or (inquiry.name.endswith("without_question"))
            )
            assert len(inquiry.pictures(sample, Image.new("RGB", (8, 8)))) >= len(inquiry.shows)


def test_no_benchmark_is_read_before_its_samples_are_wanted() -> None:
    assert all(benchmark(Dataset("/nowhere/at-all")).limit is None for benchmark in ALL.values())
    with pytest.raises(InputError, match="/nowhere/at-all"):
        KRISBench(Dataset("/nowhere/at-all")).samples()


def test_an_edit_is_compared_with_its_target_and_its_input(tiny: dict[str, Dataset]) -> None:
    benchmark = MagicBrush(tiny["magicbrush"])
    sample = benchmark.samples()[0]
    assert isinstance(sample.target, ImageSource)
    grades = benchmark.grade(sample, sample.target.open())
    assert (grades["l1"], grades["psnr"]) == (0.0, 100.0)
    assert grades["input_l1"] > 0


def test_a_reference_for_the_judge_is_no_target_for_pixels(tiny: dict[str, Dataset]) -> None:
    benchmark = RISEBench(tiny["risebench"])
    sample = next(sample for sample in benchmark.samples() if sample.target is not None)
    assert set(benchmark.grade(sample, sample.images[0].open())) == {f"input_{x}" for x in ("l1", "l2", "psnr", "ssim")}


def test_an_edit_without_an_image_cannot_be_graded(tiny: dict[str, Dataset]) -> None:
    benchmark = EmuEdit(tiny["emu_edit"])
    with pytest.raises(InputError, match="graded on its image"):
        benchmark.grade(benchmark.samples()[0], "a text")


def test_scores_are_means_over_the_samples_that_have_them(tiny: dict[str, Dataset]) -> None:
    benchmark = KRISBench(tiny["kris"])
    first, second, *_ = benchmark.samples()
    graded: Any = [(first, {"input_psnr": 10.0, "psnr": 5.0}), (second, {"input_psnr": 20.0})]
    scores = benchmark.summarise(graded)
    assert scores == {
        "input_psnr": 15.0,
        "psnr": 5.0,
        "input_psnr/attribute_perception": 20.0,
        "input_psnr/natural_science": 10.0,
    }


@pytest.mark.parametrize("name", ["", "../a", "a/b", ".a", "a\0", "a" * 121, "a\n"])
def test_an_id_that_cannot_name_a_file_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot name a sample"):
        check_ids(["ok", name])


def test_an_id_that_names_two_samples_is_refused() -> None:
    with pytest.raises(InputError, match="2 samples are named a"):
        check_ids(["a", "b", "a"])


def test_a_network_can_grade_besides_pixels(tiny: dict[str, Dataset]) -> None:
    class Same:
        key = "same:net"

        def __call__(self, result: Image.Image, target: Image.Image) -> float:
            return float(result.size == target.size)

    benchmark = EmuEdit(tiny["emu_edit"], perceptual=(Same(),))
    sample = benchmark.samples()[0]
    assert benchmark.grade(sample, sample.images[0].open())["input_same:net"] == 1.0
