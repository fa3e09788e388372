"""The phones of one evening: they join, listen, vote, tap in bursts, are dropped all at once, and come back.

Keeps books: every vote with its receipt and the moment of its acknowledgement, every total of likes that was sent and
that was acknowledged. A vote whose answer was lost is sent again with its nonce, as the phone page does.
"""

import json
import os
import random
import time
from collections import Counter
from functools import partial
from typing import Any

from benchmarks import machine
from benchmarks.crowds.voters import shares
from benchmarks.loop import HttpLine, Loop, WebSocketLine
from benchmarks.wire import handshake, masked, request

BACK_SECONDS = (0.5, 5.0)
EARLY_SHARE, EARLY_MEAN_SECONDS = 0.5, 2.0
MESSAGES_OF_A_BURST = 8
TAPS_OF_A_MESSAGE = 5
TAP_SECONDS = (0.3, 0.8)
ARRIVING_MAX = 256
STOP_SENDING_SECONDS = 2.0
"""No vote begins so shortly before a round's end that only the network would decide."""


class Joining(HttpLine):
    __slots__ = ("phone",)

    def __init__(self, phone: "Phone") -> None:
        self.phone = phone
        crowd = phone.crowd
        super().__init__(crowd.loop, crowd.port)
        self.send(crowd.join_request)

    def answered(self, status: int, data: bytes) -> None:
        if status != 200:
            raise ValueError(f"a phone was not let in: {data[:300]!r}")
        self.close()
        self.phone.token = json.loads(data[data.index(b"\r\n\r\n") + 4 :])["token"]
        self.phone.connect()

    def lost(self) -> None:
        self.phone.crowd.closed_by_server[0] += 1
        self.phone.crowd.loop.at(time.monotonic() + BACK_SECONDS[1], partial(Joining, self.phone))


class PhoneLine(WebSocketLine):
    __slots__ = ("phone",)

    def __init__(self, phone: "Phone") -> None:
        self.phone = phone
        super().__init__(phone.crowd.loop, phone.crowd.port, phone.crowd.head)

    def opened(self) -> None:
        self.send(masked(json.dumps({"type": "hello", "token": self.phone.token}).encode()))

    def heard(self, data: bytes, start: int, end: int) -> None:
        if data.startswith(b'{"type":"tally"', start):
            self.phone.crowd.told(self.phone, data, start, end)
        else:
            self.phone.answered(json.loads(data[start:end]))

    def lost(self) -> None:
        self.phone.crowd.closed_by_server[self.close_code] += 1
        self.phone.come_back()


class Phone:
    __slots__ = ("acked", "crowd", "known", "line", "pending", "round", "taps", "token", "voted")

    def __init__(self, crowd: "EveningCrowd") -> None:
        self.crowd = crowd
        self.token = ""
        self.known = False
        """Whether it has said hello before."""
        self.line: PhoneLine | None = None
        self.pending = b""
        """The vote that waits for its receipt."""
        self.round = self.voted = 0
        self.taps = self.acked = 0
        """Likes of the present round."""

    def connect(self) -> None:
        self.line = PhoneLine(self)

    def drop(self) -> None:
        if self.line is not None:
            self.line.close()
            self.come_back()

    def come_back(self) -> None:
        self.line = None
        self.crowd.away += 1
        self.crowd.loop.at(time.monotonic() + self.crowd.chance.uniform(*BACK_SECONDS), self.connect)

    def vote(self, number: int) -> None:
        crowd = self.crowd
        if self.voted >= number or crowd.round != number or not self.token or time.monotonic() > crowd.round_ends:
            return
        self.voted = number
        crowd.cast += 1
        side = "red" if crowd.chance.random() < 0.54 else "blue"
        ballot = {"type": "vote", "id": "v", "round": number, "choices": [side], "nonce": f"{crowd.cast:x}"}
        self.pending = masked(json.dumps(ballot).encode())
        if self.line is not None and self.line.is_open:
            self.line.send(self.pending)

    def tap(self, number: int, left: int) -> None:
        crowd = self.crowd
        if crowd.round != number or time.monotonic() > crowd.round_ends or not self.token:
            return
        if self.round != number:
            self.round, self.taps, self.acked = number, 0, 0
        self.taps += TAPS_OF_A_MESSAGE
        crowd.tapped[number] += TAPS_OF_A_MESSAGE
        self.send_likes(number)
        if left > 1:
            crowd.loop.at(time.monotonic() + crowd.chance.uniform(*TAP_SECONDS), partial(self.tap, number, left - 1))

    def send_likes(self, number: int) -> None:
        if self.line is not None and self.line.is_open:
            self.crowd.like_messages += 1
            self.line.send(masked(b'{"type":"like","round":%d,"totals":{"red":%d}}' % (number, self.taps)))

    def answered(self, said: dict[str, Any]) -> None:
        crowd = self.crowd
        match said["type"]:
            case "welcome":
                crowd.here(self)
                if self.pending and self.line is not None:
                    crowd.resent += 1
                    self.line.send(self.pending)
                if self.taps > self.acked and self.round == crowd.round:
                    self.send_likes(self.round)
            case "receipt":
                if self.pending:
                    crowd.acks.append((time.monotonic(), said["round"], said["receipt"], said["accepted_at_ms"]))
                self.pending = b""
            case "liked":
                crowd.liked[said["round"]] += max(0, said["totals"]["red"] - self.acked)
                self.acked = max(self.acked, said["totals"]["red"])
            case "problem":
                crowd.problems[said["code"]] += 1
                if said.get("id") == "v":
                    self.pending = b""


class EveningCrowd:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.port = self.away = 0
        self.closed_by_server: Counter[int] = Counter()
        self.phones: list[Phone] = []
        self.acks: list[tuple[float, int, str, int]] = []
        self.tapped: Counter[int] = Counter()
        self.liked: Counter[int] = Counter()
        self.problems: Counter[str] = Counter()
        self.cast = self.resent = self.frames = self.arrived = self.like_messages = 0
        self.round, self.round_ends = 0, 0.0
        self.storm: tuple[float, float] = (0.0, 0.0)
        self.join_request = self.head = b""
        self.chance = random.Random(1)
        self.spec: dict[str, Any] = {}

    def do(self, command: dict[str, Any]) -> dict[str, Any]:
        if command["do"] == "arrive":
            return self._arrive(command)
        return self._play(command)

    def _arrive(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Let most of the phones join, connect and say hello, so many a second."""
        self.spec, self.port, self.chance = spec, spec["port"], random.Random(spec["seed"])
        self.join_request = request("POST", f"{spec['api']}/join", self.port, b"{}")
        self.head = handshake(spec["path"], self.port)
        self.phones = [Phone(self) for _ in range(spec["phones"])]
        early = round(len(self.phones) * (1 - spec["late_share"]))
        usage, began = machine.Usage(spec["pid"]), time.monotonic()
        for i, phone in enumerate(self.phones[:early]):
            # A server that is slower than this is not flooded: its queue would overflow, and measure the kernel.
            if not self.loop.until(lambda i=i: i - self.arrived < ARRIVING_MAX):  # type: ignore[misc]
                raise TimeoutError(f"{self.arrived} of {early} phones arrived")
            self.loop.rest(began + i / spec["per_second"] - time.monotonic())
            Joining(phone)
        if not self.loop.until(lambda: self.arrived >= early):
            raise TimeoutError(f"{self.arrived} of {early} phones arrived")
        seconds, (cpu,) = usage.taken()
        return {"seconds": seconds, "server_cpu_s": cpu, "arrived": early}

    def here(self, phone: Phone) -> None:
        """A phone has said hello; the first time, or again."""
        if not phone.known:
            phone.known = True
            self.arrived += 1
            return
        self.away -= 1
        if self.away == 0 and self.storm[0] and not self.storm[1]:
            self.storm = (self.storm[0], time.monotonic())

    def told(self, phone: Phone, data: bytes, start: int, end: int) -> None:
        self.frames += 1
        if phone is self.phones[0]:
            round_ = json.loads(data[start:end])["round"]
            if round_["phase"] == "open" and round_["number"] > self.round:
                self._opened(round_["number"])

    def _opened(self, number: int) -> None:
        """A round was opened: everybody draws when to vote, and some when to tap."""
        now, spec, chance = time.monotonic(), self.spec, self.chance
        self.round, self.round_ends = number, now + spec["round_seconds"] - STOP_SENDING_SECONDS
        last = spec["round_seconds"] - STOP_SENDING_SECONDS
        for phone in self.phones:
            if chance.random() < spec["votes_share"]:
                early = chance.random() < EARLY_SHARE
                wait = chance.expovariate(1 / EARLY_MEAN_SECONDS) if early else chance.uniform(0, last)
                self.loop.at(now + min(wait, last - 0.1), partial(phone.vote, number))
        tapping = round(spec["likes_a_round"] / (spec["bursts"] * MESSAGES_OF_A_BURST * TAPS_OF_A_MESSAGE))
        for burst in range(spec["bursts"]):
            starts = now + 1 + burst * max(1.0, (last - 6) / spec["bursts"])
            for phone in chance.sample(self.phones, min(tapping, len(self.phones))):
                self.loop.at(starts + chance.uniform(0, 1), partial(phone.tap, number, MESSAGES_OF_A_BURST))

    def _storm(self) -> None:
        self.storm = (time.monotonic(), 0.0)
        there = [each for each in self.phones[1:] if each.line is not None and each.line.is_open]
        for phone in self.chance.sample(there, round(len(there) * self.spec["storm_share"])):
            phone.drop()

    def _play(self, command: dict[str, Any]) -> dict[str, Any]:
        """Play the evening. Late phones arrive over the whole of it."""
        usage, began, seconds = machine.Usage(self.spec["pid"], os.getpid()), time.monotonic(), command["seconds"]
        frames = self.frames
        self.loop.late.clear()
        for phone in self.phones[self.arrived :]:
            when = began + self.chance.uniform(0, seconds * 0.8)
            self.loop.at(when, partial(Joining, phone))
        self.loop.at(began + command["storm_at"], self._storm)
        self.loop.rest(seconds)
        taken_s, (server_cpu, own_cpu) = usage.taken()
        late = shares(sorted(self.loop.late))
        self.loop.until(lambda: not any(each.pending for each in self.phones), 10)
        return {
            "began": began,
            "seconds": taken_s,
            "server_cpu_s": server_cpu,
            "generator_busy": own_cpu / taken_s,
            "generator_late": late,
            "acks": self.acks,
            "cast": self.cast,
            "resent": self.resent,
            "unanswered": sum(1 for each in self.phones if each.pending),
            "tapped": sum(self.tapped.values()),
            "liked": sum(self.liked.values()),
            "like_messages": self.like_messages,
            "frames": self.frames - frames,
            "arrived": self.arrived,
            "storm": self.storm,
            "problems": dict(self.problems),
            "closed_by_server": dict(self.closed_by_server),
        }
