"""What a sample's trace says about its visual tokens and its cost."""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any
from zlib import compress, decompress

from g2tr.metrics.cost import cost_of
from g2tr.models.base import Outcome
from g2tr.models.engine.trace import Trace
from g2tr.models.shapes import ModelShape
from g2tr.reducers.tokens import Grid


def kept_views(trace: Trace) -> list[dict[str, Any]]:
    """Grid and kept tokens of each image, a bit per token in hex; with their homes where tokens were merged."""
    views = []
    for view in trace.views:
        bits = ["0"] * len(view.assignment)
        for index in view.kept.tolist():
            bits[index] = "1"
        shown: dict[str, Any] = {"grid": list(view.grid), "bits": f"{int('1' + ''.join(bits), 2):x}"}
        merged = int((view.assignment >= 0).sum()) > len(view.kept)
        views.append(shown | {"homes": pack_assignment(view.assignment.tolist())} if merged else shown)
    return views


def pack_assignment(assignment: Sequence[int]) -> str:
    """Homes as 16-bit numbers plus one (0 for dropped tokens), deflated, in base 64."""
    return b64encode(compress(array("H", [home + 1 for home in assignment]).tobytes(), 9)).decode()


def unpack_assignment(text: str) -> list[int]:
    """What `pack_assignment` packed."""
    return [home - 1 for home in array("H", decompress(b64decode(text)))]


def count_tokens(trace: Trace, layers: int) -> dict[str, Any]:
    """Visual tokens of a sample: all, the mean over layers of those read, and those that layers read and cache."""
    read, cached = (
        [sum(side[i] for side in sides) for i in range(layers)]
        for sides in ([view.read for view in trace.views], [view.cached for view in trace.views])
    )
    full = sum(view.full for view in trace.views)
    return {"full": full, "kept": sum(read) / layers, "per_layer": read, "kv_per_layer": cached}


def account(outcome: Outcome[Any], shape: ModelShape, vae_flops: Callable[[Grid], int]) -> dict[str, Any]:
    """Tokens, kept tokens, cost and time of an outcome, as fields of a record."""
    trace = outcome.trace
    anchor_flops = sum(vae_flops(size) for size in trace.anchor_encodes)
    return {
        "visual_tokens": count_tokens(trace, shape.language.layers),
        "kept": kept_views(trace),
        "cost": asdict(cost_of(trace, outcome.kv_bytes, shape, anchor_flops)),
        "seconds": dict(outcome.seconds),
    }
