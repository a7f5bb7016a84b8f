from pathlib import Path
from typing import Any

from g2tr.evaluation.record import Record
from g2tr.evaluation.run_folder import Run, RunFolder
from g2tr.report.tables.table import (
    bytes_cell,
    comparison,
    findings,
    first_token,
    flops_cell,
    markdown,
    net_losses,
    score_cell,
    seconds_cell,
    stages,
)

STAGES = {
    stage: {"_target_": f"g2tr.{stage}.{stem}.X"}
    for stage, stem in (("importance", "latent"), ("selection", "balanced"), ("merge", "nearest"))
}
COST = {
    "prefill_flops": 1e9,
    "vit_flops": 5e8,
    "anchor_flops": 0.0,
    "kv_bytes": 2048.0,
    "prefill_speedup_flops": 2.0,
    "kv_ratio": 1.9,
    "net_speedup_flops": 1.5,
}


def run(name: str, keep: float, accuracy: float) -> Run:
    result: dict[str, Any] = {
        "n": 10,
        "failed": 0,
        "scores": {"accuracy": accuracy},
        "relative": {"accuracy": accuracy / 0.8},
        "tokens": {"full": 256.0, "kept": 256 * keep},
        "cost": COST,
    }
    metrics = {
        "reducer": {"name": name, "keep_ratio": keep, **STAGES},
        "model": {"name": "bagel_tiny"},
        "preprocess": "official_eval",
        "benchmark": {"scenes": {"_target_": "g2tr.benchmarks.SceneQuestions"}},
        "benchmarks": {"scenes": result},
    }
    return Run(RunFolder(Path(f"outputs/{name}")), metrics)


def test_a_reducer_is_shown_as_its_three_stages() -> None:
    assert stages({"keep_ratio": 0.5, **STAGES}) == "latent × balanced × nearest"
    assert stages({"keep_ratio": 1, **STAGES}) == "–"


def test_numbers_carry_their_units_and_shares() -> None:
    assert score_cell("accuracy", 0.5, {"accuracy": 0.625}) == "50.0 % (62.5)"
    assert score_cell("psnr", 25.126, {}) == "25.13"
    assert [flops_cell(value) for value in (4e6, 2.5e9, 4.13e12)] == ["4.00 M", "2.50 G", "4.13 T"]
    assert [seconds_cell(value) for value in (0.0, 0.0123, 2.5)] == ["", "12.3 ms", "2.50 s"]
    assert first_token({"encode": 0.5, "anchors": 0.25, "decode": 9.0}) == 0.75
    assert (bytes_cell(2048.0), bytes_cell(3.0 * 2**20)) == ("2 KiB", "3.00 MiB")


def test_a_table_is_markdown_and_leaves_empty_columns_out() -> None:
    lines = markdown([{"a": "1", "b": "", "c": "x"}, {"a": "22", "b": "", "d": "y"}]).splitlines()
    assert lines == ["| a  | c | d |", "|----|---|---|", "| 1  | x |   |", "| 22 |   | y |"]


def graded(name: str, right: int, root: Path) -> Run:
    """A run whose first `right` of 40 samples are right, with its predictions on disk."""
    done = Run(RunFolder(root / name), run(name, 0.5, right / 40).metrics)
    done.folder.prepare({}, fresh=True)
    records = [Record(str(i), "scenes", "c", "p", "a", "a", 0, score={"accuracy": float(i < right)}) for i in range(40)]
    done.folder.finish(records, done.metrics)
    return done


def test_falling_below_random_by_more_than_chance_is_said_aloud(tmp_path: Path) -> None:
    runs = [graded(name, right, tmp_path) for name, right in (("random", 30), ("g2tr", 15), ("close", 28))]
    said = findings(runs, "scenes", "accuracy")
    assert len(said) == 1
    assert said[0].startswith(
        "Finding: g2tr at 0.5 scores below random reduction on scenes: accuracy 37.5 % against 75"
    )


def test_nothing_is_said_where_no_random_run_is_beside() -> None:
    assert findings([run("none", 1, 0.8), run("g2tr", 0.5, 0.5)], "scenes", "accuracy") == []


def test_a_comparison_names_every_run_and_its_folder() -> None:
    text = comparison([run("none", 1, 0.8), run("g2tr", 0.5, 0.72)])
    assert "72.0 % (90.0)" in text
    assert "1.00 G (2.00x)" in text
    assert "outputs/none" in text and "outputs/g2tr" in text


def test_a_net_loss_is_said_plainly() -> None:
    dear = run("g2tr", 0.5, 0.7)
    result = {**dear.metrics["benchmarks"]["scenes"], "cost": {**COST, "net_speedup_flops": 0.26}}
    losing = Run(dear.folder, {**dear.metrics, "benchmarks": {"scenes": result}})
    assert net_losses([losing, run("random", 0.5, 0.7)], "scenes") == [
        "Net loss on scenes: anchors and evidence cost more FLOPs than they save in g2tr 0.5 (0.26x)."
    ]
    assert net_losses([run("random", 0.5, 0.7)], "scenes") == []
