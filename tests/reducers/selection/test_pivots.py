import json
from pathlib import Path
from typing import Any

import pytest
import torch

from g2tr.errors import InputError
from g2tr.reducers.importance.key_norm import KeyNorm
from g2tr.reducers.selection.pivots import Pivots
from g2tr.reducers.tokens import NormedStates, QueryKeys, VisualTokens

CASES = json.loads((Path(__file__).parents[2] / "data" / "peers.json").read_text())["cases"]
ANGLES = torch.tensor([0.0, 90.0, 10.0, 80.0, 45.0, 170.0, 30.0]).deg2rad()
STATES = torch.stack([ANGLES.cos(), ANGLES.sin()], dim=-1)
SCORES = torch.tensor([9.0, 8.0, 1.0, 1.0, 1.0, 1.0, 1.0])


def tokens_of(case: dict[str, Any]) -> VisualTokens:
    states, asked = torch.tensor(case["states"]), torch.tensor(case["question_states"])
    keys = [torch.tensor(case[name]).unflatten(1, (case["heads"], -1)) for name in ("question_keys", "keys")]
    return VisualTokens(states, tuple(case["grid"]), (QueryKeys(*keys), NormedStates(asked, states)))


def asked_by(*angles: float) -> VisualTokens:
    """Tokens and rows of a question at these angles, the first of which have the largest keys."""
    turns = torch.tensor(angles).deg2rad()
    sizes = torch.arange(float(len(angles)), 0, -1)[:, None, None]
    states = NormedStates(torch.stack([turns.cos(), turns.sin()], dim=-1), STATES)
    return VisualTokens(STATES, (1, 7), (QueryKeys(sizes, torch.ones(7, 1, 1)), states))


@pytest.mark.parametrize("case", [case for case in CASES if case["method"] == "dart"])
def test_tokens_are_those_of_the_official_code(case: dict[str, Any]) -> None:
    tokens = tokens_of(case)
    assert Pivots()(KeyNorm()(tokens), tokens, len(case["kept"])).tolist() == case["kept"]


def test_a_pivot_of_the_question_takes_tokens_unlike_it_and_no_place() -> None:
    assert Pivots(1, 1)(SCORES, asked_by(170.0, 0.0), 3).tolist() == [0, 2, 5]  # 170° for 0°; then 10° for 170°
    assert Pivots(1, 2)(SCORES, asked_by(170.0, 0.0), 3).tolist() == [0, 2, 5]
    assert Pivots(0, 1)(SCORES, asked_by(170.0, 0.0), 2).tolist() == [0, 2]
    assert Pivots(2, 0)(SCORES, asked_by(170.0), 4).tolist() == [0, 1, 2, 5]


def test_with_fewer_places_than_pivots_the_best_of_the_image_stay() -> None:
    assert Pivots()(SCORES, asked_by(170.0), 2).tolist() == [0, 1]


@pytest.mark.parametrize("k", range(1, 8))
def test_the_budget_is_exact(k: int) -> None:
    assert len(Pivots()(SCORES, asked_by(170.0, 20.0, 60.0), k)) == k


@pytest.mark.parametrize("counts", [(0, 0), (-1, 4), (4, -1)])
def test_a_selection_without_pivots_is_refused(counts: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"selection\.pivots needs pivots"):
        Pivots(*counts)
