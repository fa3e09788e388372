"""The feeds over HTTP: types, tags, who sees what, and one rendering for all who poll."""

import csv
import json
from io import StringIO
from typing import Any
from xml.etree import ElementTree as xml

import httpx2
import jsonschema
import pytest

from app.feeds import feeds
from app.feeds.tile_png import draw
from app.routers.feeds import FRAMES_MAX, renderings
from app.schemas.tally import TallyDocument
from tests.conftest import Running
from tests.players import Crew, Line, Phone, counted, eventually, problem
from tests.routers.test_visibility import PHASES, SEES, TO_PHASE

pytestmark = pytest.mark.edge

NAMES = [feed.name for feed in feeds()]
TYPES = {
    "flat.json": "application/json; charset=utf-8",
    "readout": "text/plain; charset=utf-8",
    "rows.csv": "text/csv; charset=utf-8",
    "rows.json": "application/json; charset=utf-8",
    "rows.xml": "application/xml; charset=utf-8",
    "rss.xml": "application/rss+xml; charset=utf-8",
    "text": "text/plain; charset=utf-8",
    "tile.png": "image/png",
}
# Figures that stand in no other field: not in the clock that stands still, nor in the code.
RED_LIKES, BLUE_LIKES = 137, 91
CODE = "FEEDSX"


def path_of(code: str, name: str) -> str:
    return f"/api/v1/sessions/{code}/feeds/{name}"


def feed_of(client: httpx2.Client, code: str, name: str, **params: Any) -> httpx2.Response:
    response = client.get(path_of(code, name), params=params)
    assert response.status_code == 200, response.text
    return response


def bout(arena: Running, visibility: str = "live") -> tuple[Crew, Phone]:
    """An open round in which red has two of three votes; one of red's voters is returned."""
    crew = arena.crew()
    crew.make(code=CODE, channels=[{"key": "web"}, {"key": "radio", "delay_ms": 5_000}],
              rounds=[{"title": "观点PK", "visibility": visibility, "likes_per_second": 50}])  # fmt: skip
    return crew, arena.phone(CODE, "radio")


def play(arena: Running, crew: Crew, voter: Phone) -> None:
    for phone, choice in ((voter, "red"), (arena.phone(CODE), "red"), (arena.phone(CODE), "blue")):
        assert phone.vote(choice).status_code == 200
    assert phone.like(blue=BLUE_LIKES).status_code == 200
    assert voter.like(red=RED_LIKES).status_code == 200
    counted(lambda: crew.tally(CODE), {"red": 2, "blue": 1}, {"red": RED_LIKES, "blue": BLUE_LIKES})


def test_the_types_here_are_of_all_feeds() -> None:
    assert set(TYPES) == set(NAMES)


def test_each_format_says_the_same_of_a_live_bout(still_arena: Running) -> None:
    crew, voter = bout(still_arena)
    crew.do(CODE, "open")
    play(still_arena, crew, voter)
    public = still_arena.client()
    rows = feed_of(public, CODE, "rows.json").json()
    assert [(row["key"], row["name"], row["votes"], row["pct_text"], row["likes"], row["rank"]) for row in rows] == [
        ("red", "王伟", 2, "67%", RED_LIKES, 1),
        ("blue", "杨玭", 1, "33%", BLUE_LIKES, 2),
    ]
    assert {row["organisation"] for row in rows} == {"澳洋医院", "张家港市公益组织联合会"}
    flat = feed_of(public, CODE, "flat.json").json()
    assert (flat["red_votes"], flat["blue_pct"], flat["red_likes_text"]) == (2, 33, "137")
    assert (flat["leader_name"], flat["lead_votes"], flat["phase"], flat["turnout"]) == ("王伟", 1, "open", 3)
    table = list(csv.DictReader(StringIO(feed_of(public, CODE, "rows.csv").text, newline="")))
    assert [(row["name"], row["votes"], row["leader"]) for row in table] == [
        ("王伟", "2", "true"),
        ("杨玭", "1", "false"),
    ]
    root = xml.fromstring(feed_of(public, CODE, "rows.xml").content)
    assert [each.findtext("likes") for each in root.findall("./row")] == ["137", "91"]
    assert feed_of(public, CODE, "text").text == (
        "观点PK | 投票中 | 王伟 2票 67% | 杨玭 1票 33% | 观众投票仅供参考，不决定胜负"
    )
    assert feed_of(public, CODE, "text", lang="en").text == (
        "观点PK | voting open | 王伟 2 votes 67% | 杨玭 1 vote 33% | audience popularity, does not decide"
    )
    channel = xml.fromstring(feed_of(public, CODE, "rss.xml").content)[0]
    assert [each.findtext("title") for each in channel.findall("item")][1:] == ["王伟 2票 67%", "杨玭 1票 33%"]
    assert channel.findtext("link") == f"{still_arena.base_url}/v/{CODE}"
    spoken = feed_of(public, CODE, "readout").text
    assert spoken == "“观点PK”正在投票。目前王伟人气领先，得票两票，领先一票，点赞合计二百二十八次。"
    assert "领先1票" in feed_of(public, CODE, "readout", digits=1).text
    assert "leads in popularity with two votes" in feed_of(public, CODE, "readout", lang="en").text
    document = public.get(f"/api/v1/sessions/{CODE}/tally").json()
    assert feed_of(public, CODE, "tile.png").content == draw(document, 72)
    assert feed_of(public, CODE, "tile.png", size=144).content == draw(document, 144)


def test_interop_04_types_name_their_charset(arena: Running) -> None:
    code, public = arena.crew().make(), arena.client()
    for name, expected in TYPES.items():
        response = feed_of(public, code, name)
        assert response.headers["content-type"] == expected
        if name != "tile.png":
            assert "王伟" in response.content.decode()
    assert feed_of(public, code, "rows.csv", bom=1).content.startswith(b"\xef\xbb\xbfkey,")
    assert feed_of(public, code, "rows.csv").content.startswith(b"key,")


def test_interop_05_a_read_only_token_in_the_address_shows_what_is_hidden(arena: Running) -> None:
    crew = arena.crew()
    code, public = crew.make(rounds=[{"visibility": "on_reveal"}]), arena.client()
    crew.do(code, "open")
    arena.phone(code).vote("red")
    counted(lambda: crew.tally(code), {"red": 1, "blue": 0})
    for token in (arena.tokens["overlay"], arena.tokens["producer"]):
        row = feed_of(public, code, "rows.json", token=token).json()[0]
        assert (row["votes"], row["visible"], row["public"], row["view"]) == (1, True, False, "staff")
    row = feed_of(public, code, "rows.json").json()[0]
    assert (row["votes"], row["visible"], row["view"]) == (0, False, "public")
    problem(public.get(path_of(code, "rows.json"), params={"token": "arena_overlay_forged"}), 401, "token_invalid")
    # It reads, and does nothing else.
    said = public.post(f"/api/v1/sessions/{code}/rounds/1/lock", params={"token": arena.tokens["overlay"]})
    problem(said, 403, "wrong_role")


@pytest.mark.parametrize("name", NAMES)
def test_interop_06_any_page_may_read_and_head_and_options_are_answered(arena: Running, name: str) -> None:
    code, public = arena.crew().make(), arena.client()
    got = public.get(path_of(code, name), headers={"Origin": "https://graphics.example"})
    assert got.headers.get_list("access-control-allow-origin") == ["*"]
    assert "access-control-allow-credentials" not in got.headers
    head = public.head(path_of(code, name))
    assert (head.status_code, head.content) == (200, b"")
    for header in ("etag", "content-type", "content-length", "cache-control"):
        assert head.headers[header] == got.headers[header]
    asked = {
        "Origin": "https://graphics.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,if-none-match",
    }
    preflight = public.options(path_of(code, name), headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "GET" in preflight.headers["access-control-allow-methods"]
    plain = public.options(path_of(code, name))
    assert (plain.status_code, plain.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    refused = public.post(path_of(code, name), json={})
    problem(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("name", NAMES)
def test_interop_07_pollers_get_304_until_something_changes(still_arena: Running, name: str) -> None:
    crew = still_arena.crew()
    code, public = crew.make(), still_arena.client()
    crew.do(code, "open")
    eventually(lambda: crew.tally(code)["round"]["phase"] == "open")
    first = feed_of(public, code, name)
    etag = first.headers["etag"]
    for sent in (etag, f"W/{etag}", f'"other", {etag}'):
        same = public.get(path_of(code, name), headers={"If-None-Match": sent})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert public.head(path_of(code, name), headers={"If-None-Match": etag}).status_code == 304
    assert first.headers["cache-control"] == "public, max-age=1"
    assert "authorization" in first.headers["vary"].lower()
    staff = feed_of(crew.client, code, name)
    assert ("private" in staff.headers["cache-control"], staff.headers["etag"] != etag) == (True, True)
    still_arena.phone(code).vote("red")
    still_arena.clock.forward(1_000)
    changed = eventually(
        lambda: (
            response
            if (response := public.get(path_of(code, name), headers={"If-None-Match": etag})).status_code == 200
            and counted(lambda: crew.tally(code), {"red": 1, "blue": 0})
            else None
        )
    )
    assert changed.headers["etag"] != etag


@pytest.mark.parametrize("name", NAMES)
def test_interop_10_every_answer_says_when_and_in_which_phase_it_was_made(still_arena: Running, name: str) -> None:
    crew = still_arena.crew()
    code, public = crew.make(rounds=[{"duration_ms": 60_000}]), still_arena.client()
    crew.do(code, "open")
    document = eventually(lambda: _if_open(public, code))
    headers = feed_of(public, code, name).headers
    said = {key: headers[f"x-arena-{key.replace('_', '-')}"] for key in ("epoch", "version", "server_time_ms")}
    assert said == {key: str(document[key]) for key in said}
    assert headers["x-arena-phase"] == "open"
    assert headers["x-arena-closes-at-ms"] == str(still_arena.clock.now_ms() + 60_000)


def _if_open(client: httpx2.Client, code: str) -> dict[str, Any] | None:
    document: dict[str, Any] = client.get(f"/api/v1/sessions/{code}/tally").json()
    return document if document["round"]["phase"] == "open" else None


def test_interop_11_a_socket_gets_the_whole_state_first_and_unasked(arena: Running) -> None:
    code = arena.crew().make()
    with Line.opened(arena.ws_url, code) as line:
        first = json.loads(line.socket.recv(timeout=10))
    assert TallyDocument.model_validate(first).session.code == code


@pytest.mark.parametrize("visibility", list(SEES))
def test_no_feed_shows_a_figure_to_whom_it_is_hidden(still_arena: Running, visibility: str) -> None:
    crew, voter = bout(still_arena, visibility)
    public = still_arena.client()
    for phase in PHASES:
        if command := TO_PHASE.get(phase):
            crew.do(CODE, "resume") if phase == "closing" else None
            crew.say(CODE, command, reason="试")
        elif phase == "locked":
            still_arena.clock.forward(5_000)
            crew.become(CODE, "locked")
        eventually(lambda phase=phase: crew.tally(CODE)["round"]["phase"] == phase)
        if phase == "open":
            play(still_arena, crew, voter)
        for who, client in (("public", public), ("voter", voter.client), ("staff", crew.client)):
            shown = who == "staff" or who in SEES[visibility][phase]
            _check(still_arena, client, phase, shown, "public" in SEES[visibility][phase])


def _check(arena: Running, client: httpx2.Client, phase: str, shown: bool, public: bool) -> None:
    red = 2 if phase != "draft" else 0
    rows = feed_of(client, CODE, "rows.json").json()
    flat = feed_of(client, CODE, "flat.json").json()
    for found in (*rows, flat):
        assert (found["visible"], found["public"], found["phase"]) == (shown, public, phase)
        assert found["turnout"] == (3 if phase != "draft" else 0)
    assert (rows[0]["votes"], flat["red_votes"], flat["votes"]) == ((red, red, 3 if red else 0) if shown else (0, 0, 0))
    assert flat["leader_name"] == ("王伟" if shown and red else "")
    table = list(csv.DictReader(StringIO(feed_of(client, CODE, "rows.csv").text, newline="")))
    assert (table[0]["votes_text"], table[0]["visible"]) == ((str(red), "true") if shown else ("", "false"))
    if not shown:
        for name in NAMES:
            for params in ({}, {"lang": "en"}, {"digits": 1}):
                said = feed_of(client, CODE, name, **params).content
                if name == "tile.png":
                    document = client.get(f"/api/v1/sessions/{CODE}/tally").json()
                    assert document["tally"] is None
                    assert said == draw({name: document[name] for name in ("session", "round", "tally")}, 72)
                    continue
                text = said.decode().replace(arena.base_url, "")
                for figure in (str(RED_LIKES), str(BLUE_LIKES), "67", "33%", "领先", "leads", "胜出", " wins"):
                    assert figure not in text, (name, phase, figure)
    if not public:
        # Said on air, it would be public: not to the crew either.
        spoken = feed_of(client, CODE, "readout", digits=1).text
        assert not any(figure in spoken for figure in (str(RED_LIKES + BLUE_LIKES), "67%", "领先", "胜出"))


def test_a_session_without_rounds_has_every_feed(arena: Running) -> None:
    code, public = arena.crew().make(rounds=[]), arena.client()
    for name in NAMES:
        assert feed_of(public, code, name).content
    row = feed_of(public, code, "rows.json").json()[0]
    assert (row["phase"], row["closes_at_ms"], row["round_number"], row["votes"]) == ("", "", 0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_refusals_are_problems(arena: Running, name: str) -> None:
    code, public = arena.crew().make(), arena.client()
    problem(public.get(path_of("NOBODY", name)), 404, "session_not_found")
    problem(public.get(path_of(code, name), params={"token": "forged"}), 401, "token_invalid")
    problem(public.get(path_of(code, "rows.yaml")), 404, "not_found")


@pytest.mark.parametrize(
    ("name", "params"), [("text", {"lang": "fr"}), ("tile.png", {"size": 4000}), ("rows.csv", {"bom": "so"})]
)
def test_an_option_that_is_not_understood_is_422(arena: Running, name: str, params: dict[str, Any]) -> None:
    code = arena.crew().make()
    problem(arena.client().get(path_of(code, name), params=params), 422, "invalid_request")


def test_however_many_poll_a_feed_is_rendered_once_a_version(still_arena: Running) -> None:
    crew = still_arena.crew()
    code, public = crew.make(), still_arena.client()
    feed_of(public, code, "rows.json")
    before = renderings.rendered
    answers = {feed_of(public, code, "rows.json").content for _ in range(50)}
    assert (len(answers), renderings.rendered) == (1, before)
    feed_of(public, code, "rows.csv")
    feed_of(public, code, "rows.csv", bom=1)
    assert renderings.rendered == before + 2


def test_what_is_kept_is_bounded(still_arena: Running) -> None:
    crew = still_arena.crew()
    code, public = crew.make(), still_arena.client()
    for i in range(FRAMES_MAX + 5):
        crew.client.patch(f"/api/v1/sessions/{code}", json={"title": f"第{i}期"})
        still_arena.clock.forward(50)
        feed_of(public, code, "flat.json")
    assert len(renderings._kept) <= FRAMES_MAX
    assert feed_of(public, code, "flat.json").json()["session_title"] == f"第{FRAMES_MAX + 4}期"


def test_live_documents_fit_the_published_schema(arena: Running) -> None:
    crew, public = arena.crew(), arena.client()
    answer = public.get("/schemas/tally.json", headers={"Origin": "https://graphics.example"})
    assert answer.headers["content-type"] == "application/schema+json; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert public.head("/schemas/tally.json").headers["content-length"] == str(len(answer.content))
    validator = jsonschema.Draft202012Validator(answer.json())
    validator.check_schema(answer.json())
    code, empty = crew.make(number=1, rounds=[{"visibility": "on_reveal"}]), crew.make(rounds=[])
    for command in (None, "open", "lock", "reveal"):
        if command:
            crew.do(code, command)
        for client in (public, crew.client, arena.phone(code).client):
            for each in (code, empty):
                validator.validate(client.get(f"/api/v1/sessions/{each}/tally").json())
    broken = crew.tally(code)
    broken["tally"]["votes"] = "3"
    assert not validator.is_valid(broken)
