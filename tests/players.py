"""The people of a session, as thin HTTP clients: a crew member and a phone."""

from dataclasses import dataclass
from typing import Any

import httpx2

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
