import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from g2tr.errors import OutputError
from g2tr.judges.cache import Cached
from g2tr.judges.judge import Judge, JudgeFailure, Reply

RED, BLUE = (Image.new("RGB", (8, 8), color) for color in ("red", "blue"))


@dataclass
class Counting:
    """Says how often it was asked."""

    model: str = "m"
    reply: Reply | Exception | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def identity(self) -> Mapping[str, Any]:
        return {"model": self.model}

    def __call__(self, images: Sequence[Image.Image], prompt: str) -> Reply:
        self.asked.append(prompt)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply or Reply(f"answer {len(self.asked)}")


def test_a_question_is_asked_once_even_by_another_process(tmp_path: Path) -> None:
    judge = Counting()
    assert isinstance(Cached(judge, tmp_path), Judge)
    first = Cached(judge, tmp_path)([RED], "?")
    assert Cached(judge, tmp_path)([RED.copy()], "?") == first == Reply("answer 1")
    assert len(judge.asked) == 1


def test_another_judge_prompt_or_picture_is_another_question(tmp_path: Path) -> None:
    judge = Counting()
    cached = Cached(judge, tmp_path)
    for images, prompt in [([RED], "?"), ([BLUE], "?"), ([RED], "!"), ([RED, RED], "?"), ([], "?")]:
        cached(images, prompt)
    Cached(Counting("other", asked=judge.asked), tmp_path)([RED], "?")
    assert len(judge.asked) == 6


def test_the_same_bytes_in_another_shape_are_another_question(tmp_path: Path) -> None:
    judge = Counting()
    cached = Cached(judge, tmp_path)
    cached([Image.new("RGB", (4, 16), "red")], "?")
    cached([RED], "?")
    assert len(judge.asked) == 2


def test_a_refusal_is_remembered_and_a_failure_is_not(tmp_path: Path) -> None:
    refusing, failing = Counting("a", Reply("", "policy")), Counting("b", JudgeFailure("HTTP 500"))
    for _ in range(2):
        assert Cached(refusing, tmp_path)([RED], "?").refused == "policy"
        with pytest.raises(JudgeFailure):
            Cached(failing, tmp_path)([RED], "?")
    assert (len(refusing.asked), len(failing.asked)) == (1, 2)


def test_a_damaged_entry_is_asked_again(tmp_path: Path) -> None:
    judge = Counting()
    Cached(judge, tmp_path)([RED], "?")
    (entry,) = tmp_path.rglob("*.json")
    for damage in ("", '{"text": "ans', "[]"):
        entry.write_text(damage)
        Cached(judge, tmp_path)([RED], "?")
    assert len(judge.asked) == 4


def test_many_threads_with_one_question_leave_one_whole_entry(tmp_path: Path) -> None:
    cached = Cached(Counting(reply=Reply("x" * 10_000)), tmp_path)
    threads = [threading.Thread(target=cached, args=([RED], "?")) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".json"]
    assert cached([RED], "?").text == "x" * 10_000


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot keep replies"):
        Cached(Counting(), tmp_path / "file")([RED], "?")
