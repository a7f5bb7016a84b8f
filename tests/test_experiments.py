"""What `experiments/` says can be repeated."""

import csv
from pathlib import Path

import pytest

from experiments.cost.closed_form import cases
from g2tr.config import conf_dir

EXPERIMENTS = Path(__file__).parents[1] / "experiments"


@pytest.mark.parametrize("name", sorted(path.stem for path in (conf_dir() / "experiment").glob("*.yaml")))
def test_every_experiment_has_its_command_and_its_numbers(name: str) -> None:
    text = (EXPERIMENTS / name / "README.md").read_text(encoding="utf-8")
    assert all(word in text for word in ("**Claim", "**Command", "**Expected", "**Obtained"))
    assert f"g2tr experiment={name}" in text or name == "first_look"
    rows = list(csv.DictReader((EXPERIMENTS / name / "results.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0]["reducer"] == "none" and len(rows) > 1


def test_the_cost_of_the_large_models_is_what_the_table_says() -> None:
    text = (EXPERIMENTS / "cost/README.md").read_text(encoding="utf-8")
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "²" in line]
    assert [list(case.row().values()) for case in cases()] == [line for line in lines if line[1].isdigit()]
