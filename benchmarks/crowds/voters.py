"""Voters: so many ballots on their way at once, each of another voter, and how long until each is acknowledged."""

import json
import os
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from benchmarks import machine
from benchmarks.loop import HttpLine, Loop, WebSocketLine
from benchmarks.wire import handshake, masked, request

SIDES = ("red", "blue")
WAIT_SECONDS_MAX = 40.0


def shares(sorted_s: list[float]) -> dict[str, float]:
    """Return the median, the 99th percentile and the greatest of times in seconds, in ms."""
    if not sorted_s:
        return {"p50": 0.0, "p99": 0.0, "max": 0.0}
    last = len(sorted_s) - 1
    return {
        "p50": 1e3 * sorted_s[last // 2],
        "p99": 1e3 * sorted_s[min(last, round(last * 0.99))],
        "max": 1e3 * sorted_s[last],
    }


class Votes:
    """The books of one window."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.refused = 0
        self.under_way = 0

    def acknowledged(self, sent_at: float) -> None:
        self.waits.append(time.monotonic() - sent_at)
        self.under_way -= 1

    def summed(self, usage: machine.Usage) -> dict[str, Any]:
        seconds, (server_cpu, own_cpu) = usage.taken()
        return {
            "seconds": seconds,
            "votes": len(self.waits),
            "refused": self.refused,
            "server_cpu_s": server_cpu,
            "generator_busy": own_cpu / seconds,
            **shares(sorted(self.waits)),
        }


class HttpVoter(HttpLine):
    __slots__ = ("crowd", "sent_at")

    def __init__(self, crowd: "HttpVoters") -> None:
        self.crowd = crowd
        self.sent_at = 0.0
        super().__init__(crowd.loop, crowd.port)

    def vote(self) -> None:
        content = next(self.crowd.requests, None)
        if content is not None and time.monotonic() < self.crowd.ends:
            self.crowd.votes.under_way += 1
            self.sent_at = time.monotonic()
            self.send(content)

    def answered(self, status: int, data: bytes) -> None:
        self.crowd.votes.acknowledged(self.sent_at)
        self.sent_at = 0.0
        if status >= 300:
            self.crowd.votes.refused += 1
            self.crowd.refusal = self.crowd.refusal or data[:400].decode(errors="replace")
        self.vote()

    def lost(self) -> None:
        if self.sent_at:  # else it had voted, and idled for longer than the server lets it
            super().lost()


class HttpVoters:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.port = 0
        self.ends = 0.0
        self.votes = Votes()
        self.refusal = ""
        self.requests: Iterator[bytes] = iter(())
        self._voters: Iterator[int] = iter(())
        self._first = 0

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        self.port, self.votes = command["port"], Votes()
        self.requests = self._of_arena(command) if "tokens" in command else self._of_peer(command)
        lines = [HttpVoter(self) for _ in range(command["at_once"])]
        usage = machine.Usage(command["pid"], os.getpid())
        self.ends = time.monotonic() + command["seconds"]
        for line in lines:
            line.vote()
        if not self.loop.until(lambda: self.votes.under_way == 0, command["seconds"] + WAIT_SECONDS_MAX):
            raise TimeoutError(f"{self.votes.under_way} votes were not answered")
        answer = self.votes.summed(usage)
        for line in lines:
            line.close()
        if self.votes.refused:
            raise ValueError(f"{self.votes.refused} votes were refused: {self.refusal}")
        return answer

    def _of_arena(self, command: dict[str, Any]) -> Iterator[bytes]:
        for i, token in enumerate(command["tokens"]):
            body = b'{"choices":["%s"],"nonce":"%x"}' % (SIDES[i % 2].encode(), i * 2_654_435_761)
            yield request("PUT", command["path"], self.port, body, f"Authorization: Bearer {token}\r\n")

    def _of_peer(self, command: dict[str, Any]) -> Iterator[bytes]:
        if command["first"] != self._first:
            self._first = command["first"]
            self._voters = count(self._first)
        for number in self._voters:
            yield request("POST", command["path"], self.port, peers_ballot(number))


def peers_ballot(number: int) -> bytes:
    return b'{"round":1,"voter":"voter-%012d","choice":"%s"}' % (number, SIDES[number % 2].encode())


class SocketVoter(WebSocketLine):
    __slots__ = ("crowd", "hello", "ready", "sent_at")

    def __init__(self, crowd: "SocketVoters", head: bytes, hello: bytes) -> None:
        self.crowd = crowd
        self.hello = hello
        self.ready = False
        self.sent_at = 0.0
        super().__init__(crowd.loop, crowd.port, head)

    def opened(self) -> None:
        if self.hello:
            self.send(self.hello)
        else:
            self.crowd.ready += 1

    def vote(self, ballot: bytes) -> None:
        self.crowd.votes.under_way += 1
        self.sent_at = time.monotonic()
        self.send(ballot)

    def heard(self, data: bytes, start: int, end: int) -> None:
        if data.startswith(b'{"type":"tally"', start):
            return
        if data.startswith(b'{"type":"receipt"', start):
            self.crowd.votes.acknowledged(self.sent_at)
            self.crowd.next_ballot(self)
        elif data.startswith(b'{"type":"welcome"', start):
            self.crowd.ready += 1
        else:
            raise ValueError(f"a vote was refused: {data[start:end][:400]!r}")


class SocketVoters:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.port = self.pid = 0
        self.ready = 0
        self.votes = Votes()
        self._lines: list[SocketVoter] = []
        self._numbers = count(1)
        self.next_ballot: Callable[[SocketVoter], None] = lambda line: None

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        if command["do"] == "connect":
            return self._connect(command)
        self.votes = Votes()
        usage = machine.Usage(self.pid, os.getpid())
        if command["do"] == "vote":
            self._each_once(command["round"], command["at_once"])
        else:
            self._again_and_again(command["seconds"])
        if not self.loop.until(lambda: self.votes.under_way == 0, command.get("seconds", 0) + WAIT_SECONDS_MAX):
            raise TimeoutError(f"{self.votes.under_way} votes were not answered")
        return self.votes.summed(usage)

    def _connect(self, command: dict[str, Any]) -> dict[str, Any]:
        self.port, self.pid = command["port"], command["pid"]
        head = handshake(command["path"], self.port)
        for line in self._lines:
            line.close()
        self._lines, self.ready = [], 0
        self._numbers = count(command.get("first", 1))
        number = command["sockets"]
        tokens = command.get("tokens") or [""] * number
        for token in tokens[:number]:
            hello = masked(json.dumps({"type": "hello", "token": token}).encode()) if token else b""
            self._lines.append(SocketVoter(self, head, hello))
            while len(self._lines) - self.ready >= 64:
                self.loop.turn()
        if not self.loop.until(lambda: self.ready == number):
            raise TimeoutError(f"{self.ready} of {number} voters are connected")
        return {}

    def _each_once(self, round_: int, at_once: int) -> None:
        """Let every socket vote once in a round, so many at a time."""
        waiting = iter(self._lines)

        def next_ballot(_: SocketVoter) -> None:
            line = next(waiting, None)
            if line is not None:
                number = next(self._numbers)
                side = SIDES[number % 2].encode()
                line.vote(
                    masked(
                        b'{"type":"vote","id":"%d","round":%d,"choices":["%s"],"nonce":"%x"}'
                        % (number, round_, side, number * 2_654_435_761)
                    )
                )

        self.next_ballot = next_ballot
        for line in self._lines[:at_once]:
            next_ballot(line)

    def _again_and_again(self, seconds: float) -> None:
        """Let every socket send the ballot of another voter as soon as one is acknowledged."""
        ends = time.monotonic() + seconds

        def next_ballot(line: SocketVoter) -> None:
            if time.monotonic() < ends:
                line.vote(masked(peers_ballot(next(self._numbers))))

        self.next_ballot = next_ballot
        for line in self._lines:
            next_ballot(line)
