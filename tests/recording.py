"""A small HTTP server and a UDP socket that write down what automations send and misbehave when told to; and the
requests that make automations and look at them.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.players import Crew, eventually

PATIENCE_SECONDS = 15


@dataclass
class Call:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Target:
    """What was called, and how it answers: `answers` in turn, then 200."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    answer_body: bytes = b"{}"
    hang: threading.Event | None = None
    """Answers only when it is set."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def wait(self, count: int) -> list[Call]:
        """Return the first calls once there are so many."""
        return eventually(lambda: self.calls[:count] if len(self.calls) >= count else [], PATIENCE_SECONDS)

    def last(self, wanted: Callable[[Call], bool]) -> Call:
        """Return the newest call once it is as wanted."""
        return eventually(lambda: next((each for each in self.calls[-1:] if wanted(each)), None), PATIENCE_SECONDS)

    def paths(self) -> list[str]:
        return [each.path for each in self.calls]


@contextmanager
def recording(**options: Any) -> Iterator[Target]:
    """Run the server in threads of its own."""
    target = Target(**options)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            status = target.answers.pop(0) if target.answers else 200
            target.calls.append(
                Call(self.command, parts.path, query, dict(self.headers.items()), body, time.monotonic())
            )
            if target.hang is not None:
                target.hang.wait(PATIENCE_SECONDS)
            try:
                self.send_response(status)
                for name, value in target.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(target.answer_body)))
                self.end_headers()
                self.wfile.write(target.answer_body)
            except OSError:
                self.close_connection = True  # who asked did not wait

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Say nothing of clients that go away."""

    server = Server(("127.0.0.1", target.port), Handler)
    target.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="recording")
    thread.start()
    try:
        yield target
    finally:
        if target.hang is not None:
            target.hang.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def udp() -> Iterator[socket.socket]:
    """Open a UDP socket that waits for a datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(PATIENCE_SECONDS)
        yield listener


def path(code: str, *parts: object) -> str:
    return "/".join([f"/api/v1/sessions/{code}/automations", *map(str, parts)])


def http(target: Target, where: str = "/{{event.trigger}}", **fields: Any) -> dict[str, Any]:
    return {"kind": "http", "method": "GET", "url": f"{target.url}{where}", **fields}


def make(crew: Crew, code: str, trigger: str, action: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = crew.client.post(path(code), json={"name": trigger, "trigger": trigger, "action": action, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == path(code, made["id"])
    return made


def listed(crew: Crew, code: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = crew.client.get(path(code)).json()["automations"]
    return found


def state_if(crew: Crew, code: str, what: str) -> dict[str, Any]:
    """Return the first automation's state where something of it is true, else nothing."""
    state: dict[str, Any] = listed(crew, code)[0]["state"]
    return state if state[what] else {}


def settled(crew: Crew, code: str) -> list[dict[str, Any]]:
    """Wait until nothing is waiting."""
    eventually(lambda: not any(each["state"]["pending"] for each in listed(crew, code)))
    return listed(crew, code)
