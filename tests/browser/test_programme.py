"""The programme's pages as people use them: six hundred nominees and the season's page, the profile card, a visit from
the request to the lesson given.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, ViewportSize, expect

from tests.browser.conftest import WAIT_MS, axe_script, by
from tests.conftest import Running
from tests.players import Crew

SCREEN = ViewportSize(width=1920, height=1080)
NARROW = ViewportSize(width=360, height=740)
SHOW = "pioneer-arena"
NOMINEES = 600
FINALISTS = 10
expect.set_options(timeout=WAIT_MS)


def nominees() -> bytes:
    rows = [f"先锋{number:03d},第{number % 37 + 1}党支部,总工会" for number in range(1, NOMINEES + 1)]
    return "\n".join(["姓名,单位,推荐单位", *rows, ""]).encode()


def answered(response: Any) -> dict[str, Any]:
    assert response.is_success, response.text
    document: dict[str, Any] = response.json()
    return document


def played(arena: Running, crew: Crew, *, deciding: bool = True) -> str:
    """Play one bout in which red has more votes, and put it into the season."""
    code = crew.make(number=1, deciding=deciding, rounds=[{"title": "观点PK"}])
    crew.do(code, "open")
    for side in ("red", "red", "blue"):
        phone = arena.phone(code)
        assert phone.vote(side).status_code == 200
        phone.like(red=9, blue=4)
    crew.do(code, "lock")
    arena.crew("director").do(code, "reveal")
    answered(crew.client.post(f"/api/v1/shows/{SHOW}/seasons", json={"season": "2017", "name": "2017 年度"}))
    answered(crew.client.put(f"/api/v1/sessions/{code}/season", json={"season": "2017", "make_people": True}))
    return code


def violations(page: Page) -> list[str]:
    page.evaluate(axe_script())
    found = page.evaluate("axe.run(document, {iframes: false}).then(r => r.violations)")
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]


@pytest.fixture
def open_checked(context: Callable[..., BrowserContext], arena: Running) -> Callable[..., Page]:
    """Open a page that axe-core's script may enter; nothing else of the page's policy is bypassed."""

    def open_(path: str, viewport: ViewportSize) -> Page:
        page = context(viewport=viewport, bypass_csp=True).new_page()
        page.goto(arena.base_url + path)
        return page

    return open_


def test_six_hundred_are_nominated_and_ten_promoted_and_the_season_shows_them(
    arena: Running, open_checked: Callable[..., Page]
) -> None:
    crew = arena.crew("producer")
    code = played(arena, crew)
    season = f"/api/v1/shows/{SHOW}/seasons/2017"
    loaded = answered(crew.client.post(f"{season}/import", content=nominees()))
    assert loaded["added"] == NOMINEES
    entries = answered(crew.client.get(f"{season}/entries", params={"limit": FINALISTS}))["entries"]
    people = [each["person"]["key"] for each in entries]
    answered(crew.client.post(f"{season}/moves", json={"people": people, "to": "final"}))

    page = open_checked(f"/season/{SHOW}/2017", SCREEN)
    expect(by(page, "entry")).to_have_count(FINALISTS)
    expect(by(page, "stage-final")).to_have_attribute("aria-pressed", "true")
    expect(by(page, "stage-nominated")).to_have_count(0)
    expect(page.locator("main")).to_contain_text(f"海选 {NOMINEES - FINALISTS} 人，名单未公开")
    expect(by(page, "holder")).to_contain_text("王伟")
    expect(by(page, "board-votes").get_by_test_id("place").first).to_contain_text("2 票")
    expect(by(page, "most-liked")).to_contain_text("27 赞")
    expect(by(page, f"session-{code}").get_by_role("link", name=re.compile("赛后报告"))).to_have_attribute(
        "href", f"/report/{code}"
    )
    assert violations(page) == []

    answered(crew.client.patch(season, json={"public_stage": "nominated"}))
    page.set_viewport_size(NARROW)
    page.reload()
    by(page, "stage-nominated").click()
    expect(by(page, "entries-count")).to_have_text(f"海选 {NOMINEES - FINALISTS} 人")
    expect(by(page, "entry")).to_have_count(60)
    by(page, "more").click()
    expect(by(page, "entry")).to_have_count(120)
    by(page, "find").fill("先锋599")
    expect(by(page, "entry")).to_have_count(1)
    expect(by(page, "entries-count")).to_have_text(f"海选 {NOMINEES - FINALISTS} 人中找到 1 人")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_a_bout_whose_votes_do_not_decide_has_no_winner_until_the_crew_names_one(
    arena: Running, open_checked: Callable[..., Page]
) -> None:
    crew = arena.crew("producer")
    code = played(arena, crew, deciding=False)
    answered(crew.client.patch(f"/api/v1/sessions/{code}", json={"status": "ended"}))
    page = open_checked(f"/season/{SHOW}/2017", SCREEN)
    row = by(page, f"session-{code}")
    expect(row).to_contain_text("尚无胜方")
    answered(crew.client.put(f"/api/v1/sessions/{code}/season", json={"season": "2017", "winner": "blue"}))
    page.reload()
    expect(row).to_contain_text("胜")
    expect(row).not_to_contain_text("尚无胜方")


def test_the_profile_card_shows_each_figure_with_its_formula_and_a_picture_to_save(
    arena: Running, open_checked: Callable[..., Page], open_page: Callable[..., Page]
) -> None:
    played(arena, arena.crew("producer"))
    page = open_checked(f"/card/{SHOW}", SCREEN)
    expect(by(page, "broadcasts")).to_have_text("1")
    expect(by(page, "likes")).to_have_text("39")
    expect(by(page, "views")).to_have_text("3")
    expect(by(page, "stars-fame")).to_have_text("☆☆☆☆☆")
    expect(by(page, "formula-fame")).to_contain_text("1000、10000、50000、200000、500000 各得一星")
    expect(by(page, "picture")).to_have_js_property("naturalWidth", 720)
    assert violations(page) == []
    phone = open_page(f"/card/{SHOW}", viewport=NARROW)  # under the page's whole policy
    expect(by(phone, "picture")).to_have_js_property("naturalWidth", 720)
    assert phone.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    for button, begins in (("save-svg", b"<svg"), ("save-png", b"\x89PNG")):
        with phone.expect_download() as download:
            by(phone, button).click()
        assert download.value.path().read_bytes().startswith(begins)


def test_a_visit_goes_from_the_request_to_the_lesson_given(arena: Running, open_checked: Callable[..., Page]) -> None:
    crew = arena.crew("producer")
    code = played(arena, crew)
    asker = open_checked(f"/v/{code}", NARROW)
    by(asker, "way-visit").click()
    expect(by(asker, "to-session")).to_have_attribute("href", f"/v/{code}")
    by(asker, "send").click()
    expect(by(asker, "said")).to_have_text("请选择想请的嘉宾。")
    assert violations(asker) == []
    by(asker, "who-red").check()
    by(asker, "organisation").fill("南丰镇机械园区党委")
    by(asker, "name").fill("李秋月")
    by(asker, "phone").fill("０５１２-5812 3344")
    by(asker, "send").click()
    expect(by(asker, "state")).to_have_attribute("data-state", "asked")
    link = by(asker, "receipt-link").input_value()
    assert re.fullmatch(rf"{arena.base_url}/visit/{code}#token=[A-Z2-7]+", link)
    assert "0512" not in asker.locator("body").inner_text()
    assert violations(asker) == []

    desk = open_checked(f"/visits#token={arena.tokens['producer']}", SCREEN)
    visit: Any = desk.locator("[data-testid^=visit-]")
    expect(visit).to_contain_text("0512-5812 3344")
    assert "token" not in desk.url
    by(visit, "act-accept").click()
    expect(visit).to_have_attribute("data-state", "accepted")
    by(visit, "act-schedule").click()
    by(visit, "save").click()
    expect(by(visit, "complaint")).to_have_text("请填写日期和时间。")
    by(visit, "field-starts").fill("2027-08-31T14:00")
    by(visit, "field-place").fill("南丰镇会议室")
    assert violations(desk) == []
    by(visit, "save").click()
    expect(visit).to_have_attribute("data-state", "scheduled")
    with desk.expect_download() as download:
        by(desk, "calendar").click()
    calendar = download.value.path().read_text("utf-8")
    assert "DTSTART:20270831T060000Z" in calendar
    assert "李秋月" not in calendar

    by(asker, "refresh").click()
    expect(by(asker, "state")).to_have_attribute("data-state", "scheduled")
    expect(by(asker, "starts-at")).to_contain_text("2027年8月31日")
    expect(by(asker, "place")).to_have_text("南丰镇会议室")
    by(visit, "act-deliver").click()
    by(visit, "field-taught").fill("47")
    by(visit, "save").click()
    expect(visit).to_have_attribute("data-state", "delivered")
    expect(by(desk, "taught-total")).to_have_text("听课人数共 47")
    asker.goto(f"{arena.base_url}/card/{SHOW}")
    expect(by(asker, "delivered")).to_have_text("1")
    expect(by(asker, "taught")).to_have_text("47")
    asker.goto(link)
    expect(by(asker, "state")).to_have_attribute("data-state", "delivered")


def test_a_lost_answer_is_asked_for_again_and_makes_no_second_request(
    arena: Running, open_page: Callable[..., Page]
) -> None:
    crew = arena.crew("producer")
    code = played(arena, crew)
    page = open_page(f"/visit/{code}", viewport=NARROW)

    def lose(route: Route) -> None:
        route.fetch()  # the service takes it; the answer never comes
        route.abort()

    page.route("**/visits", lose)
    by(page, "who-blue").check()
    for field, text in (("organisation", "永联村党委"), ("name", "赵六"), ("phone", "13800000000")):
        by(page, field).fill(text)
    by(page, "send").click()
    expect(by(page, "said")).to_contain_text("不会重复登记")
    page.reload()
    expect(by(page, "organisation")).to_have_value("永联村党委")
    assert not by(page, "organisation").is_editable()
    page.unroute("**/visits")
    by(page, "send").click()
    expect(by(page, "state")).to_have_attribute("data-state", "asked")
    listed = answered(crew.client.get(f"/api/v1/sessions/{code}/visits"))
    assert [each["organisation"] for each in listed["visits"]] == ["永联村党委"]

    by(page, "withdraw").click()
    by(page, "withdraw").click()
    expect(by(page, "state")).to_have_attribute("data-state", "withdrawn")
    expect(by(page, "withdraw")).to_have_count(0)


def test_a_request_is_declined_with_a_reason_that_the_asker_reads(
    arena: Running, open_checked: Callable[..., Page]
) -> None:
    code = played(arena, arena.crew("producer"))
    body = {"contestant": "red", "organisation": "国泰集团党委", "name": "赵六", "phone": "13800000000"}
    receipt = answered(arena.client().post(f"/api/v1/sessions/{code}/visits", json=body))["receipt"]
    desk = open_checked("/visits", NARROW)
    by(desk, "token").fill(arena.tokens["scrutineer"])
    by(desk, "sign-in").click()
    expect(by(desk, "problem")).to_contain_text("不能处理邀约")
    by(desk, "token").fill(arena.tokens["director"])
    by(desk, "sign-in").click()
    visit: Any = desk.locator("[data-testid^=visit-]")
    by(visit, "act-decline").click()
    by(visit, "field-reason").fill("近期档期已满")
    by(visit, "save").click()
    expect(visit).to_have_attribute("data-state", "declined")
    assert violations(desk) == []
    assert desk.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    asker = open_checked(f"/visit/{code}#token={receipt}", NARROW)
    expect(by(asker, "reason")).to_contain_text("近期档期已满")
