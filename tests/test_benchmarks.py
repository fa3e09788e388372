"""The benchmarks' contestants: each starts, answers right and is stopped. Smallest sizes; no figure is judged."""

import importlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks import machine, plots, ratios, svg, wire
from benchmarks.contestants import ARENA, FLOOR, NAIVE_LIKES, NAIVE_VOTES, POLLED, SOCKETS, Contestant, lacking
from benchmarks.fanout import connect, tally_payload
from benchmarks.likes import like
from benchmarks.polling import tag_of
from benchmarks.results import Outcome, Table
from benchmarks.servers import BenchmarkError, Generator, Server, running
from benchmarks.watched import steps_of

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="CPU is counted from /proc")


@pytest.fixture(scope="module")
def arena() -> Iterator[Server]:
    """One service for all; starting it costs more than all that is asked of it."""
    with running(ARENA, rounds=[{"title": "1", "likes_per_second": 50}, {"title": "2"}]) as server:
        yield server


@pytest.fixture(scope="module")
def payload(arena: Server) -> Path:
    return tally_payload(arena)


@pytest.fixture
def start(arena: Server, payload: Path) -> Iterator[Callable[[Contestant], Server]]:
    with ExitStack() as stack:

        def run(contestant: Contestant, told: bool = True) -> Server:
            if why := lacking(contestant):
                pytest.skip(why)
            if contestant is ARENA:
                return arena
            return stack.enter_context(running(contestant, payload if told else None))

        yield run


@pytest.mark.parametrize("contestant", SOCKETS, ids=lambda each: each.key)
def test_every_contestant_tells_all_its_sockets(contestant: Contestant, start: Callable[..., Server]) -> None:
    server = start(contestant)
    with Generator("listeners") as generator:
        connect(generator, server, 5)
        server.turn_telling()
        window = generator.ask("window", settle=0.3, seconds=0.3)
        assert window["messages"] >= 5
        assert window["bytes"] > (9 if contestant.deflate else 1_000)
        assert machine.resident_kb(server.pid) > 0
        assert os.sched_getaffinity(server.pid) == {machine.cores()[0]}


def test_what_is_told_late_is_waited_for_and_counted(arena: Server) -> None:
    with Generator("listeners") as generator:
        connect(generator, arena, 5)
        generator.ask("begin", seconds=0.3)
        told = generator.ask("finish")
        assert told["messages"] >= 5
        assert 0 < told["seconds"] < 30
        generator.ask("stall", sockets=2, path=arena.path)
        generator.ask("unstall")
        assert generator.ask("window", settle=0.1, seconds=0.2)["messages"] >= 5


def test_a_watched_service_says_how_long_its_ticks_took(tmp_path: Path) -> None:
    steps = tmp_path / "steps.json"
    with running(ARENA, watched=steps) as server, Generator("listeners") as generator:
        connect(generator, server, 5)
        steps_of(server.pid, steps)
        generator.ask("window", settle=0.1, seconds=0.5)
        ticker = steps_of(server.pid, steps)["arena-ticker"]
        assert ticker["steps"] > 0
        assert 0 < ticker["cpu_ms"] <= ticker["cpu_total_ms"]


@pytest.mark.parametrize("contestant", POLLED, ids=lambda each: each.key)
def test_every_polled_contestant_answers_200_and_304(contestant: Contestant, start: Callable[..., Server]) -> None:
    server = start(contestant)
    path = f"{server.arena.path}/tally" if server.arena else "/tally"
    common = {"port": server.port, "pid": server.pid, "path": path, "at_once": 2, "seconds": 0.1}
    with Generator("pollers") as generator:
        assert generator.ask("poll", **common)["bytes"] > 1_000
        assert generator.ask("poll", **common, tag=tag_of(server.port, path))["bytes"] < 500


def test_pollers_take_the_tag_of_a_tally_that_was_made_anew(arena: Server) -> None:
    assert arena.arena is not None
    common = {"port": arena.port, "pid": arena.pid, "path": f"{arena.arena.path}/tally", "at_once": 2, "seconds": 0.2}
    with Generator("pollers") as generator:
        assert 0 < generator.ask("poll", **common, tag='"an older one"')["bytes"] < 500


def test_the_model_of_the_polled_peer_holds_the_whole_tally(payload: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["peer", "--port=0", f"--payload={payload}"])
    model = importlib.import_module("benchmarks.peers.fastapi_model").Tally
    document = json.loads(payload.read_bytes())
    assert model.model_validate(document).model_dump() == document


def test_the_service_takes_votes_over_http_and_over_sockets(arena: Server) -> None:
    assert arena.arena is not None
    path = f"{arena.arena.path}/rounds/1/vote"
    common = {"port": arena.port, "pid": arena.pid}
    with Generator("http-voters") as http, Generator("socket-voters") as sockets:
        tokens = arena.arena.tokens(7)
        assert http.ask("vote", **common, path=path, at_once=3, tokens=tokens, seconds=5)["votes"] == 7
        sockets.ask("connect", **common, path=arena.path, sockets=4, tokens=arena.arena.tokens(4))
        assert sockets.ask("vote", round=1, at_once=2)["votes"] == 4
    tally = arena.arena.ask("GET", f"{arena.arena.path}/tally")
    assert tally["round"]["turnout"] == 11


def test_the_naive_way_takes_votes_too(start: Callable[..., Server]) -> None:
    server = start(NAIVE_VOTES, told=False)
    common = {"port": server.port, "pid": server.pid}
    with Generator("http-voters") as http, Generator("socket-voters") as sockets:
        for first, path in enumerate(("/async/votes", "/votes"), 1):
            first *= 1_000_000
            assert http.ask("vote", **common, path=path, at_once=2, seconds=0.1, first=first)["votes"] > 0
        sockets.ask("connect", **common, path=server.path, sockets=2, first=9_000_000)
        assert sockets.ask("again", seconds=0.1)["votes"] > 0


@pytest.mark.parametrize("contestant", [ARENA, NAIVE_LIKES], ids=lambda each: each.key)
def test_likes_are_all_answered(contestant: Contestant, start: Callable[..., Server]) -> None:
    server = start(contestant, told=False)
    with Generator("likers") as generator:
        assert like(server, generator, 60, 0.3)["unanswered"] == 0


def test_a_server_is_stopped_at_the_end_of_its_block(payload: Path) -> None:
    with running(FLOOR, payload) as server:
        assert Path(f"/proc/{server.pid}").exists()
    assert not Path(f"/proc/{server.pid}").exists()


def test_a_generator_says_what_went_wrong(arena: Server) -> None:
    with Generator("listeners") as generator, pytest.raises(BenchmarkError, match="refused"):
        generator.ask("connect", port=arena.port, pid=arena.pid, path="/ws/nothing-here/x", sockets=1)


def test_cpu_is_counted_from_the_operating_system() -> None:
    usage = machine.Usage(os.getpid())
    ends = machine.cpu_s(os.getpid()) + 0.05
    while machine.cpu_s(os.getpid()) < ends:
        pass
    seconds, (taken,) = usage.taken()
    assert 0.04 <= taken <= seconds + 0.05


def test_frames_of_the_generator_are_masked_by_zero_and_whole() -> None:
    assert wire.masked(b"hi") == b"\x81\x82\0\0\0\0hi"
    assert wire.masked(b"x" * 200)[:8] == b"\x81\xfe\x00\xc8\0\0\0\0"
    assert wire.content_length(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n") == 12
    with pytest.raises(ValueError, match="chunked"):
        wire.content_length(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


def test_a_missed_ratio_is_said_to_be_missed_and_an_unmeasured_one_to_be_unmeasured() -> None:
    figures = {"200": {"arena": {"us": 30.0}, "fastapi-model": {"us": 90.0}, "fastify": {"us": 27.0}}}
    rows = {row[1]: row for row in ratios.rows({"polling": Outcome("polling", [Table("", [])], figures)})}
    assert rows["200: cheaper than a FastAPI response model"][5] == "**no**"
    assert rows["200: Fastify's cost to ours"][5] == "yes"
    assert rows["304: cheaper than it"][5] == "not measured"
    assert rows["fan-out to 10,000 at 5 Hz: CPU to the send() loop"][5] == "not measured"


@pytest.fixture
def drawn(tmp_path: Path) -> str:
    figures = {"1000": {"arena": {"us": 7.5}, "fastapi": {"us": 40.0}}}
    (path,) = plots.draw({"fanout": Outcome("fanout", [], figures)}, tmp_path)
    return path.read_text()


def test_a_plot_is_svg_with_its_figures_and_nothing_from_elsewhere(drawn: str) -> None:
    assert drawn.startswith("<svg ")
    assert ">7.5<" in drawn
    assert ">Pioneer Arena<" in drawn
    assert "href" not in drawn
    assert svg.short(19_000) == "19k"
