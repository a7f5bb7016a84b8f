"""The products of every token with every other, kept in a table where a greedy selection asks for them again."""

from collections.abc import Iterator
from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

LARGEST = 8192  # rows; a table of these is 256 MiB


@dataclass(frozen=True, eq=False)
class Gram:
    """G = V·Vᵀ for rows v: a table of n x n, or one of no rows where products are made when they are asked for."""

    rows: Float[Tensor, "n d"]
    table: Float[Tensor, "t n"]

    @classmethod
    def of(cls, rows: Float[Tensor, "n d"], picks: int) -> "Gram":
        """With a table for up to `LARGEST` rows, unless few picks are made: one product of all is that of n/16 rows."""
        small = len(rows) <= LARGEST and 16 * picks >= len(rows)
        return cls(rows, rows @ rows.T if small else rows.new_empty(0, len(rows)))

    def row(self, pick: Int[Tensor, " 1"]) -> Float[Tensor, " n"]:
        """The products of one row with all."""
        return self.table[pick][0] if len(self.table) else self.rows @ self.rows[pick][0]

    def parts(self, chunk: int) -> Iterator[Float[Tensor, "c n"]]:
        """All of G, `chunk` rows at a time."""
        yield from (
            self.table.split(chunk) if len(self.table) else (part @ self.rows.T for part in self.rows.split(chunk))
        )
