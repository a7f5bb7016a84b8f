from pathlib import Path

import pyarrow.parquet as pq
import pytest

from g2tr.benchmarks.mme import MME
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError

DATA = Path(__file__).parents[1] / "data/questions/mme"
SINGLE = "Answer the question using a single word or phrase."


def mme(path: Path = DATA, protocol: str = "bagel", limit: int | None = None) -> MME:
    return MME(Dataset(str(path), split="test"), protocol, limit)


def scored(benchmark: MME, answers: list[str | None]) -> dict[str, float]:
    """Scores of answers in the order of the rows; None for a sample that failed."""
    pairs = zip(benchmark.samples(), answers, strict=True)
    return benchmark.summarise([(sample, benchmark.grade(sample, text)) for sample, text in pairs if text is not None])


@pytest.mark.parametrize("path", ["", "MME.tsv", "official"])
def test_every_published_form_gives_the_same_pairs(path: str) -> None:
    samples = mme(DATA / path).samples()
    assert [sample.target for sample in samples] == ["yes", "no", "yes", "no", "no", "yes"]
    assert [sample.category for sample in samples] == ["count"] * 2 + ["color"] * 2 + ["code_reasoning"] * 2
    assert [sample.cluster for sample in samples[::2]] == [sample.cluster for sample in samples[1::2]]
    assert len({sample.cluster for sample in samples}) == len({sample.group for sample in samples}) == 3
    assert all(sample.images[0].open().size == (48, 48) for sample in samples)


def test_prompts_to_the_letter() -> None:
    question = "Is there one square in this image?"
    prompts = {protocol: mme(protocol=protocol).samples()[0].prompt for protocol in MME.protocols}
    assert prompts == {
        "bagel": f"{question} Please answer yes or no. {SINGLE}",
        "lmms_eval": f"{question}\n{SINGLE}",
        "vlmevalkit": f"{question} Please answer yes or no.",
    }
    assert [mme(protocol=protocol).max_tokens for protocol in ("bagel", "lmms_eval")] == [20, 16]


def test_scores_by_hand() -> None:
    scores = scored(mme(), ["Yes", "No", "Yes.", "yes", "", "Unclear"])
    assert {name: scores[name] for name in ("acc/count", "acc+/count")} == {"acc/count": 100, "acc+/count": 100}
    assert {name: scores[name] for name in ("acc/color", "acc+/color")} == {"acc/color": 50, "acc+/color": 0}
    assert (scores["perception"], scores["cognition"], scores["total"]) == (250, 0, 250)
    assert (scores["empty"], scores["unparsed"]) == (1, 1)


def test_a_pair_without_its_partner_is_no_pair_and_half_an_accuracy() -> None:
    scores = scored(mme(), ["Yes", None, "Yes", "No", "No", "Yes"])
    assert (scores["acc/count"], scores["acc+/count"]) == (50, 0)
    assert scores["total"] == 50 + 200 + 200


def test_swapped_labels_score_nothing() -> None:
    assert scored(mme(), ["no", "yes", "no", "yes", "yes", "no"])["total"] == 0


def test_none_is_no_for_bagel_and_still_counted_as_unparsed() -> None:
    scores = scored(mme(), ["Yes", "None", "Yes", "No", "No", "Yes"])
    assert (scores["total"], scores["unparsed"]) == (600, 1)


def test_a_limit_cuts_between_images() -> None:
    assert len(mme(limit=3).samples()) == 2


def test_an_image_with_one_question_is_refused(tmp_path: Path) -> None:
    table = pq.read_table(DATA / "data/test-00001-of-00002.parquet")
    pq.write_table(table.slice(0, 1), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="two questions, code_reasoning:code_reasoning/0003.png has 1"):
        mme(tmp_path / "x.parquet").samples()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("No\n", "Maybe\n", "answer must be Yes or No, got 'Maybe'"),
        ("?\t", "? ", "wanted a question, a tab and an answer"),
    ],
)
def test_a_bad_line_of_the_official_folder_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "count").mkdir()
    (tmp_path / "count/1.txt").write_text("Is it?\tYes\nIs it not?\tNo\n".replace(old, new))
    with pytest.raises(InputError, match=rf"1.txt, line \d: {message}"):
        mme(tmp_path).samples()


def test_a_line_of_an_official_file_ends_at_a_line_feed_alone(tmp_path: Path) -> None:
    (tmp_path / "count").mkdir()
    (tmp_path / "count/1.txt").write_bytes("Is\rit\u2028one?\tYes\r\nIs it not?\tNo\n".encode())
    assert [sample.prompt.split("?")[0] for sample in mme(tmp_path).samples()] == ["Is\rit\u2028one", "Is it not"]


def test_a_category_that_mme_does_not_have_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(
        '{"question_id": "1", "question": "?", "answer": "No", "category": "x", "image": "1"}'
    )
    with pytest.raises(InputError, match="MME has no category 'x'"):
        mme(tmp_path / "x.jsonl").samples()
