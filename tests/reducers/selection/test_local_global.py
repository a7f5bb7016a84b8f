import torch

from g2tr.reducers.selection.local_global import LocalGlobal
from g2tr.reducers.tokens import VisionAttention, VisualTokens


def image(shallow: torch.Tensor, grid: tuple[int, int]) -> VisualTokens:
    return VisualTokens(torch.zeros(len(shallow), 2), grid, (VisionAttention(shallow[None]),))


def test_every_window_gives_its_best_and_the_rest_is_global() -> None:
    shallow = torch.arange(16.0)
    deep = torch.zeros(16)
    deep[[0, 1, 2, 15]] = torch.tensor([4.0, 3.0, 2.0, 9.0])
    kept = LocalGlobal(window=2)(deep, image(shallow, (4, 4)), 8)
    local, best_of_the_rest = [5, 7, 13, 15], [0, 1, 2, 3]
    assert kept.tolist() == sorted([*local, *best_of_the_rest])


def test_no_window_gives_more_than_its_share_of_the_local_tokens() -> None:
    shallow = torch.arange(16.0)
    kept = LocalGlobal(window=2, share=1.0)(torch.zeros(16), image(shallow, (4, 4)), 8)
    assert kept.tolist() == [4, 5, 6, 7, 12, 13, 14, 15]


def test_leftover_rows_and_columns_join_the_last_window() -> None:
    tokens = image(torch.arange(25.0), (5, 5))
    assert LocalGlobal(window=2).windows(tokens).view(5, 5)[-1].tolist() == [2, 2, 3, 3, 3]


def test_an_image_smaller_than_a_window_is_one_window() -> None:
    assert LocalGlobal(window=4).windows(image(torch.arange(6.0), (2, 3))).tolist() == [0] * 6
