import json
from pathlib import Path

import pytest

from g2tr.benchmarks.dataset import Dataset
from g2tr.benchmarks.risebench import RISEBench
from g2tr.errors import InputError


@pytest.fixture
def benchmark(tiny: dict[str, Dataset]) -> RISEBench:
    return RISEBench(tiny["risebench"])


def test_inquiries_follow_category_and_flags_as_the_official_script_does(benchmark: RISEBench) -> None:
    asked = {s.id: [(i.name, i.shows, i.high) for i in benchmark.inquiries(s)] for s in benchmark.samples()}
    assert asked == {
        "temporal_reasoning_1": [
            ("risebench.consistency", ("inputs", "edit"), 5),
            ("risebench.reasoning", ("edit",), 5),
            ("risebench.quality", ("edit",), 5),
        ],
        "causal_reasoning_1": [
            ("risebench.reasoning_with_input", ("inputs", "edit"), 5),
            ("risebench.quality", ("edit",), 5),
        ],
        "spatial_reasoning_1": [
            ("risebench_spatial.consistency", ("target", "edit"), 5),
            ("risebench_spatial.reasoning_with_reference", ("target", "edit"), 5),
            ("risebench_spatial.quality", ("edit",), 5),
        ],
        "logical_reasoning_1": [
            ("risebench_logical.consistency_with_answer", ("inputs", "edit"), 1),
            ("risebench_logical.reasoning", ("edit",), 1),
        ],
        "logical_reasoning_2": [
            ("risebench_logical.consistency", ("target", "edit"), 1),
            ("risebench_logical.reasoning_with_reference_without_question", ("target", "edit"), 1),
        ],
    }


def test_accuracy_and_score_are_reported_overall_and_by_category(benchmark: RISEBench) -> None:
    temporal, causal, _, logical, _ = benchmark.samples()
    scores = benchmark.conclude(
        [
            (temporal, {"consistency": 4.0, "reasoning": 5.0, "quality": 5.0}),
            (causal, {"reasoning": 5.0, "quality": 5.0}),
            (logical, {"consistency": 1.0, "reasoning": 0.0}),
        ]
    )
    assert scores["accuracy"] == pytest.approx(100 / 3)
    assert (scores["accuracy/causal_reasoning"], scores["accuracy/logical_reasoning"]) == (100.0, 0.0)
    assert scores["score/temporal_reasoning"] == pytest.approx((0.3 * 4 + 0.7 * 5 - 1) * 25)
    assert scores["score/logical_reasoning"] == pytest.approx(((0.3 * 5 + 0.7) / 2 - 1) * 25)
    assert scores["score"] == pytest.approx((92.5 + 100 + 2.5) / 3)


def test_edits_go_where_gpt_eval_looks(benchmark: RISEBench) -> None:
    assert next(benchmark.layout(sample.facts) for sample in benchmark.samples()) == (
        "images/temporal_reasoning/temporal_reasoning_1.png"
    )


@pytest.mark.parametrize(("change", "message"), [({"category": "magic"}, "category must be"), ({"image": ""}, "image")])
def test_an_entry_that_lacks_something_is_named(tmp_path: Path, change: dict[str, str], message: str) -> None:
    row = {"index": "a", "category": "causal_reasoning", "instruction": "melt", "image": "1.png"} | change
    (tmp_path / "data_total.json").write_text(json.dumps([row]))
    with pytest.raises(InputError, match=f"data_total.json, entry 1: {message}"):
        RISEBench(Dataset(str(tmp_path))).samples()
