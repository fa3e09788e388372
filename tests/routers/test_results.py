"""What stands afterwards: result, ledger, report, audit log, and the QR code that leads in."""

import hashlib
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from app.domain import ledger
from app.schemas.report import Ledger, Report, Result
from app.services import results
from tests.conftest import Running
from tests.players import Crew, Phone, counted, eventually, problem, votes_of
from tests.routers.qr_reading import QUIET, modules_of, read_qr, width_of


def a_whole_bout(arena: Running, **rules: Any) -> tuple[Crew, str, list[Phone], list[dict[str, Any]]]:
    """Run a round with seven voters on two channels, of whom some change their mind; return their receipts too."""
    crew = arena.crew()
    code = crew.make(rounds=[{"changeable": True, **rules}, {}])
    crew.do(code, "open")
    phones = [arena.phone(code, "web" if i % 2 else "wechat") for i in range(7)]
    receipts = []
    for i, phone in enumerate(phones):
        receipts.append(phone.vote("red" if i < 4 else "blue").json())
        phone.like(red=i, blue=2)
    receipts.append(phones[0].vote("blue").json())
    receipts.append(phones[0].vote("red").json())
    receipts.append(phones[1].vote("blue").json())
    return crew, code, phones, receipts


def read(crew: Crew, code: str, what: str) -> dict[str, Any]:
    response = crew.client.get(f"/api/v1/sessions/{code}/{what}")
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def test_the_result_is_the_tally_by_channel_too(arena: Running) -> None:
    crew, code, phones, receipts = a_whole_bout(arena)
    crew.do(code, "lock")
    result = read(crew, code, "rounds/1/result")
    Result.model_validate(result)
    shown = counted(phones[0].tally, {"red": 3, "blue": 4}, {"red": 21, "blue": 14})
    assert result["tally"] == shown["tally"]
    assert result["channels"] == {
        "web": {"votes": 3, "likes": 1 + 3 + 5 + 6, "turnout": 3, "weight": None, "voided": False},
        "wechat": {"votes": 4, "likes": 0 + 2 + 4 + 6 + 8, "turnout": 4, "weight": None, "voided": False},
    }
    assert (result["ballots"], result["phase"], result["history"]) == (len(receipts), "locked", [])
    assert result["deciding"] is False
    assert (result["revealed_at_ms"], result["certified_at_ms"]) == (None, None)
    revealed = crew.do(code, "certify", "reveal")["rounds"][0]
    later = read(crew, code, "rounds/1/result")
    assert (later["revealed_at_ms"], later["certified_at_ms"]) == (
        revealed["revealed_at_ms"],
        revealed["certified_at_ms"],
    )
    unchanged = ("tally", "channels", "ballots", "chain_head", "digest", "locked_at_ms")
    assert {key: later[key] for key in unchanged} == {key: result[key] for key in unchanged}


def test_the_ledger_recounts_to_the_result_and_its_chain_holds(arena: Running) -> None:
    crew, code, _, receipts = a_whole_bout(arena)
    crew.do(code, "lock", "reveal")
    export = arena.client().get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()
    Ledger.model_validate(export)
    result = export["result"]
    assert {row[1] for row in export["ballots"]} == {each["receipt"] for each in receipts}
    assert [row[0] for row in export["ballots"]] == list(range(1, len(receipts) + 1))
    # Counted here by hand, not by the service's own rule.
    last: dict[tuple[str, str], list[str]] = {(row[2], row[3]): row[5] for row in export["ballots"]}
    assert Counter(choice for choices in last.values() for choice in choices) == Counter(result["votes"])
    assert (result["votes"], result["turnout"], result["ballots"]) == ({"red": 3, "blue": 4}, 7, 10)
    lines = [ledger.LedgerLine(*row[:5], tuple(row[5]), *row[6:]) for row in export["ballots"]]
    assert ledger.recount(lines, export["choices"]) == (result["votes"], result["turnout"])
    # The chain, batch by batch, from the export alone.
    head, start = "0" * 64, 0
    for batch in export["batches"]:
        digest = hashlib.sha256(head.encode())
        for row in export["ballots"][start : batch["last_seq"]]:
            digest.update(b"\n" + orjson.dumps(row))
        head, start = digest.hexdigest(), batch["last_seq"]
        assert batch["head"] == head
    assert start == len(export["ballots"])
    assert result["chain_head"] == head
    figures = {key: value for key, value in result.items() if key not in ("chain_head", "digest")}
    sealed = json.dumps(figures, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(f"{head}\n{sealed}".encode()).hexdigest() == result["digest"]
    assert read(crew, code, "rounds/1/result")["digest"] == result["digest"]


def test_the_ledger_names_no_phone_and_no_voter_twice_the_same_in_two_rounds(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    phone = arena.phone(code)
    voters = []
    for number in (1, 2):
        crew.do(code, "open", number=number)
        phone.vote("red", number=number, nonce="randomness of my own")
        crew.do(code, "lock", "reveal", number=number)
        response = arena.client().get(f"/api/v1/sessions/{code}/rounds/{number}/ledger")
        assert "randomness" not in response.text
        assert phone.token.split("~")[3] not in response.text
        voters.append(response.json()["ballots"][0][2])
    assert voters[0] != voters[1]


def test_an_empty_round_has_a_result_of_zeros(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open", "lock", "reveal")
    result = read(crew, code, "rounds/1/result")
    assert (votes_of(result), result["tally"]["leader"], result["ballots"]) == ({"red": 0, "blue": 0}, None, 0)
    assert (result["channels"], result["chain_head"]) == ({}, "0" * 64)
    assert read(crew, code, "rounds/1/ledger")["ballots"] == []


def test_the_reports_timeline_sums_to_the_tally(still_arena: Running) -> None:
    crew, clock = still_arena.crew(), still_arena.clock
    code = crew.make(rounds=[{"changeable": True}, {}])
    phones = [still_arena.phone(code) for _ in range(6)]
    crew.do(code, "open")
    for i, phone in enumerate(phones):
        clock.forward(700)
        phone.vote("red")
        phone.like(red=10 * i, blue=i)
    clock.forward(5_000)
    phones[0].vote("blue")
    phones[1].like(red=100)
    crew.do(code, "lock")
    clock.forward(1_000)
    crew.do(code, "open", number=2)
    phones[0].like(number=2, blue=3)
    crew.do(code, "lock", number=2)
    report = read(crew, code, "report")
    Report.model_validate(report)
    tally = counted(lambda: crew.tally(code), likes={"red": 0, "blue": 3})
    first, second = report["rounds"]
    assert (votes_of(first), second["tally"]) == ({"red": 5, "blue": 1}, tally["tally"])
    for number, round_ in ((1, first), (2, second)):
        seconds = [each for each in report["timeline"] if each["round"] == number]
        assert [each["at_ms"] for each in seconds] == sorted(each["at_ms"] for each in seconds)
        assert all(each["at_ms"] % 1000 == 0 for each in seconds)
        assert sum(each["votes"] for each in seconds) == round_["tally"]["votes"]
        for choice in round_["tally"]["choices"]:
            assert sum(each["likes"].get(choice["key"], 0) for each in seconds) == choice["likes"]
    assert report["totals"] == {"likes": 240 + 18, "votes": 6, "unique": 6}
    assert tally["totals"] == {"likes": 258, "votes": 6}
    peaks = report["peaks"]
    by_second = {each["at_ms"]: sum(each["likes"].values()) for each in report["timeline"]}
    assert peaks["likes_per_second"] == max(by_second.values()) == by_second[peaks["likes_at_ms"]] == 90
    assert peaks["votes_per_second"] == max(each["votes"] for each in report["timeline"])


def test_the_peak_of_people_on_line_is_kept_with_its_minute(still_arena: Running) -> None:
    crew, clock = still_arena.crew(), still_arena.clock
    code = crew.make()
    crew.tally(code)
    live, began_ms, first_at_ms = still_arena.app.state.arena.hub.live[code], clock.now_ms(), 0
    # Who is there is looked at once a second: in this one not again.
    eventually(lambda: live.presence_at_ms == began_ms)
    for number in (4, 2):
        for phone in [still_arena.phone(code) for _ in range(number)]:
            phone.tally()
        clock.forward(1_000)
        first_at_ms = first_at_ms or clock.now_ms()
        eventually(lambda number=number: crew.tally(code)["audience"]["online"] == number)
        clock.forward(61_000)
        eventually(lambda: crew.tally(code)["audience"]["online"] == 0)
    report = read(crew, code, "report")
    assert (report["peaks"]["online"], report["peaks"]["online_at_ms"]) == (4, first_at_ms)
    minutes = [(each["at_ms"], each["online"]) for each in report["audience"]]
    assert (first_at_ms // 60_000 * 60_000, 4) in minutes
    assert len({at_ms for at_ms, _ in minutes}) == len(minutes)
    assert report["totals"]["unique"] == 6


def test_every_act_of_the_crew_stands_in_the_audit_log(arena: Running) -> None:
    producer, director, scrutineer = (arena.crew(role) for role in ("producer", "director", "scrutineer"))
    code = producer.make()
    root = f"/api/v1/sessions/{code}"
    producer.client.patch(root, json={"title": "新题"})
    producer.client.post(f"{root}/rounds", json={"title": "三"})
    producer.client.patch(f"{root}/rounds/3", json={"title": "叁"})
    producer.client.delete(f"{root}/rounds/3")
    producer.do(code, "open")
    arena.phone(code).vote("red")
    producer.do(code, "pause", "resume", "lock")
    scrutineer.do(code, "certify")
    director.do(code, "reveal")
    director.client.put(f"{root}/overlay/result")
    digest = read(producer, code, "rounds/1/result")["digest"]
    scrutineer.say(code, "void", reason="计票有误")
    scrutineer.do(code, "rerun")
    for _ in range(3):  # tried again and again it is written down once a minute
        problem(director.say(code, "open"), 403, "wrong_role")
    entries = read(producer, code, "audit")["entries"]
    assert [each["action"] for each in entries] == [
        "session_made", "session_changed", "round_added", "round_changed", "round_removed", "open", "pause", "resume",
        "lock", "certify", "reveal", "scene", "void", "rerun", "refused",
    ]  # fmt: skip
    assert [each["id"] for each in entries] == sorted(each["id"] for each in entries)
    by_action = {each["action"]: each for each in entries}
    assert (by_action["lock"]["actor"], by_action["lock"]["role"]) == ("test producer", "producer")
    assert by_action["lock"]["before"]["phase"] == "open"
    assert by_action["lock"]["after"]["phase"] == "locked"
    assert by_action["lock"]["after"]["digest"] == digest
    assert by_action["session_changed"]["before"]["title"] == "先锋擂台 第1期"
    assert by_action["session_changed"]["after"]["title"] == "新题"
    assert (by_action["void"]["detail"], by_action["void"]["round"]) == ("计票有误", 1)
    assert by_action["scene"]["after"] == {"scene": "result"}
    assert by_action["refused"]["after"] == {"tried": "open", "refused": "wrong_role"}
    assert by_action["refused"]["actor"] == "test director"
    newest = read(producer, f"{code}", "audit?limit=2")["entries"]
    assert [each["action"] for each in newest] == ["rerun", "refused"]
    after = read(producer, code, f"audit?after={entries[3]['id']}&limit=2")["entries"]
    assert [each["action"] for each in after] == ["round_removed", "open"]
    assert read(producer, code, f"audit?after={entries[-1]['id']}")["entries"] == []


def test_attempts_that_are_remembered_are_bounded_and_each_is_refused(
    arena: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.identity.REFUSALS_KEPT", 4)
    overlay, noted = arena.crew("overlay"), arena.app.state.arena.refusals_noted
    code = arena.crew("producer").make()
    for i in range(10):
        problem(overlay.say(f"NOSUCH{i}", "open"), 403, "wrong_role")
        assert len(noted) <= 4
    problem(overlay.say(code, "open"), 403, "wrong_role")
    (entry,) = [each for each in read(arena.crew(), code, "audit")["entries"] if each["action"] == "refused"]
    assert entry["actor"] == "test overlay", "however many were tried before, the next one is written down"


def revealed_rounds(arena: Running, count: int) -> str:
    crew = arena.crew()
    code = crew.make(rounds=[{}] * count)
    for number in range(1, count + 1):
        crew.do(code, "open", number=number)
        assert arena.phone(code).vote("red", number=number).status_code == 200
        crew.do(code, "lock", "reveal", number=number)
    return code


def test_ledger_is_built_once_for_all_who_wait_and_more_than_can_wait_are_sent_away(
    arena: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, build, built, go_on = revealed_rounds(arena, 1), results._export, [], threading.Event()

    def slow(*arguments: Any) -> bytes:
        built.append(1)
        assert go_on.wait(20)
        return build(*arguments)

    monkeypatch.setattr(results, "_export", slow)
    path = f"/api/v1/sessions/{code}/rounds/1/ledger"
    service = arena.app.state.arena
    with ThreadPoolExecutor(results.EXPORTS_WAITING_MAX) as pool:
        try:
            clients = [arena.client() for _ in range(results.EXPORTS_WAITING_MAX)]
            waiting = [pool.submit(client.get, path) for client in clients]
            eventually(lambda: service.exports_wanted == results.EXPORTS_WAITING_MAX)
            refused = arena.client().get(path)
            problem(refused, 503, "overloaded")
            assert int(refused.headers["retry-after"]) >= 1
        finally:
            go_on.set()
        answers = [each.result() for each in waiting]
    assert {each.status_code for each in answers} == {200}
    assert len({each.content for each in answers}) == len(built) == 1
    assert service.exports_wanted == 0
    assert arena.client().get(path).content == answers[0].content


def test_only_the_newest_ledgers_are_kept_and_an_older_one_is_built_again(
    arena: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = results.EXPORTS_KEPT + 1
    code, build, built = revealed_rounds(arena, count), results._export, []

    def noted(connection: Any, session: Any, round_: Any, key: Any) -> bytes:
        built.append(round_.number)
        return build(connection, session, round_, key)

    monkeypatch.setattr(results, "_export", noted)
    client = arena.client()

    def ask(number: int) -> bytes:
        response = client.get(f"/api/v1/sessions/{code}/rounds/{number}/ledger")
        assert response.status_code == 200, response.text
        return response.content

    first = ask(1)
    for number in range(2, count + 1):
        ask(number)
    assert len(arena.app.state.arena.exports) == results.EXPORTS_KEPT
    for number in range(2, count + 1):
        ask(number)
    assert built == list(range(1, count + 1)), "what is kept is not built again"
    assert ask(1) == first
    assert built[-1] == 1


def test_the_result_of_a_deciding_session_says_so(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(deciding=True)
    crew.do(code, "open", "lock")
    assert read(crew, code, "rounds/1/result")["deciding"] is True
    assert crew.tally(code)["session"]["deciding"] is True


@pytest.mark.parametrize("channel", [None, "wechat"])
def test_the_qr_code_leads_to_the_phone_page(arena: Running, channel: str | None) -> None:
    code = arena.crew().make()
    response = arena.client().get(
        f"/api/v1/sessions/{code.lower()}/qr.svg", params={"channel": channel} if channel else {}
    )
    assert (response.status_code, response.headers["content-type"]) == (200, "image/svg+xml; charset=utf-8")
    address = f"{arena.base_url}/v/{code}" + (f"?channel={channel}" if channel else "")
    assert response.headers["x-arena-address"] == address
    modules = modules_of(response.content)
    assert read_qr(modules) == ("M", address)
    assert width_of(response.content) % (len(modules) + 2 * QUIET) == 0
    assert width_of(response.content) >= 5 * (len(modules) + 2 * QUIET), "large enough for a hall"
    assert arena.client().get(f"/v/{code}").status_code == 200


def test_the_qr_code_uses_the_public_address_where_one_is_set(start: Any) -> None:
    service = start(public_url="https://arena.example.org")
    code = service.crew().make()
    picture = service.client().get(f"/api/v1/sessions/{code}/qr.svg").content
    assert read_qr(modules_of(picture)) == ("M", f"https://arena.example.org/v/{code}")
