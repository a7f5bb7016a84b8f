import base64
import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from g2tr.errors import InputError
from g2tr.judges.judge import Judge, JudgeFailure, Question, Reply
from g2tr.judges.openai import OpenAIJudge

PICTURE = Image.new("RGB", (40, 20), "red")
QUESTION = Question(("?", PICTURE))


def judge(endpoint: Any, **settings: Any) -> OpenAIJudge:
    return OpenAIJudge(base_url=endpoint.url, model="m", **{"pause": 0.01, "timeout": 5.0, **settings})


def test_prompt_and_pictures_travel_as_a_chat_completion(endpoint: Any) -> None:
    endpoint.says("fine")
    asked = judge(endpoint, max_side=16, extra={"seed": 3}, temperature=None)
    assert isinstance(asked, Judge)
    assert asked(Question(("how is it ?", PICTURE, "and this:", PICTURE), None, 1024)) == Reply("fine")
    (request,) = endpoint.requests
    assert (request["path"], request["model"], request["seed"]) == ("/v1/chat/completions", "m", 3)
    assert request["max_tokens"] == 1024 and "temperature" not in request
    text, first, label, _ = request["messages"][0]["content"]
    assert text == {"type": "text", "text": "how is it ?"}
    assert label == {"type": "text", "text": "and this:"}
    head, data = first["image_url"]["url"].split(",")
    assert head == "data:image/png;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (16, 8)


@pytest.mark.parametrize(
    ("settings", "side", "tokens"),
    [
        ({}, 20, 50),
        ({"max_side": None, "max_tokens": None}, 40, None),
        ({"max_side": 30, "max_tokens": 7}, 30, 7),
    ],
)
def test_limits_are_the_benchmarks_unless_the_judge_has_its_own(
    endpoint: Any, settings: dict[str, int | None], side: int, tokens: int | None
) -> None:
    endpoint.says("fine")
    judge(endpoint, **settings)(Question(("?", PICTURE), 20, 50))
    (request,) = endpoint.requests
    data = request["messages"][0]["content"][1]["image_url"]["url"].split(",")[1]
    assert Image.open(io.BytesIO(base64.b64decode(data))).width == side
    assert request.get("max_tokens") == tokens


def test_a_busy_server_is_asked_again(endpoint: Any) -> None:
    endpoint.says(429, 503, "fine")
    assert judge(endpoint)(QUESTION) == Reply("fine")
    assert len(endpoint.requests) == 3


def test_as_long_as_the_server_asks_is_waited(endpoint: Any) -> None:
    endpoint.says(lambda _: (429, b"{}", {"Retry-After": "1"}), "fine")
    start = time.monotonic()
    assert judge(endpoint)(QUESTION) == Reply("fine")
    assert time.monotonic() - start >= 1


def test_a_broken_server_is_a_failure_after_all_tries(endpoint: Any) -> None:
    endpoint.says(500)
    with pytest.raises(JudgeFailure, match=r"HTTP 500 \(try 3 of 3\)"):
        judge(endpoint, retries=2)(QUESTION)
    assert len(endpoint.requests) == 3


def test_a_request_that_is_wrong_is_not_repeated(endpoint: Any) -> None:
    endpoint.says(422)
    with pytest.raises(JudgeFailure, match="HTTP 422"):
        judge(endpoint)(QUESTION)
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{"message": 3}]}'])
def test_a_malformed_response_is_a_failure(endpoint: Any, body: bytes) -> None:
    endpoint.says(body)
    with pytest.raises(JudgeFailure, match="no chat completion"):
        judge(endpoint, retries=1)(QUESTION)


def test_a_slow_server_is_a_failure(endpoint: Any) -> None:
    def slow(_: Any) -> tuple[int, bytes, dict[str, str]]:
        time.sleep(1)
        return 200, b"", {}

    endpoint.says(slow)
    with pytest.raises(JudgeFailure, match="(?i)time"):
        judge(endpoint, retries=0, timeout=0.2)(QUESTION)


def test_no_server_is_a_failure() -> None:
    nobody = OpenAIJudge("http://127.0.0.1:9/v1", "m", retries=0, timeout=2.0)
    with pytest.raises(JudgeFailure, match="URLError"):
        nobody(QUESTION)


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"message": {"content": None}, "finish_reason": "content_filter"}, "content filter"),
        ({"message": {"content": None, "refusal": "I will not."}}, "I will not."),
        ({"message": {"content": "  "}, "finish_reason": "stop"}, "empty answer"),
    ],
)
def test_a_refusal_is_told_from_a_failure_and_not_repeated(endpoint: Any, choice: dict[str, Any], reason: str) -> None:
    endpoint.says(json.dumps({"choices": [choice]}).encode())
    assert judge(endpoint)(QUESTION).refused == reason
    assert len(endpoint.requests) == 1


def test_half_a_character_is_replaced_since_no_file_could_hold_it(endpoint: Any) -> None:
    endpoint.says(b'{"choices": [{"message": {"content": "4 \\ud800"}}]}')
    assert judge(endpoint)(QUESTION) == Reply("4 ?")


def test_a_filtered_request_is_a_refusal(endpoint: Any) -> None:
    endpoint.says(lambda _: (400, b'{"error": {"code": "content_filter"}}', {}))
    assert judge(endpoint)(QUESTION) == Reply("", "content filter")


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_endpoint_that_will_never_answer_ends_the_judging(endpoint: Any, status: int) -> None:
    endpoint.says(status)
    with pytest.raises(InputError, match=f"HTTP {status}"):
        judge(endpoint)(QUESTION)


def test_a_redirect_is_not_followed_so_the_key_stays_home(endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    endpoint.says(lambda _: (307, b"", {"Location": f"{endpoint.url}/elsewhere"}))
    with pytest.raises(JudgeFailure, match="HTTP 307"):
        judge(endpoint, key_variable="SOME_KEY")(QUESTION)
    assert [request["path"] for request in endpoint.requests] == ["/v1/chat/completions"]


def test_the_key_comes_from_a_named_variable_or_a_file_and_is_kept_nowhere(
    endpoint: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("sk-file\n")
    monkeypatch.setenv("SOME_KEY", "sk-secret")
    endpoint.says("fine")
    by_variable = judge(endpoint, key_variable="SOME_KEY")
    by_file = judge(endpoint, key_variable="SOME_KEY", key_file=str(tmp_path / "key"))
    for asked in (by_variable, by_file, judge(endpoint)):
        asked(QUESTION)
        assert "sk-" not in f"{asked} {asked.identity}"
    assert [sent.get("Authorization") for sent in endpoint.headers] == ["Bearer sk-secret", "Bearer sk-file", None]


def test_a_key_that_cannot_be_one_is_refused_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-one\nsk-two")
    with pytest.raises(InputError, match="characters") as refused:
        OpenAIJudge("http://localhost/v1", "m", key_file=str(tmp_path / "key"))(QUESTION)
    assert "sk-" not in str(refused.value)
    with pytest.raises(InputError, match="cannot read"):
        OpenAIJudge("http://localhost/v1", "m", key_file=str(tmp_path / "none"))(QUESTION)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "localhost:8000", "ftp://x/v1", "http://me:pw@host/v1", "http://"]
)
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="base_url"):
        OpenAIJudge(url, "m")


def test_settings_that_cannot_work_are_refused() -> None:
    with pytest.raises(InputError, match="retries"):
        OpenAIJudge("http://localhost/v1", "m", retries=-1)
    with pytest.raises(InputError, match="max_side must be benchmark, null or a number from 16 on, got 8"):
        OpenAIJudge("http://localhost/v1", "m", max_side=8)
    with pytest.raises(InputError, match="max_tokens must be benchmark, null or a number from 1 on, got 'all'"):
        OpenAIJudge("http://localhost/v1", "m", max_tokens="all")
