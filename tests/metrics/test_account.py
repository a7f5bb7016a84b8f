import torch

from g2tr.metrics.account import count_tokens, kept_views, pack_assignment, unpack_assignment
from g2tr.models.engine.trace import Trace, View


def view(count: int, read: tuple[int, ...], cached: tuple[int, ...]) -> View:
    return View((1, count), torch.arange(read[-1]), torch.full((count,), -1), read, cached)


def test_tokens_of_all_images_are_added_up_layer_by_layer() -> None:
    trace = Trace(views=(view(10, (10, 5), (10, 5)), view(6, (6, 6), (3, 3))))
    assert count_tokens(trace, layers=2) == {
        "full": 16,
        "kept": 13.5,
        "per_layer": [16, 11],
        "kv_per_layer": [13, 8],
    }


def test_a_text_has_no_visual_tokens() -> None:
    assert count_tokens(Trace(), layers=2) == {"full": 0, "kept": 0.0, "per_layer": [0, 0], "kv_per_layer": [0, 0]}


def test_homes_survive_their_packing_and_stand_only_where_tokens_merged() -> None:
    assignment = [0, 0, -1, 1, 69_999 % 65_535]
    assert unpack_assignment(pack_assignment(assignment)) == assignment
    dropping = View((1, 3), torch.tensor([1]), torch.tensor([-1, 0, -1]), (1,), (1,))
    merging = View((1, 3), torch.tensor([1]), torch.tensor([0, 0, -1]), (1,), (1,))
    dropped, merged = kept_views(Trace(views=(dropping, merging)))
    assert "homes" not in dropped and unpack_assignment(merged["homes"]) == [0, 0, -1]


def test_a_bit_says_whether_a_token_stays_the_first_one_first() -> None:
    views = [
        View((1, 5), torch.tensor(kept, dtype=torch.long), torch.full((5,), -1), (1,), (1,))
        for kept in ([0, 3], [4], [])
    ]
    shown = [f"{int(view['bits'], 16):b}" for view in kept_views(Trace(views=tuple(views)))]
    assert shown == ["1" + "10010", "1" + "00001", "1" + "00000"]
