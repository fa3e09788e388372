"""The session of a season: who its contestants are, who says so, and how it leaves again."""

from typing import Any

import pytest

from tests.conftest import Running
from tests.players import problem
from tests.routers.programme import ROOT, SEASON, Programme, programme_of


@pytest.fixture
def programme(arena: Running) -> Programme:
    return programme_of(arena)


def test_session_is_tied_to_people_by_name_and_organisation(programme: Programme, arena: Running) -> None:
    programme.post(f"{ROOT}/people", {"key": "wang", "name": "王伟", "organisation": "王伟的单位"})
    programme.post(f"{ROOT}/people", {"key": "other", "name": "杨玭", "organisation": "别处"})
    code = programme.session("王伟", "杨玭")

    def tied(document: dict[str, Any]) -> list[str | None]:
        return [each["person"] and each["person"]["key"] for each in document["people"]]

    assert tied(programme.put(code)) == ["wang", None]
    assert tied(programme.put(code, people={"blue": "other"})) == ["wang", "other"]
    assert tied(programme.put(code, make_people=True)) == ["wang", "p1"]
    assert programme.get(f"{ROOT}/people/wang")["sessions"] == [{"code": code, "contestant": "red"}]
    # Of a draft the public is told nothing.
    path = f"/api/v1/sessions/{code}/season"
    assert programme.get(path, arena.client())["season"] is None
    assert programme.get(SEASON, arena.client())["sessions"] == []
    assert [each["code"] for each in programme.get(SEASON)["sessions"]] == [code]
    programme.crew.do(code, "open")
    assert programme.get(path, arena.client())["season"] == {"season": "2017", "name": "2017 年度"}
    refused = programme.client.put(path, json={"season": "2017", "people": {"green": "wang"}})
    problem(refused, 422, "invalid_request")
    problem(programme.client.put(path, json={"season": "2017", "people": {"red": "nobody"}}), 404, "person_not_found")
    problem(programme.client.put(path, json={"season": "2016"}), 404, "season_not_found")
    problem(programme.client.put(path, json={"season": "2017", "show": "another"}), 409, "conflict")
    problem(programme.client.put(path, json={"season": "2017", "winner": "green"}), 422, "invalid_request")


def test_token_for_one_session_ties_and_makes_no_people_of_the_show(programme: Programme, arena: Running) -> None:
    (key,) = programme.enter("未公开候选人")
    code = programme.session("王伟", "杨玭")
    token = programme.post("/api/v1/tokens", {"role": "producer", "session": code})["token"]
    guest, path = arena.client(token), f"/api/v1/sessions/{code}/season"
    for fields in ({"people": {"red": key}}, {"make_people": True}):
        refused = problem(guest.put(path, json={"season": "2017", **fields}), 403, "wrong_session")
        assert refused["detail"] == "This token is for one session; ask for one that covers all sessions."
    assert programme.get(path)["season"] is None
    assert [each["key"] for each in programme.get(f"{ROOT}/people")["people"]] == [key]
    # It says who won, and leaves who they are as it stands, also where a name would tie them to somebody.
    programme.post(f"{ROOT}/people", {"name": "杨玭", "organisation": "杨玭的单位"})
    said = guest.put(path, json={"season": "2017", "winner": "red"}).json()
    assert (said["season"]["season"], [each["person"] for each in said["people"]]) == ("2017", [None, None])
    programme.put(code, people={"red": key})
    said = guest.put(path, json={"season": "2017", "winner": "red"}).json()
    assert [each["person"] and each["person"]["name"] for each in said["people"]] == ["未公开候选人", "杨玭"]


def test_one_person_is_not_both_contestants(programme: Programme) -> None:
    programme.post(f"{ROOT}/people", {"key": "wang", "name": "王伟", "organisation": "王伟的单位"})
    programme.post(f"{ROOT}/people", {"key": "yang", "name": "杨玭"})
    code = programme.session("王伟", "杨玭")
    path = f"/api/v1/sessions/{code}/season"
    # Named for both, and named for one where the other is it by name and organisation.
    for people in ({"red": "wang", "blue": "wang"}, {"blue": "wang"}):
        refused = programme.client.put(path, json={"season": "2017", "people": people, "make_people": True})
        assert problem(refused, 422, "invalid_request")["contestants"] == ["red", "blue"]
        assert programme.get(path)["season"] is None
    assert programme.put(code, people={"blue": "yang"})["people"][1]["person"]["key"] == "yang"
    twins = programme.session("王伟", "王伟")
    refused = programme.client.put(f"/api/v1/sessions/{twins}/season", json={"season": "2017", "make_people": True})
    problem(refused, 422, "invalid_request")


def test_tie_holds_as_long_as_the_contestant_keeps_the_name(programme: Programme) -> None:
    code = programme.session("王伟", "杨玭")
    programme.put(code, make_people=True)
    contestants = [{"name": "李娜"}, {"name": "杨玭", "organisation": "杨玭的单位"}]
    assert programme.client.patch(f"/api/v1/sessions/{code}", json={"contestants": contestants}).status_code == 200
    people = programme.get(f"/api/v1/sessions/{code}/season")["people"]
    assert people[0]["person"] is None
    assert people[1]["person"]["name"] == "杨玭"


def test_session_leaves_its_season(programme: Programme) -> None:
    code = programme.session("王伟", "杨玭")
    programme.put(code, make_people=True)
    for _ in range(2):
        assert programme.client.delete(f"/api/v1/sessions/{code}/season").status_code == 204
    assert programme.get(f"/api/v1/sessions/{code}/season")["season"] is None
    entries = programme.get(f"/api/v1/sessions/{code}/audit")["entries"]
    assert [each["action"] for each in entries] == ["session_made", "session_in_season", "session_out_of_season"]


def test_putting_the_same_again_is_no_act(programme: Programme) -> None:
    code = programme.session("王伟", "杨玭")
    for _ in range(2):
        programme.put(code, make_people=True, stage="final")
    entries = programme.get(f"/api/v1/sessions/{code}/audit")["entries"]
    assert [each["action"] for each in entries] == ["session_made", "session_in_season"]
