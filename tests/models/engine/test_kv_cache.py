import torch

from g2tr.models.engine.kv_cache import Block, Cache, join, key_bias, store
from g2tr.models.engine.layout import pack


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


def test_cached_and_new_rows_of_each_sample_are_joined_and_stored_in_their_order() -> None:
    def rows(*values: float) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1)

    samples = [Cache([(rows(), rows()), (rows(1, 2), rows(-1, -2))]), Cache([(rows(), rows()), (rows(5), rows(-5))])]
    layout = pack((1, 2), (2, 1))
    keys, values = join(samples, 1, (rows(3, 6, 7), rows(-3, -6, -7)), layout)
    assert keys.flatten().tolist() == [1, 2, 3, 5, 6, 7]
    assert values.flatten().tolist() == [-1, -2, -3, -5, -6, -7]
    store(samples, 1, (keys, values), layout)
    stored = [[side.flatten().tolist() for side in sample.layers[1]] for sample in samples]
    assert stored == [[[1, 2, 3], [-1, -2, -3]], [[5, 6, 7], [-5, -6, -7]]]
    assert [sample.length(0) for sample in samples] == [0, 0]


def test_new_rows_alone_may_have_a_bias() -> None:
    (found,) = key_bias(block((2,), 1.0, 2.0), [cache()])
    assert found.tolist() == [0.0, 0.0, 1.0, 2.0]
