"""A year that ends in a gala: nominees from a file, ten by rank, each on stage alone, then the ballot with panel and
audience; phone and overlay from window to podium.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.browser.conftest import WAIT_MS, by
from tests.browser.test_programme import NARROW, NOMINEES, SCREEN, SHOW, answered, nominees
from tests.conftest import Running
from tests.players import Crew, Phone

pytestmark = pytest.mark.slow

SEASON = f"/api/v1/shows/{SHOW}/seasons/2021"
PRELIMINARY = 12
FINALISTS = 10
expect.set_options(timeout=WAIT_MS)


def promoted(arena: Running, crew: Crew) -> list[str]:
    """Load the nominees, let twelve be voted for, and move the first ten on. Returns the ten, the first first."""
    answered(crew.client.post("/api/v1/shows", json={"slug": SHOW, "name": "先锋擂台"}))
    answered(crew.client.post(f"/api/v1/shows/{SHOW}/seasons", json={"season": "2021", "name": "第六届"}))
    assert answered(crew.client.post(f"{SEASON}/import", content=nominees()))["added"] == NOMINEES
    entries = answered(crew.client.get(f"{SEASON}/entries", params={"limit": PRELIMINARY}))["entries"]
    people = [each["person"] for each in entries]
    answered(
        crew.client.post(f"{SEASON}/moves", json={"people": [each["key"] for each in people], "to": "preliminary"})
    )
    contestants = [{"name": each["name"], "organisation": each["organisation"]} for each in people]
    code = crew.make(kind="poll", contestants=contestants, rounds=[{"choices_max": PRELIMINARY}])
    answered(crew.client.put(f"/api/v1/sessions/{code}/season", json={"season": "2021", "stage": "preliminary"}))
    crew.do(code, "open")
    for first in range(1, PRELIMINARY):  # the first has eleven votes, the eleventh one, the last none
        assert arena.phone(code).vote(*[f"c{place}" for place in range(1, first + 1)]).status_code == 200
    crew.do(code, "lock")
    moved = answered(
        crew.client.post(f"{SEASON}/moves/by-rank", json={"session": code, "top": FINALISTS, "to": "final"})
    )
    assert [each["figure"] for each in moved["ranking"]] == list(range(PRELIMINARY - 1, 1, -1))
    return [each["person"]["name"] for each in moved["moved"]]


def gala(crew: Crew) -> str:
    channels = [
        {"key": "web", "name": "网页", "weight": 40},
        {"key": "panel", "name": "评审团", "identity": "ticket", "weight": 60},
    ]
    wanted = {"stage": "final", "title": "总决赛", "deciding": True, "channels": channels}
    code: str = answered(crew.client.post(f"{SEASON}/gala", json=wanted))["code"]
    return code


def panel(arena: Running, crew: Crew, code: str, count: int) -> list[Phone]:
    made = crew.client.post(f"/api/v1/sessions/{code}/tickets", json={"channel": "panel", "count": count})
    members = []
    for ticket in answered(made)["tickets"]:
        client = arena.client()
        joined = answered(client.post(f"/api/v1/sessions/{code}/join", json={"ticket": ticket["secret"], "nonce": "n"}))
        client.headers["Authorization"] = f"Bearer {joined['token']}"
        members.append(Phone(client, code, joined["token"]))
    return members


def test_ten_of_six_hundred_stand_on_stage_one_by_one_and_panel_and_audience_choose(
    arena: Running, context: Callable[..., BrowserContext]
) -> None:
    crew = arena.crew()
    names = promoted(arena, crew)
    assert len(names) == FINALISTS
    code = gala(crew)

    def opened(path: str, viewport: ViewportSize) -> Page:
        page = context(viewport=viewport).new_page()
        page.goto(arena.base_url + path)
        return page

    crew.do(code, "open")
    phone = opened(f"/v/{code}", NARROW)
    overlay = opened(f"/overlay/{code}?scene=board", SCREEN)
    expect(phone.locator("#arena")).to_have_attribute("data-layout", "alone")
    expect(by(phone, "like-pass")).to_be_hidden()
    by(phone, "like-c1").click()
    by(phone, "vote-c1").click()
    by(phone, "vote-confirm").click()
    expect(by(phone, "receipt")).to_have_attribute("data-choices", "c1")
    expect(overlay.locator(".plate:visible .name")).to_have_text(names[0])
    expect(by(overlay, "votes-red")).to_have_text("1")
    expect(by(overlay, "likes-red")).to_have_text("1")
    assert overlay.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    crew.do(code, "lock", "reveal")
    expect(by(phone, "phase")).to_have_text("结果揭晓")  # nobody has won against 再看看
    expect(by(phone, "way-season")).to_have_attribute("href", f"/season/{SHOW}/2021")
    for number in range(2, FINALISTS + 1):
        crew.do(code, "open", number=number)
        if number == 2:
            expect(overlay.locator(".plate:visible .name")).to_have_text(names[1])
            by(phone, "vote-pass").click()
            expect(by(phone, "confirming")).to_contain_text("“再看看”")
        crew.do(code, "lock", number=number)

    final = FINALISTS + 1
    crew.do(code, "open", number=final)
    expect(by(phone, "vote-c10")).to_be_attached()
    by(phone, "vote-c2").click()
    by(phone, "vote-confirm").click()
    expect(by(phone, "receipt")).to_have_attribute("data-choices", "c2")
    for voter in (arena.phone(code), arena.phone(code)):
        assert voter.vote("c2", number=final).status_code == 200
    for member in panel(arena, crew, code, 2):
        assert member.vote("c3", number=final).status_code == 200
    expect(by(overlay, "notice")).to_be_visible()
    expect(by(overlay, "turnout")).to_contain_text("5 人")
    crew.do(code, "lock", "reveal", number=final)
    rows: Any = overlay.locator(".rows-list .row")
    expect(rows).to_have_count(FINALISTS)
    first = overlay.locator(".row[data-key=c3]")
    expect(first).to_have_attribute("data-rank", "1")
    expect(first).to_contain_text("60.00 分")
    expect(overlay.locator(".row[data-key=c2]")).to_contain_text("40.00 分")
    expect(by(phone, "first-c3")).to_be_visible()
    expect(by(phone, "votes-c3")).to_contain_text("60.00 分")
