"""What proves a count, as people see it: receipts, what a vote decides, the seal, corrections by two people."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.domain.signature import SigningKey
from tests.browser.conftest import WAIT_MS, by
from tests.conftest import Running

DESK = {"width": 1440, "height": 900}
SCREEN = {"width": 1920, "height": 1080}
NARROW = {"width": 360, "height": 740}
WON = re.compile("胜出|优胜|获胜|赢家")
expect.set_options(timeout=WAIT_MS)


def console_of(open_page: Callable[..., Page], arena: Running, role: str, code: str) -> Page:
    return open_page(f"/console#session={code}&token={arena.tokens[role]}", viewport=DESK)


def press_next(console: Page, command: str) -> None:
    """Press the large button for this step, twice where it asks for that."""
    button = by(console, "next-command")
    expect(button).to_have_attribute("data-command", command)
    expect(button).to_be_enabled()
    button.click()
    if command != "open":
        expect(button).to_have_attribute("data-state", "armed")
        button.click()


def test_a_voter_follows_the_receipt_from_the_phone_to_the_ledger(
    arena: Running, open_page: Callable[..., Page]
) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    page = open_page(f"/v/{code}", viewport=NARROW)
    by(page, "vote-red").click()
    by(page, "vote-confirm").click()
    receipt = by(page, "receipt").get_attribute("data-receipt")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    by(page, "check-receipt").click()
    expect(page).to_have_url(re.compile(f"/receipt/{code}#r={receipt}$"))
    answer = by(page, "answer")
    expect(answer).to_have_attribute("data-kind", "stands")
    expect(by(page, "found-round")).to_contain_text("第1回合")
    assert "王伟" not in answer.inner_text(), "before the reveal nothing says what was chosen"
    assert not [url for url in asked if receipt in url and "/receipts/" not in url]

    crew.do(code, "lock", "reveal")
    by(page, "receipt-input").fill(f" {receipt.lower()[:13]} {receipt.lower()[13:]} ")
    by(page, "look-up").click()
    expect(answer).to_have_attribute("data-kind", "counted")
    expect(by(page, "found-choices")).to_have_text("王伟")
    crew.say(code, "void", reason="断电")
    by(page, "look-up").click()
    expect(answer).to_have_attribute("data-kind", "void")
    expect(by(page, "found-reason")).to_have_text("断电")


def test_a_receipt_that_is_none_is_answered_kindly(arena: Running, open_page: Callable[..., Page]) -> None:
    code = arena.crew().make()
    page = open_page(f"/receipt/{code}", viewport=NARROW)
    for typed, said in (("ABC", "26"), ("A" * 26, "逐字核对")):
        by(page, "receipt-input").fill(typed)
        by(page, "look-up").click()
        expect(by(page, "answer")).to_contain_text(said)
    page.goto(f"{arena.base_url}/receipt/NOBODY#r={'A' * 26}")
    expect(by(page, "answer")).to_contain_text("没有这个场次")


@pytest.mark.parametrize("deciding", [True, False])
def test_every_page_says_whether_the_votes_decide(
    arena: Running, open_page: Callable[..., Page], deciding: bool
) -> None:
    crew = arena.crew()
    code = crew.make(deciding=deciding)
    crew.do(code, "open")
    for side in ("red", "red", "blue"):
        arena.phone(code).vote(side)
    crew.do(code, "lock", "reveal")
    said = "观众投票决定胜负" if deciding else "观众投票仅供参考，不决定胜负"
    phone = open_page(f"/v/{code}", viewport=NARROW)
    expect(by(phone, "standing")).to_have_text(said)
    expect(by(phone, "phase")).to_contain_text("胜出" if deciding else "人气领先")
    expect(by(phone, "first-red")).to_have_text("胜出" if deciding else "人气领先")
    overlay = open_page(f"/overlay/{code}?scene=result", viewport=SCREEN)
    expect(by(overlay, "winner" if deciding else "favoured")).to_contain_text("王伟")
    expect(by(overlay, "result").get_by_test_id("fine")).to_contain_text(said)
    report = open_page(f"/report/{code}", viewport=DESK)
    expect(by(report, "deciding")).to_have_text(said)
    expect(by(report, "round-1-result")).to_contain_text("胜出" if deciding else "人气领先")
    console = console_of(open_page, arena, "producer", code)
    expect(by(console, "deciding")).to_contain_text("决定胜负" if deciding else "不决定胜负")
    expect(by(console, "readout")).to_contain_text(said)
    if not deciding:
        for page in (phone, overlay, report, console):
            assert not WON.search(page.locator("body").inner_text())
        with report.expect_download() as download:
            by(report, "download-csv").click()
        assert "仅供参考，不决定胜负" in download.value.path().read_text("utf-8-sig")


def test_a_sealed_round_is_seen_by_nobody_until_another_person_certifies(
    arena: Running, open_page: Callable[..., Page]
) -> None:
    code = arena.crew().make(rounds=[{"title": "成效PK", "sealed": True}])
    first = console_of(open_page, arena, "admin", code)
    press_next(first, "open")
    # The press is under way when the click returns.
    expect(by(first, "next-command")).to_have_attribute("data-command", "lock")
    assert arena.phone(code).vote("blue").status_code == 200
    phone = open_page(f"/v/{code}", viewport=NARROW)
    overlay = open_page(f"/overlay/{code}?scene=board", viewport=SCREEN)
    expect(by(phone, "score")).to_contain_text("封存计票")
    expect(by(overlay, "notice")).to_contain_text("封存计票")
    expect(by(overlay, "turnout")).to_contain_text("1 人")
    expect(by(first, "visibility")).to_contain_text("封存中")
    expect(by(first, "turnout")).to_have_text("1")
    expect(by(first, "votes-blue")).to_have_text("—")
    press_next(first, "lock")
    press_next(first, "certify")
    expect(by(first, "problem")).to_contain_text("须由另一个人完成")

    director = arena.crew("director")
    assert director.say(code, "reveal").json()["code"] == "not_certified"
    report = open_page(f"/report/{code}", viewport=DESK)
    expect(by(report, "round-1-result")).to_contain_text("封存计票")
    second = console_of(open_page, arena, "scrutineer", code)
    expect(by(second, "votes-blue")).to_have_text("—")
    press_next(second, "certify")
    expect(by(second, "votes-blue")).to_have_text("1")
    director.do(code, "reveal")
    expect(by(phone, "score")).to_contain_text("100%")
    expect(by(overlay, "votes-blue")).to_contain_text("1")


def test_a_correction_takes_two_people_and_both_totals_are_told(arena: Running, open_page: Callable[..., Page]) -> None:
    crew = arena.crew("producer")
    code = crew.make(deciding=True, rounds=[{"title": "观点PK", "quarantine": ["too_soon"]}])
    crew.do(code, "open")
    known = [
        (arena.phone(code, channel), side) for channel, side in (("web", "red"), ("web", "red"), ("wechat", "blue"))
    ]
    held = arena.phone(code, "wechat")
    assert held.vote("red").status_code == 200  # within a moment of joining: held back
    open_page(f"/v/{code}").wait_for_timeout(900)
    for phone, side in known:
        assert phone.vote(side).status_code == 200
    crew.do(code, "lock")
    arena.crew("director").do(code, "reveal")
    import_external(arena, code)

    producer = console_of(open_page, arena, "producer", code)
    expect(by(producer, "held")).to_have_text("1")
    by(producer, "correct").click()
    by(producer, "field-correction").select_option(label="作废渠道：网页")
    by(producer, "field-correction-reason").fill("一台机器刷票")
    by(producer, "correction-propose").click()
    confirm = producer.locator("[data-testid^=confirm-]")
    confirm.click()
    confirm.click()
    expect(by(producer, "correction-problem")).to_contain_text("须由另一个人完成")

    scrutineer = console_of(open_page, arena, "scrutineer", code)
    expect(by(scrutineer, "proposals")).to_contain_text("1")
    by(scrutineer, "correct").click()
    confirm = scrutineer.locator("[data-testid^=confirm-]")
    confirm.click()
    confirm.click()
    expect(by(scrutineer, "correction-standing")).to_contain_text("一台机器刷票")
    expect(by(scrutineer, "both-totals").locator("tbody tr").first).to_have_text(re.compile("王伟.*2.*0.*1"))

    phone_page = open_page(f"/v/{code}", viewport=NARROW)
    expect(by(phone_page, "aside")).to_contain_text("更正后")
    expect(by(phone_page, "phase")).to_contain_text("杨玭 胜出")
    report = open_page(f"/report/{code}", viewport=DESK)
    totals = by(report, "both-totals")
    expect(totals.locator("tbody tr").first).to_have_text(re.compile("王伟.*2.*0"))
    expect(by(report, "round-1-corrections")).to_contain_text("一台机器刷票")
    expect(by(report, "asides")).to_contain_text("待核")
    expect(by(report, "channel-1-web")).to_contain_text("已作废，不计入")
    expect(by(report, "signature")).to_be_visible()
    expect(by(report, "external")).to_contain_text("8,000")


def import_external(arena: Running, code: str) -> None:
    """Bring in a tally that another counted and signed."""
    key = SigningKey(b"7" * 32)
    client = arena.crew().client
    source = {"name": "短信平台", "public_key": key.public}
    assert client.put(f"/api/v1/sessions/{code}/sources/sms", json=source).status_code == 200
    statement: dict[str, Any] = {
        "session": code, "round": 1, "source": "sms", "unit": "votes", "taken_at_ms": 1_795_176_000_000,
        "figures": {"red": 8000, "blue": 12}, "evidence": {"text": "平台截图", "url": "", "sha256": "ab" * 32},
    }  # fmt: skip
    body = {"statement": statement, "signature": key.sign_statement(statement)}
    response = client.post(f"/api/v1/sessions/{code}/external", json=body)
    assert response.status_code in (200, 201), response.text


@pytest.mark.parametrize("font", ["16px", "32px"])
def test_the_receipt_page_is_used_with_one_thumb_in_any_size_of_type(
    arena: Running, context: Callable[..., Any], font: str
) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    receipt = arena.phone(code).vote("red").json()["receipt"]
    page: Page = context(viewport=NARROW).new_page()
    page.add_init_script(
        f"addEventListener('DOMContentLoaded', () => document.documentElement.style.fontSize = '{font}')"
    )
    page.goto(f"{arena.base_url}/receipt/{code}#r={receipt}")
    expect(by(page, "answer")).to_have_attribute("data-kind", "stands")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    box = by(page, "look-up").bounding_box()
    assert box is not None
    assert box["height"] >= 44
