from pathlib import Path

import pytest

from g2tr.benchmarks.realworldqa import RealWorldQA
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError

DATA = Path(__file__).parents[1] / "data/questions/realworldqa"


def realworldqa(path: str = "data", protocol: str = "lmms_eval") -> RealWorldQA:
    return RealWorldQA(Dataset(str(DATA / path), split="test"), protocol)


def scored(benchmark: RealWorldQA, answers: list[str]) -> list[float]:
    pairs = [(sample, benchmark.grade(sample, text)) for sample, text in zip(benchmark.samples(), answers, strict=True)]
    return list(benchmark.summarise(pairs).values())


@pytest.mark.parametrize("path", ["data", "jsonl"])
def test_both_forms_of_the_original_ask_as_published(path: str) -> None:
    samples = realworldqa(path).samples()
    assert [sample.target for sample in samples] == ["A", "0", "Downhill"]
    assert [sample.category for sample in samples] == ["letter", "number", "word"]
    assert samples[0].facts["options"] == {"A": "On the left.", "B": "On the right.", "C": "Nowhere."}
    assert samples[1].prompt == "How many circles are there?\nPlease answer directly with a single word or number."
    assert samples[0].images[0].open().format is None and samples[0].images[0].open().size == (48, 48)


def test_vlmevalkit_asks_its_own_recast() -> None:
    samples = realworldqa("RealWorldQA.tsv", "vlmevalkit").samples()
    assert samples[1].prompt == (
        "Question: How many circles are there?\nOptions:\nA. 2\nB. 0\n"
        "Please select the correct answer from the options above. \n"
    )
    assert samples[1].target == "B"


@pytest.mark.parametrize(
    ("answers", "accuracy", "empty", "unparsed"),
    [
        (["A", "0", "Downhill"], 3, 0, 0),
        (["(A) On the left.", "0.", "downhill"], 3, 0, 0),
        (["(a) on the left.", "zero", "It goes downhill"], 0, 0, 1),
        (["left", "", "DOWNHILL."], 1, 1, 1),
    ],
)
def test_scores_by_hand(answers: list[str], accuracy: float, empty: float, unparsed: float) -> None:
    assert scored(realworldqa(), answers) == pytest.approx([accuracy / 3, empty, unparsed])


def test_the_older_rule_reads_a_leading_letter_or_the_text_of_an_option() -> None:
    older = realworldqa(protocol="lmms_eval_0_5")
    assert scored(older, ["(a) On the left.", "0.", "downhill"])[0] == 1
    assert scored(older, ["On the left. of course", "zero", "It goes downhill"])[0] == pytest.approx(1 / 3)


def test_the_recast_is_read_by_letter_or_text() -> None:
    assert scored(realworldqa("RealWorldQA.tsv", "vlmevalkit"), ["The answer is A", "A"])[0] == 0.5


def test_bagel_has_no_protocol_for_it_and_each_toolkit_wants_its_own_form() -> None:
    with pytest.raises(
        InputError, match="RealWorldQA has no protocol 'bagel'; it has lmms_eval, lmms_eval_0_5, vlmevalkit"
    ):
        realworldqa(protocol="bagel")
    with pytest.raises(InputError, match="protocol=vlmevalkit wants VLMEvalKit's TSV"):
        realworldqa(protocol="vlmevalkit").samples()
    with pytest.raises(InputError, match="protocol=lmms_eval wants the original"):
        realworldqa("RealWorldQA.tsv").samples()
