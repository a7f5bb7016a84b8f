from g2tr.benchmarks.groups import Group, Groups, groups_of, sample_seed
from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.scenes import SceneEdits, SceneQuestions
from g2tr.images import ImageSource


def sample(name: str, image: bytes = b"x", seed: int | None = None) -> Sample:
    return Sample(name, (ImageSource(image),), "what ?", "that", "kind", seed)


def test_questions_about_one_image_are_one_group_and_edits_are_not() -> None:
    samples = [sample("1", b"a"), sample("2", b"b"), sample("3", b"a")]
    names = [[s.id for s in group.samples] for group in groups_of("q", SceneQuestions(), samples)]
    assert names == [["1", "3"], ["2"]]
    assert [len(group.samples) for group in groups_of("e", SceneEdits(), samples)] == [1, 1, 1]


def test_a_seed_depends_on_run_and_sample_alone() -> None:
    assert sample_seed(0, sample("1")) == sample_seed(0, sample("1", b"other"))
    assert len({sample_seed(0, sample("1")), sample_seed(1, sample("1")), sample_seed(0, sample("2"))}) == 3


def test_a_seed_that_the_benchmark_fixes_is_shifted_by_that_of_the_run() -> None:
    assert (sample_seed(0, sample("1", seed=7)), sample_seed(2, sample("1", seed=7))) == (7, 9)


def test_a_seed_is_that_of_every_release() -> None:
    assert [sample_seed(seed, sample("a")) for seed in (0, 1)] == [1176040565, 2918949134]


def test_a_group_goes_on_without_the_samples_that_are_done() -> None:
    group = Group("q", (sample("1"), sample("2")))
    left = group.without({("q", "1"), ("other", "2")})
    assert left is not None and [s.id for s in left.samples] == ["2"]
    assert group.without({("q", "1"), ("q", "2")}) is None


def test_a_group_is_cut_into_parts_of_at_most_a_size_in_their_order() -> None:
    group = Group("q", tuple(sample(name) for name in "abcde"))
    assert [[s.id for s in part.samples] for part in group.cut(2)] == [["a", "b"], ["c", "d"], ["e"]]
    assert group.cut(5) == [group]


def test_groups_are_a_data_set() -> None:
    groups = [Group("q", (sample("1"),)), Group("q", (sample("2"),))]
    assert (len(Groups(groups)), Groups(groups)[1]) == (2, groups[1])
