"""A judge behind any endpoint that speaks OpenAI's chat completions: OpenAI itself, vLLM, SGLang, Ollama, a gateway."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from g2tr.errors import InputError
from g2tr.judges.chat import is_refusal, read_reply, user_message
from g2tr.judges.http import post_json
from g2tr.judges.judge import JudgeFailure, Question, Reply

PERMANENT_ERRORS = {401: "refuses the key", 403: "refuses access", 404: "knows no such path or model"}
TRANSIENT = (408, 409, 425, 429)
LONGEST_PAUSE = 60.0
BENCHMARK = "benchmark"


@dataclass(frozen=True)
class RequestFailure:
    """Why there is no reply, how long the server asks to wait, and whether it may pass."""

    reason: str
    wait: float = 0.0
    passes: bool = True


@dataclass(frozen=True)
class OpenAIJudge:
    """`POST base_url/chat/completions`; images travel as data URLs.

    `max_side` (pixels) and `max_tokens` are `benchmark`, for what the benchmark's own script sends, or a number in its
    place, or null: images at full size, a reply without a limit. The key is read from `key_file`, else from the
    environment variable that `key_variable` names, and is kept nowhere. A setting that is null is not sent; `extra` is
    sent as it is. Transient errors are retried after `pause` seconds, then twice that, and so on, or as long as the
    server asks.
    """

    base_url: str
    model: str
    key_variable: str | None = None
    key_file: str | None = None
    temperature: float | None = 0.0
    max_tokens: int | str | None = BENCHMARK
    timeout: float = 120.0
    retries: int = 5
    pause: float = 1.0
    max_side: int | str | None = BENCHMARK
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise InputError("judge.base_url must be http(s)://host/path, without user or password")
        if self.retries < 0 or self.timeout <= 0 or self.pause < 0:
            raise InputError("judge needs retries ≥ 0, timeout > 0 and pause ≥ 0")
        for name, least in (("max_side", 16), ("max_tokens", 1)):
            value = getattr(self, name)
            if value not in (None, BENCHMARK) and (type(value) is not int or value < least):
                raise InputError(f"judge.{name} must be benchmark, null or a number from {least} on, got {value!r}")

    @property
    def identity(self) -> Mapping[str, Any]:
        names = ("base_url", "model", "temperature", "max_tokens", "max_side")
        return {name: getattr(self, name) for name in names} | {"extra": dict(self.extra)}

    def __call__(self, question: Question) -> Reply:
        content, headers, trouble = self.content(question), self.headers(), RequestFailure("not tried")
        for attempt in range(self.retries + 1):
            outcome = self.attempt(content, headers)
            if isinstance(outcome, Reply):
                return outcome
            trouble = outcome
            if attempt == self.retries or not trouble.passes:
                break
            time.sleep(min(LONGEST_PAUSE, max(trouble.wait, self.pause * 2**attempt)))
        raise JudgeFailure(f"{trouble.reason} (try {attempt + 1} of {self.retries + 1})")

    def attempt(self, content: Mapping[str, Any], headers: Mapping[str, str]) -> Reply | RequestFailure:
        """One request. Raises `InputError` where the endpoint would not answer any."""
        try:
            response = post_json(f"{self.base_url.rstrip('/')}/chat/completions", content, headers, self.timeout)
            if response.status == 200:
                return read_reply(response.body)
        except OSError as error:
            return RequestFailure(f"{type(error).__name__}: {error}")
        if is_refusal(response.status, response.body):
            return Reply("", "content filter")
        if response.status in PERMANENT_ERRORS:
            raise InputError(
                f"the judge at {self.base_url} {PERMANENT_ERRORS[response.status]} (HTTP {response.status})"
            )
        passes = response.status in TRANSIENT or response.status >= 500
        return RequestFailure(f"HTTP {response.status}", response.wait, passes)

    def content(self, question: Question) -> dict[str, Any]:
        """The body of the request."""
        message = user_message(question.parts, chosen(self.max_side, question.max_side))
        settings = {"temperature": self.temperature, "max_tokens": chosen(self.max_tokens, question.max_tokens)}
        given = {name: value for name, value in settings.items() if value is not None}
        return {"model": self.model, "messages": [message], **given, **self.extra}

    def headers(self) -> dict[str, str]:
        """The authorization, where there is a key. Raises `InputError`, which never shows the key."""
        key = os.environ.get(self.key_variable or "", "")
        if self.key_file is not None:
            try:
                key = Path(self.key_file).expanduser().read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                raise InputError(f"cannot read judge.key_file {self.key_file}") from None
        key = key.strip()
        if not (key.isascii() and key.isprintable()):
            raise InputError("the judge's key holds characters that no key has")
        return {"Authorization": f"Bearer {key}"} if key else {}


def chosen(setting: int | str | None, benchmark: int | None) -> int | None:
    """A limit: the judge's own, or the benchmark's where the setting leaves it to that."""
    return benchmark if isinstance(setting, str) else setting
