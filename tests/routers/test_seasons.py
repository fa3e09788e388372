"""Seasons: people, entries, promotion by hand and by rank, and the record of who moved whom."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.storage.engine import Database
from tests.conftest import Running
from tests.players import problem
from tests.routers.programme import ROOT, SEASON, Programme, programme_of


@pytest.fixture
def programme(arena: Running) -> Programme:
    return programme_of(arena)


def stages_of(programme: Programme, path: str = SEASON) -> dict[str, int]:
    return {each["stage"]: each["entries"] for each in programme.get(path)["stages"]}


def test_season_is_made_once_and_read_by_all(programme: Programme, arena: Running) -> None:
    again = programme.client.post(f"{ROOT}/seasons", json={"season": "2017", "name": "2017 年度"})
    assert again.status_code == 200
    problem(programme.client.post(f"{ROOT}/seasons", json={"season": "2017", "name": "另一季"}), 409, "conflict")
    season = programme.get(SEASON, arena.client())
    assert season | {"created_at_ms": 0} == {
        "show": {"slug": "pioneer-arena", "name": "先锋擂台"},
        "season": "2017",
        "name": "2017 年度",
        "public_stage": "preliminary",
        "formula": None,
        "created_at_ms": 0,
        "stages": [
            {"stage": "nominated", "name": "海选", "entries": 0},
            {"stage": "preliminary", "name": "预赛", "entries": 0},
            {"stage": "final", "name": "决赛", "entries": 0},
            {"stage": "withdrawn", "name": "退出", "entries": 0},
        ],
        "sessions": [],
    }
    assert [each["season"] for each in programme.get(f"{ROOT}/seasons", arena.client())["seasons"]] == ["2017"]


def test_season_changes_what_is_sent(programme: Programme) -> None:
    changed = programme.client.patch(SEASON, json={"formula": {"votes": 100, "likes": 1}, "public_stage": "final"})
    assert (changed.json()["formula"], changed.json()["public_stage"]) == ({"votes": 100, "likes": 1}, "final")
    changed = programme.client.patch(SEASON, json={"name": "首季"})
    assert (changed.json()["name"], changed.json()["formula"]) == ("首季", {"votes": 100, "likes": 1})
    assert programme.client.patch(SEASON, json={"formula": None}).json()["formula"] is None
    problem(programme.client.patch(SEASON, json={"formula": {"votes": 0}}), 422, "invalid_request")


def test_formula_that_names_one_worth_gives_the_other_none(programme: Programme, arena: Running) -> None:
    changed = programme.client.patch(SEASON, json={"formula": {"votes": 10}})
    assert (changed.status_code, changed.json()["formula"]) == (200, {"votes": 10, "likes": 0})
    assert programme.get(f"{SEASON}/standings", arena.client())["formula"] == {"votes": 10, "likes": 0}
    changed = programme.client.patch(SEASON, json={"formula": {"likes": 3}})
    assert changed.json()["formula"] == {"votes": 0, "likes": 3}


def test_formula_stored_with_one_worth_is_read_with_none_for_the_other(programme: Programme, arena: Running) -> None:
    database = Database(arena.app.state.arena.settings.url)
    with database.writer.begin() as connection:
        connection.execute(text("UPDATE season SET formula = '{\"votes\": 10}'"))
    database.close()
    whole = {"votes": 10, "likes": 0}
    assert programme.get(f"{ROOT}/seasons", arena.client())["seasons"][0]["formula"] == whole
    assert programme.get(f"{SEASON}/standings", arena.client())["formula"] == whole


def test_what_is_not_there_is_404(programme: Programme) -> None:
    client = programme.client
    problem(client.get("/api/v1/shows/no-such/seasons"), 404, "show_not_found")
    problem(client.get(f"{ROOT}/seasons/2016"), 404, "season_not_found")
    problem(client.get(f"{ROOT}/people/p9"), 404, "person_not_found")
    problem(client.post(f"{SEASON}/entries", json={"person": "p9"}), 404, "person_not_found")
    problem(client.get("/api/v1/shows/No_Such/seasons"), 422, "invalid_request")


def test_people_are_kept_with_all_that_is_known_of_them(programme: Programme) -> None:
    fields = {
        "key": "wangwei",
        "name": "王伟",
        "title": "党委副书记",
        "organisation": "澳洋医院",
        "sector": "民营医院",
        "portrait_url": "data:image/png;base64,iVBORw0KGgo=",
        "clip_url": "https://video.example/1.mp4",
        "slogan": "精准服务",
    }
    made = programme.post(f"{ROOT}/people", fields)
    assert made["portrait_url"].startswith("/api/v1/portraits/")
    assert made | {"portrait_url": ""} == {**fields, "portrait_url": ""}
    problem(programme.client.post(f"{ROOT}/people", json=fields), 409, "conflict")
    problem(programme.client.post(f"{ROOT}/people", json={"name": "x", "clip_url": "ftp://x"}), 422, "invalid_request")
    changed = programme.client.patch(f"{ROOT}/people/wangwei", json={"title": "党委书记"}).json()
    assert (changed["title"], changed["name"], changed["entries"], changed["sessions"]) == ("党委书记", "王伟", [], [])
    problem(programme.client.patch(f"{ROOT}/people/wangwei", json={}), 422, "invalid_request")


def test_people_are_found_by_a_piece_and_page_by_page(programme: Programme) -> None:
    for name in ("王伟", "王%", "杨玭"):
        programme.post(f"{ROOT}/people", {"name": name, "organisation": "百分_百"})
    assert [each["name"] for each in programme.get(f"{ROOT}/people", q="王")["people"]] == ["王伟", "王%"]
    assert [each["name"] for each in programme.get(f"{ROOT}/people", q="%")["people"]] == ["王%"]
    assert len(programme.get(f"{ROOT}/people", q="分_百")["people"]) == 3
    first = programme.get(f"{ROOT}/people", limit=2)
    assert [each["key"] for each in first["people"]] == ["p1", "p2"]
    second = programme.get(f"{ROOT}/people", limit=2, after=first["next"])
    assert ([each["key"] for each in second["people"]], second["next"]) == (["p3"], None)


def test_entering_again_changes_nothing(programme: Programme) -> None:
    (key,) = programme.enter("王伟", unit="卫健委")
    again = programme.client.post(f"{SEASON}/entries", json={"person": key, "unit": "另一单位"})
    assert (again.status_code, again.json()["unit"]) == (200, "卫健委")
    assert stages_of(programme)["nominated"] == 1
    assert programme.get(f"{ROOT}/people/{key}")["entries"] == [{"season": "2017", "stage": "nominated"}]


def test_button_that_bounces_makes_one_person(programme: Programme) -> None:
    fields = {"name": "王伟", "organisation": "澳洋医院", "portrait_url": "data:image/png;base64,iVBORw0KGgo="}
    assert programme.post(f"{ROOT}/people", fields) == programme.post(f"{ROOT}/people", fields)
    first = programme.client.post(f"{SEASON}/entries", json={"person": {"name": "杨玭"}})
    second = programme.client.post(f"{SEASON}/entries", json={"person": {"name": "杨玭"}})
    assert (first.status_code, second.status_code) == (201, 200)
    assert programme.post(f"{ROOT}/people", {**fields, "title": "另一位"})["key"] == "p3"
    assert len(programme.get(f"{ROOT}/people")["people"]) == 3


def test_public_sees_entries_from_the_public_stage_on(programme: Programme, arena: Running) -> None:
    a, b, c = programme.enter("甲", "乙", "丙")
    programme.post(f"{SEASON}/moves", {"people": [b], "to": "preliminary"}, 200)
    programme.post(f"{SEASON}/moves", {"people": [c], "to": "withdrawn", "reason": "本人申请"}, 200)
    stranger, crew = arena.client(), programme.client

    def seen(client: Any, **params: Any) -> list[str]:
        return [each["person"]["key"] for each in programme.get(f"{SEASON}/entries", client, **params)["entries"]]

    assert seen(stranger) == [b]
    assert seen(stranger, stage="nominated") == []
    assert seen(crew) == [a, b, c]
    assert seen(crew, stage="withdrawn") == [c]
    # A token for one session sees of the season what the public sees.
    code = programme.crew.make()
    token = programme.post("/api/v1/tokens", {"role": "producer", "session": code})["token"]
    assert seen(arena.client(token)) == [b]


def test_moves_by_hand_are_all_or_none_and_stand_in_the_record(programme: Programme) -> None:
    a, b = programme.enter("甲", "乙")
    refused = programme.client.post(f"{SEASON}/moves", json={"people": [a, "p9"], "to": "final"})
    assert problem(refused, 404, "person_not_found")["people"] == ["p9"]
    assert stages_of(programme)["final"] == 0
    moved = programme.post(f"{SEASON}/moves", {"people": [a, b, a], "to": "preliminary", "reason": "评委推荐"}, 200)
    assert ([each["person"]["key"] for each in moved["moved"]], moved["unchanged"]) == ([a, b], [])
    again = programme.post(f"{SEASON}/moves", {"people": [a, b], "to": "preliminary"}, 200)
    assert (again["moved"], again["unchanged"]) == ([], [a, b])
    refused = programme.client.post(f"{SEASON}/moves", json={"people": [a], "to": "nominated"})
    assert problem(refused, 422, "invalid_request")["people"] == [a]
    programme.post(f"{SEASON}/moves", {"people": [a], "to": "nominated", "reason": "误操作"}, 200)
    record = programme.get(f"{SEASON}/moves")["moves"]
    assert [(each["person"]["key"], each["from"], each["to"], each["reason"], each["by"]) for each in record] == [
        (a, None, "nominated", "", "test admin"),
        (b, None, "nominated", "", "test admin"),
        (a, "nominated", "preliminary", "评委推荐", "test admin"),
        (b, "nominated", "preliminary", "评委推荐", "test admin"),
        (a, "preliminary", "nominated", "误操作", "test admin"),
    ]
    assert {each["basis"]["kind"] for each in record} == {"hand"}
    page = programme.get(f"{SEASON}/moves", after=record[1]["id"], limit=2)
    assert ([each["id"] for each in page["moves"]], page["next"]) == (
        [each["id"] for each in record[2:4]],
        record[3]["id"],
    )


def test_record_can_only_be_added_to(programme: Programme, arena: Running) -> None:
    programme.enter("甲")
    database = Database(arena.app.state.arena.settings.url)
    for change in ("UPDATE move SET reason = 'x'", "DELETE FROM move"):
        with pytest.raises(DBAPIError, match="append only"), database.writer.begin() as connection:
            connection.execute(text(change))
    database.close()


def test_people_and_entries_are_bounded(programme: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    programme.enter("甲", "乙")
    monkeypatch.setattr("app.services.people.PEOPLE_MAX", 3)
    monkeypatch.setattr("app.services.seasons.ENTRIES_MAX", 2)
    programme.post(f"{ROOT}/people", {"name": "丙"})
    problem(programme.client.post(f"{ROOT}/people", json={"name": "丁"}), 409, "conflict")
    problem(programme.client.post(f"{SEASON}/entries", json={"person": "p3"}), 409, "conflict")
    problem(programme.client.post(f"{SEASON}/import", content="姓名\n戊".encode()), 409, "conflict")


def test_acts_stand_in_the_audit_log(programme: Programme) -> None:
    (key,) = programme.enter("甲")
    programme.post(f"{SEASON}/moves", {"people": [key], "to": "final"}, 200)
    programme.client.patch(SEASON, json={"name": "首季"})
    actions = [each["action"] for each in programme.audit()]
    assert [each for each in actions if not each.startswith("token")] == [
        "show_made", "season_made", "person_made", "entered", "moved", "season_changed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{ROOT}/seasons", {"season": "2018", "name": "x"}),
        ("PATCH", SEASON, {"name": "x"}),
        ("POST", f"{ROOT}/people", {"name": "x"}),
        ("POST", f"{SEASON}/entries", {"person": {"name": "x"}}),
        ("POST", f"{SEASON}/moves", {"people": ["p1"], "to": "final"}),
        ("POST", f"{SEASON}/moves/by-rank", {"session": "ABCD", "top": 1, "to": "final"}),
        ("POST", f"{SEASON}/gala", {"stage": "final"}),
        ("POST", f"{SEASON}/import", {}),
        ("PUT", f"{ROOT}/card/formula", {"stars": []}),
        ("DELETE", f"{ROOT}/card/formula", {}),
    ],
)
def test_only_who_edits_may_change_a_season(arena: Running, method: str, path: str, body: dict[str, Any]) -> None:
    programme_of(arena)
    if "formula" in path and method == "PUT":
        body = {"stars": [{"key": "x", "name": "x", "measure": "likes", "thresholds": [1, 2, 3, 4, 5]}]}
    for role in ("director", "scrutineer", "overlay"):
        problem(arena.client(arena.tokens[role]).request(method, path, json=body), 403, "wrong_role")
    problem(arena.client().request(method, path, json=body), 401, "token_missing")


def test_only_the_crew_reads_people_and_the_record(programme: Programme, arena: Running) -> None:
    programme.enter("甲")
    for path in (f"{ROOT}/people", f"{ROOT}/people/p1", f"{SEASON}/moves"):
        problem(arena.client().get(path), 401, "token_missing")
        assert arena.client(arena.tokens["overlay"]).get(path).status_code == 200


# By rank


def ranked_gala(programme: Programme, votes: dict[str, int], **rules: Any) -> str:
    """Play a gala of three who are entered."""
    names = ("甲", "乙", "丙")
    code = programme.session(*names, rounds=[rules])
    programme.put(code, make_people=True)
    for row in programme.get(f"/api/v1/sessions/{code}/season")["people"]:
        programme.client.post(f"{SEASON}/entries", json={"person": row["person"]["key"]})
    programme.play(code, votes)
    return code


def by_rank(programme: Programme, code: str, **fields: Any) -> Any:
    return programme.client.post(f"{SEASON}/moves/by-rank", json={"session": code, "to": "final", **fields})


def test_first_of_a_round_are_moved_with_the_ground_of_it(programme: Programme) -> None:
    code = ranked_gala(programme, {"c1": 1, "c2": 3, "c3": 0})
    moved = by_rank(programme, code.lower(), top=2).json()
    assert [(each["rank"], each["figure"], each["moved"]) for each in moved["ranking"]] == [(1, 3, True), (2, 1, True)]
    assert [each["person"]["name"] for each in moved["moved"]] == ["乙", "甲"]
    record = programme.get(f"{SEASON}/moves")["moves"][-2:]
    digest = programme.get(f"/api/v1/sessions/{code}/rounds/1/result")["digest"]
    assert record[0]["basis"] == {
        "kind": "rank", "session": code, "round": 1, "run": 1, "by": "votes", "rank": 1, "figure": 3, "digest": digest,
    }  # fmt: skip
    again = by_rank(programme, code, top=2).json()
    assert (again["moved"], len(again["unchanged"])) == ([], 2)
    assert len(programme.get(f"{SEASON}/moves")["moves"]) == 5


def test_cut_into_a_tie_is_refused_until_somebody_says(programme: Programme) -> None:
    code = ranked_gala(programme, {"c1": 2, "c2": 1, "c3": 1})
    refused = problem(by_rank(programme, code, top=2), 409, "tie_at_the_cut")
    assert (refused["rank"], len(refused["tied"])) == (2, 2)
    assert len(by_rank(programme, code, top=2, ties="none").json()["moved"]) == 1
    assert len(by_rank(programme, code, top=2, ties="all").json()["moved"]) == 2


def test_round_must_be_counted_and_its_seal_broken(programme: Programme) -> None:
    code = programme.session("甲", "乙", "丙", rounds=[{"sealed": True}])
    programme.put(code, make_people=True)
    programme.enter("x")
    problem(by_rank(programme, code, top=1), 409, "not_locked")
    programme.crew.do(code, "open")
    problem(by_rank(programme, code, top=1, round=1), 409, "not_locked")
    programme.crew.do(code, "lock")
    problem(by_rank(programme, code, top=1), 409, "not_certified")
    problem(by_rank(programme, code, top=1, round=7), 404, "round_not_found")
    problem(by_rank(programme, code, top=1, by="score", round=1), 409, "not_certified")


def test_void_round_moves_nobody(programme: Programme) -> None:
    code = ranked_gala(programme, {"c1": 1})
    programme.crew.say(code, "void", reason="试播")
    problem(by_rank(programme, code, top=1, round=1), 409, "not_locked")


def test_session_of_another_season_or_a_stranger_moves_nobody(programme: Programme) -> None:
    code = programme.session("甲", "乙", "丙")
    problem(by_rank(programme, code, top=1), 409, "conflict")
    programme.put(code)
    programme.play(code, {"c1": 1})
    assert problem(by_rank(programme, code, top=1), 409, "conflict")["contestants"] == ["c1", "c2", "c3"]
    problem(by_rank(programme, "NOSUCH", top=1), 404, "session_not_found")


def test_option_that_bears_a_contestants_key_moves_nobody(programme: Programme) -> None:
    choices = [{"key": "c1", "name": "甲"}, {"key": "c2", "name": "弃权"}]
    code = ranked_gala(programme, {"c2": 2, "c1": 1}, choices=choices)
    assert problem(by_rank(programme, code, top=1, round=1), 409, "conflict")["contestants"] == ["c2"]
    assert stages_of(programme)["final"] == 0


def test_who_is_not_entered_is_told(programme: Programme) -> None:
    code = programme.session("甲", "乙", "丙")
    programme.put(code, make_people=True)
    programme.play(code, {"c1": 1})
    problem(by_rank(programme, code, top=1), 404, "person_not_found")


def test_score_ranks_where_channels_have_weights(programme: Programme, arena: Running) -> None:
    channels = [{"key": "web", "name": "网页", "weight": 40}, {"key": "panel", "name": "评审", "weight": 60}]
    code = programme.session("甲", "乙", "丙", channels=channels)
    programme.put(code, make_people=True)
    for row in programme.get(f"/api/v1/sessions/{code}/season")["people"]:
        programme.client.post(f"{SEASON}/entries", json={"person": row["person"]["key"]})
    programme.crew.do(code, "open")
    for channel, key in (("web", "c1"), ("web", "c1"), ("panel", "c2")):
        assert arena.phone(code, channel).vote(key).status_code == 200
    programme.crew.do(code, "lock")
    ranking = by_rank(programme, code, top=1, by="score").json()["ranking"]
    assert [(each["rank"], each["figure"]) for each in ranking] == [(1, 6_000)]
    code = ranked_gala(programme, {"c1": 1})
    problem(by_rank(programme, code, top=1, by="score"), 409, "conflict")
