from typing import Any

import pytest
import torch

from g2tr.reducers import gram
from g2tr.reducers.gram import Gram
from g2tr.reducers.selection.dpp import Dpp
from g2tr.reducers.selection.maxmin import MaxMin
from g2tr.reducers.selection.saliency_diversity import SaliencyDiversity
from g2tr.reducers.tokens import VisualTokens


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_a_table_says_what_products_made_anew_say() -> None:
    rows = draw(10, 4)
    kept, made = Gram.of(rows, 10), Gram.of(rows, 0)
    assert (len(kept.table), len(made.table)) == (10, 0)
    for each in (kept, made):
        torch.testing.assert_close(each.row(torch.tensor([3])), rows @ rows[3])
        torch.testing.assert_close(torch.cat(list(each.parts(3))), rows @ rows.T)


def test_few_picks_and_many_rows_make_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = draw(32, 4)
    assert [len(Gram.of(rows, picks).table) for picks in (1, 2)] == [0, 32]
    monkeypatch.setattr(gram, "LARGEST", 31)
    assert len(Gram.of(rows, 32).table) == 0


@pytest.mark.parametrize("selection", [MaxMin(), MaxMin(exponent=0.5), Dpp(), SaliencyDiversity()])
@pytest.mark.parametrize("n, k", [(64, 4), (300, 77), (500, 250)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_table_changes_no_pick(selection: Any, n: int, k: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, scores = VisualTokens(draw(n, 48, seed=seed), (1, n)), draw(n, seed=seed + 9)
    looked_up = selection(scores, tokens, k)
    monkeypatch.setattr(gram, "LARGEST", 0)
    assert selection(scores, tokens, k).equal(looked_up)
