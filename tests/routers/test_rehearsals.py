"""A rehearsal over the API: made once, marked everywhere, kept out of what counts, purged whole; then the real bout."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel
from typer.testing import CliRunner

from app.cli import app
from app.domain.ledger import CHAIN_START, fold
from app.domain.rehearsal import CROWDS_MAX, VOTERS_MAX
from app.settings import Settings
from app.storage.engine import Database
from app.verify import verify_audit, verify_ledger
from tests.conftest import Running
from tests.players import Crew, Line, eventually, problem
from tests.routers.test_visits import ASKED


def rehearse(crew: Crew, code: str) -> str:
    response = crew.client.put(f"/api/v1/sessions/{code}/rehearsal")
    assert response.status_code == 201, response.text
    made: str = response.json()["session"]["code"]
    return made


def play(arena: Running, crew: Crew, code: str, *sides: str, number: int = 1) -> None:
    crew.do(code, "open", number=number)
    for side in sides:
        assert arena.phone(code).vote(side, number=number).status_code == 200
    phone = arena.phone(code)
    assert phone.like(number, red=9).status_code == 200
    crew.do(code, "lock", "reveal", number=number)


def rows(settings: Settings) -> dict[str, int]:
    """Count the rows of every table, from beside the service."""
    database = Database(settings.url)
    with database.reader.connect() as connection:
        found = {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in SQLModel.metadata.tables.items()
        }
    database.close()
    return found


def export(arena: Running, code: str, number: int = 1) -> dict[str, Any]:
    document: dict[str, Any] = arena.client().get(f"/api/v1/sessions/{code}/rounds/{number}/ledger").json()
    return document


def test_it_is_a_copy_in_draft_with_a_mark_and_a_code_of_its_own(arena: Running) -> None:
    crew = arena.crew("producer")
    code = crew.make(deciding=True, rounds=[{"title": "观点PK", "sealed": True, "grace_ms": 2000}, {"title": "成效PK"}])
    before = crew.session(code)
    rehearsal = rehearse(crew, code)
    made = crew.session(rehearsal)
    assert rehearsal.startswith("RH")
    assert (made["rehearsal"], made["rehearsal_of"], made["status"]) == (True, code, "draft")
    assert (before["rehearsal"], before["rehearsal_of"]) == (False, None)
    other = {"code", "rehearsal", "rehearsal_of", "created_at_ms", "links"}
    assert {key: made[key] for key in made.keys() - other} == {key: before[key] for key in before.keys() - other}
    assert crew.session(code) == before
    again = crew.client.post(f"/api/v1/sessions/{code}/rehearsal")
    assert (again.status_code, again.json()["session"]["code"]) == (200, rehearsal)
    assert crew.client.get(f"/api/v1/sessions/{code}/rehearsal").json()["session"] == made
    assert crew.client.get(f"/api/v1/sessions/{rehearsal}/rehearsal").json()["session"] == made
    listed = {each["code"]: each["rehearsal"] for each in crew.client.get("/api/v1/sessions").json()["sessions"]}
    assert (listed[code], listed[rehearsal]) == (False, True)


def test_who_may_not_edit_makes_and_purges_none(arena: Running) -> None:
    code = arena.crew().make()
    path = f"/api/v1/sessions/{code}/rehearsal"
    for role in ("director", "scrutineer", "overlay"):
        client = arena.crew(role).client
        problem(client.put(path), 403, "wrong_role")
        problem(client.delete(path), 403, "wrong_role")
        problem(client.put(f"{path}/crowd"), 403, "wrong_role")
    problem(arena.client().put(path), 401, "token_missing")
    problem(arena.crew().client.get(path), 404, "rehearsal_not_found")


def test_a_rehearsal_has_none_of_its_own_and_a_session_on_air_or_over_makes_none(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    rehearsal = rehearse(crew, code)
    problem(crew.client.put(f"/api/v1/sessions/{rehearsal}/rehearsal"), 409, "conflict")
    other = crew.make()
    crew.do(other, "open")
    problem(crew.client.put(f"/api/v1/sessions/{other}/rehearsal"), 409, "conflict")
    crew.do(other, "lock")
    crew.client.patch(f"/api/v1/sessions/{other}", json={"status": "ended"})
    problem(crew.client.put(f"/api/v1/sessions/{other}/rehearsal"), 409, "session_ended")


def test_a_token_for_one_session_covers_its_rehearsal_and_no_other(arena: Running) -> None:
    crew = arena.crew()
    code, other = crew.make(), crew.make()
    body = {"role": "producer", "name": "编导", "session": code}
    token = crew.client.post("/api/v1/tokens", json=body).json()["token"]
    limited = Crew(arena.client(token))
    rehearsal = rehearse(limited, code)
    foreign = rehearse(crew, other)
    limited.do(rehearsal, "open")
    assert limited.tally(rehearsal)["view"] == "staff"
    problem(limited.say(foreign, "open"), 403, "wrong_session")
    assert limited.tally(foreign)["view"] == "public"
    problem(limited.client.post("/api/v1/shows", json={"name": "x"}), 403, "wrong_session")


def test_its_tally_and_every_feed_bear_the_mark_and_a_real_sessions_do_not(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    rehearsal = rehearse(crew, code)
    for each in (rehearsal, code):
        play(arena, crew, each, "red")
    client = arena.client()

    def feed(of: str, name: str) -> httpx2.Response:
        return client.get(f"/api/v1/sessions/{of}/feeds/{name}")

    for of, marked in ((rehearsal, True), (code, False)):
        assert client.get(f"/api/v1/sessions/{of}/tally").json()["session"]["rehearsal"] is marked
        with Line.opened(arena.ws_url, of) as line:
            assert line.hear("tally")["session"]["rehearsal"] is marked
        assert feed(of, "flat.json").json()["rehearsal"] is marked
        assert {row["rehearsal"] for row in feed(of, "rows.json").json()} == {marked}
        assert f"<rehearsal>{str(marked).lower()}</rehearsal>" in feed(of, "rows.xml").text
        header, line_, *_ = feed(of, "rows.csv").text.splitlines()
        assert line_.split(",")[header.split(",").index("rehearsal")] == str(marked).lower()
        assert f"<arena:rehearsal>{str(marked).lower()}</arena:rehearsal>" in feed(of, "rss.xml").text
        assert feed(of, "rss.xml").text.count("彩排 REHEARSAL") == (7 if marked else 0)
        assert feed(of, "text").text.startswith("彩排 REHEARSAL | ") is marked
        assert feed(of, "readout").text.startswith("这是彩排，不算数。") is marked
        assert feed(of, "readout?lang=en").text.startswith("This is a rehearsal; nothing counts. ") is marked
        assert client.get(f"/api/v1/sessions/{of}/report").json()["session"]["rehearsal"] is marked
        result = client.get(f"/api/v1/sessions/{of}/rounds/1/result").json()
        assert result["rehearsal_of"] == (code if marked else None)
        # The current round's ranking is made of the tally, another's of what is stored.
        for number in (1, 2):
            assert client.get(f"/api/v1/sessions/{of}/rounds/{number}/ranking").json()["rehearsal"] is marked
    assert feed(rehearsal, "tile.png").content != feed(code, "tile.png").content
    receipt = arena.phone(rehearsal)
    crew.do(rehearsal, "open", number=2)
    given = receipt.vote("red", number=2).json()["receipt"]
    assert client.get(f"/api/v1/sessions/{rehearsal}/receipts/{given}").json()["rehearsal"] is True


def test_it_counts_in_no_season_card_or_visit(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    rehearsal = rehearse(crew, code)
    play(arena, crew, rehearsal, "red", "red")
    season = "/api/v1/shows/pioneer-arena/seasons"
    made = crew.client.post(season, json={"season": "2026", "name": "二〇二六"})
    assert made.status_code == 201, made.text
    body = {"season": "2026", "make_people": True}
    problem(crew.client.put(f"/api/v1/sessions/{rehearsal}/season", json=body), 409, "conflict")
    assert crew.client.put(f"/api/v1/sessions/{code}/season", json=body).status_code == 200
    listed = crew.client.get(f"{season}/2026").json()["sessions"]
    assert [each["code"] for each in listed] == [code]
    for _ in range(2):
        card = arena.client().get("/api/v1/shows/pioneer-arena/card").json()
        figures = json.dumps(card)
        assert rehearsal not in figures
        assert (card["broadcasts"], card["votes"], card["likes"], card["views"]["unique"]) == (0, 0, 0, 0), figures
        crew.client.post(f"/api/v1/sessions/{rehearsal}/rounds/2/open")
    standings = arena.client().get(f"{season}/2026/standings").text
    assert rehearsal not in standings
    visit = {**ASKED, "contestant": "red"}
    asked = arena.client().post(f"/api/v1/sessions/{rehearsal}/visits", json=visit)
    assert "彩排" in problem(asked, 409, "conflict")["detail"]


def test_its_automations_are_copied_and_switched_off(service: Running) -> None:
    crew = service.crew()
    code = crew.make()
    action = {"kind": "http", "method": "POST", "url": "http://127.0.0.1:9/cue"}
    wanted = {"name": "提词器", "trigger": "round_opened", "action": action}
    path = f"/api/v1/sessions/{code}/automations"
    made = crew.client.post(path, json=wanted)
    assert made.status_code == 201, made.text
    rehearsal = rehearse(crew, code)
    (copied,) = crew.client.get(f"/api/v1/sessions/{rehearsal}/automations").json()["automations"]
    assert (copied["name"], copied["target"], copied["enabled"]) == ("提词器", "127.0.0.1:9", False)
    assert crew.client.get(path).json()["automations"][0]["enabled"] is True


def test_a_rehearsal_then_the_real_bout_which_began_at_zero(arena: Running, settings: Settings, tmp_path: Path) -> None:
    crew = arena.crew()
    code = crew.make()
    phone = arena.phone(code)
    before = rows(settings)
    rehearsal = rehearse(crew, code)
    sheet = crew.client.post(
        f"/api/v1/sessions/{rehearsal}/tickets", json={"channel": "web", "sheet": "彩排", "count": 3}
    )
    assert sheet.status_code in (201, 409, 422)
    crew.client.post("/api/v1/tokens", json={"role": "overlay", "name": "大屏", "session": rehearsal})
    play(arena, crew, rehearsal, "red", "red", "blue")
    rehearsed = export(arena, rehearsal)
    log = crew.client.get(f"/api/v1/sessions/{rehearsal}/audit/export").json()
    # What is real has nothing of it, while it is still there.
    assert crew.session(code)["status"] == "draft"
    assert crew.tally(code)["totals"] == {"likes": 0, "votes": 0}
    with Line.opened(arena.ws_url, rehearsal) as line:
        line.hear("tally")
        assert crew.client.delete(f"/api/v1/sessions/{code}/rehearsal").status_code == 204
        assert line.close_code() == 4404
    after = rows(settings)
    # Two entries of the real session's log, and nothing else anywhere.
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {"audit_entry": 2}
    problem(arena.client().get(f"/api/v1/sessions/{rehearsal}/tally"), 404, "session_not_found")
    problem(arena.client().post(f"/api/v1/sessions/{rehearsal}/join", json={}), 404, "session_not_found")
    assert crew.client.delete(f"/api/v1/sessions/{code}/rehearsal").status_code == 204
    actions = [each["action"] for each in crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]]
    assert actions == ["session_made", "rehearsal_made", "rehearsal_purged"]

    assert phone.me()["ballots"] == []
    play(arena, crew, code, "blue")
    real = export(arena, code)
    assert real["rehearsal_of"] is None
    assert "rehearsal_of" not in real["result"]
    assert (real["result"]["votes"], real["result"]["likes"]) == ({"red": 0, "blue": 1}, {"red": 9, "blue": 0})
    found = verify_ledger(real, real["result"]["digest"], real["key"])
    assert (found.problems, found.rehearsal_of) == ([], None)
    assert any("began at zero" in each.sentence for each in found.checks)
    real_log = crew.client.get(f"/api/v1/sessions/{code}/audit/export").json()
    checked = verify_audit(real_log, [real])
    assert (checked.problems, checked.rehearsal_of) == ([], None)
    assert any("opened at zero" in each.sentence for each in checked.checks)
    opened = next(each for each in real_log["entries"] if each["action"] == "open")
    assert opened["after"]["stood"] == {"ballots": 0, "likes": 0, "chain_head": CHAIN_START}

    assert verify_audit(log, [rehearsed]).rehearsal_of == code
    told = verified(tmp_path, rehearsed)
    assert told.exit_code == 3
    assert "This is a rehearsal" in told.stdout
    assert "彩排，不是结果" in told.stdout
    told = verified(tmp_path, real)
    assert told.exit_code == 0
    assert "彩排" not in told.stdout


def verified(directory: Path, document: dict[str, Any]) -> Any:
    file = directory / "round.json"
    file.write_text(json.dumps(document))
    return CliRunner().invoke(app, ["verify", str(file)])


@pytest.mark.parametrize("how", ["taken off", "taken off and the digest made anew", "renamed", "only the file says so"])
def test_a_rehearsals_export_is_not_passed_off_as_real(arena: Running, tmp_path: Path, how: str) -> None:
    crew = arena.crew()
    code = crew.make()
    rehearsal = rehearse(crew, code)
    play(arena, crew, rehearsal, "red")
    document = export(arena, rehearsal)
    assert verify_ledger(document).problems == []
    if how == "only the file says so":
        document["rehearsal_of"] = None
    else:
        document["rehearsal_of"] = None
        del document["result"]["rehearsal_of"]
    if how == "renamed":
        document["session"] = document["result"]["session"] = code
    if how != "taken off":
        figures = {key: each for key, each in document["result"].items() if key not in ("chain_head", "digest")}
        if how != "only the file says so":
            document["result"]["digest"] = fold(document["result"]["chain_head"], figures)
    found = verify_ledger(document)
    assert found.problems, "nothing was found"
    assert verified(tmp_path, document).exit_code == 1


def test_a_run_after_a_purge_never_gets_a_rehearsals_export(arena: Running) -> None:
    """SQLite gives the numbers of deleted runs away again; what is kept by them would be another's."""
    crew = arena.crew()
    rehearsal = rehearse(crew, crew.make())
    play(arena, crew, rehearsal, "red", "red")
    assert export(arena, rehearsal)["session"] == rehearsal
    crew.client.delete(f"/api/v1/sessions/{rehearsal}/rehearsal")
    code = crew.make()
    play(arena, crew, code, "blue")
    assert export(arena, code)["session"] == code
    assert export(arena, code)["result"]["votes"] == {"red": 0, "blue": 1}


def test_the_command_line_makes_and_purges_beside_the_service(
    arena: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = arena.crew()
    code = crew.make()
    for name, value in (("DATA_DIR", str(settings.data_dir)), ("DATABASE_URL", settings.database_url)):
        monkeypatch.setenv(f"ARENA_{name}", value)
    run = CliRunner()
    made = run.invoke(app, ["rehearsal", "make", code])
    rehearsal = made.stdout.strip()
    assert crew.session(rehearsal)["rehearsal_of"] == code
    assert run.invoke(app, ["rehearsal", "make", code.lower()]).stdout.strip() == rehearsal
    play(arena, crew, rehearsal, "red")
    with Line.opened(arena.ws_url, rehearsal) as line:
        line.hear("tally")
        purged = run.invoke(app, ["rehearsal", "purge", code])
        assert (purged.exit_code, rehearsal in purged.stdout) == (0, True)
        # The service finds out by itself.
        assert line.close_code() == 4404
    problem(arena.client().get(f"/api/v1/sessions/{rehearsal}"), 404, "session_not_found")
    assert "has no rehearsal" in run.invoke(app, ["rehearsal", "purge", code]).stdout
    assert run.invoke(app, ["rehearsal", "purge", "NOBODY"]).exit_code == 1


class TestCrowd:
    @pytest.fixture
    def rehearsal(self, arena: Running) -> str:
        if arena.app.state.arena.cluster is not None:
            pytest.skip("several processes start no crowds")
        crew = arena.crew("producer")
        return rehearse(crew, crew.make())

    def test_it_plays_until_it_is_stopped_and_one_at_a_time(self, arena: Running, rehearsal: str) -> None:
        crew = arena.crew()
        path = f"/api/v1/sessions/{rehearsal}/rehearsal/crowd"
        wanted = {"voters": 6, "race": "tied", "bursts": "spike", "seconds": 300, "channels": {"web": 1, "wechat": 1}}
        crew.do(rehearsal, "open")
        started = crew.client.put(path, json=wanted)
        assert started.status_code == 200, started.text
        crowd = started.json()["crowd"]
        assert (crowd["state"], crowd["voters"], crowd["race"]) == ("playing", 6, "tied")
        assert crowd["ends_at_ms"] - crowd["started_at_ms"] == 300_000
        assert crew.client.put(path, json=wanted).json()["crowd"] == crowd
        problem(crew.client.put(path, json={**wanted, "voters": 8}), 409, "conflict")
        eventually(lambda: crew.tally(rehearsal)["tally"]["turnout"] == 6, 60)
        crew.do(rehearsal, "lock", "reveal")
        tally = crew.tally(rehearsal)["tally"]
        assert [each["votes"] for each in tally["choices"]] == [3, 3]
        assert tally["tie"] is True
        stopped = crew.client.delete(path).json()["crowd"]
        assert stopped["state"] == "ended"

    def test_none_is_started_while_a_real_round_is_on_air(self, arena: Running, rehearsal: str) -> None:
        crew = arena.crew()
        path = f"/api/v1/sessions/{rehearsal}/rehearsal/crowd"
        real, poll = crew.make(), crew.make(kind="poll", rounds=[{"title": "人气投票"}])
        crew.do(real, "open")
        for phase in ("open", "paused"):
            said = problem(crew.client.put(path, json={"voters": 2}), 409, "conflict")["detail"]
            assert f"Round 1 of {real} is {phase}" in said
            assert f"arena rehearse {rehearsal}" in said
            crew.do(real, "pause" if phase == "open" else "resume")
        crew.do(real, "lock")
        # A poll is open for days, and a rehearsal's own round is what the crowd comes for.
        crew.do(poll, "open")
        crew.do(rehearsal, "open")
        started = crew.client.put(path, json={"voters": 2, "seconds": 300})
        assert started.status_code == 200, started.text
        # What plays already goes on, and a second press is no other crowd.
        crew.do(real, "open", number=2)
        assert crew.client.put(path, json={"voters": 2, "seconds": 300}).json()["crowd"] == started.json()["crowd"]

    def test_it_ends_with_the_rehearsal(self, arena: Running, rehearsal: str) -> None:
        crew = arena.crew()
        path = f"/api/v1/sessions/{rehearsal}/rehearsal"
        crew.client.put(f"{path}/crowd", json={"voters": 2, "seconds": 300})
        process = arena.app.state.crowds._crowds[rehearsal].process
        assert crew.client.delete(path).status_code == 204
        assert process.poll() is not None

    def test_it_never_plays_in_a_session_that_is_no_rehearsal(self, arena: Running, rehearsal: str) -> None:
        crew = arena.crew()
        code = crew.make()
        problem(crew.client.put(f"/api/v1/sessions/{code}/rehearsal/crowd"), 404, "rehearsal_not_found")
        told = CliRunner().invoke(app, ["rehearse", code, "--url", arena.base_url, "--seconds", "1"])
        assert told.exit_code == 1
        assert "No rehearsal could be made" in told.stderr

    def test_its_size_and_number_are_bounded(self, arena: Running, rehearsal: str) -> None:
        crew = arena.crew()
        path = f"/api/v1/sessions/{rehearsal}/rehearsal/crowd"
        for wrong in ({"voters": VOTERS_MAX + 1}, {"seconds": 100_000}, {"race": "none"}, {"channels": {"web": -1}}):
            problem(crew.client.put(path, json=wrong), 422, "invalid_request")
        problem(crew.client.put(path, json={"channels": {"none": 1}}), 409, "conflict")
        others = [rehearse(crew, crew.make()) for _ in range(CROWDS_MAX)]
        for each in others:
            started = crew.client.put(f"/api/v1/sessions/{each}/rehearsal/crowd", json={"voters": 2, "seconds": 300})
            assert started.status_code == 200, started.text
        problem(crew.client.put(path), 503, "overloaded")


def test_several_processes_send_the_crowd_to_the_command_line(start: Callable[..., Running]) -> None:
    service = start()
    service.app.state.crowds._alone = False
    crew = service.crew()
    rehearsal = rehearse(crew, crew.make())
    said = problem(crew.client.put(f"/api/v1/sessions/{rehearsal}/rehearsal/crowd"), 409, "conflict")
    assert f"arena rehearse {rehearsal}" in said["detail"]
