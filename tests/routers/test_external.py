"""Tallies that others counted: signed by them, kept apart, in no count of ours."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from app import cli
from app.domain.signature import SigningKey
from app.services.external import SOURCES_MAX
from tests.conftest import Running
from tests.players import Crew, problem, votes_of

pytestmark = pytest.mark.edge

SMS = SigningKey(b"s" * 32)


def statement(code: str, **changes: Any) -> dict[str, Any]:
    return {
        "session": code,
        "round": 1,
        "source": "sms",
        "unit": "votes",
        "taken_at_ms": 1_795_176_000_000,
        "figures": {"red": 1_204, "blue": 998},
        "evidence": {"text": "短信平台日报", "sha256": "a" * 64},
        **changes,
    }


def hand_in(crew: Crew, code: str, said: dict[str, Any], key: SigningKey = SMS) -> httpx2.Response:
    body = {"statement": said, "signature": key.sign_statement(said)}
    return crew.client.post(f"/api/v1/sessions/{code}/external", json=body)


@pytest.fixture
def named(arena: Running) -> tuple[Crew, str]:
    scrutineer, producer = arena.crew("scrutineer"), arena.crew("producer")
    code = producer.make(rounds=[{"visibility": "on_reveal"}])
    source = {"name": "短信平台", "public_key": SMS.public}
    response = scrutineer.client.put(f"/api/v1/sessions/{code}/sources/sms", json=source)
    assert response.status_code == 200, response.text
    problem(producer.client.put(f"/api/v1/sessions/{code}/sources/sms", json=source), 403, "wrong_role")
    return producer, code


def test_a_signed_tally_stands_beside_our_counts_and_in_none(arena: Running, named: tuple[Crew, str]) -> None:
    producer, code = named
    producer.do(code, "open")
    arena.phone(code).vote("blue")
    for _ in range(2):  # handed in again it is the same
        (kept,) = hand_in(producer, code, statement(code)).json()["tallies"]
    assert (kept["name"], kept["figures"], kept["unit"]) == ("短信平台", {"red": 1_204, "blue": 998}, "votes")
    assert kept["evidence"] == {"text": "短信平台日报", "url": "", "sha256": "a" * 64}
    assert votes_of(producer.tally(code)) == {"red": 0, "blue": 1}
    public = arena.client()
    assert public.get(f"/api/v1/sessions/{code}/external").json()["tallies"] == [], "hidden as long as our own"
    arena.crew().do(code, "lock", "reveal")
    (shown,) = public.get(f"/api/v1/sessions/{code}/external").json()["tallies"]
    assert shown["statement"] == statement(code)
    result = public.get(f"/api/v1/sessions/{code}/rounds/1/result").json()
    assert result["tally"]["votes"] == 1
    entries = producer.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    assert [each["action"] for each in entries if each["action"] in ("source_named", "external_tally")] == [
        "source_named",
        "external_tally",
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"round": 9},
        {"source": "radio"},
        {"figures": {"green": 1}},
        {"figures": {"red": -1}},
        {"figures": {}},
        {"unit": "money"},
        {"session": "OTHER1"},
        {"taken_at_ms": "noon"},
    ],
    ids=str,
)
def test_a_statement_that_does_not_fit_is_refused(named: tuple[Crew, str], changes: dict[str, Any]) -> None:
    producer, code = named
    problem(hand_in(producer, code, statement(code, **changes)), 422, "invalid_statement")
    assert producer.client.get(f"/api/v1/sessions/{code}/external").json()["tallies"] == []


def test_a_statement_signed_by_another_or_changed_after_is_refused(named: tuple[Crew, str]) -> None:
    producer, code = named
    problem(hand_in(producer, code, statement(code), SigningKey(b"x" * 32)), 422, "invalid_statement")
    signature = SMS.sign_statement(statement(code))
    changed = statement(code, figures={"red": 9_999, "blue": 998})
    body = {"statement": changed, "signature": signature}
    problem(producer.client.post(f"/api/v1/sessions/{code}/external", json=body), 422, "invalid_statement")


def test_the_command_makes_a_key_once_and_signs_what_the_service_takes(arena: Running, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli.app, ["sign", "--key", str(tmp_path / "sms.key"), *arguments])
        assert result.exit_code == 0, result.output
        return result.output.strip()

    public = run()
    assert run() == public, "the key is made once"
    assert (tmp_path / "sms.key").stat().st_mode & 0o077 == 0
    scrutineer = arena.crew("scrutineer")
    code = arena.crew("producer").make()
    source = {"name": "短信平台", "public_key": public}
    assert scrutineer.client.put(f"/api/v1/sessions/{code}/sources/sms", json=source).status_code == 200
    (tmp_path / "statement.json").write_text(json.dumps(statement(code), indent=2))
    signed = run(str(tmp_path / "statement.json"))
    headers = {"Content-Type": "application/json"}
    answer = scrutineer.client.post(f"/api/v1/sessions/{code}/external", content=signed, headers=headers)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["tallies"]) == 1
    (tmp_path / "sms.key").write_text("nonsense")
    assert CliRunner().invoke(cli.app, ["sign", "--key", str(tmp_path / "sms.key")]).exit_code == 1


def test_a_session_takes_so_many_sources_and_no_more(named: tuple[Crew, str], arena: Running) -> None:
    _, code = named
    scrutineer = arena.crew("scrutineer")

    def name(key: str) -> httpx2.Response:
        source = {"name": f"来源 {key}", "public_key": SMS.public}
        return scrutineer.client.put(f"/api/v1/sessions/{code}/sources/{key}", json=source)

    for number in range(1, SOURCES_MAX):  # one is there already
        assert name(f"s{number}").status_code == 200
    problem(name("one_more"), 409, "conflict")
    assert name("sms").status_code == 200, "one that is there may still be named anew"
    kept = scrutineer.client.get(f"/api/v1/sessions/{code}/external").json()["sources"]
    assert (len(kept), "one_more" in {each["key"] for each in kept}) == (SOURCES_MAX, False)


def test_a_session_takes_so_many_tallies_and_no_more(named: tuple[Crew, str], monkeypatch: pytest.MonkeyPatch) -> None:
    producer, code = named
    monkeypatch.setattr("app.services.external.TALLIES_MAX", 3)
    said = [statement(code, taken_at_ms=1_795_176_000_000 + i) for i in range(4)]
    for each in said[:3]:
        assert hand_in(producer, code, each).status_code == 200
    problem(hand_in(producer, code, said[3]), 409, "conflict")
    again = hand_in(producer, code, said[0])
    assert again.status_code == 200, "one that is there may still come again"
    assert [each["statement"] for each in again.json()["tallies"]] == said[:3]
