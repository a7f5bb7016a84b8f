"""Words to padded rows of ids, with what to learn from them.

Shapes: b sequences, t rows of each.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.scenes.words import vocabulary
from g2tr.training.dense_forward import PADDING_BLOCK

SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<unk>")
PAD, START, END, IMAGE_START, IMAGE_END, _ = range(len(SPECIALS))
MULTIPLE = 32
Turn = tuple[str, str]


class TokenRows(NamedTuple):
    """`targets` are the ids that follow, `weights` their share in the loss: those of a batch sum to 1 per kind."""

    ids: Int[Tensor, "b t"]
    blocks: Int[Tensor, "b t"]
    positions: Int[Tensor, "b t"]
    targets: Int[Tensor, "b t"]
    weights: Float[Tensor, "b t"]

    def to(self, device: torch.device) -> "TokenRows":
        """The same on a device; from page-locked memory it does not wait."""
        return TokenRows(*(value.to(device, non_blocking=True) for value in self))

    def split(self, pieces: int) -> list["TokenRows"]:
        """Equal shares of the sequences; weights grow with their number, so that those of a share sum to about 1."""
        whole = self._replace(weights=self.weights * pieces)
        return [TokenRows(*own) for own in zip(*(value.chunk(pieces) for value in whole), strict=True)]


class Row(NamedTuple):
    """One row of a text; `kind` 0 is not learned."""

    id: int
    block: int
    position: int
    target: int = PAD
    kind: int = 0


def entries(versions: Iterable[str]) -> list[str]:
    """The tokenizer's entries in the order of their ids: markers, words, and spare ones up to a multiple of 16."""
    words = dict.fromkeys(word for version in versions for word in vocabulary(version))
    used = [*SPECIALS, *words]
    return used + [f"<extra_{i}>" for i in range(-len(used) % 16)]


class TokenRowBuilder:
    """Turns texts of known words into rows."""

    def __init__(self, entries: Sequence[str]) -> None:
        self.ids = {entry: index for index, entry in enumerate(entries)}

    def __call__(self, text: str) -> list[int]:
        return [self.ids[word] for word in text.split()]

    def conversations(self, turns: Sequence[Sequence[Turn]], images: int) -> TokenRows:
        """Questions about the same images, each seeing only them; the last turn is a caption, a kind of its own."""
        return padded([self.segments(own, images) for own in turns])

    def segments(self, turns: Sequence[Turn], images: int) -> list[Row]:
        """The rows of one sequence; every segment takes up the positions behind the images."""
        rows = []
        for block, (prompt, answer) in enumerate(turns, images):
            said = self(answer)
            ids = [START, *self(prompt), END, START, *said]
            targets = [*said, END]
            silent = len(ids) - len(targets)
            kind = 2 if block == images + len(turns) - 1 and len(turns) > 1 else 1
            rows += [Row(id_, block, images + i) for i, id_ in enumerate(ids[:silent])]
            rows += [
                Row(id_, block, images + silent + i, target, kind)
                for i, (id_, target) in enumerate(zip(ids[silent:], targets, strict=True))
            ]
        return rows

    def instructions(self, texts: Sequence[str], images: int) -> TokenRows:
        """One text behind the images of each sequence, nothing of it to learn."""
        written = [[START, *self(text), END] for text in texts]
        return padded([[Row(id_, images, images + i) for i, id_ in enumerate(ids)] for ids in written])


def padded(sequences: Sequence[Sequence[Row]]) -> TokenRows:
    """Equally long rows, their number a multiple of 32 so that few shapes occur."""
    length = -(-max(map(len, sequences)) // MULTIPLE) * MULTIPLE
    fill = Row(PAD, PADDING_BLOCK, 0)
    table = torch.tensor([[*rows, *[fill] * (length - len(rows))] for rows in sequences])
    ids, blocks, positions, targets, kinds = table.unbind(-1)
    counts = torch.bincount(kinds.flatten(), minlength=3).clamp(min=1)
    weights = torch.where(kinds > 0, 1.0 / counts[kinds], 0.0)
    return TokenRows(ids, blocks, positions, targets, weights)
