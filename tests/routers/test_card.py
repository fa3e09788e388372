"""The profile card: what is added up, by which formula the stars are counted, and the picture."""

from typing import Any
from xml.etree import ElementTree

import pytest

from tests.conftest import FakeClock, Running
from tests.players import eventually, problem
from tests.routers.programme import ROOT, SEASON, Programme, programme_of

pytestmark = pytest.mark.edge

CARD = f"{ROOT}/card"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def programme(arena: Running) -> Programme:
    return programme_of(arena)


def star(card: dict[str, Any], key: str) -> dict[str, Any]:
    return next(each for each in card["stars"] if each["key"] == key)


def test_card_of_a_show_that_has_not_begun_is_empty(programme: Programme, arena: Running) -> None:
    card = programme.get(CARD, arena.client())
    assert (card["broadcasts"], card["likes"], card["votes"], card["views"]["unique"]) == (0, 0, 0, 0)
    assert (card["first_at_ms"], card["last_at_ms"]) == (None, None)
    assert [(each["name"], each["stars"]) for each in card["stars"]] == [
        ("网红指数", 0), ("潜力指数", 1), ("传播力指数", 0),
    ]  # fmt: skip
    problem(arena.client().get("/api/v1/shows/no-such/card"), 404, "show_not_found")


def test_card_adds_up_what_everybody_may_see(programme: Programme, arena: Running) -> None:
    programme.bout(("王伟", "杨玭"), (3, 1), (100, 20), number=1)
    programme.bout(("王伟", "李娜"), (1, 1), (30, 90), number=2)
    poll = programme.session("甲", "乙", "丙", kind="poll")
    programme.play(poll, {"c1": 2}, {"c1": 10})
    hidden = programme.session("甲", "乙", rounds=[{"visibility": "on_reveal"}])
    programme.play(hidden, {"red": 5}, {"red": 99})
    card = programme.get(CARD, arena.client())
    assert (card["broadcasts"], card["polls"]) == (3, 1)
    assert (card["likes"], card["votes"], card["likes_text"]) == (250, 8, "250")
    # Whoever asks is shown the same.
    assert programme.get(CARD) == card
    # Five, three, three and six phones took part in the four sessions; the likes came from one more each.
    assert card["views"]["unique"] == 5 + 3 + 3 + 6
    assert card["measures"]["likes"] == 250
    programme.crew.do(hidden, "reveal")
    assert programme.get(CARD, arena.client())["likes"] == 349


def test_card_of_a_season_counts_its_sessions_only(programme: Programme) -> None:
    programme.bout(("王伟", "杨玭"), (1, 0), (10, 0))
    other = programme.session("甲", "乙")
    programme.play(other, {"red": 1}, {"red": 5})
    assert programme.get(CARD)["likes"] == 15
    card = programme.get(CARD, season="2017")
    assert (card["season"], card["likes"], card["broadcasts"]) == ("2017", 10, 1)
    problem(programme.client.get(CARD, params={"season": "2016"}), 404, "season_not_found")


def test_stars_are_counted_by_the_formula_beside_them(programme: Programme, arena: Running) -> None:
    programme.bout(("王伟", "杨玭"), (2, 1), (60, 40))
    stars = [
        {"key": "fame", "name": "人气", "name_en": "fame", "measure": "likes", "thresholds": [10, 50, 100, 101, 102]},
        {"key": "voice", "name": "声量", "measure": "votes", "thresholds": [1, 2, 3, 4, 5]},
    ]
    answer = programme.client.put(f"{CARD}/formula", json={"stars": stars})
    assert answer.status_code == 200, answer.text
    card = programme.get(CARD, arena.client())
    assert card == answer.json()
    assert star(card, "fame") == {
        "key": "fame", "name": "人气", "name_en": "fame", "stars": 3, "measure": "likes", "figure": 100,
        "thresholds": [10, 50, 100, 101, 102], "text": "点赞总数满 10、50、100、101、102 各得一星",
        "text_en": "one star for each of 10, 50, 100, 101, 102 in likes",
    }  # fmt: skip
    assert star(card, "voice")["stars"] == 3
    for _ in range(2):
        assert programme.client.put(f"{CARD}/formula", json={"stars": stars}).status_code == 200
    assert programme.client.delete(f"{CARD}/formula").status_code == 204
    assert len(programme.get(CARD)["stars"]) == 3
    assert [each["action"] for each in programme.audit()].count("card_formula") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"measure": "beauty"},
        {"thresholds": [1, 2, 3, 4]},
        {"thresholds": [1, 2, 2, 4, 5]},
        {"key": "A B"},
        {"name": ""},
    ],
)
def test_formula_that_cannot_be_counted_is_refused(programme: Programme, changes: dict[str, Any]) -> None:
    rule = {"key": "x", "name": "某指数", "measure": "likes", "thresholds": [1, 2, 3, 4, 5]}
    body = {"stars": [{**rule, **changes}]}
    problem(programme.client.put(f"{CARD}/formula", json=body), 422, "invalid_request")
    problem(programme.client.put(f"{CARD}/formula", json={"stars": [rule, rule]}), 422, "invalid_request")
    problem(programme.client.put(f"{CARD}/formula", json={"stars": []}), 422, "invalid_request")


def test_card_is_cached_by_its_content(programme: Programme, arena: Running) -> None:
    client = arena.client()
    for path in (CARD, f"{CARD}.svg"):
        first = client.get(path)
        assert first.headers["cache-control"] == "public, max-age=5"
        assert client.get(path, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    before = client.get(CARD).headers["etag"]
    programme.bout(("王伟", "杨玭"), (1, 0))
    assert client.get(CARD, headers={"If-None-Match": before}).status_code == 200


def test_audience_on_line_is_looked_at_again_each_minute(still_arena: Running, clock: FakeClock) -> None:
    programme = programme_of(still_arena)
    code = programme.bout(("王伟", "杨玭"), (1, 0))
    assert programme.get(CARD)["views"]["unique"] == 1
    phones = [still_arena.phone(code) for _ in range(4)]

    def four_more_were_seen() -> bool:
        for phone in phones:
            phone.tally()
        clock.forward(1_500)
        return bool(programme.get(CARD)["views"]["unique"] == 5)

    eventually(four_more_were_seen)
    assert programme.get(CARD)["views"]["online_peak"] == 4


def test_picture_says_what_the_card_says_and_needs_nothing(programme: Programme, arena: Running) -> None:
    programme.bout(("王伟", "杨玭"), (3, 1), (100, 20))
    answer = arena.client().get(f"{CARD}.svg")
    assert answer.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert answer.headers["content-security-policy"] == "default-src 'none'"
    picture = ElementTree.fromstring(answer.content)
    texts = [each.text for each in picture.iter(f"{SVG}text")]
    assert {"先锋擂台", "网红档案", "120", "点赞", "网红指数", "潜力指数", "传播力指数"} <= set(texts)
    assert len(list(picture.iter(f"{SVG}polygon"))) == 15
    for word in (b"href", b"url(", b"<script", b"<style", b"style=", b"@import"):
        assert word not in answer.content
    english = arena.client().get(f"{CARD}.svg", params={"lang": "en"}).content.decode()
    assert "Profile card" in english
    problem(arena.client().get(f"{CARD}.svg", params={"lang": "fr"}), 422, "invalid_request")


def test_picture_bears_any_name(programme: Programme, arena: Running) -> None:
    name = "<&\"'>" + "长" * 100
    programme.post("/api/v1/shows", {"name": name, "slug": "odd"})
    answer = arena.client().get("/api/v1/shows/odd/card.svg")
    picture = ElementTree.fromstring(answer.content)
    assert picture.get("aria-label", "").startswith("<&\"'>")
    assert SEASON not in answer.text
