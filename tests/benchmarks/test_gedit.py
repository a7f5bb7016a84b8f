from dataclasses import replace

import pytest
from PIL import Image

from g2tr.benchmarks.gedit import GEditBench
from g2tr.benchmarks.groups import sample_seed
from g2tr.benchmarks.sources.dataset import Dataset


@pytest.fixture
def benchmark(tiny: dict[str, Dataset]) -> GEditBench:
    return GEditBench(tiny["gedit"])


def scored(success: float, overediting: float, naturalness: float, artifacts: float) -> dict[str, float]:
    names = ("success", "overediting", "naturalness", "artifacts")
    return dict(zip(names, map(float, (success, overediting, naturalness, artifacts)), strict=True))


def test_a_language_is_chosen_or_both(benchmark: GEditBench) -> None:
    assert [sample.id for sample in benchmark.samples()] == ["en-a1", "en-b2"]
    assert [sample.id for sample in replace(benchmark, language=None).samples()] == ["en-a1", "en-b2", "cn-c3"]


def test_every_edit_has_the_seed_of_the_official_script(benchmark: GEditBench) -> None:
    assert {sample_seed(0, sample) for sample in benchmark.samples()} == {42}


def test_the_judge_sees_the_edit_at_the_size_of_its_input(benchmark: GEditBench) -> None:
    sample = benchmark.samples()[0]
    semantics, quality = benchmark.inquiries(sample)
    assert [picture.size for picture in semantics.pictures(sample, Image.new("RGB", (9, 9)))] == [(64, 48)] * 2
    assert [picture.size for picture in quality.pictures(sample, Image.new("RGB", (9, 9)))] == [(64, 48)]
    assert (semantics.low, semantics.high) == (0, 10)


def test_groups_weigh_alike_and_languages_stand_apart(benchmark: GEditBench) -> None:
    color, removal, chinese = replace(benchmark, language=None).samples()
    scores = benchmark.conclude(
        [
            (color, scored(9, 4, 9, 10)),
            (replace(color, id="again"), scored(10, 10, 10, 10)),
            (removal, scored(0, 10, 8, 9)),
            (chinese, scored(4, 8, 9, 9)),
        ]
    )
    assert scores["semantics/en"] == pytest.approx(((4 + 10) / 2 + 0) / 2)
    assert scores["quality/en"] == pytest.approx(((9 + 10) / 2 + 8) / 2)
    assert scores["overall/en"] == pytest.approx(((6 + 10) / 2 + 0) / 2)
    assert scores["overall/en/color_alter"] == 8.0
    assert scores["overall_intersection/en"] == 8.0
    assert scores["overall/cn"] == 6.0


def test_edits_and_inputs_go_where_viescore_looks(benchmark: GEditBench) -> None:
    facts = benchmark.samples()[0].facts
    assert benchmark.layout(facts) == "fullset/color_alter/en/a1.png"
    assert benchmark.input_layout(facts) == "fullset/color_alter/en/a1_SRCIMG.png"
