import json
from pathlib import Path

import pytest
from PIL import Image

from g2tr.benchmarks.risebench import RISEBench
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError
from g2tr.judges.parse_scores import read_scores
from tests.benchmarks.conftest import SCORES


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
    assert scores["accuracy"] == scores["judged_accuracy"] == pytest.approx(100 / 3)
    assert (scores["accuracy/causal_reasoning"], scores["accuracy/logical_reasoning"]) == (100.0, 0.0)
    assert scores["task_score/temporal_reasoning"] == pytest.approx((0.3 * 4 + 0.7 * 5 - 1) * 25)
    assert scores["task_score/logical_reasoning"] == pytest.approx(((0.3 * 5 + 0.7) / 2 - 1) * 25)
    assert scores["task_score"] == pytest.approx((92.5 + 100 + 2.5) / 3)
    assert scores["score"] == pytest.approx((100 + 100 + 2.5) / 3)


def test_the_official_numbers_are_those_of_the_official_script(benchmark: RISEBench, tmp_path: Path) -> None:
    (case,) = json.loads((SCORES / "rise_total.json").read_text(encoding="utf-8"))["cases"]
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "data_total.json").write_text(json.dumps(case["annotations"]))
    judged, unread = [], []
    for sample in RISEBench(Dataset(str(tmp_path))).samples():
        scores = {}
        for inquiry in benchmark.inquiries(sample):
            reply = case["replies"][sample.id][inquiry.scores[0]]
            scores |= read_scores(reply, inquiry.scores, inquiry.low, inquiry.high) or {}
        whole = len(scores) == len(benchmark.inquiries(sample))
        judged += [(sample, scores)] if whole else []
        unread += [] if whole else [sample]
    found = benchmark.conclude(judged, unread)
    assert {name: found[name] for name in case["expected"]} == pytest.approx(case["expected"])
    assert found["judged_accuracy"] == pytest.approx(100 * 14 / 37) and found["task_score"] != found["score"]


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


def test_the_judge_sees_and_says_no_more_than_that_of_gpt_eval(benchmark: RISEBench) -> None:
    assert (benchmark.judge_max_side, benchmark.judge_max_tokens) == (768, 4096)
