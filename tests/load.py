"""A crowd that keeps books: raw asynchronous voters over HTTP and WebSocket, and the account of what they were told.

Each vote and each total of likes is logged as invoked, ok, failed or unknown. `Account.settle` then proves against the
service's own ledger, result and tally that every ok is there once, that no failure is, and that the unknown are
decided.
"""

import asyncio
import hashlib
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from app.domain import ledger
from app.domain.ledger import CHAIN_START, LedgerLine
from app.services.identity import new_phone, sign_phone
from tests.conftest import Running

SIDES = ("red", "blue")
LINE_LOST = (OSError, EOFError, asyncio.IncompleteReadError, TimeoutError, ConnectionClosed, InvalidHandshake)
ANSWER_SECONDS_MAX = 20
SENDINGS_MAX = 100


class Line:
    """One kept-alive HTTP/1.1 connection, without the weight of a client library."""

    def __init__(self, port: int, seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        self.port = port
        self.seconds_max = seconds_max
        self.retry_after = ""
        """What the last answer said of when to come back."""
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> "Line":
        await self.open()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def open(self) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        """Return status and document. Raises one of LINE_LOST where the answer is unknown."""
        if self._streams is not None and self._streams[0].at_eof():
            await self.close()  # it was idle for so long that the service let it go; nothing was asked on it yet
        await self.open()
        assert self._streams is not None
        reader, writer = self._streams
        content = b"" if body is None else json.dumps(body).encode()
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{bearer}"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        try:
            async with asyncio.timeout(self.seconds_max):
                writer.write(head.encode() + content)
                head_lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
                status = int(head_lines[0].split()[1])
                length = next((int(row[15:]) for row in head_lines if row.startswith("content-length:")), 0)
                answer = await reader.readexactly(length)
        except BaseException:
            await self.close()
            raise
        self.retry_after = next((row[12:].strip() for row in head_lines if row.startswith("retry-after:")), "")
        if "connection: close" in head_lines:
            await self.close()
        return status, json.loads(answer) if answer else None

    async def close(self) -> None:
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@dataclass
class Entry:
    """One phone's ballot and likes in one run, and what it was told."""

    token: str
    nonce: str
    choice: str
    outcome: str = "invoked"
    receipt: dict[str, Any] | None = None
    likes_acked: Counter[str] = field(default_factory=Counter)
    likes_sent: Counter[str] = field(default_factory=Counter)


@dataclass
class Account:
    """All entries of one run, and the tallies that were seen."""

    port: int
    code: str
    round: int
    entries: list[Entry] = field(default_factory=list)
    seen: tuple[int, int] = (0, 0)
    """The newest (epoch, version) that any client was shown."""
    close_codes: Counter[int] = field(default_factory=Counter)
    unknown: int = 0
    """How often a ballot got no answer."""
    refusals: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    """Ballots refused over HTTP: status, code, Retry-After."""

    @property
    def path(self) -> str:
        return f"/api/v1/sessions/{self.code}"

    def count(self, outcome: str) -> int:
        return sum(entry.outcome == outcome for entry in self.entries)

    async def under_way(self, least: int) -> None:
        """Wait until so many ballots await their answer, for a fault that is to meet some; five seconds at most.

        Phones whose votes shared a commit join again together, and in that moment nobody votes.
        """
        for _ in range(5_000):
            if self.count("invoked") >= least:
                return
            await asyncio.sleep(0.001)

    def new_entry(self, token: str, chance: random.Random) -> Entry:
        entry = Entry(token, f"{len(self.entries)}-{chance.getrandbits(64):x}", chance.choice(SIDES))
        self.entries.append(entry)
        return entry

    def told(self, entry: Entry, status: int, answer: Any) -> None:
        """Write down the answer to a ballot."""
        if status == 200:
            assert entry.receipt is None or {**entry.receipt, "repeat": True} == {**answer, "repeat": True}
            entry.outcome, entry.receipt = "ok", answer
        elif entry.outcome == "ok":
            assert status == 503, f"a ballot that was acknowledged is refused when it is sent again: {answer}"
        elif answer.get("code") == "unconfirmed":
            entry.outcome = "unknown"  # it says so itself: the database was lost in the commit
        else:
            assert status in (409, 503), answer
            # An earlier copy, of which nothing was heard, may stand; only a refusal by the ledger's own word decides.
            if not (entry.outcome == "unknown" and status == 503):
                entry.outcome = "fail"

    def lost(self, entry: Entry) -> None:
        """Write down that no answer came."""
        entry.outcome = "unknown"
        self.unknown += 1

    def shown(self, document: dict[str, Any], newest: tuple[int, int]) -> tuple[int, int]:
        """Check that a client is shown nothing older than it was; return what it is shown now."""
        now = (document["epoch"], document["version"])
        assert now >= newest, f"a tally went back from {newest} to {now}"
        self.seen = max(self.seen, now)
        return now

    async def command(self, line: Line, staff: str, what: str) -> dict[str, Any]:
        """Carry out a command on the round that must succeed; return the round."""
        status, session = await line.ask("POST", f"{self.path}/rounds/{self.round}/{what}", token=staff)
        assert status == 200, session
        return dict(session["rounds"][self.round - 1])

    async def resend(self, line: Line, entry: Entry) -> None:
        """Send a ballot again with its nonce; the answer decides what was unknown."""
        body = {"choices": [entry.choice], "nonce": entry.nonce}
        status, answer = await line.ask("PUT", f"{self.path}/rounds/{self.round}/vote", body, entry.token)
        if status != 200:
            self.refusals[status, answer["code"], line.retry_after] += 1
        self.told(entry, status, answer)

    async def likes_stand(self, line: Line, entry: Entry) -> None:
        """Check one phone's likes: no acknowledged one is missing, and none is there that was not sent."""
        status, own = await line.ask("GET", f"{self.path}/me", token=entry.token)
        assert status == 200, own
        assert own["round"] == self.round
        for side in SIDES:
            assert entry.likes_acked[side] <= own["likes"].get(side, 0) <= entry.likes_sent[side]

    async def settle(self, line: Line, staff: str) -> dict[str, Any]:
        """Prove the books of a locked run; return its ledger.

        Unknown ballots are sent once more: a late retry gets its receipt where the ballot stands, else a refusal.
        """
        for entry in self.entries:
            if entry.outcome in ("unknown", "invoked", "fail"):
                was = entry.outcome
                await self.resend(line, entry)
                assert not (was == "fail" and entry.outcome == "ok"), "a refused ballot stands in the ledger"
        round_ = f"{self.path}/rounds/{self.round}"
        status, book = await line.ask("GET", f"{round_}/ledger", token=staff)
        assert status == 200, book
        self._entries_are(ledger_lines(book), book)
        recount, turnout, ballots = recounted(book)

        status, result = await line.ask("GET", f"{round_}/result", token=staff)
        assert status == 200, result
        status, document = await line.ask("GET", f"{self.path}/tally", token=staff)
        assert status == 200, document
        self.shown(document, self.seen)
        assert document["round"]["number"] == self.round
        assert document["tally"] == result["tally"]
        votes = {choice["key"]: choice["votes"] for choice in result["tally"]["choices"]}
        likes = {choice["key"]: choice["likes"] for choice in result["tally"]["choices"]}
        assert votes == {side: recount[side] for side in SIDES}
        assert (result["tally"]["turnout"], result["ballots"]) == (turnout, ballots)
        assert result["digest"] == book["result"]["digest"]
        for side in SIDES:
            acked = sum(entry.likes_acked[side] for entry in self.entries)
            sent = sum(entry.likes_sent[side] for entry in self.entries)
            assert acked <= likes[side] <= sent
        return dict(book)

    def _entries_are(self, lines: list[LedgerLine], book: dict[str, Any]) -> None:
        acked = [entry.receipt["receipt"] for entry in self.entries if entry.receipt]
        assert Counter(each.receipt for each in lines) == Counter(acked)  # each there, once, and no other
        assert len({each.voter for each in lines}) == len(lines)  # one a voter
        by_receipt = {each.receipt: each for each in lines}
        batches = {each["last_seq"]: each["committed_at_ms"] for each in book["batches"]}
        assert all(each.accepted_at_ms <= max(batches.values(), default=0) for each in lines)
        for entry in self.entries:
            if entry.receipt:
                stands = by_receipt[entry.receipt["receipt"]]
                assert (*stands.choices, stands.accepted_at_ms) == (entry.choice, entry.receipt["accepted_at_ms"])


def ledger_lines(book: dict[str, Any]) -> list[LedgerLine]:
    return [LedgerLine(*row[:5], tuple(row[5]), *row[6:]) for row in book["ballots"]]


def recounted(book: dict[str, Any]) -> tuple[Counter[str], int, int]:
    """Recount an export and follow its chain. Returns votes by choice, turnout, ballots."""
    lines = ledger_lines(book)
    head, start = CHAIN_START, 0
    for batch in book["batches"]:
        head = ledger.extend(head, lines[start : batch["last_seq"]])
        assert head == batch["head"]
        start = batch["last_seq"]
    assert start == len(lines)
    figures = {key: value for key, value in book["result"].items() if key not in ("chain_head", "digest")}
    assert book["result"]["chain_head"] == head
    # By hand, as docs/trust.md has it: the head, a line feed, and the figures with sorted keys.
    announced = head.encode() + b"\n" + orjson.dumps(figures, option=orjson.OPT_SORT_KEYS)
    assert book["result"]["digest"] == hashlib.sha256(announced).hexdigest()
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    standing = {(line.voter, line.slot): line for line in sorted(lines, key=lambda line: line.revision)}
    votes = Counter(choice for line in standing.values() for choice in line.choices)
    return votes, len({line.voter for line in lines}), len(lines)


async def http_voter(account: Account, chance: random.Random, ended: asyncio.Event) -> None:
    """Be one phone after another over HTTP, until the line is lost or the load has ended."""
    line = Line(account.port)
    newest = (0, 0)
    try:
        while not ended.is_set():
            status, joined = await line.ask("POST", f"{account.path}/join", {})
            assert status == 200, joined
            entry = account.new_entry(joined["token"], chance)
            try:
                await account.resend(line, entry)
            except LINE_LOST:
                account.lost(entry)
                raise
            for _ in range(chance.randrange(4)):
                side = chance.choice(SIDES)
                entry.likes_sent[side] += chance.randrange(1, 9)
                totals = {side: entry.likes_sent[side]}
                path = f"{account.path}/rounds/{account.round}/likes"
                status, answer = await line.ask("PUT", path, {"totals": totals}, entry.token)
                if status == 200:
                    entry.likes_acked[side] = answer["totals"][side]
            status, document = await line.ask("GET", f"{account.path}/tally")
            newest = account.shown(document, newest)
    except LINE_LOST:
        return
    finally:
        await line.close()


async def socket_voter(account: Account, chance: random.Random, ended: asyncio.Event) -> None:
    """Be one phone after another over the WebSocket."""
    line = Line(account.port)
    try:
        while not ended.is_set():
            _, joined = await line.ask("POST", f"{account.path}/join", {})
            await line.close()
            await _socket_phone(account, chance, joined["token"])
    except LINE_LOST:
        return
    finally:
        await line.close()


async def _socket_phone(account: Account, chance: random.Random, token: str) -> None:
    entry = account.new_entry(token, chance)
    url = f"ws://127.0.0.1:{account.port}/ws/sessions/{account.code}"
    newest = (0, 0)
    waiting = False
    try:
        async with connect(url, proxy=None, ping_interval=None, close_timeout=1, compression=None) as socket:

            async def say(**message: Any) -> None:
                await socket.send(json.dumps(message))

            async def hear(*kinds: str) -> dict[str, Any]:
                nonlocal newest
                while True:
                    async with asyncio.timeout(ANSWER_SECONDS_MAX):
                        said: dict[str, Any] = json.loads(await socket.recv())
                    if said["type"] == "tally":
                        newest = account.shown(said, newest)
                    if said["type"] in kinds:
                        return said

            await say(type="hello", token=token)
            await hear("welcome")
            waiting = True
            await say(type="vote", id="v", round=account.round, choices=[entry.choice], nonce=entry.nonce)
            said = await hear("receipt", "problem")
            waiting = False
            answer = {key: value for key, value in said.items() if key not in ("type", "id")}
            account.told(entry, 200 if said["type"] == "receipt" else said["status"], answer)
            for i in range(chance.randrange(6)):
                side = chance.choice(SIDES)
                entry.likes_sent[side] += chance.randrange(1, 9)
                await say(type="like", id=f"l{i}", round=account.round, totals={side: entry.likes_sent[side]})
                said = await hear("liked", "problem")
                if said["type"] == "liked":
                    entry.likes_acked[side] = said["totals"][side]
    except ConnectionClosed as closed:
        if closed.rcvd is not None:
            account.close_codes[closed.rcvd.code] += 1
        if waiting:
            account.lost(entry)
        raise
    except LINE_LOST:
        if waiting:
            account.lost(entry)
        raise


async def retrying_voter(
    account: Account, chance: random.Random, ended: asyncio.Event, answer_seconds_max: float = 2
) -> None:
    """Be one phone after another over HTTP; what is not answered in time is sent again, on a new line, until it is."""
    line = Line(account.port, answer_seconds_max)

    async def until_answered(method: str, path: str, body: Any, token: str = "") -> tuple[int, Any]:
        while True:
            with suppress(*LINE_LOST):
                return await line.ask(method, path, body, token)
            await asyncio.sleep(chance.uniform(0.02, 0.2))

    try:
        while not ended.is_set():
            status, joined = await until_answered("POST", f"{account.path}/join", {})
            assert status == 200, joined
            entry = account.new_entry(joined["token"], chance)
            for _ in range(SENDINGS_MAX):
                try:
                    await account.resend(line, entry)
                except LINE_LOST:
                    account.lost(entry)
                if entry.outcome in ("ok", "fail"):
                    break
                await asyncio.sleep(chance.uniform(0.02, 0.2))
            assert entry.outcome in ("ok", "fail"), f"a ballot was sent {SENDINGS_MAX} times, and nothing decided it"
    finally:
        await line.close()


async def returning_socket_voter(account: Account, chance: random.Random, ended: asyncio.Event) -> None:
    """Be phones over the WebSocket that come back, with another ballot, when their line was lost."""
    while not ended.is_set():
        await socket_voter(account, chance, ended)
        await asyncio.sleep(chance.uniform(0.02, 0.2))


Voter = Callable[[Account, random.Random, asyncio.Event], Coroutine[Any, Any, None]]


class Load:
    """Voters at work in the background, of the given kinds in turn."""

    def __init__(
        self, account: Account, voters: int, seed: int, kinds: Sequence[Voter] = (http_voter, socket_voter)
    ) -> None:
        self._ended = asyncio.Event()
        self._tasks = [
            asyncio.create_task(kind(account, random.Random(f"{seed}/{i}"), self._ended))
            for i, kind in zip(range(voters), itertools.cycle(kinds), strict=False)
        ]

    async def stop(self) -> None:
        """Let the voters finish; raises what any of them found wrong."""
        self._ended.set()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result


def spread(entries: list[Entry], ways: int) -> Iterator[list[Entry]]:
    for i in range(ways):
        yield entries[i::ways]


def port_of(service: Running) -> int:
    return int(service.base_url.rsplit(":", 1)[1])


def signed_phones(service: Running, code: str, number: int, channel: str = "web") -> list[str]:
    """Sign device tokens as `join` does: it writes nothing, so there is nothing else to it."""
    inner = service.app.state.arena
    return [sign_phone(inner, new_phone(code, channel, inner.clock.now_ms())) for _ in range(number)]
