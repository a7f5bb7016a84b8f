import pytest

from g2tr.benchmarks.groups import Group
from g2tr.errors import InputError
from g2tr.evaluation.shard import Shard


def test_shards_share_all_groups_and_none_twice() -> None:
    groups = [Group(str(i), ()) for i in range(7)]
    shares = [Shard.parse(f"{i}/3").share(groups) for i in (1, 2, 3)]
    assert [len(share) for share in shares] == [3, 2, 2]
    assert sorted(group.benchmark for share in shares for group in share) == [group.benchmark for group in groups]


def test_more_shards_than_groups_leave_some_without_work() -> None:
    assert Shard.parse("3/3").share([Group("a", ())]) == []


def test_no_shard_is_the_whole_run() -> None:
    assert Shard.parse(None).is_whole and Shard.parse("1/1").is_whole
    assert Shard.parse(None).part(0) == "rank0"
    assert Shard.parse("3/16").part(1) == "3of16.rank1"


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/2", "1.5/2", ""])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="shard must be PART/PARTS"):
        Shard.parse(text)
