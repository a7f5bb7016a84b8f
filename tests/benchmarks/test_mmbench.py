import json
from pathlib import Path

import pytest

from g2tr.benchmarks.mmbench import MMBench
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError

DATA = Path(__file__).parents[1] / "data/questions/mmbench"
LETTER = "Answer with the option's letter from the given choices directly."
RIGHT = {"7": "A", "1000007": "C", "2000007": "B", "241": "A", "1000241": "B"}


def mmbench(path: Path = DATA, protocol: str = "bagel", limit: int | None = None) -> MMBench:
    return MMBench(Dataset(str(path), config="en", split="dev"), protocol, limit)


def scored(benchmark: MMBench, changed: dict[str, str | None]) -> dict[str, float]:
    """Scores where all answers are right but for some; None for a sample that failed."""
    answers = RIGHT | changed
    return benchmark.summarise(
        [
            (sample, benchmark.grade(sample, text))
            for sample in benchmark.samples()
            if (text := answers[sample.id]) is not None
        ]
    )


@pytest.mark.parametrize("path", ["", "mmbench_dev_20230712.tsv"])
def test_both_published_forms_give_the_same_circles(path: str) -> None:
    samples = mmbench(DATA / path).samples()
    assert {sample.id: sample.target for sample in samples} == RIGHT
    assert [sample.cluster for sample in samples] == ["7"] * 3 + ["241"] * 2
    assert [sample.facts["cluster_size"] for sample in samples] == [3, 3, 3, 2, 2]
    assert samples[1].facts["options"] == {"A": "circle", "B": "star", "C": "square"}
    assert all(sample.images[0].open().size == (48, 48) for sample in samples)


def test_prompts_to_the_letter() -> None:
    options = "A. green\nB. blue"
    toolkits = ("bagel", "lmms_eval", "vlmevalkit")
    prompts = {protocol: mmbench(protocol=protocol).samples()[3].prompt for protocol in toolkits}
    assert prompts == {
        "bagel": f"Look at the color.\nWhich color is it?\n{options}\n{LETTER}",
        "lmms_eval": f"Look at the color. Which color is it? There are several options:\n{options}\n\n{LETTER}",
        "vlmevalkit": f"Hint: Look at the color.\nQuestion: Which color is it?\nOptions:\n{options}\n"
        "Please select the correct answer from the options above. \n",
    }
    assert mmbench().samples()[0].prompt == f"What shape is it?\nA. square\nB. circle\nC. star\n{LETTER}"
    assert [mmbench(protocol=protocol).max_tokens for protocol in ("bagel", "lmms_eval")] == [100, 1024]


def test_a_question_is_a_hit_only_if_all_its_rotations_are_right() -> None:
    scores = scored(mmbench(), {"2000007": "A"})
    assert (scores["circular"], scores["vanilla"]) == (0.5, 1.0)
    assert (scores["circular/object_shape"], scores["circular/object_color"]) == (0.0, 1.0)


def test_a_missing_rotation_is_no_hit_and_an_empty_answer_is_not_c() -> None:
    assert scored(mmbench(), {"1000241": None})["circular"] == 0.5
    scores = scored(mmbench(), {"1000007": "", "7": "I do not know"})
    assert (scores["circular"], scores["vanilla"], scores["empty"], scores["unparsed"]) == (0.5, 0.5, 1, 1)


def test_option_texts_and_letters_in_sentences_are_read_as_each_toolkit_does() -> None:
    said: dict[str, str | None] = {"7": "The answer is A", "241": "Green"}
    circles = {protocol: scored(mmbench(protocol=protocol), said)["circular"] for protocol in MMBench.protocols}
    assert circles == {"bagel": 0.0, "lmms_eval": 1.0, "lmms_eval_0_5": 0.5, "vlmevalkit": 1.0, "vlmevalkit_2025": 1.0}


def test_a_limit_cuts_between_circles() -> None:
    assert len(mmbench(limit=4).samples()) == 3


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"answer": None}, "the column answer is empty"),
        ({"answer": "D"}, "answer must be one of A, B, got 'D'"),
        ({"index": "x"}, "index must be a whole number, got 'x'"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, cells: dict[str, str | None], message: str) -> None:
    row = {"index": 1, "question": "?", "answer": "A", "A": "a", "B": "b", "image": "x.png"}
    (tmp_path / "x.jsonl").write_text(json.dumps(row | cells))
    with pytest.raises(InputError, match=rf"x.jsonl, row 1: {message}"):
        mmbench(tmp_path / "x.jsonl").samples()
