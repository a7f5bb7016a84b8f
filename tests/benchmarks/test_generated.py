import pytest

from g2tr.benchmarks.generated import GeneratedEdits, GeneratedQuestions
from g2tr.errors import InputError
from g2tr.images import ImageSource


def test_the_same_seed_gives_the_same_samples_and_another_seed_others() -> None:
    first, again, other = (GeneratedQuestions(seed=seed, size=4).samples() for seed in (3, 3, 4))
    assert list(first) == list(again)
    assert [sample.group for sample in first] != [sample.group for sample in other]


def test_questions_about_two_images_show_both() -> None:
    samples = GeneratedQuestions(version="v2", size=2).samples()
    assert {len(sample.images) for sample in samples} == {1, 2}


def test_the_target_of_a_generated_edit_is_a_success_and_its_input_is_none() -> None:
    benchmark = GeneratedEdits(size=8)
    for sample in benchmark.samples():
        assert isinstance(sample.target, ImageSource)
        assert benchmark.grade(sample, sample.target.open())["success"] == 1.0
        assert benchmark.grade(sample, sample.images[0].open())["success"] == 0.0


def test_a_version_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="v9"):
        GeneratedQuestions(version="v9").samples()
