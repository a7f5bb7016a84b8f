"""A real HTTP server on localhost that answers as a judge's endpoint does."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Script = Callable[[dict[str, Any]], tuple[int, bytes, dict[str, str]]]


def completion(text: str | None, finish_reason: str = "stop", **message: object) -> bytes:
    """The body of a chat completion."""
    choice = {"message": {"role": "assistant", "content": text, **message}, "finish_reason": finish_reason}
    return json.dumps({"choices": [choice]}).encode()


@dataclass
class Endpoint:
    """What the server saw, and what it says to each request in turn; the last script stays."""

    url: str = ""
    scripts: list[Script] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def says(self, *answers: str | int | bytes | Script) -> "Endpoint":
        """Texts become completions, numbers become errors, bytes are sent as they are."""
        self.scripts = [self.script(answer) for answer in answers]
        return self

    @staticmethod
    def script(answer: str | int | bytes | Script) -> Script:
        if callable(answer):
            return answer
        if isinstance(answer, int):
            return lambda _: (answer, b'{"error": {"message": "no"}}', {})
        body = completion(answer) if isinstance(answer, str) else answer
        return lambda _: (200, body, {})

    def respond(self, request: dict[str, Any], headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        with self.lock:
            self.requests.append(request)
            self.headers.append(headers)
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        return script(request)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body, headers = found.respond({"path": self.path, **content}, dict(self.headers))
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                pass

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield found
    server.shutdown()
    server.server_close()
    thread.join()
