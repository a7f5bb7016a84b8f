"""Chat completions on the wire: pictures as data URLs, and what a completion says."""

import base64
import io
import json
from collections.abc import Sequence
from typing import Any

from PIL import Image

from g2tr.images import to_rgb
from g2tr.judges.judge import Reply

REFUSED = (b"content_filter", b"content_policy", b"moderation", b"flagged")


def user_message(parts: Sequence[str | Image.Image], max_side: int | None) -> dict[str, Any]:
    """Texts and pictures in their order."""
    return {"role": "user", "content": [content_of(part, max_side) for part in parts]}


def content_of(part: str | Image.Image, max_side: int | None) -> dict[str, Any]:
    """One text or picture of a message."""
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image_url", "image_url": {"url": data_url(part, max_side)}}


def data_url(image: Image.Image, max_side: int | None) -> str:
    """An image as a PNG within a URL, made smaller where a side is longer than `max_side`."""
    picture = to_rgb(image)
    if max_side is not None:
        picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def read_reply(body: bytes) -> Reply:
    """The first choice of a completion. Raises `ConnectionError` where the body is none."""
    try:
        choice = json.loads(body)["choices"][0]
        message = choice["message"]
        text, refusal, reason = message.get("content") or "", message.get("refusal"), choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise ConnectionError("the response is no chat completion") from None
    if not isinstance(text, str):
        raise ConnectionError("the content of the response is no text")
    text = whole(text)
    if reason == "content_filter" or refusal:
        return Reply(text, whole(str(refusal or "content filter")))
    return Reply(text, "" if text.strip() else "empty answer")


def whole(text: str) -> str:
    """The text with every half of a character replaced, which no file could hold."""
    return text.encode(errors="replace").decode()


def is_refusal(status: int, body: bytes) -> bool:
    """Whether an error says that the content, not the request, is the problem."""
    return status in (400, 403) and any(word in body for word in REFUSED)
