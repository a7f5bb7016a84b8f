"""One POST of JSON, with nothing but the standard library."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

MAX_BYTES = 8_000_000


@dataclass(frozen=True)
class Response:
    """Status, body, and how many seconds the server asks to wait before the next try."""

    status: int
    body: bytes
    wait: float = 0.0


def opener() -> OpenerDirector:
    """Speaks HTTP(S) and follows no redirect: the key is for the configured host alone."""
    director = OpenerDirector()
    for handler in (ProxyHandler(), HTTPHandler(), HTTPSHandler(), HTTPDefaultErrorHandler(), HTTPErrorProcessor()):
        director.add_handler(handler)
    return director


def post_json(url: str, content: Mapping[str, Any], headers: Mapping[str, str], timeout: float) -> Response:
    """The server's response, whatever its status. Raises `OSError` where there is none."""
    request = Request(url, json.dumps(content).encode(), {"Content-Type": "application/json", **headers})
    try:
        with opener().open(request, timeout=timeout) as answer:
            return Response(answer.status, answer.read(MAX_BYTES))
    except HTTPError as error:
        with error:
            return Response(error.code, error.read(MAX_BYTES), seconds(error.headers.get("Retry-After")))
    except HTTPException as error:
        raise ConnectionError(f"broken response ({type(error).__name__})") from None


def seconds(retry_after: str | None) -> float:
    """A Retry-After header in seconds; dates and nonsense count as none."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0
