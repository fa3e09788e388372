"""Getting in by a real browser: a ticket scanned or typed, a piece of work, a WeChat sign-in, and what is said else."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from tests.browser.conftest import by
from tests.conftest import Running
from tests.wechat_stand_in import APP_ID, SECRET, WeChatStandIn, wechat_stand_in

CHANNELS = [
    {"key": "web", "name": "网页"},
    {"key": "hall", "name": "现场", "identity": "ticket"},
    {"key": "wechat", "name": "微信", "identity": "wechat"},
]


@pytest.fixture
def wechat() -> Iterator[WeChatStandIn]:
    with wechat_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def arena(start: Callable[..., Running], wechat: WeChatStandIn) -> Running:
    """A service that asks for work after the second phone, with WeChat's stand-in."""
    return start(
        join_free_per_minute=2,
        join_work_bits=12,
        icp="苏ICP备12345678号-1",
        privacy_contact="privacy@example.cn",
        wechat_app_id=APP_ID,
        wechat_secret=SecretStr(SECRET),
        wechat_api_url=wechat.url,
        wechat_open_url=wechat.url,
    )


def opened(arena: Running, **changes: Any) -> str:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS, **changes)
    crew.do(code, "open")
    return code


def tickets(arena: Running, code: str, count: int = 1) -> list[dict[str, Any]]:
    body = {"channel": "hall", "count": count, "sheet": "A"}
    made: list[dict[str, Any]] = (
        arena.crew().client.post(f"/api/v1/sessions/{code}/tickets", json=body).json()["tickets"]
    )
    return made


def votes(page: Page, side: str = "red") -> None:
    by(page, f"vote-{side}").click()
    by(page, "vote-confirm").click()
    expect(by(page, "receipt")).to_be_visible()


def channels_of(arena: Running, code: str) -> dict[str, int]:
    crew = arena.crew()
    crew.do(code, "lock", "reveal")
    result = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()
    return {key: each["turnout"] for key, each in result["channels"].items() if each["turnout"]}


def test_scanned_ticket_votes_by_its_channel_and_leaves_the_address(
    open_page: Callable[..., Page], arena: Running
) -> None:
    code = opened(arena)
    ticket = tickets(arena, code)[0]
    page = open_page(ticket["url"].removeprefix(arena.base_url))
    votes(page)
    assert page.url == f"{arena.base_url}/v/{code}"
    expect(by(page, "entry")).to_be_hidden()
    page.reload()
    expect(by(page, "receipt")).to_be_visible()
    # The same code scanned again by the same phone changes nothing.
    page.goto(ticket["url"])
    page.reload()
    expect(by(page, "receipt")).to_be_visible()
    expect(by(page, "entry")).to_be_hidden()
    assert channels_of(arena, code) == {"hall": 1}


def test_used_ticket_is_explained_and_another_can_be_typed(open_page: Callable[..., Page], arena: Running) -> None:
    code = opened(arena)
    used, good = tickets(arena, code, 2)
    open_page(used["url"].removeprefix(arena.base_url)).wait_for_function("location.hash === ''")
    arena.client().post(f"/api/v1/sessions/{code}/join", json={"ticket": used["secret"]})
    page = open_page(used["url"].removeprefix(arena.base_url))
    expect(by(page, "entry-said")).to_have_attribute("data-code", "ticket_used")
    by(page, "ticket-field").fill("22222-22222")
    by(page, "ticket-submit").click()
    expect(by(page, "entry-said")).to_have_attribute("data-code", "ticket_not_found")
    by(page, "ticket-field").fill(good["secret"].lower())
    by(page, "ticket-submit").click()
    expect(by(page, "entry")).to_be_hidden()
    votes(page)


def test_channel_in_the_link_that_takes_tickets_asks_for_one(open_page: Callable[..., Page], arena: Running) -> None:
    code = opened(arena)
    page = open_page(f"/v/{code}?channel=hall")
    expect(by(page, "entry-said")).to_have_attribute("data-code", "ticket_required")
    expect(by(page, "ticket-field")).to_be_visible()


def test_phone_that_is_asked_for_work_does_it_and_votes(open_page: Callable[..., Page], arena: Running) -> None:
    code = opened(arena)
    for _ in range(2):
        arena.phone(code)
    page = open_page(f"/v/{code}")
    votes(page)
    loaded = page.evaluate("performance.getEntriesByType('resource').map(({name}) => name)")
    assert any(name.endswith("/lib/working.js") for name in loaded), "it was asked for work"
    assert channels_of(arena, code) == {"web": 1}


def test_wechat_browser_goes_to_sign_in_and_comes_back_as_one_voter(
    open_page: Callable[..., Page], arena: Running, wechat: WeChatStandIn
) -> None:
    code = opened(arena)
    agent = {"user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.60"}
    page = open_page(f"/v/{code}", **agent)
    votes(page)
    assert page.url == f"{arena.base_url}/v/{code}"
    # The same person on another phone has voted already.
    other = open_page(f"/v/{code}", **agent)
    expect(by(other, "receipt")).to_be_visible()
    assert channels_of(arena, code) == {"wechat": 1}


def test_snapshot_user_sees_how_to_get_the_full_service(
    open_page: Callable[..., Page], arena: Running, wechat: WeChatStandIn
) -> None:
    code = opened(arena)
    wechat.mood.snapshot = True
    page = open_page(f"/v/{code}", user_agent="Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.60")
    expect(page.get_by_text("使用完整服务").first).to_be_visible()


def test_footer_and_privacy_page_say_what_is_set(open_page: Callable[..., Page], arena: Running) -> None:
    code = opened(arena)
    page = open_page(f"/v/{code}")
    expect(by(page, "icp")).to_have_text("苏ICP备12345678号-1")
    by(page, "privacy-link").click()
    expect(by(page, "days")).to_have_text("7")
    expect(by(page, "contact")).to_have_text("privacy@example.cn")
    expect(by(page, "date-zh")).to_contain_text("尚未结束")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_tickets_are_made_and_laid_out_for_paper(open_page: Callable[..., Page], arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    page = open_page(f"/tickets/{code}#token={arena.admin_token}", viewport={"width": 1100, "height": 800})
    by(page, "count").fill("31")
    by(page, "sheet").fill("A 区")
    by(page, "make").click()
    expect(by(page, "ticket")).to_have_count(31)
    assert "token" not in page.url
    assert page.locator(".page").count() == 3
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") == 3
    expect(by(page, "sheet-A 区")).to_contain_text("31")
    by(page, "door-sheet").fill("A 区")
    by(page, "door-number").fill("3")
    by(page, "door-reason").fill("丢失")
    by(page, "void-one").click()
    expect(by(page, "said")).to_contain_text("已作废 1 张")
