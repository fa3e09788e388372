"""The console's panel of outgoing automations, against targets that answer, refuse and are not allowed."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import WAIT_MS, by
from tests.conftest import Running
from tests.recording import Target, http, listed, make, recording

DESK = {"width": 1440, "height": 900}
expect.set_options(timeout=WAIT_MS)


@pytest.fixture
def target() -> Iterator[Target]:
    with recording() as recorder:
        yield recorder


@pytest.fixture
def console(context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    def open_(arena: Running, role: str, code: str, **options: Any) -> Page:
        page = context(**{"viewport": DESK, **options}).new_page()
        page.add_init_script("localStorage.setItem('arena.console.monitors_off', 'true')")
        page.goto(f"{arena.base_url}/console#session={code}&token={arena.tokens[role]}")
        return page

    return open_


def test_a_failing_target_is_seen_at_a_glance_and_a_test_says_what_it_answered(
    start: Callable[..., Running], target: Target, console: Callable[..., Page]
) -> None:
    arena = start(automation_targets=("127.0.0.1",))
    crew = arena.crew("producer")
    code = crew.make()
    target.answers = [404]
    made = make(crew, code, "round_opened", http(target, "/{{event.trigger}}?x={{flat.none}}"))
    page = console(arena, "producer", code)
    button, badge = by(page, "automations"), by(page, "automations-badge")
    expect(button).to_have_text(re.compile("^联动"))
    expect(badge).to_be_hidden()
    crew.do(code, "open")
    expect(badge).to_have_text("1 个失败")

    button.click()
    row = by(page, f"automation-{made['id']}")
    sentence, tested = (by(page, f"automation-{made['id']}-{part}") for part in ("sentence", "tested"))
    expect(row).to_contain_text("回合开启")
    expect(row).to_contain_text(f"GET {target.host}")
    expect(row).to_contain_text("送达 0 · 失败 1 · 等待 0")
    expect(sentence).to_contain_text(f"上次失败：{target.host} 回答了 404。")
    target.answers = [503]
    by(page, f"automation-{made['id']}-test").click()
    expect(tested).to_have_text(f"试发失败：{target.host} 回答了 503。这些路径没有值：flat.none。")
    by(page, f"automation-{made['id']}-test").click()
    expect(tested).to_contain_text("试发成功：回答 200")
    assert target.paths() == ["/round_opened"] * 3
    expect(badge).to_be_hidden()

    by(page, f"automation-{made['id']}-toggle").click()
    expect(row).to_have_attribute("data-health", "off")
    assert listed(crew, code)[0]["enabled"] is False
    remove = by(page, f"automation-{made['id']}-delete")
    remove.dblclick()
    expect(remove).to_have_text("再按一次确认")
    page.wait_for_timeout(400)  # a bounce is no second press
    assert len(listed(crew, code)) == 1
    remove.click()
    expect(row).to_have_count(0)
    assert listed(crew, code) == []


def test_one_is_added_by_the_form_and_a_refusal_is_a_sentence(
    start: Callable[..., Running], target: Target, console: Callable[..., Page]
) -> None:
    arena = start(automation_targets=("127.0.0.1",))
    crew = arena.crew("producer")
    code = crew.make()
    page = console(arena, "producer", code)
    by(page, "automations").click()
    expect(by(page, "automation-targets")).to_contain_text("127.0.0.1")
    by(page, "automation-add").click()
    expect(by(page, "field-automation-name")).to_be_focused()
    by(page, "field-automation-name").fill("字幕")
    by(page, "field-automation-trigger").select_option("tally_changed")
    by(page, "field-automation-every_ms").fill("500")
    by(page, "field-automation-url").fill("http://10.9.8.7/")
    by(page, "field-automation-body").fill('{"votes": {{flat.red_votes}}}')
    by(page, "automation-add").click()
    expect(by(page, "automation-problem")).to_contain_text("目标不在允许名单里")
    expect(by(page, "field-automation-name")).to_have_value("字幕")
    by(page, "field-automation-url").fill(f"{target.url}/votes")
    by(page, "automation-add").click()
    expect(by(page, "automation-list")).to_contain_text("字幕")
    expect(by(page, "automation-list")).to_contain_text("每 500 毫秒最多一次")
    expect(by(page, "automation-problem")).to_be_empty()

    by(page, "field-automation-name").fill("灯")
    by(page, "field-automation-kind").select_option("osc")
    for key, value in {"host": "127.0.0.1", "port": "9", "address": "/x", "args": "1, {{flat.red_name}}"}.items():
        by(page, f"field-automation-{key}").fill(value)
    by(page, "automation-add").click()
    expect(by(page, "automation-list")).to_contain_text("OSC 127.0.0.1:9")
    first, second = listed(crew, code)
    assert (first["name"], first["trigger"], first["every_ms"]) == ("字幕", "tally_changed", 500)
    assert (first["action"]["method"], first["action"]["body"]) == ("POST", '{"votes": {{flat.red_votes}}}')
    assert second["action"]["args"] == [1, "{{flat.red_name}}"]


def test_who_may_not_edit_sees_how_they_go_and_no_buttons_and_no_target_is_said(
    start: Callable[..., Running], target: Target, console: Callable[..., Page]
) -> None:
    arena = start(automation_targets=("127.0.0.1",))
    code = arena.crew("producer").make()
    make(arena.crew("producer"), code, "round_opened", http(target))
    # The next start allows nothing.
    arena = start()
    director = console(arena, "director", code)
    expect(by(director, "automations-badge")).to_have_text("1 个未获允许")
    by(director, "automations").click()
    expect(by(director, "automation-list")).to_contain_text(target.host)
    expect(by(director, "automation-list").get_by_role("button")).to_have_count(0)
    expect(by(director, "automation-form")).to_have_count(0)
    producer = console(arena, "producer", code, locale="en-US")
    expect(by(producer, "automations-badge")).to_have_text("1 not allowed")
    by(producer, "automations").click()
    expect(by(producer, "automation-targets")).to_contain_text("ARENA_AUTOMATION_TARGETS")
    expect(by(producer, "automation-form")).to_be_hidden()


def test_nothing_is_asked_while_the_page_is_hidden_and_a_refused_list_hides_the_button(
    start: Callable[..., Running], console: Callable[..., Page]
) -> None:
    arena = start()
    code = arena.crew("producer").make()
    page = console(arena, "producer", code)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/automations") else None)
    expect(by(page, "automations")).to_be_visible()
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true, configurable: true})")
    page.wait_for_timeout(300)
    before = len(asked)
    page.wait_for_timeout(6_000)
    assert len(asked) == before
    page.route("**/automations", lambda route: route.fulfill(status=404, json={"code": "not_found", "status": 404}))
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => false, configurable: true})")
    expect(by(page, "automations")).to_be_hidden()
