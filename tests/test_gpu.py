"""The measurements for a GPU, rehearsed on small shapes, and the page that shows what was measured."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.gpu.clock import Bench
from experiments.gpu.measure import measure, shipped
from experiments.gpu.show import BEGIN, END, HERE, filled, tables
from g2tr.config import conf_dir
from g2tr.reducers.cascade import ReductionPlan

FEW = ("random", "g2tr", "fastv", "visionzip", "downsample")


@pytest.fixture(scope="module")
def plans() -> dict[str, ReductionPlan]:
    return dict(shipped())


@pytest.fixture(scope="module")
def results(plans: dict[str, ReductionPlan], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A rehearsal with a few of the reducers, as it was stored."""
    out = tmp_path_factory.mktemp("gpu")
    few = {name: plan for name, plan in plans.items() if name.split(",")[0] in FEW}
    found = measure(Bench(torch.device("cpu"), repeats=1, budget=100), True, few, out)
    stored = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert stored == json.loads(json.dumps(found))
    return stored


def test_all_is_measured_but_what_needs_a_gpu(results: dict[str, Any]) -> None:
    failed = {row["what"]: row["error"] for row in results["rows"] if "error" in row}
    assert failed.keys() == {"attention varlen", "attention flash"}
    assert all("needs a CUDA device, got cpu" in error for error in failed.values())
    made = {row["what"] for row in results["rows"] if row.get("ms", 0) > 0}
    assert made >= {f"{stage}, {name}, 50 %" for name in FEW for stage in ("prefill", "first token")}
    assert made >= {f"prefill, {name}, 25 %" for name in FEW} | {"reduce, g2tr, 25 %", "ViT, attention noted"}
    assert made >= {f"step, {group}, half" for group in ("whole context", "without text", "all three")}


def test_ratios_are_those_of_the_closed_form(results: dict[str, Any]) -> None:
    rows = {row["what"]: row for row in results["rows"]}
    dense, half = rows["prefill, dense"], rows["prefill, random, 50 %"]
    assert half["counted"] == pytest.approx(dense["tflops"] / half["tflops"], rel=1e-3)
    assert half["faster"] == pytest.approx(dense["ms"] / half["ms"], rel=1e-3)
    assert half["off_percent"] == pytest.approx(100 * (half["faster"] / half["counted"] - 1), abs=0.2)
    assert rows["step, without image, half"]["counted"] == 1
    assert rows["reduce, g2tr, 50 %"]["share_percent"] == pytest.approx(
        100 * rows["reduce, g2tr, 50 %"]["ms"] / rows["prefill, g2tr, 50 %"]["ms"], rel=1e-3
    )


def test_every_reducer_is_measured_at_two_ratios(plans: dict[str, ReductionPlan]) -> None:
    names = {path.stem for path in (conf_dir() / "reducer").glob("*.yaml")} - {"none"}
    assert plans.keys() == {f"{name}, {ratio} %" for name in names for ratio in (50, 25)}


def test_an_error_is_noted_and_stops_nothing() -> None:
    bench = Bench(torch.device("cpu"), repeats=1, budget=100)

    def broken() -> None:
        raise RuntimeError("first line\nsecond line")

    bench.try_to("group", broken)
    bench.time("call", broken)
    bench.time("after it", lambda: None)
    assert [row.get("error") for row in bench.plain()] == ["RuntimeError: first line"] * 2 + [None]


def test_nothing_is_begun_after_the_budget() -> None:
    bench = Bench(torch.device("cpu"), repeats=1, budget=-1)
    bench.time("late", lambda: pytest.fail("was called"))
    assert bench.plain() == [{"what": "late", "error": "no time left"}]


def test_the_page_shows_what_is_stored(results: dict[str, Any]) -> None:
    text = (HERE / "README.md").read_text(encoding="utf-8")
    file = HERE / "results.json"
    if file.is_file():
        assert filled(text, json.loads(file.read_text(encoding="utf-8"))) == text
    else:
        assert "Not measured yet" in text.split(BEGIN)[1].split(END)[0]
    assert tables(results) in filled(text, results)


def test_the_page_names_the_command_and_the_script_is_there() -> None:
    text = (HERE / "README.md").read_text(encoding="utf-8")
    root = Path(__file__).parents[1]
    for script in ("tools/gpu_wheels.sh", "tools/gpu_check.sh"):
        assert script in text and (root / script).is_file()
