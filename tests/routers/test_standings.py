"""Standings, the holder's run, galas and rankings: what is counted, and that nothing hidden is."""

from typing import Any

import pytest

from tests.conftest import Running
from tests.players import Phone, eventually, problem
from tests.routers.programme import ROOT, SEASON, Programme, board, programme_of


@pytest.fixture
def programme(arena: Running) -> Programme:
    return programme_of(arena)


def name_of(document: dict[str, Any], key: str | None) -> str | None:
    return None if key is None else document["people"][key]["name"]


def test_boards_count_votes_and_likes_apart_and_share_ranks(programme: Programme) -> None:
    programme.bout(("王伟", "杨玭"), (3, 1), (40, 90), number=1)
    programme.bout(("王伟", "李娜"), (2, 1), (7, 0), number=2)
    programme.bout(("陈勇", "赵敏"), (5, 0), number=3)
    standings = programme.standings()
    assert board(standings, "votes") == [(1, "王伟", 5), (1, "陈勇", 5), (3, "杨玭", 1), (3, "李娜", 1)]
    assert board(standings, "likes") == [(1, "杨玭", 90), (2, "王伟", 47)]
    assert board(standings, "wins") == [(1, "王伟", 2), (2, "陈勇", 1)]
    assert (standings["boards"]["score"], standings["formula_text"]) == (None, "")
    assert [name_of(standings, key) for key in standings["most_voted"]] == ["王伟", "陈勇"]
    assert [name_of(standings, key) for key in standings["most_liked"]] == ["杨玭"]
    assert standings["sessions"] == 3


def test_score_adds_votes_and_likes_only_by_a_formula(programme: Programme) -> None:
    programme.bout(("王伟", "杨玭"), (3, 1), (40, 90))
    programme.client.patch(SEASON, json={"formula": {"votes": 10, "likes": 1}})
    standings = programme.standings()
    assert board(standings, "score") == [(1, "杨玭", 100), (2, "王伟", 70)]
    assert standings["formula_text"] == "score = 10 × votes + 1 × likes"


def test_holder_keeps_the_arena_until_beaten(programme: Programme) -> None:
    first = programme.bout(("王伟", "杨玭"), (3, 1), number=1)
    programme.bout(("李娜", "王伟"), (1, 4), number=2)
    programme.bout(("王伟", "陈勇"), (2, 2), number=3)
    last = programme.bout(("王伟", "赵敏"), (1, 2), number=4)
    standings = programme.standings()
    arena = standings["arena"]
    assert [(name_of(standings, each["holder"]), each["run"], each["defended"]) for each in arena["bouts"]] == [
        ("王伟", 1, False), ("王伟", 2, True), ("王伟", 2, True), ("赵敏", 1, False),
    ]  # fmt: skip
    assert [each["tie"] for each in arena["bouts"]] == [False, False, True, False]
    assert (name_of(standings, arena["holder"]), arena["run"], arena["since"]["code"]) == ("赵敏", 1, last)
    assert (name_of(standings, arena["longest"]["person"]), arena["longest"]["run"]) == ("王伟", 2)
    assert (arena["longest"]["from"]["code"], arena["longest"]["to"]["number"]) == (first, 2)
    assert [each["margin_text"] for each in standings["closest"]] == ["0.00%"]


def test_crew_alone_says_who_won_where_the_audience_does_not_decide(programme: Programme, arena: Running) -> None:
    code = programme.bout(("王伟", "杨玭"), (3, 1), deciding=False)
    path = f"/api/v1/sessions/{code}/season"
    for client in (programme.client, arena.client()):
        season = programme.get(path, client)
        assert (season["winner"], season["decided_by"]) == (None, None)
        standings = programme.standings(client)
        assert (standings["arena"]["holder"], standings["arena"]["bouts"]) == (None, [])
        assert (standings["boards"]["wins"], standings["closest"]) == ([], [])
        assert board(standings, "votes") == [(1, "王伟", 3), (2, "杨玭", 1)]
    assert programme.get(SEASON)["sessions"][0]["winner"] is None
    said = programme.put(code, make_people=True, winner="blue")
    assert (said["winner"], said["decided_by"]) == ("blue", "crew")
    bout = programme.standings(arena.client())["arena"]["bouts"][0]
    assert bout["decided_by"] == "crew"
    assert bout["winner"] == bout["blue"]
    assert name_of(programme.standings(), programme.standings()["arena"]["holder"]) == "杨玭"
    assert programme.get(SEASON)["sessions"][0]["winner"] == "blue"


def test_what_the_crew_says_goes_before_the_votes(programme: Programme, arena: Running) -> None:
    code = programme.bout(("王伟", "杨玭"), (3, 1))
    season = programme.get(f"/api/v1/sessions/{code}/season", arena.client())
    assert (season["winner"], season["decided_by"]) == ("red", "audience")
    said = programme.put(code, make_people=True, winner="tie")
    assert (said["winner"], said["decided_by"]) == ("tie", "crew")


HIDDEN = [
    ({"visibility": "on_reveal"}, ("lock",)),
    ({"visibility": "live", "sealed": True}, ("lock",)),
    ({"visibility": "live"}, ()),
    ({"visibility": "live"}, ("lock", "void")),
    ({"visibility": "live"}, ("lock", "rerun")),
]


@pytest.mark.parametrize(("rules", "commands"), HIDDEN, ids=["hidden", "sealed", "open", "void", "rerun"])
def test_public_is_told_nothing_that_it_may_not_see(
    programme: Programme, arena: Running, rules: dict[str, Any], commands: tuple[str, ...]
) -> None:
    code = programme.session("王伟", "杨玭", rounds=[rules])
    programme.put(code, make_people=True)
    programme.crew.do(code, "open")
    assert arena.phone(code).vote("red").status_code == 200
    assert arena.phone(code).like(1, red=20).status_code == 200
    for command in commands:
        assert programme.crew.say(code, command, reason="试播").status_code == 200
    standings = programme.standings(arena.client())
    assert standings["view"] == "public"
    assert (standings["sessions"], standings["records"], standings["people"]) == (0, [], {})
    assert standings["boards"] == {"votes": [], "likes": [], "wins": [], "score": None}
    assert (standings["arena"]["bouts"], standings["closest"], standings["untied"]) == ([], [], [])
    assert programme.get(SEASON, arena.client())["sessions"][0]["winner"] is None
    assert programme.get(f"/api/v1/sessions/{code}/season", arena.client())["winner"] is None
    card = programme.get(f"{ROOT}/card", arena.client())
    assert (card["likes"], card["votes"]) == (0, 0)
    # The producer may see a count that is only hidden from the public, and nobody a sealed one.
    seen = programme.standings()["sessions"]
    assert seen == (1 if rules == {"visibility": "on_reveal"} else 0)


def test_bout_is_told_as_won_only_when_nothing_of_it_is_left(programme: Programme, arena: Running) -> None:
    code = programme.session("王伟", "杨玭", rounds=[{}, {"visibility": "on_reveal"}, {}])
    programme.put(code, make_people=True)
    stranger = arena.client()
    programme.play(code, {"red": 2, "blue": 1})
    programme.crew.do(code, "reveal")
    programme.play(code, {"blue": 3}, number=2)
    assert board(programme.standings(stranger), "votes") == [(1, "王伟", 2), (2, "杨玭", 1)]
    assert programme.standings(stranger)["arena"]["bouts"] == []
    programme.crew.do(code, "reveal", number=2)
    assert programme.standings(stranger)["arena"]["bouts"] == []
    # The third round stays a draft; the end of the session says that it will not be played.
    programme.end(code)
    standings = programme.standings(stranger)
    assert name_of(standings, standings["arena"]["holder"]) == "杨玭"


def test_correction_changes_the_standings(programme: Programme, arena: Running) -> None:
    code = programme.session("王伟", "杨玭")
    programme.put(code, make_people=True)
    programme.crew.do(code, "open")
    for channel, key in (("web", "red"), ("web", "red"), ("wechat", "blue")):
        assert arena.phone(code, channel).vote(key).status_code == 200
    programme.crew.do(code, "lock", "reveal")
    assert board(programme.standings(), "votes") == [(1, "王伟", 2), (2, "杨玭", 1)]
    path = f"/api/v1/sessions/{code}/rounds/1/corrections"
    proposal = programme.post(path, {"kind": "void_channel", "subject": "web", "reason": "刷票"})
    confirm = f"{path}/{proposal['id']}/confirm"
    assert arena.client(arena.tokens["scrutineer"]).post(confirm).status_code == 200
    assert board(programme.standings(), "votes") == [(1, "杨玭", 1)]


def test_who_is_tied_to_nobody_is_listed_for_the_crew(programme: Programme, arena: Running) -> None:
    code = programme.session("王伟", "杨玭")
    programme.put(code)
    programme.play(code, {"red": 1})
    assert programme.standings()["untied"] == [
        {"session": code, "contestant": "red", "name": "王伟"},
        {"session": code, "contestant": "blue", "name": "杨玭"},
    ]
    assert programme.standings(arena.client())["untied"] == []


def test_polls_own_options_are_nobodys_votes(programme: Programme) -> None:
    choices = [{"key": "c1", "name": "同意"}, {"key": "c2", "name": "不同意"}]
    code = programme.session("王伟", "杨玭", "李娜", kind="poll", rounds=[{"choices": choices}])
    programme.put(code, make_people=True)
    programme.play(code, {"c1": 2})
    assert board(programme.standings(), "votes") == []


def test_options_that_bear_contestants_keys_win_no_bout(programme: Programme) -> None:
    question = {"choices": [{"key": "red", "name": "赞成"}, {"key": "blue", "name": "反对"}]}
    code = programme.session("王伟", "杨玭", rounds=[{}, question])
    programme.put(code, make_people=True)
    programme.play(code, {"red": 1, "blue": 1})
    programme.play(code, {"blue": 2}, number=2)
    standings = programme.standings()
    assert [(each["winner"], each["tie"]) for each in standings["arena"]["bouts"]] == [(None, True)]
    assert (standings["arena"]["holder"], board(standings, "wins")) == (None, [])


def test_standings_are_cached_by_their_content(programme: Programme, arena: Running) -> None:
    programme.bout(("王伟", "杨玭"), (1, 0))
    client = arena.client()
    first = client.get(f"{SEASON}/standings")
    assert first.headers["cache-control"] == "public, max-age=5"
    same = client.get(f"{SEASON}/standings", headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    programme.bout(("王伟", "李娜"), (1, 0))
    other = client.get(f"{SEASON}/standings", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    staff = programme.client.get(f"{SEASON}/standings")
    assert staff.headers["cache-control"] == "private, no-cache"


# Gala


def gala(programme: Programme, **fields: Any) -> dict[str, Any]:
    return programme.post(f"{SEASON}/gala", {"stage": "final", **fields})


def test_gala_gives_each_a_window_and_ends_with_the_ballot(programme: Programme, arena: Running) -> None:
    keys = programme.enter("甲", "乙", "丙", stage="final", unit="某区")
    session = gala(
        programme,
        title="总决赛",
        order=[keys[2], keys[0], keys[1]],
        window={"duration_ms": 60_000, "question": "为他点亮"},
        final={"choices_max": 2},
        channels=[{"key": "web", "weight": 40}, {"key": "panel", "identity": "ticket", "weight": 60}],
    )
    assert (session["kind"], session["title"], session["status"]) == ("gala", "总决赛", "draft")
    assert [(each["key"], each["name"]) for each in session["contestants"]] == [
        ("c1", "丙"),
        ("c2", "甲"),
        ("c3", "乙"),
    ]
    windows, final = session["rounds"][:3], session["rounds"][3]
    assert [each["title"] for each in windows] == ["丙", "甲", "乙"]
    assert windows[0]["choices"] == [{"key": "c1", "name": "丙"}, {"key": "pass", "name": "再看看"}]
    assert (windows[0]["duration_ms"], windows[0]["question"]) == (60_000, "为他点亮")
    assert [each["key"] for each in final["choices"]] == ["c1", "c2", "c3"]
    assert (final["visibility"], final["choices_max"]) == ("on_reveal", 2)
    code = session["code"]
    season = programme.get(f"/api/v1/sessions/{code}/season")
    assert (season["season"]["season"], season["stage"]) == ("2017", "final")
    assert [each["person"]["key"] for each in season["people"]] == [keys[2], keys[0], keys[1]]
    # One after another on stage, then the ballot.
    programme.play(code, {"c1": 2, "pass": 1}, {"c1": 30})
    programme.play(code, {"c2": 1}, {"c2": 50}, number=2)
    programme.play(code, {"c3": 1, "c1": 1}, number=4)
    programme.crew.do(code, "reveal", number=4)
    standings = programme.standings(arena.client())
    assert board(standings, "votes") == [(1, "丙", 3), (2, "甲", 1), (2, "乙", 1)]
    assert board(standings, "likes") == [(1, "甲", 50), (2, "丙", 30)]
    assert standings["arena"]["bouts"] == []


def test_gala_of_64_fits_and_of_65_or_one_does_not(programme: Programme) -> None:
    programme.enter("甲", stage="final")
    problem(programme.client.post(f"{SEASON}/gala", json={"stage": "final"}), 422, "invalid_session")
    rows = "\n".join(["姓名", *(f"第{i}人" for i in range(64))])
    assert programme.client.post(f"{SEASON}/import", content=rows.encode()).status_code == 200
    names = [each["person"]["key"] for each in programme.get(f"{SEASON}/entries", stage="nominated")["entries"]]
    programme.post(f"{SEASON}/moves", {"people": names[:63], "to": "final"}, 200)
    session = gala(programme)
    assert (len(session["contestants"]), len(session["rounds"])) == (64, 65)
    programme.post(f"{SEASON}/moves", {"people": names[63:], "to": "final"}, 200)
    problem(programme.client.post(f"{SEASON}/gala", json={"stage": "final"}), 422, "invalid_session")


def test_gala_that_is_refused_leaves_nothing(programme: Programme) -> None:
    keys = programme.enter("甲", "乙", stage="final")
    path = f"{SEASON}/gala"
    for order in ([keys[0], "p9"], [keys[0], keys[0]]):
        problem(programme.client.post(path, json={"stage": "final", "order": order}), 422, "invalid_session")
    gala(programme, code="GALA6")
    problem(programme.client.post(path, json={"stage": "final", "code": "gala6"}), 409, "code_taken")
    refused = programme.client.post(path, json={"stage": "final", "final": {"choices_max": 3}})
    problem(refused, 422, "invalid_session")
    assert len(programme.get(SEASON)["sessions"]) == 1
    assert len(programme.get("/api/v1/sessions")["sessions"]) == 1


# Ranking of a round


def ranking(programme: Programme, code: str, client: Any = None, number: int = 1) -> dict[str, Any]:
    return programme.get(f"/api/v1/sessions/{code}/rounds/{number}/ranking", client)


def _of(document: dict[str, Any], **fields: Any) -> dict[str, Any] | None:
    """Return a document that has these fields: among several processes it may be a tick behind."""
    return document if fields.items() <= document.items() else None


def test_ranking_of_a_poll_is_live_and_shares_ranks(programme: Programme, arena: Running) -> None:
    code = programme.session("甲", "乙", "丙", "丁", kind="poll", rounds=[{"votes_per_day": 3}])
    programme.crew.do(code, "open")
    phone = arena.phone(code)
    for nonce, key in (("1", "c3"), ("2", "c3"), ("3", "c2")):
        assert phone.vote(key, nonce=nonce).status_code == 200
    problem(phone.vote("c1", nonce="4"), 409, "no_votes_left")
    assert arena.phone(code).vote("c4").status_code == 200
    seen = eventually(lambda: _of(ranking(programme, code, arena.client()), votes=4))
    assert [(each["rank"], each["key"], each["votes"]) for each in seen["rows"]] == [
        (1, "c3", 2), (2, "c2", 1), (2, "c4", 1), (4, "c1", 0),
    ]  # fmt: skip
    assert (seen["visible"], seen["votes"], seen["turnout"], seen["votes_per_day"]) == (True, 4, 2, 3)
    assert (seen["rows"][0]["organisation"], seen["rows"][0]["pct"]) == ("丙的单位", 50)


def test_hidden_ranking_shows_nothing_before_the_reveal(programme: Programme, arena: Running) -> None:
    code = programme.session("甲", "乙", "丙", kind="poll", rounds=[{"visibility": "on_reveal"}])
    programme.play(code, {"c3": 2})
    seen = eventually(lambda: _of(ranking(programme, code, arena.client()), phase="locked"))
    assert (seen["visible"], seen["votes"], seen["turnout"]) == (False, 0, 2)
    assert [(each["rank"], each["key"], each["votes"]) for each in seen["rows"]] == [
        (0, "c1", 0), (0, "c2", 0), (0, "c3", 0),
    ]  # fmt: skip
    assert ranking(programme, code)["rows"][0]["key"] == "c3"
    programme.crew.do(code, "reveal")
    seen = eventually(lambda: _of(ranking(programme, code, arena.client()), phase="revealed"))
    assert seen["rows"][0]["key"] == "c3"


def test_voter_sees_the_ranking_after_the_vote(programme: Programme, arena: Running) -> None:
    code = programme.session("甲", "乙", "丙", kind="poll", rounds=[{"visibility": "after_vote"}])
    programme.crew.do(code, "open")
    phone: Phone = arena.phone(code)
    assert not ranking(programme, code, phone.client)["visible"]
    assert phone.vote("c2").status_code == 200
    seen = eventually(lambda: _of(ranking(programme, code, phone.client), votes=1))
    assert seen["rows"][0]["key"] == "c2"
    assert not ranking(programme, code, arena.client())["visible"]


def test_ranking_of_an_earlier_round_comes_from_its_result(programme: Programme, arena: Running) -> None:
    code = programme.session("甲", "乙", "丙", rounds=[{}, {"visibility": "on_reveal"}, {}])
    programme.play(code, {"c2": 1})
    programme.play(code, {"c3": 1}, number=2)
    programme.crew.do(code, "open", number=3)
    stranger = arena.client()
    assert ranking(programme, code, stranger)["rows"][0]["key"] == "c2"
    assert not ranking(programme, code, stranger, 2)["visible"]
    programme.crew.say(code, "void", reason="试播")
    assert not ranking(programme, code, stranger)["visible"]
    problem(stranger.get(f"/api/v1/sessions/{code}/rounds/9/ranking"), 404, "round_not_found")


def test_ranking_is_cached_by_what_it_says(programme: Programme, arena: Running) -> None:
    code = programme.session("甲", "乙", kind="poll", rounds=[{}])
    programme.crew.do(code, "open")
    client = arena.client()
    path = f"/api/v1/sessions/{code}/rounds/1/ranking"
    eventually(lambda: ranking(programme, code, client)["phase"] == "open")
    first = client.get(path)
    # A new face in the audience is a new tally, and the same ranking.
    arena.phone(code).tally()
    assert client.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    assert client.head(path).headers["etag"] == first.headers["etag"]
    assert arena.phone(code).vote("c1").status_code == 200
    headers = {"If-None-Match": first.headers["etag"]}
    eventually(lambda: client.get(path, headers=headers).status_code == 200)


def test_equal_scores_share_a_rank_though_their_shown_figures_differ(programme: Programme, arena: Running) -> None:
    channels = [{"key": "web", "name": "网页", "weight": 100}]
    code = programme.session("甲", "乙", "丙", channels=channels)
    programme.play(code, {"c1": 1, "c2": 1, "c3": 1})
    rows = eventually(lambda: _of(ranking(programme, code, arena.client()), votes=3))["rows"]
    assert [each["rank"] for each in rows] == [1, 1, 1]
    assert [each["score_text"] for each in rows] == ["33.34", "33.33", "33.33"]
