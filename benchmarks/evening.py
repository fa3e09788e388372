"""Suite 6: one whole evening. Thousands of phones, three overlays, rounds with bursts, late arrivals, a storm.

For every acknowledged vote: how long from its acknowledgement to the first frame of each overlay that counts it. Which
frame that is follows from the ledger: ballots stand in it in the order in which they were counted. In the end the books
of the phones must agree with the ledger, the result and the tally.
"""

import threading
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import machine
from benchmarks.contestants import ARENA
from benchmarks.crowds.voters import shares
from benchmarks.results import Outcome, Table, figure, percent, progress
from benchmarks.servers import BenchmarkError, Generator, Server, running

OVERLAYS = 3
PAUSE_SECONDS = 4.0
STORM_AFTER_SECONDS = 1.0


@dataclass(frozen=True)
class Evening:
    phones: int = 19_000
    seconds: float = 90.0
    rounds: int = 2
    tick_ms: int = 200
    likes: int = 60_000
    """Over the whole evening, in bursts."""
    per_second: int = 800
    """Arrivals before the first round."""
    late_share: float = 0.15
    votes_share: float = 0.9
    storm_share: float = 0.5
    seed: int = 2026

    @property
    def round_seconds(self) -> float:
        return self.seconds / self.rounds - PAUSE_SECONDS


class Sampler(threading.Thread):
    """Notes each second what the service takes of its core, and its memory."""

    def __init__(self, pid: int) -> None:
        super().__init__(name="sampler", daemon=True)
        self._pid = pid
        self._ended = threading.Event()
        self.rows: list[tuple[float, float, float]] = []
        """Seconds by the monotonic clock, share of a core, MB resident."""

    def run(self) -> None:
        usage = machine.Usage(self._pid)
        while not self._ended.wait(1.0):
            seconds, (cpu,) = usage.taken()
            self.rows.append((time.monotonic(), cpu / seconds, machine.resident_kb(self._pid) / 1024))
            usage = machine.Usage(self._pid)

    def end(self) -> None:
        self._ended.set()
        self.join()


def run(evening: Evening) -> Outcome:
    rounds = [
        {"title": f"第{i}回合", "duration_ms": round(evening.round_seconds * 1000)}
        for i in range(1, evening.rounds + 1)
    ]
    with (
        running(ARENA, settings={"ARENA_TICK_MS": str(evening.tick_ms)}, closed=True, rounds=rounds) as server,
        Generator("evening") as phones,
        Generator("overlays") as overlays,
    ):
        assert server.arena is not None
        progress(f"evening: {evening.phones:,} phones arrive")
        arrived = phones.ask("arrive", **_spec(evening, server))
        token = server.arena.ask("POST", "/api/v1/tokens", {"role": "overlay", "name": "overlay"})["token"]
        overlays.ask("connect", port=server.port, path=server.path, token=token, overlays=OVERLAYS)
        sampler = Sampler(server.pid)
        sampler.start()
        storm_at = (evening.round_seconds + PAUSE_SECONDS) * (evening.rounds // 2) + evening.round_seconds / 2
        overlays.begin("watch", seconds=evening.seconds + 1)
        phones.begin("play", seconds=evening.seconds, storm_at=storm_at)
        began = time.monotonic()
        for number in range(1, evening.rounds + 1):
            time.sleep(max(0.0, began + (number - 1) * evening.seconds / evening.rounds + 0.5 - time.monotonic()))
            progress(f"evening: round {number} of {evening.rounds}")
            server.arena.command(number, "open")
        played, shown = phones.end(), overlays.end()["shown"]
        sampler.end()
        _lock_last(server, evening)
        figures = _judged(evening, server, arrived, played, shown, sampler.rows)
    return Outcome("evening", [_table(evening, figures)], figures)


def _spec(evening: Evening, server: Server) -> dict[str, Any]:
    assert server.arena is not None
    return {
        **asdict(evening),
        "port": server.port,
        "pid": server.pid,
        "path": server.path,
        "api": server.arena.path,
        "round_seconds": evening.round_seconds,
        "likes_a_round": evening.likes / evening.rounds,
        "bursts": max(1, round(evening.round_seconds / 20)),
    }


def _lock_last(server: Server, evening: Evening) -> None:
    assert server.arena is not None
    for _ in range(50):
        session = server.arena.ask("GET", server.arena.path)
        if session["rounds"][evening.rounds - 1]["phase"] == "locked":
            return
        time.sleep(0.2)
    server.arena.command(evening.rounds, "lock")


def _judged(
    evening: Evening, server: Server, arrived: Any, played: Any, shown: Any, samples: list[tuple[float, float, float]]
) -> dict[str, Any]:
    assert server.arena is not None
    places: dict[str, tuple[int, int]] = {}
    in_ledger = likes = 0
    for number in range(1, evening.rounds + 1):
        book = server.arena.ask("GET", f"{server.arena.path}/rounds/{number}/ledger")
        result = server.arena.ask("GET", f"{server.arena.path}/rounds/{number}/result")
        places |= {row[1]: (number, row[0]) for row in book["ballots"]}
        in_ledger += len(book["ballots"])
        votes = Counter(choice for row in book["ballots"] for choice in row[5])
        if {each["key"]: each["votes"] for each in result["tally"]["choices"]} != {
            k: votes[k] for k in ("red", "blue")
        }:
            raise BenchmarkError(f"the result of round {number} is not what its ledger counts")
        likes += sum(each["likes"] for each in result["tally"]["choices"])
    acks = played["acks"]
    receipts = Counter(each[2] for each in acks)
    lost = sum(1 for each in receipts if each not in places)
    doubled = in_ledger - len(places) + sum(each - 1 for each in receipts.values())
    storm_from, storm_to = played["storm"]
    calm, storm, accepted, never = _delays(acks, shown, places, storm_from, storm_to + STORM_AFTER_SECONDS)
    began = played["began"]
    cpu = [share for _, share, _ in samples]
    return {
        "phones": played["arrived"],
        "votes": len(acks),
        "in_ledger": in_ledger,
        "lost": lost,
        "doubled": doubled,
        "never_shown": never,
        "unanswered": played["unanswered"],
        "resent": played["resent"],
        "problems": played["problems"],
        "closed_by_server": played["closed_by_server"],
        "tapped": played["tapped"],
        "liked": played["liked"],
        "likes_in_results": likes,
        "like_messages": played["like_messages"],
        "frames": played["frames"],
        "frames_per_second": played["frames"] / played["seconds"],
        "delay": shares(calm),
        "delay_storm": shares(storm),
        "delay_accepted": shares(accepted),
        "core_mean": played["server_cpu_s"] / played["seconds"],
        "core_max": max(cpu, default=0.0),
        "memory_mb": max((mb for *_, mb in samples), default=0.0),
        "generator": played["generator_busy"],
        "generator_late": played["generator_late"],
        "arrivals_per_second": arrived["arrived"] / arrived["seconds"],
        "arrival_us": 1e6 * arrived["server_cpu_s"] / arrived["arrived"],
        "storm_seconds": storm_to - storm_from if storm_to else None,
        "storm_at": storm_from - began,
        "samples": [(at - began, share, mb) for at, share, mb in samples],
        "seconds": evening.seconds,
        "by_second": _by_second(acks, shown, places, began),
    }


def _delay_s(ack: Any, frames: tuple[list[float], list[int]], seq: int) -> float | None:
    at = bisect_left(frames[1], seq)
    return None if at == len(frames[1]) else max(0.0, frames[0][at] - ack[0])


def _frames_of(overlay: Any, number: int, clock: int = 0) -> tuple[list[float], list[int]]:
    rows = [(row[clock], row[3]) for row in overlay if row[2] == number]
    return [at for at, _ in rows], [turnout for _, turnout in rows]


def _delays(
    acks: Any, shown: Any, places: dict[str, tuple[int, int]], storm_from: float, storm_to: float
) -> tuple[list[float], list[float], list[float], int]:
    """Return sorted delays from the acknowledgement, in calm and in the storm; from the acceptance; how many never."""
    numbers = {number for number, _ in places.values()}
    frames = [{number: _frames_of(each, number) for number in numbers} for each in shown]
    walls = [{number: _frames_of(each, number, 1) for number in numbers} for each in shown]
    calm: list[float] = []
    storm: list[float] = []
    accepted: list[float] = []
    never = 0
    for ack in acks:
        number, seq = places.get(ack[2], (0, 0))
        for overlay, wall in zip(frames, walls, strict=True):
            delay = _delay_s(ack, overlay[number], seq) if number else None
            if delay is None:
                never += 1
                continue
            (storm if storm_from <= ack[0] <= storm_to else calm).append(delay)
            stamps, turnouts = wall[number]
            accepted.append((stamps[bisect_left(turnouts, seq)] - ack[3]) / 1000)
    return sorted(calm), sorted(storm), sorted(accepted), never


def _by_second(acks: Any, shown: Any, places: dict[str, tuple[int, int]], began: float) -> list[tuple[int, float, int]]:
    """Return for each second the worst delay (ms) and the number of its votes."""
    worst: dict[int, float] = {}
    votes: Counter[int] = Counter()
    frames = {number: _frames_of(shown[0], number) for number, _ in places.values()} if shown else {}
    for ack in acks:
        number, seq = places.get(ack[2], (0, 0))
        second = int(ack[0] - began)
        votes[second] += 1
        if number and (delay := _delay_s(ack, frames[number], seq)) is not None:
            worst[second] = max(worst.get(second, 0.0), 1000 * delay)
    return [(second, worst.get(second, 0.0), votes[second]) for second in range(max(votes, default=0) + 2)]


def _table(evening: Evening, f: dict[str, Any]) -> Table:
    def ms(of: dict[str, float]) -> str:
        return f"{figure(of['p50'])} · {figure(of['p99'])} · {figure(of['max'])}"

    table = Table(
        f"One evening: {f['phones']:,} phones, {OVERLAYS} overlays, {evening.rounds} rounds, {evening.seconds:.0f} s, "
        f"a tick each {evening.tick_ms} ms",
        ["", "figure"],
    )
    storm_seconds = f"{f['storm_seconds']:.1f} s" if f["storm_seconds"] else "not all"
    table.rows = [
        ["acknowledgement of a vote → overlay's frame, ms: p50 · p99 · worst", ms(f["delay"])],
        ["the same in the storm", ms(f["delay_storm"])],
        ["acceptance (the commit's stamp) → overlay's frame, all", ms(f["delay_accepted"])],
        ["service, share of a core: mean · worst second", f"{percent(f['core_mean'])} · {percent(f['core_max'])}"],
        ["service, memory, MB", figure(f["memory_mb"])],
        ["votes acknowledged · in the ledger · lost · doubled",
         f"{f['votes']:,} · {f['in_ledger']:,} · {f['lost']} · {f['doubled']}"],
        ["votes not answered in the end · sent again · never shown",
         f"{f['unanswered']} · {f['resent']} · {f['never_shown']}"],
        ["likes tapped · acknowledged · in the results, in so many messages",
         f"{f['tapped']:,} · {f['liked']:,} · {f['likes_in_results']:,}, {f['like_messages']:,}"],
        ["tallies delivered, a second", f"{f['frames']:,}, {f['frames_per_second']:,.0f}"],
        ["dropped phones all back after", f"{storm_seconds} ({percent(evening.storm_share)} were dropped)"],
        ["arrivals: join, handshake, hello: a second · µs of CPU each",
         f"{f['arrivals_per_second']:,.0f} · {f['arrival_us']:,.0f}"],
        ["generator, share of its core · what it did too late, ms: p50 · p99 · worst",
         f"{percent(f['generator'])} · {ms(f['generator_late'])}"],
    ]  # fmt: skip
    table.notes = [
        f"Problems told: {f['problems'] or 'none'}. Closed by the service: {f['closed_by_server'] or 'none'}.",
        "An acknowledgement counts when the phones' generator reads it: later than it was sent by as much as that "
        "is late. The row from the commit's stamp is free of that; the overlays' process goes before the phones'.",
    ]
    return table
