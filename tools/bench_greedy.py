"""Greedy selections with and without a table of cosines, in one run: python tools/bench_greedy.py [TOKENS] [WIDTH].

Prints seconds of CPU time, the ratio to one product of k x n x d, and how many picks are the same.
"""

import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from g2tr.cli.profile import squarest
from g2tr.reducers import gram
from g2tr.reducers.selection.dpp import Dpp
from g2tr.reducers.selection.maxmin import MaxMin
from g2tr.reducers.selection.saliency_diversity import SaliencyDiversity
from g2tr.reducers.stages import Selection
from g2tr.reducers.tokens import VisualTokens

TABLES = {"made anew": 0, "table": gram.LARGEST}


def timed(call: Callable[[], Tensor]) -> tuple[float, Tensor]:
    """Seconds of CPU time of one call, and what it gave."""
    start = time.process_time()
    given = call()
    return time.process_time() - start, given


def main(n: int = 4900, width: int = 3584) -> None:
    """One line for each selection."""
    generator = torch.Generator().manual_seed(0)
    features, scores = torch.randn(n, width, generator=generator), torch.rand(n, generator=generator)
    tokens, k = VisualTokens(features, squarest(n)), n // 2
    product = min(timed(lambda: features[:k] @ features.T)[0] for _ in range(3))
    print(f"{n} tokens of width {width}, {k} kept, {torch.get_num_threads()} threads; one product {product:.2f} s")
    selections: list[Selection] = [MaxMin(), MaxMin(exponent=0.5), Dpp(), SaliencyDiversity()]
    for selection in selections:
        found: dict[str, tuple[float, Tensor]] = {}
        for name, gram.LARGEST in TABLES.items():
            found[name] = timed(lambda: selection(scores, tokens, k))  # noqa: B023 - called at once
        (before, old), (after, new) = found.values()
        same = len(set(old.tolist()) & set(new.tolist()))
        print(
            f"{selection}: {before:.2f} -> {after:.2f} s, {before / after:.1f}x, "
            f"{before / product:.1f} -> {after / product:.1f} products, {same} of {k} picks the same"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
