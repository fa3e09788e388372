"""The engine of automations by itself: queues, retries, the pause of a target, the allow-list, OSC."""

import asyncio
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from app.domain.lifecycle import Phase
from app.domain.trigger import Trigger
from app.live import outgoing
from app.live.calls import AllowList, Caller, Outcome, osc_message
from app.live.close_codes import CloseCode
from app.live.facts import SessionChanged
from app.live.hub import Hub, LiveSession
from app.live.outgoing import PENDING_MAX, Automation, Circuit, Outgoing
from app.schemas.automation import HttpAction, OscAction, url_target
from tests.live.test_hub import a_hub, tick, votes
from tests.live.values import CODE, a_round, a_session
from tests.recording import Target, recording, udp


def run(body: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(body(), 30))


def an_engine(hub: Hub, clock: Any, *allowed: str) -> Outgoing:
    return Outgoing(hub, clock, AllowList(allowed or ("127.0.0.1",)), lambda document: {"seen": document["version"]})


def an_automation(
    target: Target, trigger: Trigger = Trigger.ROUND_OPENED, where: str = "/{{event.trigger}}", **fields: Any
) -> Automation:
    action = HttpAction(kind="http", method="GET", url=f"{target.url}{where}")
    values: dict[str, Any] = {"id": 1, "name": "x", "every_ms": None, "milestone": None, "enabled": True}
    return Automation(**{**values, "trigger": trigger, "action": action, **fields})


def become(hub: Hub, live: LiveSession, phase: Phase) -> None:
    hub.learn([SessionChanged(a_session(a_round(phase=phase)))])
    tick(hub, live)


async def until(check: Callable[[], Any]) -> None:
    async with asyncio.timeout(15):
        while not check():  # noqa: ASYNC110 - what it looks at is changed by another thread
            await asyncio.sleep(0.01)


def test_watcher_is_no_person_and_sees_the_publics_view_alone() -> None:
    async def body() -> None:
        hub, live, clock = a_hub(a_round("on_reveal", Phase.DRAFT))
        with recording() as target:
            engine = an_engine(hub, clock)
            await engine.put(live, [an_automation(target, where="/{{view}}/{{tally}}")])
            (watcher,) = live.subscribers
            assert (watcher.staff, watcher.voter, watcher.present, watcher.token_id) == (False, "", False, 0)
            assert live.online() == 0
            watcher.cut(CloseCode.GOING_DOWN)
            become(hub, live, Phase.OPEN)
            await until(lambda: target.calls)
            assert target.paths() == ["/public/"]
            await engine.close()
            assert (len(live.subscribers), hub.sockets) == (0, 0)

    run(body)


def test_session_without_automations_has_no_watcher() -> None:
    async def body() -> None:
        hub, live, clock = a_hub(a_round())
        with recording() as target:
            engine = an_engine(hub, clock)
            await engine.put(live, [an_automation(target, enabled=False)])
            assert len(live.subscribers) == 0
            assert engine.known == {CODE}
            await engine.put(live, [an_automation(target)])
            assert len(live.subscribers) == 1
            await engine.put(live, [])
            assert len(live.subscribers) == 0
            await engine.close()

    run(body)


def test_frames_that_come_before_the_task_runs_lose_nothing() -> None:
    async def body() -> None:
        hub, live, clock = a_hub(a_round(phase=Phase.DRAFT))
        with recording() as target:
            engine = an_engine(hub, clock)
            each = [Trigger.ROUND_OPENED, Trigger.ROUND_CLOSING, Trigger.ROUND_LOCKED]
            await engine.put(live, [an_automation(target, trigger, id=number) for number, trigger in enumerate(each)])
            # No await in between: the task sees the last frame alone.
            become(hub, live, Phase.OPEN)
            become(hub, live, Phase.CLOSING)
            become(hub, live, Phase.LOCKED)
            await until(lambda: len(target.calls) == 3)
            await asyncio.sleep(0.1)
            assert sorted(target.paths()) == ["/round_closing", "/round_locked", "/round_opened"]
            await engine.close()

    run(body)


def test_lifecycle_calls_of_one_automation_keep_their_order_while_the_target_is_slow() -> None:
    async def body() -> None:
        hub, live, clock = a_hub(a_round(phase=Phase.DRAFT))
        with recording(hang=threading.Event()) as target:
            engine = an_engine(hub, clock)
            await engine.put(live, [an_automation(target, Trigger.SCENE_CHANGED, "/{{overlay.scene}}")])
            for scene in ("qr", "result", "blank", "board"):
                hub.learn([SessionChanged(a_session(a_round(), scene=scene))])
                tick(hub, live)
                await asyncio.sleep(0.02)
            assert engine.pending(CODE, 1) == 4
            target.hang.set()  # type: ignore[union-attr]
            await until(lambda: len(target.calls) == 4)
            assert target.paths() == ["/qr", "/result", "/blank", "/board"]
            await engine.close()

    run(body)


def test_of_tallies_the_newest_alone_waits() -> None:
    async def body() -> None:
        hub, live, clock = a_hub(a_round())
        with recording(hang=threading.Event()) as target:
            engine = an_engine(hub, clock)
            spec = an_automation(target, Trigger.TALLY_CHANGED, "/{{tally.votes}}/{{flat.seen}}", every_ms=200)
            await engine.put(live, [spec])
            for _ in range(30):
                hub.learn([votes()])
                tick(hub, live)
                await asyncio.sleep(0.01)
            assert engine.pending(CODE, 1) == 2, "the one under way, and the newest"
            target.hang.set()  # type: ignore[union-attr]
            await until(lambda: len(target.calls) == 2)
            await asyncio.sleep(0.3)
            assert [each.path.split("/")[1] for each in target.calls] == ["1", "30"]
            assert (engine.state(1).fired, engine.state(1).delivered) == (30, 2)
            await engine.close()

    run(body)


def test_queue_is_bounded_and_the_oldest_goes() -> None:
    async def body() -> None:
        hub, live, clock = a_hub(a_round())
        with recording(hang=threading.Event()) as target:
            engine = an_engine(hub, clock)
            await engine.put(live, [an_automation(target, Trigger.LIKES_MILESTONE, "/{{event.likes}}", milestone=1)])
            for _ in range(PENDING_MAX + 50):
                hub.learn([votes(likes={"red": 1})])
                tick(hub, live)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            await until(lambda: target.calls)
            assert engine.pending(CODE, 1) <= PENDING_MAX + 1
            assert engine.state(1).dropped >= 49
            target.hang.set()  # type: ignore[union-attr]
            await until(lambda: engine.pending(CODE, 1) == 0)
            assert target.paths()[-1] == f"/{PENDING_MAX + 50}"
            await engine.close()

    run(body)


def test_what_waited_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "AGE_SECONDS_MAX", 1.5)

    async def body() -> None:
        hub, live, clock = a_hub(a_round(phase=Phase.DRAFT))
        with recording(hang=threading.Event()) as target:
            engine = an_engine(hub, clock)
            await engine.put(live, [an_automation(target, Trigger.SCENE_CHANGED, "/{{overlay.scene}}")])
            for scene in ("qr", "result"):
                hub.learn([SessionChanged(a_session(a_round(), scene=scene))])
                tick(hub, live)
                await asyncio.sleep(0.02)
            await until(lambda: target.calls)
            await asyncio.sleep(1.6)
            target.hang.set()  # type: ignore[union-attr]
            await until(lambda: engine.pending(CODE, 1) == 0)
            assert target.paths() == ["/qr"]
            assert engine.state(1).dropped == 1
            assert "waited" in engine.state(1).last_error
            await engine.close()

    run(body)


def test_paused_target_is_not_called_and_then_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "PAUSE_SECONDS", 0.5)
    loop_time: list[float] = []

    async def body() -> None:
        _, _, clock = a_hub(a_round())
        circuit = Circuit("x", clock)
        loop = asyncio.get_running_loop()
        for _ in range(5):
            await asyncio.wait_for(circuit.closed(), 0.3)
            circuit.note(Outcome("down", alive=False))
        assert circuit.paused_until_ms == clock.now_ms() + 500
        for _ in range(2):
            began = loop.time()
            await circuit.closed()
            loop_time.append(loop.time() - began)
            circuit.note(Outcome("down", alive=False))  # one more failure is enough
        waiting = asyncio.create_task(circuit.closed())
        await asyncio.sleep(0.05)
        circuit.note(Outcome("refused", status=404))  # it is there
        await asyncio.wait_for(waiting, 0.35)
        assert circuit.paused_until_ms is None
        circuit.note(Outcome("down", alive=False))
        await asyncio.wait_for(circuit.closed(), 0.3)

    run(body)
    assert all(0.45 < each < 3 for each in loop_time)


def test_one_target_that_hangs_delays_no_other_automation() -> None:
    async def body() -> None:
        hub, live, clock = a_hub(a_round(phase=Phase.DRAFT))
        with recording(hang=threading.Event()) as hanging, recording() as healthy:
            engine = an_engine(hub, clock)
            await engine.put(live, [an_automation(hanging, id=1), an_automation(healthy, id=2)])
            loop = asyncio.get_running_loop()
            began = loop.time()
            become(hub, live, Phase.OPEN)
            await until(lambda: healthy.calls and hanging.calls)
            assert loop.time() - began < 4, "less than the hanging one is waited for"
            await until(lambda: engine.state(2).delivered)
            assert (engine.pending(CODE, 1), engine.pending(CODE, 2)) == (1, 0)
            began = loop.time()
            await engine.close()
            assert loop.time() - began < 2

    run(body)


def test_fault_of_its_own_ends_no_automation_and_its_log_holds_no_value(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def body() -> None:
        hub, live, clock = a_hub(a_round(phase=Phase.DRAFT))
        with recording() as target:
            engine = an_engine(hub, clock)
            await engine.put(live, [an_automation(target, Trigger.SCENE_CHANGED, "/{{overlay.scene}}")])
            whole = Caller.call

            failed = asyncio.Event()

            async def broken(*_: Any) -> Outcome:
                failed.set()
                raise RuntimeError("Bearer secret")

            monkeypatch.setattr(Caller, "call", broken)
            for scene in ("qr", "result"):
                hub.learn([SessionChanged(a_session(a_round(), scene=scene))])
                tick(hub, live)
                async with asyncio.timeout(10):
                    await failed.wait()
                monkeypatch.setattr(Caller, "call", whole)
            await until(lambda: target.calls)
            assert target.paths() == ["/result"]
            await engine.close()

    run(body)
    said = "".join(capfd.readouterr())
    assert "RuntimeError" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://vmix:8088/api/", ("vmix", 8088)),
        ("HTTP://VMix/", ("vmix", 80)),
        ("https://datastream.example/a?b={{flat.red_votes}}", ("datastream.example", 443)),
        ("http://[::1]:9/x", ("::1", 9)),
        ("http://127.0.0.1?x={{ a.b }}", ("127.0.0.1", 80)),
    ],
)
def test_target_of_an_address_is_its_host_and_port(url: str, target: tuple[str, int]) -> None:
    assert url_target(url) == target


def test_allow_list_takes_hosts_with_every_port_and_pairs_exactly() -> None:
    allowed = AllowList(["VMix", "10.0.0.5:8088", "[::1]:9", "fe80::2"])
    for target in (("vmix", 1), ("vmix", 8088), ("10.0.0.5", 8088), ("::1", 9), ("fe80::2", 80)):
        assert target in allowed
    for target in (("10.0.0.5", 80), ("10.0.0.50", 8088), ("::1", 10), ("vmix.example", 80), ("localhost", 80)):
        assert target not in allowed
    assert ("vmix", 1) not in AllowList([])


@pytest.mark.parametrize("entry", ["*", "10.0.0.0/8", "http://x", "a b", "", "x:y", "*.example", "user@x", "x?", "x:0"])
def test_entry_that_is_no_target_stops_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match="ARENA_AUTOMATION_TARGETS holds"):
        AllowList([entry])


def test_target_is_looked_at_again_at_every_call() -> None:
    async def body() -> None:
        with recording() as target:
            caller = Caller(AllowList(["127.0.0.1:1"]))
            said = await caller.call(HttpAction(kind="http", url=f"{target.url}/x"), {}, "e")
            assert "may not be called" in said.error
            osc = OscAction(kind="osc", host="127.0.0.1", port=2, address="/x")
            assert "may not be called" in (await caller.call(osc, {}, "e")).error
            assert target.calls == []
            await caller.close()

    run(body)


def test_value_can_neither_add_a_header_nor_make_a_call_of_any_length() -> None:
    async def body() -> None:
        with recording() as target:
            caller = Caller(AllowList(["127.0.0.1"]))
            action = HttpAction(kind="http", url=f"{target.url}/{{{{v}}}}", headers={"X-Title": "{{v}}"}, body="{{v}}")
            assert (await caller.call(action, {"v": "a\r\nX-Evil: 1\u2028/../票"}, "e")).ok
            call = target.calls[0]
            assert "X-Evil" not in call.headers
            assert call.headers["X-Title"].encode("latin-1").decode() == "a  X-Evil: 1 /../票"
            assert call.headers["Content-Type"] == "text/plain; charset=utf-8"
            said = await caller.call(action, {"v": "x" * 9_000}, "e")
            assert "longer than" in said.error
            assert not said.retry
            assert len(target.calls) == 1
            await caller.close()

    run(body)


def test_call_that_gets_no_connection_ends_in_two_seconds() -> None:
    async def body() -> None:
        # An address that answers nothing, by the standard (RFC 5737); some networks refuse it at once.
        caller = Caller(AllowList(["192.0.2.1"]))
        said = await caller.call(HttpAction(kind="http", url="http://192.0.2.1:9/"), {}, "e")
        assert not said.ok
        assert said.retry
        assert not said.alive
        assert said.took_ms < 3_500
        unknown = Caller(AllowList(["no-such-host.invalid"]))
        said = await unknown.call(HttpAction(kind="http", url="http://no-such-host.invalid/"), {}, "e")
        assert "no-such-host.invalid:80" in said.error
        await caller.close()
        await unknown.close()

    run(body)


def test_answer_without_end_is_left() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
                await writer.drain()
        except OSError:
            writer.close()

    async def body() -> None:
        server = await asyncio.start_server(endless, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        caller = Caller(AllowList(["127.0.0.1"]))
        said = await caller.call(HttpAction(kind="http", url=f"http://127.0.0.1:{port}/"), {}, "e")
        assert (said.ok, said.status) == (True, 200)
        assert said.took_ms < 2_000
        await caller.close()
        server.close()

    run(body)


def test_osc_message_is_as_the_specification_writes_it() -> None:
    assert osc_message("/a", []) == b"/a\0\0,\0\0\0"
    said = osc_message("/arena/x", [1, -1, 2**40, 0.5, True, False, "票", "abc"])
    assert said == (
        b"/arena/x\0\0\0\0,iihfTFss\0\0\0\x00\x00\x00\x01\xff\xff\xff\xff"
        + struct.pack(">q", 2**40) + struct.pack(">f", 0.5) + "票".encode() + b"\0" + b"abc\0"
    )  # fmt: skip
    assert osc_message("/x", [2**70])[:8] == b"/x\0\0,f\0\0"


def test_osc_argument_that_is_one_placeholder_keeps_its_type() -> None:
    async def body() -> None:
        with udp() as listener:
            caller = Caller(AllowList(["127.0.0.1"]))
            action = OscAction(
                kind="osc", host="127.0.0.1", port=listener.getsockname()[1], address="/votes",
                args=["{{n}}", "{{t}}", "{{n}} of", "{{none}}", 3, True, 1.5],
            )  # fmt: skip
            said = await caller.call(action, {"n": 12, "t": "红"}, "e")
            assert (said.ok, said.missing) == (True, ("none",))
            expected = osc_message("/votes", [12, "红", "12 of", "", 3, True, 1.5])
            assert await asyncio.to_thread(listener.recv, 1000) == expected
            await caller.close()

    run(body)


def test_happenings_of_one_event_have_one_id_and_others_another() -> None:
    async def body() -> None:
        hub, live, clock = a_hub(a_round(phase=Phase.DRAFT))
        with recording() as target:
            engine = an_engine(hub, clock)
            await engine.put(live, [an_automation(target, Trigger.LIKES_MILESTONE, "/{{event.id}}", milestone=1)])
            hub.learn([votes(likes={"red": 1, "blue": 1})])
            tick(hub, live)
            await until(lambda: len(target.calls) == 2)
            assert [each.path[1:] for each in target.calls] == [each.headers["X-Arena-Event"] for each in target.calls]
            assert len(set(target.paths())) == 2
            await engine.close()

    run(body)
