import torch

from g2tr.models.cache import Block, Cache, key_bias


def cache(*bias: float) -> Cache:
    """Two cached rows in one layer, weighed or not."""
    rows = torch.zeros(2, 1, 4)
    return Cache([(rows, rows)], (torch.tensor(bias),) if bias else ())


def block(lengths: tuple[int, ...], *bias: float) -> Block:
    """New rows, weighed or not."""
    count = sum(lengths)
    weighed = (torch.tensor(bias),) if bias else ()
    return Block(torch.zeros(count, 3), torch.arange(count), lengths, True, weighed)


def test_cached_rows_keep_their_bias_when_rows_without_one_follow() -> None:
    (found,) = key_bias(block((1,)), [cache(0.5, 0.25)])
    assert found.tolist() == [0.5, 0.25, 0.0]


def test_cached_and_new_rows_of_each_sample_have_their_own_bias() -> None:
    found = key_bias(block((1, 2), 1.0, 2.0, 3.0), [cache(0.5, 0.25), cache()])
    assert [rows.tolist() for rows in found] == [[0.5, 0.25, 1.0], [0.0, 0.0, 2.0, 3.0]]


def test_without_any_bias_there_is_none() -> None:
    assert key_bias(block((1,)), [cache()]) == ()


def test_a_fork_keeps_the_bias_and_grows_alone() -> None:
    first = cache(0.5, 0.25)
    other = first.fork()
    other.layers[0] = (torch.zeros(3, 1, 4), torch.zeros(3, 1, 4))
    assert torch.equal(other.bias[0], first.bias[0])
    assert (first.length(0), other.length(0)) == (2, 3)


def test_evicted_rows_leave_the_named_layers_alone() -> None:
    keys, values = torch.arange(3.0).reshape(3, 1, 1), torch.arange(3.0, 6.0).reshape(3, 1, 1)
    held = Cache([(keys, values)] * 3)
    held.evict(range(1, 3), torch.tensor([1]))
    assert [held.length(layer) for layer in range(3)] == [3, 2, 2]
    assert [part.flatten().tolist() for part in held.layers[1]] == [[0.0, 2.0], [3.0, 5.0]]
    assert held.bytes == (6 + 4 + 4) * 4
