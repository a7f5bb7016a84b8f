import torch

from g2tr.models.internvl_u.conditions import Passage, row_of
from g2tr.models.internvl_u.language import Hidden
from g2tr.models.internvl_u.positions import KeptGrid

KEPT = torch.tensor([0, 2, 5, 7])


def passage(rows: int, *kept: torch.Tensor) -> Passage:
    last = torch.randn(rows, 3)
    return Passage(Hidden(last, last + 1), kept)


def test_both_hidden_states_of_text_stand_side_by_side() -> None:
    text = passage(4)
    row = row_of([text, text])
    assert torch.equal(row.states[:4], torch.cat([text.hidden.last, text.hidden.last + 1], dim=-1))
    assert not row.is_image.any() and len(row.states) == 8


def test_rows_that_a_later_step_dropped_are_left_out() -> None:
    image = passage(6, KEPT)
    row = row_of([image], [KeptGrid((2, 4), torch.tensor([2, 7]), (2, 4))])
    assert torch.equal(row.states[:, :3], image.hidden.last[[0, 2, 4, 5]])
    assert row.is_image.tolist() == [False, True, True, False]
    assert row.images[0].grid == (2, 4) and row.images[0].kept.tolist() == [2, 7]
