"""A running service as a replay talks to it: the crew's calls by a general client, the phones' by lean lines.

Refuses nothing and repairs nothing: an answer outside the contract ends the replay with a sentence.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
import orjson

from app.crowd.line import Address, HttpLine

PATIENCE_S = 30.0
TRIES_MAX = 20
T = TypeVar("T")
Teller = Callable[[str], None]


class ReplayError(Exception):
    """The replay cannot go on; the sentence says why."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """Where to replay. `token` is an admin access token. The service must let many join from one address:
    ARENA_JOIN_FREE_PER_MINUTE.
    """

    base_url: str
    token: str
    connections: int = 128
    """So many phones at once: a like may wait a fifth of a second for others of its commit."""
    tell: Teller = lambda _: None


class CrewLine:
    """The crew's calls, each of which must succeed."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def call(self, method: str, path: str, body: Any = None, *, known: int = 0) -> dict[str, Any]:
        """Make a call and return what it answers; `known` is a status that is taken for success too."""
        answer = await self._client.request(method, f"/api/v1{path}", json=body)
        return _document(f"{method} {path}", answer, known)

    async def send(self, path: str, content: bytes) -> dict[str, Any]:
        """Send a file."""
        return _document(f"POST {path}", await self._client.post(f"/api/v1{path}", content=content), 0)


def _document(what: str, answer: httpx2.Response, known: int) -> dict[str, Any]:
    if answer.status_code >= 300 and answer.status_code != known:
        raise ReplayError(f"{what} was refused: {answer.status_code} {answer.text[:300]}")
    return dict(answer.json()) if answer.content else {}


class Fleet:
    """Phones of one replay: so many lines, each serving one phone after another."""

    def __init__(self, options: ReplayOptions) -> None:
        self._lines = [HttpLine(Address.of(options.base_url)) for _ in range(options.connections)]
        self.requests = 0

    def close(self) -> None:
        for line in self._lines:
            line.close()

    async def each(self, phones: Iterable[T], work: Callable[[HttpLine, T], Awaitable[None]]) -> None:
        """Do a piece of work for every phone. Ends with the first that cannot go on."""
        waiting = iter(phones)

        async def serve(line: HttpLine) -> None:
            for phone in waiting:
                await work(line, phone)

        async with asyncio.TaskGroup() as group:
            for line in self._lines:
                group.create_task(serve(line), name="replay-line")

    async def call(self, line: HttpLine, method: str, path: str, token: str, body: Any = None) -> dict[str, Any]:
        """Make a phone's call; where the service is full for a moment, or the line breaks, again."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        content = None if body is None else orjson.dumps(body)
        said = ""
        for _ in range(TRIES_MAX):
            self.requests += 1
            try:
                answer = await line.request(method, f"/api/v1{path}", headers, content, PATIENCE_S)
            except (OSError, TimeoutError) as error:
                said = repr(error)
                continue
            if answer.status == 200:
                return dict(orjson.loads(answer.body))
            said = f"{answer.status} {answer.body[:300]!r}"
            if answer.status not in (429, 503):
                break
            await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
        raise ReplayError(f"{method} {path} was refused: {said}")


@asynccontextmanager
async def lines_of(options: ReplayOptions) -> AsyncIterator[tuple[CrewLine, Fleet]]:
    """Open the crew's line and the phones', and close them."""
    headers = {"authorization": f"Bearer {options.token}"}
    fleet = Fleet(options)
    try:
        async with httpx2.AsyncClient(
            base_url=options.base_url, headers=headers, timeout=60, trust_env=False
        ) as client:
            yield CrewLine(client), fleet
    finally:
        fleet.close()
