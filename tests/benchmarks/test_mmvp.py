import json
from pathlib import Path

import pytest

from g2tr.benchmarks.mmvp import MMVP, split_options
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError

DATA = Path(__file__).parents[1] / "data/questions/mmvp"
LETTER = "Answer with the option's letter from the given choices directly."


def mmvp(path: Path = DATA, protocol: str = "bagel", limit: int | None = None, corrected: bool = True) -> MMVP:
    return MMVP(Dataset(str(path), split="train"), protocol, limit, corrected)


def scored(benchmark: MMVP, answers: list[str | None]) -> dict[str, float]:
    pairs = zip(benchmark.samples(), answers, strict=True)
    return benchmark.summarise([(sample, benchmark.grade(sample, text)) for sample, text in pairs if text is not None])


@pytest.mark.parametrize("path", ["data", "original", "MMVP.tsv"])
def test_every_published_form_gives_the_same_pairs(path: str) -> None:
    samples = mmvp(DATA / path).samples()
    assert [sample.target for sample in samples] == ["A", "B", "B", "A"]
    assert [sample.cluster for sample in samples] == ["pair-001", "pair-001", "pair-002", "pair-002"]
    assert samples[2].facts["options"] == {"A": "Open", "B": "Closed"}
    assert all(sample.images[0].open().size == (48, 48) for sample in samples)
    assert len({sample.group for sample in samples}) == 4


def test_prompts_to_the_letter() -> None:
    question, options = "Are the squares left or right?", "A. Left\nB. Right"
    prompts = {protocol: mmvp(protocol=protocol).samples()[0].prompt for protocol in MMVP.protocols}
    assert prompts == {
        "bagel": f"{question}\n{options}\n{LETTER}",
        "lmms_eval": f"{question}\n{options}\n{LETTER}",
        "vlmevalkit": f"Question: {question}\nOptions:\n{options}\n"
        "Please select the correct answer from the options above. \n",
    }
    assert [mmvp(protocol=protocol).max_tokens for protocol in ("bagel", "lmms_eval")] == [100, 16]


def test_scores_by_hand() -> None:
    scores = scored(mmvp(), ["A", "B. Right", "B", "B"])
    assert scores == {"pair_accuracy": 0.5, "accuracy": 0.75, "empty": 0.0, "unparsed": 0.0}


def test_an_empty_answer_is_wrong_and_crashes_nothing() -> None:
    scores = scored(mmvp(), ["A", "", "no idea", "A"])
    assert scores == {"pair_accuracy": 0.0, "accuracy": 0.5, "empty": 1.0, "unparsed": 1.0}


def test_a_pair_whose_partner_failed_is_wrong() -> None:
    assert scored(mmvp(), ["A", None, "B", "A"])["pair_accuracy"] == 0.5


def test_swapped_labels_of_the_full_set_are_corrected_where_that_is_wanted(tmp_path: Path) -> None:
    row = {"Question": "?", "Options": "(a) x (b) y", "image": "x.png"}
    published = [row | {"Correct Answer": "(a)" if number % 2 else "(b)"} for number in range(1, 301)]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, published)))
    true, raw = (mmvp(tmp_path / "x.jsonl", corrected=corrected).samples() for corrected in (True, False))
    assert [sample.id for sample, other in zip(true, raw, strict=True) if sample.target != other.target] == [
        "099",
        "100",
        "279",
        "280",
    ]


def test_the_misspelt_header_may_be_spelt_and_must_be_there(tmp_path: Path) -> None:
    header, rest = (DATA / "original/Questions.csv").read_text().split("\n", 1)
    for name in ("Index", "Number"):
        (tmp_path / "Questions.csv").write_text(header.replace("lndex", name) + "\n" + rest)
        if name == "Index":
            assert len(mmvp(tmp_path).samples()) == 4
    with pytest.raises(InputError, match="lacks the column Index or lndex; it has Number"):
        mmvp(tmp_path).samples()


def test_half_a_pair_and_an_index_that_leaves_the_folder_are_refused(tmp_path: Path) -> None:
    header, row, *_ = (DATA / "original/Questions.csv").read_text().split("\n")
    (tmp_path / "Questions.csv").write_text(f"{header}\n{row}\n")
    with pytest.raises(InputError, match="pairs of rows, got 1 rows"):
        mmvp(tmp_path).samples()
    (tmp_path / "Questions.csv").write_text(f"{header}\n../../{row}\n")
    with pytest.raises(InputError, match="leaves the folder"):
        mmvp(tmp_path).samples()


def test_options_are_split_at_their_letters() -> None:
    assert split_options("(a) One (or two) (b) Three") == {"A": "One (or two)", "B": "Three"}
    assert split_options("none") == {}
