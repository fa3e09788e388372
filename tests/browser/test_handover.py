"""Two consoles at once, and a console whose cable is pulled."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.cable import cable_to
from tests.browser.conftest import WAIT_MS, by
from tests.conftest import Running
from tests.players import Crew, eventually

pytestmark = pytest.mark.slow

DESK = {"width": 1440, "height": 900}
expect.set_options(timeout=WAIT_MS)


def console(context: Callable[..., BrowserContext], base_url: str, token: str, code: str) -> Page:
    page = context(viewport=DESK).new_page()
    page.add_init_script("localStorage.setItem('arena.console.monitors_off', 'true')")
    page.goto(f"{base_url}/console#session={code}&token={token}")
    return page


def acts(crew: Crew, code: str) -> list[str]:
    entries = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    return [each["action"] for each in entries if each["round"] is not None]


def test_two_consoles_agree_and_two_presses_at_once_are_one_step(
    context: Callable[..., BrowserContext], arena: Running
) -> None:
    crew = arena.crew()
    code = crew.make()
    one, two = (console(context, arena.base_url, arena.tokens[role], code) for role in ("producer", "admin"))
    for command, after in (("open", "lock"), ("lock", "reveal")):
        for page in (one, two):
            expect(by(page, "next-command")).to_have_attribute("data-command", command)
            expect(by(page, "next-command")).to_be_enabled()
        # Sent by each page's own loop, before either can hear of the other.
        for page in (one, two):
            page.evaluate(
                "(again) => { const press = () => document.querySelector('[data-testid=next-command]').click();"
                " press(); if (again) setTimeout(press, 400); }",
                command == "lock",
            )
        for page in (one, two):
            expect(by(page, "next-command")).to_have_attribute("data-command", after)
    assert acts(crew, code) == ["open", "lock"]
    # What one does the other sees without being asked.
    by(two, "next-command").click()
    expect(by(two, "next-command")).to_have_attribute("data-state", "armed")
    two.wait_for_timeout(400)
    by(two, "next-command").click()
    expect(by(one, "round-1")).to_have_attribute("data-phase", "revealed")


def test_who_presses_on_an_old_view_is_told_who_was_faster_and_nothing_fires(
    context: Callable[..., BrowserContext], arena: Running
) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    crew.do(code, "open", "pause")
    page = console(context, arena.base_url, arena.tokens["admin"], code)
    resume = by(page, "resume")
    expect(resume).to_be_enabled()
    # The other has resumed and held again for a reason; this page has not read it yet.
    page.route(re.compile(rf"/api/v1/sessions/{code}$"), lambda route: route.abort())
    crew.do(code, "resume", "pause")
    resume.click()
    expect(by(page, "problem")).to_contain_text("编导 test producer：第1回合 暂停。您的这一步没有执行")
    assert crew.round(code)["phase"] == "paused"
    # Once it has read the state, the same press counts.
    page.unroute_all()
    by(page, "resume").click(trial=True)
    eventually(lambda: _pressed(page, crew, code))


def _pressed(page: Page, crew: Crew, code: str) -> bool:
    if crew.round(code)["phase"] == "paused":
        page.wait_for_timeout(500)
        by(page, "resume").click()
    return crew.round(code)["phase"] == "open"


def test_without_a_network_nothing_can_be_pressed_deadlines_go_on_and_the_return_reads_the_state(
    context: Callable[..., BrowserContext], arena: Running
) -> None:
    crew = arena.crew("producer")
    code = crew.make(rounds=[{"title": "观点PK", "duration_ms": 1_500}, {"title": "成效PK"}])
    page = console(context, arena.base_url, arena.tokens["producer"], code)
    expect(by(page, "next-command")).to_be_enabled()
    crew.do(code, "open")
    expect(by(page, "next-command")).to_have_attribute("data-command", "lock")
    page.context.set_offline(True)
    expect(by(page, "away")).to_contain_text("按下不会留待稍后执行")
    for testid in ("next-command", "pause", "lock"):
        expect(by(page, testid)).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("p")
    page.keyboard.press("l")
    crew.become(code, "locked")
    assert acts(crew, code) == ["open", "deadline", "deadline"] or acts(crew, code) == ["open", "deadline"]
    expect(by(page, "round-1")).not_to_have_attribute("data-phase", "locked")
    page.context.set_offline(False)
    expect(by(page, "round-1")).to_have_attribute("data-phase", "locked")
    expect(by(page, "away")).to_contain_text("已恢复连接")
    expect(by(page, "away")).to_be_hidden()
    assert "pause" not in acts(crew, code)


def test_what_was_pressed_on_a_dead_line_is_never_carried_out_when_the_cable_is_back(
    context: Callable[..., BrowserContext], arena: Running
) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    with cable_to(arena.base_url) as cable:
        page = console(context, cable.url, arena.tokens["producer"], code)
        expect(by(page, "connection")).to_contain_text("实时")
        expect(by(page, "next-command")).to_be_enabled()
        page.wait_for_function("document.querySelector('[data-testid=connection]').textContent.includes('ms')")
        cable.pull()
        held = cable.held
        by(page, "next-command").click()
        expect(by(page, "problem")).to_contain_text("这一步不会稍后再执行")
        # No event says that the cable is out: the desk finds out by itself.
        expect(by(page, "away")).to_contain_text("与服务断开")
        expect(by(page, "next-command")).to_have_attribute("aria-disabled", "true")
        assert cable.held > held, "the command was on its way"
        with page.expect_response(re.compile(rf"/api/v1/sessions/{code}$")):
            cable.plug()
        expect(by(page, "away")).to_contain_text("已恢复连接")
        expect(by(page, "connection")).to_contain_text("实时")
        assert acts(crew, code) == []
        assert crew.round(code)["phase"] == "draft"
        # And now it can be pressed.
        by(page, "next-command").click()
        crew.become(code, "open")
