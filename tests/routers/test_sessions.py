"""Sessions as a producer makes them, edits them, lists them and ends them."""

import base64
import re
from typing import Any

import pytest

from app.schemas.session import SessionDocument
from tests.conftest import FakeClock, Running
from tests.players import counted, eventually, problem

FIRST_BOUT = {
    "show": "pioneer-arena",
    "number": 1,
    "title": "先锋擂台 第1期",
    "topic": "精准服务：让群众有更多获得感",
    "kind": "pk",
    "starts_at_ms": 1_795_176_000_000,
    "deciding": True,
    "channels": [
        {"key": "web", "name": "网页", "delay_ms": 0},
        {"key": "wechat", "name": "微信视频", "delay_ms": 8000},
    ],
    "contestants": [
        {
            "name": "王伟",
            "title": "党委副书记",
            "organisation": "澳洋医院",
            "sector": "民营医院",
            "role": "holder",
            "portrait_url": "https://example.org/wang.jpg",
            "slogan": "为民服务",
        },
        {"name": "杨玭", "organisation": "张家港市公益组织联合会", "role": "challenger"},
    ],
    "rounds": [
        {"title": "观点PK", "dimension": "views", "duration_ms": 120_000},
        {"title": "成效PK", "dimension": "results", "visibility": "on_reveal", "grace_ms": 500},
    ],
}
PAIR = [{"name": "甲"}, {"name": "乙"}]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PNG_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()


def test_a_session_is_made_whole_in_one_call(arena: Running) -> None:
    client = arena.crew("producer").client
    response = client.post("/api/v1/sessions", json=FIRST_BOUT)
    assert response.status_code == 201
    made = response.json()
    SessionDocument.model_validate(made)
    code = made["code"]
    assert response.headers["location"] == f"/api/v1/sessions/{code}"
    for field in ("number", "title", "topic", "kind", "starts_at_ms", "deciding"):
        assert made[field] == FIRST_BOUT[field]
    plain = {"weight": None, "identity": "device"}
    assert made["channels"] == [{**each, **plain} for each in FIRST_BOUT["channels"]]
    assert made["show"] == {"slug": "pioneer-arena", "name": "先锋擂台"}
    assert [each["key"] for each in made["contestants"]] == ["red", "blue"]
    assert made["contestants"][0] == {"key": "red", **FIRST_BOUT["contestants"][0]}
    first, second = made["rounds"]
    assert (first["number"], first["run"], first["phase"], first["allowed"]) == (1, 1, "draft", ["open"])
    assert (first["dimension"], first["duration_ms"], first["visibility"]) == ("views", 120_000, "live")
    assert first["choices"] == [{"key": "red", "name": "王伟"}, {"key": "blue", "name": "杨玭"}]
    assert (second["visibility"], second["grace_ms"], second["duration_ms"]) == ("on_reveal", 500, None)
    assert (made["status"], made["current_round"], made["next"]) == ("draft", 1, {"command": "open", "round": 1})
    assert made["overlay"] == {"scene": "board", "panic": False, "preview": "board"}
    assert made["links"] == {
        "base": "",
        "vote": f"/v/{code}",
        "overlay": f"/overlay/{code}",
        "report": f"/report/{code}",
        "qr": f"/api/v1/sessions/{code}/qr.svg",
    }
    assert client.get(response.headers["location"]).json() == made


def test_only_contestants_are_needed(arena: Running) -> None:
    made = arena.crew().client.post("/api/v1/sessions", json={"contestants": PAIR}).json()
    assert (made["kind"], made["title"], made["rounds"], made["number"]) == ("pk", "甲 对 乙", [], None)
    assert (made["current_round"], made["next"], made["status"], made["deciding"]) == (None, None, "draft", False)
    assert "web" in [each["key"] for each in made["channels"]]
    assert {each["delay_ms"] for each in made["channels"]} == {0}
    # A host reads the code out: no signs that are mistaken for one another.
    assert re.fullmatch(r"[2-9A-HJKMNP-TW-Z]{6}", made["code"])
    document = arena.client().get(f"/api/v1/sessions/{made['code']}/tally").json()
    assert (document["round"], document["tally"], document["rounds"]) == (None, None, [])


def test_a_round_has_the_documented_defaults(arena: Running) -> None:
    crew = arena.crew()
    made = crew.round(crew.make(rounds=[{}]))
    defaults = {
        "title": "", "question": "", "dimension": "free", "choices_max": 1, "changeable": False, "votes_per_day": None,
        "duration_ms": None, "grace_ms": 0, "visibility": "live", "likes_per_second": 15,
        "sealed": False, "quarantine": [],
    }  # fmt: skip
    assert defaults.items() <= made.items()


def test_in_a_pk_the_sides_are_red_and_blue(arena: Running) -> None:
    crew = arena.crew()

    def sides(first: str | None, second: str | None) -> list[str]:
        pair = [{"name": "甲", "key": first}, {"name": "乙", "key": second}]
        return [each["key"] for each in crew.session(crew.make(contestants=pair, rounds=[]))["contestants"]]

    assert sides(None, None) == ["red", "blue"]
    assert sides("red", "blue") == ["red", "blue"]
    assert sides("blue", None) == ["blue", "red"]
    assert sides(None, "red") == ["blue", "red"]
    for first, second in (("red", "red"), ("c1", "c2"), (None, "green")):
        body = {"contestants": [{"name": "甲", "key": first}, {"name": "乙", "key": second}]}
        problem(crew.client.post("/api/v1/sessions", json=body), 422, "invalid_session")


def test_a_pk_has_exactly_two_sides(arena: Running) -> None:
    crew = arena.crew()
    three = {"contestants": [*PAIR, {"name": "丙"}]}
    refused = problem(crew.client.post("/api/v1/sessions", json=three), 422, "invalid_session")
    assert "exactly two" in refused["detail"]
    problem(crew.client.post("/api/v1/sessions", json={"contestants": PAIR[:1]}), 422, "invalid_request")
    problem(crew.client.post("/api/v1/sessions", json={"contestants": []}), 422, "invalid_request")
    assert crew.client.get("/api/v1/sessions").json() == {"sessions": []}


@pytest.mark.parametrize("kind", ["gala", "poll"])
def test_a_gala_and_a_poll_have_two_to_64_contestants(arena: Running, kind: str) -> None:
    crew = arena.crew()
    many = [{"name": f"选手{i}"} for i in range(1, 66)]
    code = crew.make(kind=kind, contestants=many[:64], rounds=[{}])
    made = crew.session(code)
    assert [each["key"] for each in made["contestants"]] == [f"c{i}" for i in range(1, 65)]
    assert len(made["rounds"][0]["choices"]) == 64
    crew.do(code, "open")
    assert arena.phone(code).vote("c64").status_code == 200
    problem(crew.client.post("/api/v1/sessions", json={"kind": kind, "contestants": many}), 422, "invalid_request")
    problem(crew.client.post("/api/v1/sessions", json={"kind": kind, "contestants": many[:1]}), 422, "invalid_request")


def test_two_contestants_with_one_key_are_refused(arena: Running) -> None:
    crew = arena.crew()
    for keys in (("a", "a"), (None, "c1")):
        body = {"kind": "gala", "contestants": [{"name": "甲", "key": keys[0]}, {"name": "乙", "key": keys[1]}]}
        problem(crew.client.post("/api/v1/sessions", json=body), 422, "invalid_session")
    for key in ("A", "a-b", "", "x" * 33, "键"):
        body = {"kind": "gala", "contestants": [{"name": "甲", "key": key}, {"name": "乙"}]}
        problem(crew.client.post("/api/v1/sessions", json=body), 422, "invalid_request")


def test_a_code_may_be_chosen_and_is_read_without_regard_to_case(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(code="pk2017")
    assert code == "PK2017"
    assert crew.session("pk2017")["code"] == "PK2017"
    assert arena.phone("Pk2017").code == "Pk2017"
    assert crew.say("pK2017", "open").json()["code"] == "PK2017"
    taken = {"contestants": PAIR, "code": "Pk2017"}
    problem(crew.client.post("/api/v1/sessions", json=taken), 409, "code_taken")
    for bad in ("abc", "x" * 13, "AB CD", "先锋擂台", "AB/CD", "ABCD-"):
        problem(crew.client.post("/api/v1/sessions", json={**taken, "code": bad}), 422, "invalid_request")


def test_a_patch_changes_what_was_sent_and_nothing_else(arena: Running) -> None:
    crew = arena.crew("producer")
    code = crew.make(number=7)
    before = crew.session(code)
    path = f"/api/v1/sessions/{code}"
    after = crew.client.patch(path, json={"title": "新题", "starts_at_ms": 1_795_200_000_000, "unknown": 1}).json()
    raised = before["revision"] + 1
    assert after == {**before, "title": "新题", "starts_at_ms": 1_795_200_000_000, "revision": raised}
    assert crew.client.patch(path, json={}).json() == after
    assert crew.client.patch(path, json={"number": None, "topic": "新议题"}).json() == {
        **after, "number": None, "topic": "新议题", "revision": raised + 1,
    }  # fmt: skip
    for bad in ({"number": -1}, {"title": 5}, {"status": "draft"}, {"starts_at_ms": "soon"}, {"title": "长" * 121}):
        problem(crew.client.patch(path, json=bad), 422, "invalid_request")
    assert crew.session(code)["title"] == "新题"
    eventually(lambda: crew.tally(code)["session"]["title"] == "新题")


def test_contestants_may_be_replaced_until_a_round_has_opened(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    path = f"/api/v1/sessions/{code}"
    made = crew.client.patch(path, json={"contestants": PAIR}).json()
    assert [each["name"] for each in made["contestants"]] == ["甲", "乙"]
    assert [each["name"] for each in made["rounds"][1]["choices"]] == ["甲", "乙"]
    three = {"contestants": [*PAIR, {"name": "丙"}]}
    problem(crew.client.patch(path, json=three), 422, "invalid_session")
    crew.do(code, "open")
    problem(crew.client.patch(path, json={"contestants": PAIR[::-1]}), 409, "rules_frozen")
    crew.do(code, "lock", "rerun")
    problem(crew.client.patch(path, json={"contestants": PAIR[::-1]}), 409, "rules_frozen")
    assert [each["name"] for each in crew.session(code)["contestants"]] == ["甲", "乙"]


def test_channels_may_be_changed_until_a_round_has_opened(arena: Running) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    path = f"/api/v1/sessions/{code}"
    channels = [{"key": "hall", "name": "现场", "delay_ms": 0}, {"key": "wechat", "name": "微信", "delay_ms": 9_000}]
    plain = {"weight": None, "identity": "device"}
    changed = crew.client.patch(path, json={"channels": channels}).json()["channels"]
    assert changed == [{**each, **plain} for each in channels]
    assert arena.phone(code, "wechat").me()["delay_ms"] == 9_000
    problem(arena.client().post(f"{path}/join", json={"channel": "web"}), 422, "invalid_request")
    assert arena.client().post(f"{path}/join").json()["channel"] == "hall"
    for bad in (
        [], [channels[0]] * 2, [{"key": "Bad"}], [{"key": "a", "delay_ms": -1}], [{"key": "a", "delay_ms": 60_001}],
        [{"key": f"k{i}"} for i in range(17)],
    ):  # fmt: skip
        problem(crew.client.patch(path, json={"channels": bad}), 422, "invalid_request")
        problem(
            crew.client.post("/api/v1/sessions", json={"contestants": PAIR, "channels": bad}), 422, "invalid_request"
        )
    crew.do(code, "open")
    problem(crew.client.patch(path, json={"channels": channels[:1]}), 409, "rules_frozen")
    assert crew.session(code)["channels"] == changed


def test_contestants_may_not_become_fewer_than_a_ballot_names(arena: Running) -> None:
    crew = arena.crew()
    ten = [{"name": f"选手{i}"} for i in range(10)]
    code = crew.make(kind="gala", contestants=ten, rounds=[{"choices_max": 3}])
    problem(crew.client.patch(f"/api/v1/sessions/{code}", json={"contestants": PAIR}), 422, "invalid_session")
    assert len(crew.session(code)["contestants"]) == 10


def test_rounds_are_added_edited_and_removed_while_draft(arena: Running) -> None:
    crew = arena.crew("producer")
    code = crew.make(rounds=[])
    rounds = f"/api/v1/sessions/{code}/rounds"
    added = crew.client.post(rounds, json={"title": "一", "votes_per_day": 3})
    assert (added.status_code, added.json()["current_round"]) == (201, 1)
    crew.client.post(
        rounds, json={"title": "二", "choices": [{"key": "yes", "name": "赞成"}, {"key": "no", "name": "反对"}]}
    )
    edited = crew.client.patch(f"{rounds}/1", json={"grace_ms": 1000}).json()["rounds"][0]
    assert (edited["title"], edited["grace_ms"], edited["votes_per_day"]) == ("一", 1000, 3)
    second = crew.client.patch(f"{rounds}/2", json={"choices": None}).json()["rounds"][1]
    assert [each["key"] for each in second["choices"]] == ["red", "blue"]
    # Rules are judged together with those that stand.
    problem(crew.client.patch(f"{rounds}/1", json={"changeable": True}), 422, "invalid_session")
    problem(crew.client.patch(f"{rounds}/1", json={"choices_max": 3}), 422, "invalid_session")
    problem(crew.client.patch(f"{rounds}/3", json={"title": "三"}), 404, "round_not_found")
    problem(crew.client.delete(f"{rounds}/1"), 409, "conflict")
    problem(crew.client.delete(f"{rounds}/3"), 404, "round_not_found")
    assert [each["number"] for each in crew.client.delete(f"{rounds}/2").json()["rounds"]] == [1]
    assert crew.client.delete(f"{rounds}/1").json()["rounds"] == []
    assert crew.client.post(rounds, json={"title": "又"}).json()["rounds"][0]["number"] == 1


def test_rules_freeze_at_the_first_open(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(rounds=[{"title": "一"}])
    path = f"/api/v1/sessions/{code}/rounds/1"
    crew.do(code, "open")
    problem(crew.client.patch(path, json={"title": "改"}), 409, "rules_frozen")
    problem(crew.client.delete(path), 409, "rules_frozen")
    crew.do(code, "lock", "rerun")
    problem(crew.client.patch(path, json={"title": "改"}), 409, "rules_frozen")
    problem(crew.client.delete(path), 409, "rules_frozen")
    assert crew.round(code)["title"] == "一"


IMPOSSIBLE_RULES: list[tuple[dict[str, Any], str]] = [
    ({"choices_max": 3}, "invalid_session"),
    ({"choices_max": 0}, "invalid_request"),
    ({"choices_max": 65}, "invalid_request"),
    ({"votes_per_day": 0}, "invalid_request"),
    ({"votes_per_day": 101}, "invalid_request"),
    ({"votes_per_day": 2, "changeable": True}, "invalid_request"),
    ({"duration_ms": 999}, "invalid_request"),
    ({"grace_ms": -1}, "invalid_request"),
    ({"grace_ms": 60_001}, "invalid_request"),
    ({"likes_per_second": 0}, "invalid_request"),
    ({"likes_per_second": 51}, "invalid_request"),
    ({"visibility": "secret"}, "invalid_request"),
    ({"dimension": "other"}, "invalid_request"),
    ({"choices": [{"key": "a", "name": "甲"}]}, "invalid_request"),
    ({"choices": [{"key": "a", "name": "甲"}] * 2}, "invalid_request"),
    ({"choices": [{"key": f"k{i}", "name": "甲"} for i in range(65)]}, "invalid_request"),
    ({"choices": [{"key": "a,b", "name": "甲"}, {"key": "c", "name": "乙"}]}, "invalid_request"),
    ({"choices": [{"key": "a", "name": ""}, {"key": "c", "name": "乙"}]}, "invalid_request"),
]


def test_impossible_rules_are_refused_alone_and_with_the_session(arena: Running) -> None:
    crew = arena.crew()
    session = crew.make(rounds=[])
    for rules, code in IMPOSSIBLE_RULES:
        problem(crew.client.post(f"/api/v1/sessions/{session}/rounds", json=rules), 422, code)
        problem(crew.client.post("/api/v1/sessions", json={"contestants": PAIR, "rounds": [rules]}), 422, code)
    assert crew.session(session)["rounds"] == []
    assert len(crew.client.get("/api/v1/sessions").json()["sessions"]) == 1


def test_sessions_are_listed_newest_first_page_by_page(arena: Running) -> None:
    crew = arena.crew("overlay")
    codes = [arena.crew().make(number=i) for i in range(5)][::-1]

    def page(**params: int) -> list[dict]:
        return crew.client.get("/api/v1/sessions", params=params).json()["sessions"]

    assert [each["code"] for each in page()] == codes
    first = page(limit=2)
    second = page(limit=2, before=first[-1]["id"])
    third = page(limit=2, before=second[-1]["id"])
    assert [each["code"] for each in (*first, *second, *third)] == codes
    assert page(limit=2, before=third[-1]["id"]) == []
    assert (first[0]["number"], first[0]["rounds"], first[0]["ended"], first[0]["kind"]) == (4, 2, False, "pk")
    for params in ({"limit": 0}, {"limit": 201}, {"before": 0}, {"before": "x"}):
        problem(crew.client.get("/api/v1/sessions", params=params), 422, "invalid_request")


def test_an_ended_session_counts_nothing_and_may_be_reopened(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    path = f"/api/v1/sessions/{code}"
    crew.do(code, "open")
    phone = arena.phone(code)
    assert phone.vote("red").status_code == 200
    problem(crew.client.patch(path, json={"status": "ended"}), 409, "conflict")
    crew.do(code, "lock")
    ended = crew.client.patch(path, json={"status": "ended"}).json()
    assert (ended["status"], ended["next"]) == ("ended", None)
    problem(arena.phone(code).vote("red", number=2), 409, "session_ended")
    problem(phone.like(number=2, red=1), 409, "session_ended")
    problem(crew.say(code, "open", 2), 409, "session_ended")
    problem(crew.next(code), 409, "session_ended")
    problem(crew.client.post(f"{path}/rounds", json={}), 409, "session_ended")
    assert crew.say(code, "lock").status_code == 200, "what is already true stays true"
    assert counted(phone.tally, {"red": 1, "blue": 0})["session"]["status"] == "ended"
    assert crew.client.patch(path, json={"status": "live"}).json()["status"] == "live"
    assert crew.do(code, "reveal")["rounds"][0]["phase"] == "revealed"


def test_shows_are_made_and_listed(arena: Running) -> None:
    client = arena.crew("producer").client
    made = client.post("/api/v1/shows", json={"name": "汉江创客英雄汇", "slug": "hanjiang"})
    assert (made.status_code, made.json()) == (201, {"slug": "hanjiang", "name": "汉江创客英雄汇"})
    assert client.post("/api/v1/shows", json={"name": "无名"}).json()["slug"]
    problem(client.post("/api/v1/shows", json={"name": "又", "slug": "hanjiang"}), 409, "conflict")
    problem(client.post("/api/v1/shows", json={"name": "", "slug": "x"}), 422, "invalid_request")
    problem(client.post("/api/v1/shows", json={"name": "x", "slug": "Han Jiang"}), 422, "invalid_request")
    session = client.post("/api/v1/sessions", json={"contestants": PAIR, "show": "hanjiang"}).json()
    assert session["show"] == {"slug": "hanjiang", "name": "汉江创客英雄汇"}
    unknown = client.post("/api/v1/sessions", json={"contestants": PAIR, "show": "unknown-yet"}).json()
    assert unknown["show"]["slug"] == "unknown-yet"
    slugs = [each["slug"] for each in client.get("/api/v1/shows").json()["shows"]]
    assert slugs[0] == "hanjiang"
    assert "unknown-yet" in slugs


def test_a_portrait_is_kept_once_and_served_apart_from_the_tally(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(contestants=[{"name": "甲", "portrait_url": PNG_URL}, {"name": "乙", "portrait_url": PNG_URL}])
    urls = [each["portrait_url"] for each in crew.session(code)["contestants"]]
    assert urls[0] == urls[1]
    assert re.fullmatch(r"/api/v1/portraits/[0-9a-f]{64}", urls[0])
    served = arena.client().get(urls[0])
    assert (served.status_code, served.headers["content-type"], served.content) == (200, "image/png", PNG)
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in served.headers["cache-control"]
    assert served.headers["content-security-policy"] == "default-src 'none'"
    tally = arena.client().get(f"/api/v1/sessions/{code}/tally")
    assert "base64" not in tally.text
    assert tally.json()["contestants"][0]["portrait_url"] == urls[0]
    # The address that was given out may be sent back unchanged.
    again = [{"name": "甲", "portrait_url": urls[0]}, {"name": "乙"}]
    patched = crew.client.patch(f"/api/v1/sessions/{code}", json={"contestants": again}).json()
    assert [each["portrait_url"] for each in patched["contestants"]] == [urls[0], ""]


def test_a_portrait_that_is_none_is_refused(arena: Running) -> None:
    crew = arena.crew()
    for url in (
        "javascript:alert(1)",
        "data:text/html;base64,PHN2Zz4=",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:image/png,raw",
        "/etc/passwd",
        "//example.org/x.png",
        'https://example.org/" onload="x',
        "data:image/png;base64," + "A" * 120_000,
    ):
        body = {"contestants": [{"name": "甲", "portrait_url": url}, {"name": "乙"}]}
        problem(crew.client.post("/api/v1/sessions", json=body), 422, "invalid_request")
    broken = {"contestants": [{"name": "甲", "portrait_url": "data:image/png;base64,A"}, {"name": "乙"}]}
    problem(crew.client.post("/api/v1/sessions", json=broken), 422, "invalid_session")
    problem(arena.client().get(f"/api/v1/portraits/{'0' * 64}"), 404, "not_found")
    problem(arena.client().get("/api/v1/portraits/latest"), 422, "invalid_request")
    assert crew.client.get("/api/v1/sessions").json() == {"sessions": []}


def test_a_session_that_has_ended_says_when_its_voters_key_goes(still_arena: Running, clock: FakeClock) -> None:
    crew = still_arena.crew("producer")
    code = crew.make()
    path = f"/api/v1/sessions/{code}"
    assert crew.session(code)["purge_at_ms"] is None
    ended = crew.client.patch(path, json={"status": "ended"}).json()
    assert ended["purge_at_ms"] == clock.now_ms() + 7 * 86_400_000
    clock.forward(1_000)
    assert crew.client.patch(path, json={"status": "ended"}).json()["purge_at_ms"] == ended["purge_at_ms"]
    assert crew.client.patch(path, json={"status": "live"}).json()["purge_at_ms"] is None
