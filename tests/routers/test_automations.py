"""Outgoing automations over the wire: who may make them, where they may go, and trying one by hand.

Every call here goes over a real socket to a server that writes it down.
"""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.services.automations import AUTOMATIONS_MAX
from tests.conftest import Running
from tests.files import files_with
from tests.players import eventually, problem
from tests.recording import Target, http, listed, make, path, settled, state_if
from tests.servers import of_sqlite

pytestmark = pytest.mark.edge

SECRET = "Bearer of-another-tool"


# Who may, and where to


def test_nothing_may_be_called_unless_the_service_is_told(arena: Running, target: Target) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    wanted = {"name": "x", "trigger": "round_opened", "action": http(target)}
    refusal = problem(crew.client.post(path(code), json=wanted), 422, "target_not_allowed")
    assert "ARENA_AUTOMATION_TARGETS" in refusal["detail"]
    assert refusal["target"] == target.host
    osc = {"kind": "osc", "host": "127.0.0.1", "port": 9000, "address": "/x"}
    problem(crew.client.post(path(code), json=wanted | {"action": osc}), 422, "target_not_allowed")
    assert crew.client.get(path(code)).json() == {"automations": [], "targets": []}
    assert target.calls == []


def test_only_a_listed_target_is_taken_and_it_is_looked_at_again_at_every_call(
    start: Callable[..., Running], target: Target
) -> None:
    crew = start(automation_targets=(target.host,)).crew("producer")
    code = crew.make()
    for other in (
        "http://127.0.0.1:1/",
        "http://localhost:9/",
        f"http://127.0.0.1.:{target.port}/",
        "https://127.0.0.1/",
    ):
        wanted = {"name": "x", "trigger": "round_opened", "action": {"kind": "http", "url": other}}
        problem(crew.client.post(path(code), json=wanted), 422, "target_not_allowed")
    made = make(crew, code, "round_opened", http(target))
    moved = {"action": http(target) | {"url": "http://127.0.0.1:1/"}}
    problem(crew.client.patch(path(code, made["id"]), json=moved), 422, "target_not_allowed")
    assert made["allowed"] is True
    # The next start has another list.
    crew = start(automation_targets=("somewhere.example:80",)).crew("producer")
    assert listed(crew, code)[0]["allowed"] is False
    crew.do(code, "open")
    state = eventually(lambda: state_if(crew, code, "failures"))
    assert "may not be called" in state["last_error"]
    assert crew.client.post(path(code, made["id"], "test")).json()["ok"] is False
    assert target.calls == []


def test_who_may_edit_makes_them_and_the_crew_sees_how_they_go(service: Running, target: Target) -> None:
    crew = service.crew("producer")
    code = crew.make()
    action = http(
        target, "/x?token=of-another-tool", method="POST", headers={"Authorization": SECRET}, body="of-another-tool"
    )
    made = make(crew, code, "round_opened", action)
    assert made["action"] == action | {"headers": {"Authorization": "•••"}}
    assert (made["target"], made["enabled"], made["every_ms"], made["milestone"]) == (target.host, True, None, None)
    assert crew.client.get(path(code)).json()["targets"] == ["127.0.0.1"]
    for role in ("director", "scrutineer", "overlay"):
        other = service.crew(role).client
        assert other.get(path(code)).json()["targets"] == []
        assert "of-another-tool" not in other.get(path(code)).text
        for answer in (
            other.post(path(code), json={"name": "x", "trigger": "round_opened", "action": action}),
            other.patch(path(code, made["id"]), json={"enabled": False}),
            other.delete(path(code, made["id"])),
            other.post(path(code, made["id"], "test")),
        ):
            problem(answer, 403, "wrong_role")
    problem(service.client().get(path(code)), 401, "token_missing")
    problem(service.phone(code).client.get(path(code)), 403, "wrong_role")


REFUSED: list[dict[str, Any]] = [
    {"trigger": "round_lost"},
    {"trigger": "likes_milestone"},
    {"trigger": "likes_milestone", "milestone": 0},
    {"trigger": "tally_changed", "every_ms": 199},
    {"name": ""},
    {"name": "a\nb"},
    {"action": {"kind": "mail"}},
    {"action": {"kind": "http"}},
    *(
        {"action": {"kind": "http", "url": url}}
        for url in (
            "", "/x", "ftp://127.0.0.1/", "http://user:word@127.0.0.1/", "http://127.0.0.1\\@evil/", "http://{{a}}/",
            "http://127.0.0.1:0/", "http://127.0.0.1:70000/", "http://127.0.0.1/a b", "http://127.0.0.1/#x",
            "http://127.0.0.1/{{", "http://127.0.0.1/{{a b}}", "http:///x", "http://127.0.0.1{{a}}/",
        )
    ),
    *(
        {"action": {"kind": "http", "url": "http://127.0.0.1/", "headers": headers}}
        for headers in (
            {"Host": "evil"}, {"content-length": "5"}, {"Transfer-Encoding": "chunked"}, {"a b": "x"},
            {"X": "a\r\nY: b"}, {"X": "{{"}, {"x": "1", "X": "2"}, {"X": "•••"},
        )
    ),
    {"action": {"kind": "http", "url": "http://127.0.0.1/", "body": "{{"}},
    {"action": {"kind": "http", "url": "http://127.0.0.1/", "method": "TRACE"}},
    {"action": {"kind": "osc", "host": "127.0.0.1", "port": 0, "address": "/x"}},
    {"action": {"kind": "osc", "host": "127.0.0.1", "port": 9, "address": "x"}},
    {"action": {"kind": "osc", "host": "http://127.0.0.1", "port": 9, "address": "/x"}},
    {"action": {"kind": "osc", "host": "127.0.0.1", "port": 9, "address": "/x", "args": ["{{"]}},
    {"action": {"kind": "osc", "host": "127.0.0.1", "port": 9, "address": "/x", "args": [1e39]}},
]  # fmt: skip


def test_automation_that_cannot_be_is_refused(service: Running) -> None:
    crew = service.crew()
    code = crew.make()
    wanted = {"name": "x", "trigger": "round_opened", "action": {"kind": "http", "url": "http://127.0.0.1/"}}
    for changes in REFUSED:
        problem(crew.client.post(path(code), json=wanted | changes), 422, "invalid_request")
    assert listed(crew, code) == []


def test_unknown_one_is_404_and_so_is_another_sessions(service: Running, target: Target) -> None:
    crew = service.crew()
    code, other = crew.make(), crew.make()
    made = make(crew, code, "round_opened", http(target))
    for where in (path(other, made["id"]), path(code, 99)):
        problem(crew.client.patch(where, json={"enabled": False}), 404, "automation_not_found")
        problem(crew.client.delete(where), 404, "automation_not_found")
        problem(crew.client.post(f"{where}/test"), 404, "automation_not_found")
    for answer in (crew.client.get(path("NOSUCH")), crew.client.delete(path("NOSUCH", 1))):
        problem(answer, 404, "session_not_found")


def test_number_of_automations_is_bounded(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make()
    for _ in range(AUTOMATIONS_MAX):
        make(crew, code, "round_opened", http(target), enabled=False)
    wanted = {"name": "x", "trigger": "round_opened", "action": http(target)}
    problem(crew.client.post(path(code), json=wanted), 409, "conflict")


def test_header_values_stand_in_no_answer_no_log_and_no_audit(
    service: Running, target: Target, capfd: pytest.CaptureFixture[str]
) -> None:
    crew = service.crew("producer")
    code = crew.make()
    target.answers = [500, 500, 500]
    action = http(target, "/secret-in-the-path", headers={"Authorization": SECRET, "X-Plain": "{{round.title}}"})
    made = make(crew, code, "round_opened", action)
    crew.do(code, "open")
    assert target.wait(3)[2].headers["Authorization"] == SECRET
    assert target.calls[2].headers["X-Plain"] == "观点PK".encode().decode("latin-1")
    assert settled(crew, code)[0]["state"]["last_error"] == f"{target.host} answered 500."
    # A name alone changes nothing of what is sent; the mask keeps the value, for the same target only.
    masked = action | {"headers": {"Authorization": "•••"}}
    assert crew.client.patch(path(code, made["id"]), json={"name": "二", "action": masked}).json()["name"] == "二"
    tested = crew.client.post(path(code, made["id"], "test"))
    assert tested.json()["ok"] is True
    assert target.calls[-1].headers["Authorization"] == SECRET
    elsewhere = masked | {"url": "http://127.0.0.1:9/"}
    problem(crew.client.patch(path(code, made["id"]), json={"action": elsewhere}), 422, "invalid_request")
    crew.client.delete(path(code, made["id"]))
    audit = service.crew().client.get(f"/api/v1/sessions/{code}/audit")
    actions = [each["action"] for each in audit.json()["entries"] if each["action"].startswith("automation")]
    assert sorted(actions) == ["automation_changed", "automation_made", "automation_removed", "automation_tested"]
    said = "".join(capfd.readouterr())
    assert "given up" in said
    for text in (audit.text, tested.text.replace("/secret-in-the-path", ""), said):
        assert "of-another-tool" not in text
        assert "secret-in-the-path" not in text


# By hand


def test_test_fires_once_with_the_present_tally_and_says_what_happened(service: Running, target: Target) -> None:
    crew = service.crew("producer")
    code = crew.make()
    crew.do(code, "open")
    assert service.phone(code).vote("blue").status_code == 200
    action = http(
        target, "/v?b={{flat.blue_votes_text}}&n={{flat.blue_name}}&x={{flat.none}}", method="POST",
        body='{"title": "{{session.title}}", "no": {{nothing.at.all}}}',
    )  # fmt: skip
    made = make(crew, code, "round_void", action, enabled=False)
    # As a button box posts it.
    tested = crew.client.post(path(code, made["id"], "test"), content=b"[object Object]").json()
    assert (tested["ok"], tested["status"], tested["missing"]) == (True, 200, ["flat.none", "nothing.at.all"])
    assert tested["sent"] == f"POST {target.url}/v?b=1&n=%E6%9D%A8%E7%8E%AD&x="
    call = target.wait(1)[0]
    assert call.query == {"b": "1", "n": "杨玭", "x": ""}
    assert call.json == {"title": "先锋擂台 第1期", "no": ""}
    assert call.headers["Content-Type"] == "application/json"
    assert listed(crew, code)[0]["state"]["missing"] == ["flat.none", "nothing.at.all"]
    target.hang = threading.Event()
    tested = crew.client.post(path(code, made["id"], "test")).json()
    assert tested["error"] == f"{target.host} did not answer within 5 s."
    assert 4_900 < tested["took_ms"] < 6_000


def test_values_are_written_as_the_place_asks(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make(title='A&B "C" <D>\\')
    bodies = {
        "application/json": ('["{{session.title}}"]', b'["A&B \\"C\\" <D>\\\\"]'),
        "application/xml": ("<t>{{session.title}}</t>", b"<t>A&amp;B &quot;C&quot; &lt;D&gt;\\</t>"),
        "application/x-www-form-urlencoded": ("t={{session.title}}", b"t=A%26B%20%22C%22%20%3CD%3E%5C"),
        "text/plain": ("{{session.title}}", b'A&B "C" <D>\\'),
    }
    for kind, (body, sent) in bodies.items():
        made = make(crew, code, "round_void", http(target, method="PUT", headers={"Content-Type": kind}, body=body))
        assert crew.client.post(path(code, made["id"], "test")).json()["ok"] is True
        assert (target.calls[-1].body, target.calls[-1].headers["Content-Type"]) == (sent, kind)


def test_changed_or_removed_automation_is_called_no_more(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make()
    changed, removed, off = (make(crew, code, "round_opened", http(target, f"/{name}")) for name in "abc")
    done = crew.client.patch(path(code, changed["id"]), json={"trigger": "tally_changed", "every_ms": 200}).json()
    assert (done["trigger"], done["every_ms"]) == ("tally_changed", 200)
    done = crew.client.patch(path(code, changed["id"]), json={"trigger": "round_locked"}).json()
    assert (done["trigger"], done["every_ms"]) == ("round_locked", None)
    problem(crew.client.patch(path(code, changed["id"]), json={"trigger": "likes_milestone"}), 422, "invalid_request")
    assert crew.client.delete(path(code, removed["id"])).status_code == 204
    assert crew.client.patch(path(code, off["id"]), json={"enabled": False}).json()["enabled"] is False
    crew.do(code, "open", "lock")
    target.wait(1)
    settled(crew, code)
    assert target.paths() == ["/a"]
    assert [each["id"] for each in listed(crew, code)] == [changed["id"], off["id"]]


@of_sqlite
def test_secret_in_a_header_is_in_the_database_alone(service: Running, target: Target) -> None:
    crew = service.crew()
    code = crew.make()
    make(crew, code, "round_opened", http(target, headers={"Authorization": SECRET}))
    files = {Path(each).name.split("-")[0] for each in files_with(service.data_dir, SECRET)}
    assert files == {"arena.db"}
    database = sqlite3.connect(service.data_dir / "arena.db")
    lines = [line for line in database.iterdump() if SECRET in line]
    database.close()
    assert [line.split()[2].strip('"') for line in lines] == ["automation"]
