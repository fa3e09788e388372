"""The people of a session, as thin clients: a crew member, a phone, and a line (a WebSocket)."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

T = TypeVar("T")
PATIENCE_SECONDS = 10

BOUT: dict[str, Any] = {
    "title": "先锋擂台 第1期",
    "topic": "精准服务",
    "contestants": [
        {"name": "王伟", "title": "党委副书记", "organisation": "澳洋医院", "role": "holder"},
        {"name": "杨玭", "title": "会长", "organisation": "张家港市公益组织联合会", "role": "challenger"},
    ],
    "channels": [{"key": "web", "name": "网页"}, {"key": "wechat", "name": "微信视频"}],
    "rounds": [{"title": "观点PK", "dimension": "views"}, {"title": "成效PK", "dimension": "results"}],
}


@dataclass
class Crew:
    client: httpx2.Client

    def make(self, **changes: Any) -> str:
        """Make a session and return its code; `rounds` may be a list of rules."""
        response = self.client.post("/api/v1/sessions", json={**BOUT, **changes})
        assert response.status_code == 201, response.text
        code: str = response.json()["code"]
        return code

    def say(self, code: str, command: str, number: int = 1, **params: Any) -> httpx2.Response:
        return self.client.post(f"/api/v1/sessions/{code}/rounds/{number}/{command}", params=params)

    def do(self, code: str, *commands: str, number: int = 1) -> dict[str, Any]:
        """Carry out commands that must succeed; return the session."""
        session: dict[str, Any] = {}
        for command in commands:
            response = self.say(code, command, number)
            assert response.status_code == 200, response.text
            session = response.json()
        return session

    def tally(self, code: str) -> dict[str, Any]:
        document: dict[str, Any] = self.client.get(f"/api/v1/sessions/{code}/tally").json()
        return document

    def session(self, code: str) -> dict[str, Any]:
        document: dict[str, Any] = self.client.get(f"/api/v1/sessions/{code}").json()
        return document

    def round(self, code: str, number: int = 1) -> dict[str, Any]:
        document: dict[str, Any] = self.session(code)["rounds"][number - 1]
        return document

    def next(self, code: str) -> httpx2.Response:
        return self.client.post(f"/api/v1/sessions/{code}/next")

    def become(self, code: str, phase: str, number: int = 1) -> dict[str, Any]:
        """Wait until a round is in a phase that the service's own clock brings about."""
        eventually(lambda: self.round(code, number)["phase"] == phase)
        return self.round(code, number)


@dataclass
class Phone:
    client: httpx2.Client
    code: str
    token: str

    @classmethod
    def joined(cls, client: httpx2.Client, code: str, channel: str | None = None) -> "Phone":
        response = client.post(f"/api/v1/sessions/{code}/join", json={"channel": channel} if channel else {})
        assert response.status_code == 200, response.text
        token = response.json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        return cls(client, code, token)

    def vote(self, *choices: str, number: int = 1, **fields: Any) -> httpx2.Response:
        body = {"choices": list(choices), **fields}
        return self.client.put(f"/api/v1/sessions/{self.code}/rounds/{number}/vote", json=body)

    def like(self, number: int = 1, **totals: int) -> httpx2.Response:
        return self.client.put(f"/api/v1/sessions/{self.code}/rounds/{number}/likes", json={"totals": totals})

    def tally(self) -> dict[str, Any]:
        document: dict[str, Any] = self.client.get(f"/api/v1/sessions/{self.code}/tally").json()
        return document

    def me(self) -> dict[str, Any]:
        response = self.client.get(f"/api/v1/sessions/{self.code}/me")
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json()
        return document


@dataclass
class Line:
    """One WebSocket as a patient client."""

    socket: ClientConnection

    @classmethod
    @contextmanager
    def opened(cls, ws_url: str, code: str, *, token: str | None = None, **options: Any) -> "Iterator[Line]":
        """Open a line; with a token, say hello and wait for the welcome."""
        with connect(
            f"{ws_url}/ws/sessions/{code}", proxy=None, ping_interval=None, close_timeout=2, **options
        ) as socket:
            line = cls(socket)
            if token is not None:
                line.say(type="hello", token=token)
                line.hear("welcome")
            yield line

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return the next message of a type that has these fields; others are passed over."""
        return self.hear_if(lambda said: said["type"] == kind and fields.items() <= said.items())

    def hear_if(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            said: dict[str, Any] = json.loads(self.socket.recv(timeout=max(0.0, deadline - time.monotonic())))
            if wanted(said):
                return said

    def everything(self) -> list[dict[str, Any]]:
        """Return what has come until the answer to a ping: a barrier, so that nothing said before is missed."""
        self.say(type="ping", id="everything")
        return self.until("pong", id="everything")[:-1]

    def until(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Return what comes, up to the next message of a type that has these fields."""
        heard: list[dict[str, Any]] = []
        self.hear_if(lambda said: heard.append(said) or (said["type"] == kind and fields.items() <= said.items()))
        return heard

    def close_code(self) -> int | None:
        """Read until the service closes; return its code."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        try:
            while True:
                self.socket.recv(timeout=max(0.0, deadline - time.monotonic()))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


def eventually(check: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """Ask until the answer is true, and return it: a tally may be a tick behind the commit."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < deadline, f"it did not come true in {seconds} s; the last answer was {answer!r}"
        time.sleep(0.005)
    return answer


def counted(
    ask: Callable[[], dict[str, Any]], votes: dict[str, int] | None = None, likes: dict[str, int] | None = None
) -> dict[str, Any]:
    """Wait until a tally shows these figures, and return it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        document = ask()
        shown = document["tally"] is not None
        if shown and votes in (None, votes_of(document)) and likes in (None, likes_of(document)):
            return document
        if time.monotonic() > deadline:
            assert shown, "the tally is hidden"
            assert votes in (None, votes_of(document))
            assert likes in (None, likes_of(document))
        time.sleep(0.005)


def votes_of(document: dict[str, Any]) -> dict[str, int]:
    return {choice["key"]: choice["votes"] for choice in document["tally"]["choices"]}


def likes_of(document: dict[str, Any]) -> dict[str, int]:
    return {choice["key"]: choice["likes"] for choice in document["tally"]["choices"]}


def problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that a response is a problem of this status and code, in its one form; return it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    document: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= document.keys()
    assert (document["status"], document["code"]) == (status, code)
    assert document["detail"].endswith((".", "。"))
    return document
