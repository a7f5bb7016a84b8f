import json
from pathlib import Path

import pytest

from g2tr.benchmarks.imgedit import ImgEditBench
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError


@pytest.fixture
def benchmark(tiny: dict[str, Dataset]) -> ImgEditBench:
    return ImgEditBench(tiny["imgedit"])


def scored(*values: float) -> dict[str, float]:
    return dict(zip(("compliance", "seamlessness", "fidelity"), map(float, values), strict=True))


def test_keys_types_and_prompts_come_from_the_json(benchmark: ImgEditBench) -> None:
    samples = [(sample.id, sample.category) for sample in benchmark.samples()]
    assert samples == [("1082", "adjust"), ("1068", "add"), ("673", "style")]


def test_images_may_lie_in_another_folder(benchmark: ImgEditBench, tmp_path: Path) -> None:
    folder = Path(benchmark.dataset.path)
    (tmp_path / "basic_edit.json").write_text((folder / "basic_edit.json").read_text())
    apart = ImgEditBench(Dataset(str(tmp_path)), images=str(folder))
    assert apart.samples() == benchmark.samples()


def test_types_weigh_alike_in_the_overall_score(benchmark: ImgEditBench) -> None:
    adjust, add, style = benchmark.samples()
    scores = benchmark.conclude([(adjust, scored(1, 4, 5)), (adjust, scored(1, 1, 1)), (style, scored(5, 5, 5))])
    assert scores["overall/adjust"] == pytest.approx((3.33 + 1) / 2)
    assert scores["overall"] == pytest.approx(((3.33 + 1) / 2 + 5) / 2)
    assert scores["mean"] == pytest.approx((3.33 + 1 + 5) / 3)
    assert [inquiry.name for inquiry in benchmark.inquiries(add)] == ["imgedit.add"]


def test_edits_go_where_basic_bench_looks(benchmark: ImgEditBench) -> None:
    assert benchmark.layout(benchmark.samples()[0].facts) == "1082.png"


def test_a_type_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "basic_edit.json").write_text(json.dumps({"1": {"id": "a.png", "prompt": "x", "edit_type": "melt"}}))
    with pytest.raises(InputError, match="edit_type must be one of"):
        ImgEditBench(Dataset(str(tmp_path))).samples()
