"""g2tr's scorers against the toolkits' own code: run where `--peers FOLDER` gives checkouts, else as recorded."""

from pathlib import Path
from typing import Any

import pytest

from experiments.scorers.agree import BEGIN, END, HERE, Agreement, agreements, recorded, run_peers, table
from experiments.scorers.corpus import corpus
from experiments.scorers.ours import RULES

Values = dict[str, list[Any]]


@pytest.fixture(scope="module")
def theirs(request: pytest.FixtureRequest) -> Values:
    folder: Path | None = request.config.getoption("--peers")
    return recorded() if folder is None else run_peers(folder)


@pytest.mark.parametrize("rule", RULES)
def test_every_item_is_scored_as_by_the_toolkit(rule: str, theirs: Values) -> None:
    if rule not in theirs:
        pytest.skip(f"no checkout with {rule}")
    (found,) = (each for each in agreements(theirs) if each.rule == rule)
    assert not found.different


def test_every_rule_has_cases_and_recorded_values() -> None:
    values = recorded()
    assert set(corpus()) == set(RULES) == set(values)
    assert all(len(values[rule]) == len(cases) for rule, cases in corpus().items())


def test_what_was_recorded_is_what_the_checkouts_say(request: pytest.FixtureRequest, theirs: Values) -> None:
    if request.config.getoption("--peers") is None:
        pytest.skip("needs --peers FOLDER")
    assert theirs == {rule: recorded()[rule] for rule in theirs}


def test_the_page_shows_the_recorded_agreement() -> None:
    shown = (HERE / "README.md").read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert shown == table(agreements(recorded()))


def test_a_difference_is_told_from_agreement() -> None:
    cases = [(["yes"], "yes"), (["no"], "no"), ([""], "no")]
    found = Agreement("mme lmms_eval", cases, ["yes", "yes", ""], ["yes", "no", None])
    assert found.different == [(["no"], "yes", "no")]
    assert found.cells[-4:] == ["3", "2", "33.33 %", "66.67 %"]
