import pytest
import torch
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.engine.attention import attend_one, attend_sdpa, attention, causal_mask
from g2tr.models.engine.layout import Layout, pack

LAYOUTS = (([5], [0]), ([3], [7]), ([1, 1], [6, 2]), ([4, 2, 1], [0, 5, 3]))


def rows(layout: Layout, heads: int, kv_heads: int, width: int = 16) -> tuple[Tensor, Tensor, Tensor]:
    """Random queries, keys and values of this layout."""
    generator = torch.Generator().manual_seed(0)
    sizes = ((sum(layout.lengths), heads), (sum(layout.totals), kv_heads), (sum(layout.totals), kv_heads))
    q, k, v = (torch.randn(*size, width, generator=generator) for size in sizes)
    return q, k, v


def by_hand(q: Tensor, k: Tensor, v: Tensor, layout: Layout, causal: bool) -> Tensor:
    """softmax(q·k/√e)·v, row by row and head by head."""
    out, share = torch.empty_like(q), q.shape[1] // k.shape[1]
    start, first = 0, 0
    for length, total in zip(layout.lengths, layout.totals, strict=True):
        for row in range(length):
            last = total - length + row + 1 if causal else total
            keys, values = k[first : first + last], v[first : first + last]
            for head in range(q.shape[1]):
                odds = (keys[:, head // share] @ q[start + row, head] / q.shape[2] ** 0.5).softmax(0)
                out[start + row, head] = odds @ values[:, head // share]
        start, first = start + length, first + total
    return out


@pytest.mark.parametrize("lengths, cached", LAYOUTS)
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("kv_heads", [4, 2])
def test_packed_attention_is_attention_of_each_sample(
    lengths: list[int], cached: list[int], causal: bool, kv_heads: int
) -> None:
    layout = pack(lengths, cached)
    q, k, v = rows(layout, 4, kv_heads)
    assert torch.allclose(attend_sdpa(q, k, v, layout, causal), by_hand(q, k, v, layout, causal), atol=1e-6)


def test_the_causal_mask_lets_the_last_query_see_everything() -> None:
    assert causal_mask(2, 4, torch.device("cpu")).tolist() == [[True, True, True, False], [True] * 4]


@pytest.mark.parametrize("name", ["varlen", "flash"])
def test_flash_kernels_are_refused_off_the_gpu_and_in_float32(name: str) -> None:
    with pytest.raises(InputError, match=f"attention={name} needs a CUDA device, got cpu"):
        attention(name, torch.device("cpu"), torch.bfloat16)
    with pytest.raises(InputError, match=f"attention={name} needs bfloat16 or float16, got float32"):
        attention(name, torch.device("cuda"), torch.float32)


def test_an_unknown_back_end_is_refused() -> None:
    with pytest.raises(InputError, match="unknown attention 'eager'; there are sdpa, varlen, flash"):
        attention("eager", torch.device("cpu"), torch.float32)


def test_sdpa_runs_everywhere() -> None:
    assert attention("sdpa", torch.device("cpu"), torch.float32) is attend_sdpa


@pytest.mark.cuda
@pytest.mark.parametrize("name", ["varlen", "flash"])
@pytest.mark.parametrize("lengths, cached", LAYOUTS)
@pytest.mark.parametrize("causal", [True, False])
def test_flash_kernels_agree_with_sdpa(
    name: str, lengths: list[int], cached: list[int], causal: bool, device: torch.device
) -> None:
    if device.type != "cuda":
        pytest.skip("needs --device cuda")
    if name == "flash":
        pytest.importorskip("flash_attn")
    layout = pack(lengths, cached, device)
    q, k, v = (part.to(device, torch.bfloat16) for part in rows(layout, 4, 2))
    found = attention(name, device, torch.bfloat16)(q, k, v, layout, causal)
    assert torch.allclose(found.float(), attend_sdpa(q, k, v, layout, causal).float(), atol=2e-2)


def test_a_key_with_a_bias_of_log_s_counts_s_times() -> None:
    q, k, v = torch.randn(3, 4, 8), torch.randn(5, 2, 8), torch.randn(5, 2, 8)
    sizes = torch.tensor([1, 3, 1, 2, 1])
    repeated = (x.repeat_interleave(sizes, dim=0) for x in (k, v))
    assert torch.allclose(attend_one(q, k, v, False, sizes.float().log()), attend_one(q, *repeated, False), atol=1e-6)


def test_a_bias_respects_the_causal_mask() -> None:
    q, k, v = torch.randn(3, 4, 8), torch.randn(5, 2, 8), torch.randn(5, 2, 8)
    bias = torch.tensor([0.0, 0.0, 0.0, 0.0, 9.0])
    assert torch.allclose(attend_one(q, k, v, True, bias)[:2], attend_one(q, k, v, True)[:2], atol=1e-6)
