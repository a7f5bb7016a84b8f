"""Attention over packed samples: one function per back end, all with the same result.

Shapes: t query rows, c key rows, h query heads, g key heads, e head width.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from inspect import signature
from itertools import accumulate

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.engine.layout import Layout

Attend = Callable[[Float[Tensor, "t h e"], Float[Tensor, "c g e"], Float[Tensor, "c g e"], Layout, bool], Tensor]


def causal_mask(queries: int, keys: int, device: torch.device) -> Bool[Tensor, "q k"]:
    """Each query sees the keys up to itself; the last query is the last key (aligned bottom right)."""
    return torch.ones(queries, keys, dtype=torch.bool, device=device).tril(keys - queries)


def attend_sdpa(
    q: Float[Tensor, "t h e"], k: Float[Tensor, "c g e"], v: Float[Tensor, "c g e"], layout: Layout, causal: bool
) -> Float[Tensor, "t h e"]:
    """Scaled dot-product attention of torch, sample by sample; runs on every device."""
    rows = zip(q.split(layout.lengths), k.split(layout.totals), v.split(layout.totals), strict=True)
    biases = layout.bias or [None] * len(layout.lengths)
    return torch.cat([attend_one(*sample, causal, bias) for sample, bias in zip(rows, biases, strict=True)])


def attend_one(
    q: Float[Tensor, "t h e"],
    k: Float[Tensor, "c g e"],
    v: Float[Tensor, "c g e"],
    causal: bool,
    bias: Float[Tensor, " c"] | None = None,
) -> Float[Tensor, "t h e"]:
    """Attention of one sample: over everything, or causal within the block and over all of the cache."""
    mask = causal_mask(len(q), len(k), q.device) if causal and len(q) > 1 else None
    if bias is not None:
        every = bias.to(q.dtype).expand(len(q), -1)
        mask = every if mask is None else every.masked_fill(~mask, -torch.inf)
    grouped = q.shape[1] != k.shape[1]
    q, k, v = (x.transpose(0, 1).unsqueeze(0) for x in (q, k, v))
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=grouped)
    return out.squeeze(0).transpose(0, 1)


def attend_varlen(
    q: Float[Tensor, "t h e"], k: Float[Tensor, "c g e"], v: Float[Tensor, "c g e"], layout: Layout, causal: bool
) -> Float[Tensor, "t h e"]:
    """All samples in one call of torch's variable-length flash attention; half precision on a GPU."""
    from torch.nn.attention.varlen import varlen_attn

    refuse_bias(layout)
    if "enable_gqa" not in signature(varlen_attn).parameters:  # torch 2.11 has no grouped heads here
        k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], dim=1) for x in (k, v))
    rows, keys = offsets(layout.lengths, q.device), offsets(layout.totals, q.device)
    longest = max(layout.lengths), max(layout.totals)
    window = (-1, 0) if causal else (-1, -1)
    kernel: Callable[..., object] = partial(varlen_attn, enable_gqa=True) if q.shape[1] != k.shape[1] else varlen_attn
    out = kernel(q, k, v, rows, keys, *longest, window_size=window)
    assert isinstance(out, Tensor)
    return out


def attend_flash(
    q: Float[Tensor, "t h e"], k: Float[Tensor, "c g e"], v: Float[Tensor, "c g e"], layout: Layout, causal: bool
) -> Float[Tensor, "t h e"]:
    """All samples in one call of the flash-attn package, as the official code does."""
    from flash_attn import flash_attn_varlen_func

    refuse_bias(layout)
    rows, keys = offsets(layout.lengths, q.device), offsets(layout.totals, q.device)
    longest = max(layout.lengths), max(layout.totals)
    out: Tensor = flash_attn_varlen_func(q, k, v, rows, keys, *longest, causal=causal)
    return out


def refuse_bias(layout: Layout) -> None:
    """Raises `InputError` where keys have a bias, which the flash kernels cannot add."""
    if layout.bias:
        raise InputError("size-aware attention (reducer.size_alpha) needs model.attention_backend=sdpa")


def offsets(lengths: tuple[int, ...], device: torch.device) -> Tensor:
    """Cumulative lengths, from 0, as the flash kernels want them."""
    return torch.tensor(list(accumulate(lengths, initial=0)), dtype=torch.int32, device=device)


def attention(name: str, device: torch.device, dtype: torch.dtype) -> Attend:
    """The back end of this name. Raises `InputError` where it cannot run on this device or with this type."""
    backends: dict[str, Attend] = {"sdpa": attend_sdpa, "varlen": attend_varlen, "flash": attend_flash}
    if name not in backends:
        raise InputError(f"unknown attention {name!r}; there are {', '.join(backends)}")
    if name != "sdpa" and device.type != "cuda":
        raise InputError(f"attention={name} needs a CUDA device, got {device.type}; sdpa runs everywhere")
    if name != "sdpa" and dtype == torch.float32:
        raise InputError(f"attention={name} needs bfloat16 or float16, got float32; sdpa takes every type")
    if name == "flash" and find_spec("flash_attn") is None:
        raise InputError("attention=flash needs the flash-attn package, which is not installed; varlen needs none")
    return backends[name]
