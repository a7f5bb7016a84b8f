"""A share of a run for one of several processes that know nothing of each other."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from g2tr.benchmarks.groups import Group
from g2tr.errors import InputError


@dataclass(frozen=True)
class Shard:
    """Part `index` of `count`, counted from 1; 1 of 1 is the whole run."""

    index: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str | None) -> "Shard":
        """Reads `3/16`. Raises `InputError` for anything else, and for a part that does not exist."""
        if text is None:
            return cls()
        match = re.fullmatch(r"(\d+)/(\d+)", str(text))
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise InputError(f"shard must be PART/PARTS, counted from 1, such as 3/16; got {text!r}")
        return cls(int(match[1]), int(match[2]))

    @property
    def is_whole(self) -> bool:
        return self.count == 1

    def part(self, rank: int) -> str:
        """What the files of one process of this shard are called."""
        return f"rank{rank}" if self.is_whole else f"{self.index}of{self.count}.rank{rank}"

    @property
    def parts(self) -> str:
        """A pattern for the files of all its processes; a whole run may take the place of any shard."""
        return "*" if self.is_whole else f"{self.index}of{self.count}.*"

    def share(self, groups: Sequence[Group]) -> list[Group]:
        """Every n-th group, so that the shards share them and none is done twice."""
        return list(groups[self.index - 1 :: self.count])
