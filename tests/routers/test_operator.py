"""For who runs it: alive, ready, measured, described."""

import re
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import Running
from tests.players import BOUT, Line, counted, eventually, problem

pytestmark = pytest.mark.edge


def metrics_of(arena: Running) -> dict[str, float]:
    response = arena.client().get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_alive_and_ready_need_no_token(arena: Running) -> None:
    client = arena.client()
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "database": "ok", "writer": "ok"}


def test_a_service_that_cannot_commit_is_alive_and_not_ready(arena: Running) -> None:
    inside = arena.app.state.arena
    with inside.database.writer.connect() as connection:
        # Somebody else holds the writing connection, as a hung disk would.
        client = arena.client()
        assert client.get("/healthz").status_code == 200
        response = client.get("/readyz")
        assert connection is not None
    problem(response, 503, "overloaded")
    assert int(response.headers["retry-after"]) >= 1
    eventually(lambda: client.get("/readyz").status_code == 200)


def test_metrics_count_what_happens(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    before = metrics_of(arena)
    crew.do(code, "open")
    phone = arena.phone(code)
    phone.vote("red")
    phone.like(red=5, blue=2)
    with Line.opened(arena.ws_url, code) as line:
        line.hear_if(lambda said: said["totals"] == {"likes": 7, "votes": 1})
        during = metrics_of(arena)
        assert during["arena_sockets"] == 1
        assert (during["arena_votes"], during["arena_likes"]) == (1, 7)
        assert during["arena_sessions_live"] == 1
        assert during["arena_writes_waiting"] == 0
        assert during["arena_commit_failures_total"] == 0
        assert during["arena_commits_total"] >= before["arena_commits_total"] + 3
        assert during["arena_publications_total"] > before["arena_publications_total"]
        crew.do(code, "pause")
        line.hear_if(lambda said: said["round"]["phase"] == "paused")
        assert metrics_of(arena)["arena_frames_offered_total"] >= 1
    eventually(lambda: metrics_of(arena)["arena_sockets"] == 0)


def test_metrics_show_no_hidden_figure(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(rounds=[{"visibility": "on_reveal"}])
    crew.do(code, "open")
    arena.phone(code).like(red=137)
    arena.phone(code).like(blue=91)
    counted(lambda: crew.tally(code), likes={"red": 137, "blue": 91})
    text = arena.client().get("/metrics").text
    assert not re.search(r"\b(137|91)(\.0)?\b", text)
    assert "blue" not in text
    assert code not in text, "the list of codes is the crew's"


def test_every_route_is_described_with_its_errors_as_problems(arena: Running) -> None:
    description = arena.client().get("/openapi.json").json()
    assert description["info"]["title"].startswith("Pioneer Arena")
    ids = [each["operationId"] for operations in description["paths"].values() for each in operations.values()]
    assert len(set(ids)) == len(ids)
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            for status, answer in operation["responses"].items():
                assert answer["description"], (method, path, status)
                if status.startswith(("4", "5")):
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)
            if path.startswith("/api/v1/sessions/{code}"):
                assert {"401", "404"} <= operation["responses"].keys(), (method, path)


def test_errors_that_happen_are_described_and_have_the_described_form(arena: Running) -> None:
    description = arena.client().get("/openapi.json").json()
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    phone = arena.phone(code)
    director = arena.crew("director").client
    one = {"code": code, "number": "1"}
    phone.vote("red")
    happened: list[tuple[str, httpx2.Response]] = []

    def provoke(client: httpx2.Client, method: str, path: str, values: dict[str, str] = one, **request: Any) -> None:
        happened.append((path, client.request(method, "/api/v1" + path.format(**values), **request)))

    broken = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    huge = {"content": b" " * 1_100_000, "headers": {"Content-Type": "application/json"}}
    session, round_ = "/sessions/{code}", "/sessions/{code}/rounds/{number}"
    nowhere = {"code": "NOSUCH", "number": "1"}
    for request in ({"json": {"choices": ["blue"]}}, {"json": {"choices": []}}, {"json": {}}, broken, huge):
        provoke(phone.client, "PUT", f"{round_}/vote", **request)
    for request in ({"json": {"totals": {"red": -1}}}, {"json": {"totals": 1}}, broken, huge):
        provoke(phone.client, "PUT", f"{round_}/likes", **request)
    provoke(arena.client(), "PUT", f"{round_}/vote", json={"choices": ["red"]})
    provoke(phone.client, "PUT", f"{round_}/vote", {"code": code, "number": "7"}, json={"choices": ["red"]})
    for request in ({"json": {"channel": "none"}}, broken, huge):
        provoke(arena.client(), "POST", f"{session}/join", **request)
    for command in ("open", "pause", "resume", "lock", "reveal", "certify", "void", "rerun"):
        provoke(arena.client(), "POST", f"{round_}/{command}")
        provoke(phone.client, "PUT", f"{round_}/{command}")
        provoke(crew.client, "PUT", f"{round_}/{command}", nowhere)
        provoke(crew.client, "POST", f"{round_}/{command}", {"code": code, "number": "x"})
        provoke(crew.client, "POST", f"{round_}/{command}", content=huge["content"])
    for what in ("reveal", "resume", "rerun"):
        provoke(crew.client, "POST", f"{round_}/{what}", {"code": code, "number": "2"})
    for path in (
        session,
        f"{session}/tally",
        f"{session}/report",
        f"{session}/qr.svg",
        f"{session}/events",
        f"{session}/audit",
    ):
        provoke(crew.client, "GET", path, nowhere)
        provoke(arena.client("nonsense"), "GET", path)
    for path in (f"{round_}/result", f"{round_}/ledger"):
        provoke(crew.client, "GET", path)
        provoke(crew.client, "GET", path, {"code": code, "number": "0"})
        provoke(crew.client, "GET", path, {"code": code, "number": "9"})
    provoke(arena.client(), "GET", f"{session}/me")
    for request in (broken, huge, {"json": {"title": 5}}):
        provoke(crew.client, "PATCH", session, **request)
        provoke(crew.client, "POST", f"{session}/rounds", **request)
        provoke(crew.client, "PATCH", round_, **request)
        provoke(crew.client, "POST", "/sessions", **request)
        provoke(crew.client, "POST", "/shows", **request)
        provoke(crew.client, "POST", "/tokens", **request)
    provoke(crew.client, "DELETE", round_)
    provoke(director, "POST", "/sessions", json=BOUT)
    provoke(director, "GET", "/tokens")
    provoke(crew.client, "DELETE", "/tokens/{id}", {"id": "99999"})
    provoke(crew.client, "DELETE", "/tokens/{id}", {"id": "x"})
    provoke(crew.client, "POST", f"{session}/overlay/{{scene}}", {"code": code, "scene": "x"})
    provoke(crew.client, "GET", "/portraits/{digest}", {"digest": "0" * 64})
    provoke(crew.client, "GET", "/portraits/{digest}", {"digest": "x"})
    provoke(crew.client, "GET", "/sessions", params={"limit": "x"})
    form = Draft202012Validator(description["components"]["schemas"]["Problem"])
    for path, response in happened:
        assert 400 <= response.status_code < 500, (path, response.text)
        problem(response, response.status_code, response.json()["code"])
        form.validate(response.json())
        described = description["paths"]["/api/v1" + path.replace("{id}", "{token_id}")]
        operation = described[response.request.method.lower()]
        assert str(response.status_code) in operation["responses"], (response.request.method, path, response.text)
