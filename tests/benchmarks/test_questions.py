import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from g2tr.benchmarks.questions import Questions
from g2tr.errors import InputError


def png(shade: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def table(path: Path, *rows: Mapping[str, Any]) -> str:
    """A JSONL file beside its picture `a.png`."""
    (path / "a.png").write_bytes(png())
    lines = [json.dumps({"image": "a.png", "question": "What?", "answer": "red", **row}) for row in rows]
    (path / "own.jsonl").write_text("\n".join(lines))
    return str(path / "own.jsonl")


def test_a_vqa_set_as_on_the_hub_runs_without_a_line_of_code(tmp_path: Path) -> None:
    """Parquet shards with {bytes, path} and ten people's answers: TextVQA, VQAv2, OK-VQA."""
    people = [{"answer": "two", "answer_confidence": "yes", "answer_id": i} for i in range(10)]
    columns = {
        "question_id": [11, 12],
        "image": [{"bytes": png(i), "path": None} for i in range(2)],
        "question": ["How many?", "And now?"],
        "answers": [people, people[:4]],
    }
    (tmp_path / "data").mkdir()
    shard = tmp_path / "data" / "validation-00000-of-00001.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), shard)
    benchmark = Questions(str(tmp_path), split="validation", metric="vqa")
    first, second = benchmark.samples()
    assert (first.id, first.prompt) == ("11", "How many?\nAnswer the question using a single word or phrase.")
    assert first.facts["answers"] == ["two"] * 10 and second.facts["answers"] == ["two"] * 4
    assert first.images[0].open().size == (8, 8)
    assert benchmark.summarise([(first, benchmark.grade(first, "2")), (second, benchmark.grade(second, ""))]) == {
        "accuracy": 0.5,
        "empty": 1,
        "unparsed": 0,
    }


def test_an_imagefolder_runs_without_a_line_of_code(tmp_path: Path) -> None:
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "0001.png").write_bytes(png())
        row = {"file_name": "0001.png", "question": f"{split}?", "answer": "yes"}
        (tmp_path / split / "metadata.jsonl").write_text(json.dumps(row))
    (sample,) = Questions(str(tmp_path), split="test").samples()
    assert sample.prompt.startswith("test?") and sample.images[0].open().size == (8, 8)
    assert len(Questions(str(tmp_path)).samples()) == 2


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_table_of_a_spreadsheet_names_its_pictures(ending: str, tmp_path: Path) -> None:
    mark = {"csv": ",", "tsv": "\t"}[ending]
    (tmp_path / "a.png").write_bytes(png())
    lines = [["image", "question", "answer"], ["a.png", "What?", '"[""red"", ""dark red""]"'], ["a.png", "Why?", "so"]]
    (tmp_path / f"own.{ending}").write_text("\n".join(mark.join(line) for line in lines))
    first, second = Questions(str(tmp_path / f"own.{ending}")).samples()
    assert first.facts["answers"] == ["red", "dark red"] and second.target == "so"
    assert first.images[0].open().size == (8, 8) and first.group == second.group


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (["red", "blue"], "B"),
        (["red", "blue"], "b"),
        (["red", "blue"], "blue"),
        (["red", "blue"], 1),
        ("['red', 'blue']", "B"),
        ({"A": "red", "B": "blue"}, "blue"),
    ],
)
def test_options_and_the_right_one_are_read_in_every_usual_form(
    options: object, answer: object, tmp_path: Path
) -> None:
    benchmark = Questions(table(tmp_path, {"options": options, "answer": answer}), metric="choice")
    (sample,) = benchmark.samples()
    assert sample.target == "B"
    assert sample.prompt == ("What?\nA. red\nB. blue\nAnswer with the option's letter from the given choices directly.")
    graded = [benchmark.grade(sample, said) for said in ("B", "(B) blue.", "It is blue", "A", "neither")]
    assert [grade["accuracy"] for grade in graded] == [1, 1, 1, 0, 0]
    assert [grade["unparsed"] for grade in graded] == [0, 0, 0, 0, 1]


def test_options_may_stand_in_columns_of_their_own(tmp_path: Path) -> None:
    (sample,) = Questions(
        table(tmp_path, {"A": "red", "B": "blue", "C": None, "answer": "A"}), metric="choice"
    ).samples()
    assert sample.facts["options"] == {"A": "red", "B": "blue"}


def test_a_template_takes_any_column_and_says_which_there_are(tmp_path: Path) -> None:
    path = table(tmp_path, {"hint": "Look {well}.", "options": ["x", "y"]})
    (sample,) = Questions(path, template="{hint} {question}\n{options}").samples()
    assert sample.prompt == "Look {well}. What?\nA. x\nB. y"
    with pytest.raises(InputError, match=r"entry 1: template has \{tip\}, but there are image, question, answer, hint"):
        Questions(path, template="{tip}").samples()


def test_columns_are_mapped_and_wrong_ones_answered_with_those_that_exist(tmp_path: Path) -> None:
    path = table(tmp_path, {"ask": "Who?", "left": "a.png", "right": "a.png"})
    (sample,) = Questions(path, columns={"question": "ask", "images": ["left", "right"]}).samples()
    assert sample.prompt.startswith("Who?") and len(sample.images) == 2
    with pytest.raises(InputError, match=r"no column 'aks'; it has image, question, answer, ask, left, right"):
        Questions(path, columns={"question": "aks"}).samples()
    with pytest.raises(InputError, match="columns: nothing is called 'quetsion'; there are question, answer, image"):
        Questions(path, columns={"quetsion": "ask"}).samples()
    (tmp_path / "other.jsonl").write_text('{"image": "a.png", "text": "What?"}')
    with pytest.raises(InputError, match=r"no column question or query or prompt; it has image, text; .*columns.quest"):
        Questions(str(tmp_path / "other.jsonl")).samples()


def test_rows_of_one_cluster_count_together_and_a_limit_keeps_them_together(tmp_path: Path) -> None:
    benchmark = Questions(table(tmp_path, {"cluster": "x"}, {"cluster": "x", "category": "hard"}, {"cluster": "y"}))
    samples = benchmark.samples()
    pairs = [(s, benchmark.grade(s, said)) for s, said in zip(samples, ("red", "blue", "red"), strict=True)]
    scores = benchmark.summarise(pairs)
    assert scores["accuracy"] == pytest.approx(2 / 3) and scores["cluster_accuracy"] == 0.5
    assert scores["accuracy/hard"] == 0
    assert len(Questions(benchmark.path, limit=2).samples()) == 2


def test_a_row_without_a_picture_fails_alone(tmp_path: Path) -> None:
    whole, lame = Questions(table(tmp_path, {}, {"image": None})).samples()
    assert whole.images[0].open()
    with pytest.raises(InputError, match="entry 2 has no image"):
        lame.images[0].open()


def test_reasoning_is_not_scored(tmp_path: Path) -> None:
    benchmark = Questions(table(tmp_path, {}))
    (sample,) = benchmark.samples()
    assert benchmark.grade(sample, "<think>blue?</think>red")["accuracy"] == 1
    assert benchmark.grade(sample, "<think>blue")["cut"] == 1


@pytest.mark.parametrize(
    ("rows", "settings", "said"),
    [
        ([{}], {"metric": "bleu"}, "metric must be one of exact, contains, anls, relaxed, vqa, choice, got 'bleu'"),
        ([{}], {"metric": "choice"}, "entry 1: metric=choice wants an answer among the options, got 'red' of no opt"),
        ([{"answer": ["red"] * 3}], {"metric": "vqa"}, "compares with several people's answers, got 3"),
        ([{"answer": ""}], {}, "entry 1: the answer is empty"),
        ([{"question": ""}], {}, "entry 1: the question is empty"),
        (
            [{"id": 1}, {"id": 1}],
            {},
            "2 rows have the id '1': columns.id=NAME takes another column, columns.id= numbers",
        ),
    ],
)
def test_bad_input_gets_one_clear_line(
    rows: list[dict[str, Any]], settings: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        Questions(table(tmp_path, *rows), **settings).samples()


def test_a_path_is_asked_for() -> None:
    with pytest.raises(InputError, match="name your table: benchmark.questions.path=FILE"):
        Questions().samples()
