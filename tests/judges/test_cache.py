import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from g2tr.errors import OutputError
from g2tr.judges.cache import Cached
from g2tr.judges.judge import Judge, JudgeFailure, Question, Reply

RED, BLUE = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))
RED_QUESTION = Question(("?", RED))


@dataclass
class Counting:
    """Says how often it was asked."""

    model: str = "m"
    reply: Reply | Exception | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"model": self.model}

    def __call__(self, question: Question) -> Reply:
        self.asked.append(str(question.parts[0]))
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply or Reply(f"answer {len(self.asked)}")


def test_a_question_is_asked_once_even_by_another_process(tmp_path: Path) -> None:
    judge = Counting()
    assert isinstance(Cached(judge, tmp_path), Judge)
    first = Cached(judge, tmp_path)(RED_QUESTION)
    assert Cached(judge, tmp_path)(Question(("?", RED.copy()))) == first == Reply("answer 1")
    assert len(judge.asked) == 1


def test_another_judge_prompt_or_picture_is_another_question(tmp_path: Path) -> None:
    judge = Counting()
    cached = Cached(judge, tmp_path)
    parts: list[tuple[str | Image.Image, ...]] = [("?", RED), ("?", BLUE), ("!", RED), ("?", RED, RED), ("?",)]
    questions = [Question(one) for one in (*parts, ("?", "a", RED), ("?", RED, "a"))]
    for question in (*questions, Question(("?", RED), 16), Question(("?", RED), None, 16)):
        cached(question)
    Cached(Counting("other", asked=judge.asked), tmp_path)(RED_QUESTION)
    assert len(judge.asked) == 10


def test_the_same_bytes_in_another_shape_are_another_question(tmp_path: Path) -> None:
    judge = Counting()
    cached = Cached(judge, tmp_path)
    cached(Question(("?", Image.new("RGB", (4, 16), "red"))))
    cached(RED_QUESTION)
    assert len(judge.asked) == 2


def test_a_refusal_is_remembered_and_a_failure_is_not(tmp_path: Path) -> None:
    refusing, failing = Counting("a", Reply("", "policy")), Counting("b", JudgeFailure("HTTP 500"))
    for _ in range(2):
        assert Cached(refusing, tmp_path)(RED_QUESTION).refused == "policy"
        with pytest.raises(JudgeFailure):
            Cached(failing, tmp_path)(RED_QUESTION)
    assert (len(refusing.asked), len(failing.asked)) == (1, 2)


def test_a_damaged_entry_is_asked_again(tmp_path: Path) -> None:
    judge = Counting()
    Cached(judge, tmp_path)(RED_QUESTION)
    (entry,) = tmp_path.rglob("*.json")
    for damage in ("", '{"text": "ans', "[]"):
        entry.write_text(damage)
        Cached(judge, tmp_path)(RED_QUESTION)
    assert len(judge.asked) == 4


def test_many_threads_with_one_question_leave_one_whole_entry(tmp_path: Path) -> None:
    cached = Cached(Counting(reply=Reply("x" * 10_000)), tmp_path)
    threads = [threading.Thread(target=cached, args=(RED_QUESTION,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".json"]
    assert cached(RED_QUESTION).text == "x" * 10_000


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot keep replies"):
        Cached(Counting(), tmp_path / "file")(RED_QUESTION)
