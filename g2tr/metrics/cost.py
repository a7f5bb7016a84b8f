"""What a sample costs: FLOPs of prefill, ViT and anchors, tokens, and memory of the cache.

FLOPs are 2 x multiply-accumulates of matrix products and attention; attention counts every query row against
every key row, masked or not, as torch's FlopCounterMode does. Norms and activations are left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

from g2tr.models.engine.trace import ProbeCost, Trace
from g2tr.models.shapes import DecoderShape, ModelShape

LAYERS = ("per_layer", "kv_per_layer")


def projection_macs(shape: DecoderShape) -> int:
    """Multiply-accumulates of one layer's matrices for one row."""
    attention = shape.width * shape.head_dim * (2 * shape.heads + 2 * shape.kv_heads)
    return attention + (3 if shape.gated else 2) * shape.width * shape.mlp


def layer_flops(shape: DecoderShape, rows: int, cached: int = 0) -> int:
    """FLOPs of one layer for r new rows that attend to themselves and to c cached ones.

    2·r·(2·d·h·e + 2·d·g·e + 3·d·m) + 4·r·(c + r)·h·e, with two MLP matrices where it is not gated.
    """
    attention = 2 * rows * (cached + rows) * shape.heads * shape.head_dim
    return 2 * (rows * projection_macs(shape) + attention)


def block_flops(shape: DecoderShape, rows: int, cached: int = 0) -> int:
    """FLOPs of all layers, where each has the same rows."""
    return shape.layers * layer_flops(shape, rows, cached)


def literature_layer_flops(shape: DecoderShape, rows: int) -> int:
    """4nd² + 2n²d + 2ndm: the count of FastV and its successors (no grouped heads, two MLP matrices)."""
    d, m = shape.width, shape.mlp
    return 4 * rows * d**2 + 2 * rows**2 * d + 2 * rows * d * m


def literature_flops(shape: DecoderShape, rows: int) -> int:
    """The same for all layers, where each has the same rows."""
    return shape.layers * literature_layer_flops(shape, rows)


def vit_flops(shape: ModelShape, tokens: int) -> int:
    """FLOPs of the vision tower and the connector for one image of this many visual tokens."""
    patches = tokens * shape.token_patches
    connector = sum(a * b for a, b in pairwise(shape.connector))
    projections = patches * shape.vit_inputs * shape.vision.width + tokens * connector
    return block_flops(shape.vision, patches + shape.vit_extra) + 2 * projections


def look_flops(shape: DecoderShape, look: ProbeCost) -> int:
    """FLOPs of evidence from one query row: projections of rows to queries, keys and values, and the row's logits."""
    projections = look.rows * shape.width * (shape.heads + 2 * shape.kv_heads) * shape.head_dim
    return 2 * (projections + look.keys * shape.heads * shape.head_dim)


def listen_flops(shape: ModelShape, tokens: int) -> int:
    """FLOPs of noting the attention in all layers of the vision tower: logits, and projections made again."""
    vision, rows = shape.vision, tokens * shape.token_patches + shape.vit_extra
    width = vision.heads * vision.head_dim
    return 2 * vision.layers * (rows**2 * width + shape.listened_projections * rows * vision.width * width)


def kv_bytes_of(shape: DecoderShape, rows: int) -> int:
    """Bytes that this many cached rows take."""
    return 2 * shape.layers * shape.kv_heads * shape.head_dim * shape.kv_itemsize * rows


@dataclass(frozen=True)
class Cost:
    """One sample's cost, with reduction and (`_full`) without; the reducer adds FLOPs of anchors and evidence."""

    prefill_flops: int
    prefill_flops_full: int
    flops_literature: int
    flops_literature_full: int
    vit_flops: int
    vit_flops_full: int
    anchor_flops: int
    evidence_flops: int
    kv_bytes: int
    kv_bytes_full: int


def cost_of(trace: Trace, kv_bytes: int, shape: ModelShape, anchor_flops: int) -> Cost:
    """The cost of what a context has read; `kv_bytes` is the measured size of its cache."""
    language, blocks = shape.language, trace.blocks
    return Cost(
        prefill_flops=sum(
            layer_flops(language, rows, cached)
            for block in blocks
            for rows, cached in zip(block.rows, block.cached, strict=True)
        ),
        prefill_flops_full=sum(block_flops(language, block.full_rows, block.full_cached) for block in blocks),
        flops_literature=sum(
            literature_layer_flops(language, rows) for rows in map(sum, zip(*(b.rows for b in blocks), strict=True))
        ),
        flops_literature_full=literature_flops(language, trace.full),
        vit_flops=trace.encoder_flops + sum(vit_flops(shape, tokens) for tokens in trace.vit_patches),
        vit_flops_full=trace.encoder_flops + sum(vit_flops(shape, view.full) for view in trace.views),
        anchor_flops=anchor_flops,
        evidence_flops=sum(look_flops(language, look) for look in trace.looks)
        + sum(listen_flops(shape, tokens) for tokens in trace.listened),
        kv_bytes=kv_bytes,
        kv_bytes_full=kv_bytes_of(language, trace.full),
    )


def summarise_costs(costs: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """Means over samples, and the ratios that tables quote: of sums, so that large images weigh more.

    `net_speedup_flops` also counts the vision tower, and anchors and evidence against the reducer.
    """
    total = {key: sum(cost[key] for cost in costs) for key in costs[0]}
    full = total["vit_flops_full"] + total["prefill_flops_full"]
    reduced = total["vit_flops"] + total["prefill_flops"] + total["anchor_flops"] + total["evidence_flops"]
    return {key: value / len(costs) for key, value in total.items()} | {
        "prefill_speedup_flops": total["prefill_flops_full"] / total["prefill_flops"],
        "literature_speedup_flops": total["flops_literature_full"] / total["flops_literature"],
        "net_speedup_flops": full / reduced,
        "kv_ratio": total["kv_bytes_full"] / total["kv_bytes"],
    }


def summarise_tokens(counts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean visual tokens per sample before and after reduction, and the shares that layers read and cache.

    `kept` and `ratio` are means over layers of the tokens read, the "average tokens" of the literature.
    """
    full, kept = (fmean(count[key] for count in counts) for key in ("full", "kept"))
    layers = {name: [fmean(layer) for layer in zip(*(count[name] for count in counts), strict=True)] for name in LAYERS}
    shares = {name: [layer / full for layer in means] for name, means in layers.items()} if full else {}
    return {"full": full, "kept": kept, "ratio": kept / full if full else 1.0} | shares
