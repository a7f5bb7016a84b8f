import json
from dataclasses import replace
from pathlib import Path

import pytest

from g2tr.benchmarks.kris import BY_TYPE, DIMENSIONS, KRISBench, frames
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError
from g2tr.images import ImageSource


@pytest.fixture
def benchmark(tiny: dict[str, Dataset]) -> KRISBench:
    return KRISBench(tiny["kris"])


def test_there_are_twenty_types_in_seven_dimensions() -> None:
    assert (len(BY_TYPE), len(DIMENSIONS), len({level for _, level in BY_TYPE.values()})) == (20, 7, 3)


def test_types_come_from_the_folders_and_frames_and_targets_from_the_names(benchmark: KRISBench) -> None:
    samples = {sample.id: sample for sample in benchmark.samples()}
    assert list(samples) == ["biology-2", "color_change-1", "temporal_prediction-7", "viewpoint_change-1"]
    temporal = samples["temporal_prediction-7"]
    assert (len(temporal.images), temporal.facts["frame"]) == (3, "3")
    assert {name for name, sample in samples.items() if sample.target} == {
        "temporal_prediction-7",
        "viewpoint_change-1",
    }
    assert samples["biology-2"].facts["explanation"] == "Its leaves fall."


def test_inquiries_follow_the_type(benchmark: KRISBench) -> None:
    asked = {s.id: [(i.name, i.shows, i.scores) for i in benchmark.inquiries(s)][:2] for s in benchmark.samples()}
    pair, single = ("input:0", "input:1", "edit", "input:2"), ("input", "edit")
    assert asked == {
        "biology-2": [
            ("kris.consistency", single, ("consistency",)),
            ("kris.knowledge", single, ("instruction", "knowledge")),
        ],
        "color_change-1": [
            ("kris.consistency", single, ("consistency",)),
            ("kris.instruction", single, ("instruction",)),
        ],
        "temporal_prediction-7": [
            ("kris.consistency_temporal", pair, ("consistency",)),
            ("kris.instruction_temporal", pair, ("instruction",)),
        ],
        "viewpoint_change-1": [
            ("kris.consistency", single, ("consistency",)),
            ("kris.instruction_viewpoint", (*single, "target"), ("instruction",)),
        ],
    }


def test_frames_stand_in_their_order_and_every_picture_has_a_label(benchmark: KRISBench) -> None:
    _, color, temporal, viewpoint = benchmark.samples()
    multi = replace(color, images=color.images * 2, facts={**color.facts, "type": "multi-element_composition"})
    labelled = {
        sample.id: [[(label.name.removeprefix("kris.label_"), label.number) for label in i.labels] for i in asked]
        for sample, asked in ((s, benchmark.inquiries(s)) for s in (temporal, viewpoint, replace(multi, id="multi")))
    }
    frames = [("frame", 1), ("frame", 2), ("frame_generated", 3), ("frame", 4)]
    assert labelled["temporal_prediction-7"] == [frames, frames, [("alone", 0)]]
    pair = [("input", 0), ("edit", 0)]
    assert labelled["viewpoint_change-1"] == [pair, [*pair, ("target", 0)], [("edit", 0)]]
    assert labelled["multi"][0] == [("reference", 1), ("reference", 2), ("result", 0)]
    assert all(len(i.labels) == len(i.shows) for s in benchmark.samples() for i in benchmark.inquiries(s))


@pytest.mark.parametrize(
    ("names", "frame", "expected"),
    [
        (("7-1.png", "7-2.png", "7-3.png"), "", [1, 2, 3, 4]),
        (("7-2.png", "7-3.png", "7-4.png"), "", [2, 3, 4, 1]),
        (("7-1.png", "7-2.png"), "", [1, 2, 3]),
        (("a.png", "b.png", "c.png"), "2", [1, 3, 4, 2]),
        (("a.png", "b.png", "c.png"), "", [1, 2, 3, 4]),
        (("a.png", "b.png"), "7", [1, 2, 7]),
    ],
)
def test_the_number_of_a_frame_is_the_one_that_is_not_given(
    benchmark: KRISBench, names: tuple[str, ...], frame: str, expected: list[int]
) -> None:
    temporal = benchmark.samples()[2]
    images = tuple(ImageSource(Path(name)) for name in names)
    assert frames(replace(temporal, images=images, facts={**temporal.facts, "frame": frame})) == expected


def test_averages_run_over_all_single_scores(benchmark: KRISBench) -> None:
    biology, color, *_ = benchmark.samples()
    scores = benchmark.conclude(
        [
            (biology, {"consistency": 5.0, "quality": 5.0, "instruction": 1.0, "knowledge": 2.0}),
            (color, {"consistency": 3.0, "quality": 4.0, "instruction": 5.0}),
        ]
    )
    assert scores == {
        "overall": pytest.approx((100 + 100 + 0 + 25 + 50 + 75 + 100) / 7),
        "level/conceptual": 56.25,
        "dimension/natural_science": 56.25,
        "level/factual": 75.0,
        "dimension/attribute_perception": 75.0,
    }


def test_edits_go_where_the_metrics_scripts_look(benchmark: KRISBench) -> None:
    assert benchmark.layout(benchmark.samples()[0].facts) == "biology/2.jpg"


def test_columns_of_a_table_are_read_as_well(tmp_path: Path, benchmark: KRISBench) -> None:
    row = {"category": "physics", "image_id": 4, "ori_img": ["a.png"], "gt_img": "", "ins_en": "drop it"}
    (tmp_path / "kris.jsonl").write_text(json.dumps(row))
    (sample,) = KRISBench(Dataset(str(tmp_path / "kris.jsonl"))).samples()
    assert (sample.id, sample.category, sample.target) == ("physics-4", "natural_science", None)


def test_a_type_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "astrology").mkdir()
    (tmp_path / "astrology/annotation.json").write_text('{"1": {"ori_img": "1.png", "ins_en": "x"}}')
    with pytest.raises(InputError, match="'astrology' is none of the types"):
        KRISBench(Dataset(str(tmp_path))).samples()
