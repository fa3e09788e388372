"""On air with a browser: take, clear and panic by key; an overlay that freezes; one whose network is cut."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.live import document
from tests.browser.conftest import WAIT_MS, by
from tests.conftest import Running
from tests.players import eventually

pytestmark = pytest.mark.slow

SCREEN = {"width": 1920, "height": 1080}
PATIENCE_S = 40
expect.set_options(timeout=WAIT_MS)


@pytest.fixture
def desk(context: Callable[..., BrowserContext], arena: Running) -> Callable[..., Page]:
    def open_(role: str, code: str, **options: Any) -> Page:
        page = context(**{"viewport": SCREEN, **options}).new_page()
        page.add_init_script("localStorage.setItem('arena.console.monitors_off', 'true')")
        page.goto(f"{arena.base_url}/console#session={code}&token={arena.tokens[role]}")
        expect(by(page, "take")).to_be_visible()
        return page

    return open_


def shows(page: Page, scene: str) -> None:
    expect(by(page, "stage")).to_have_attribute("data-scene", scene)


def test_take_clear_and_panic_by_key_with_overlays_open(
    arena: Running, desk: Callable[..., Page], open_page: Callable[..., Page]
) -> None:
    code = arena.crew().make()
    page = desk("director", code)
    programme = open_page(f"/overlay/{code}", viewport=SCREEN)
    pinned = open_page(f"/overlay/{code}?scene=qr", viewport=SCREEN)
    preview = open_page(f"/overlay/{code}?bus=preview#token={arena.tokens['overlay']}", viewport=SCREEN)
    stranger = open_page(f"/overlay/{code}?bus=preview", viewport=SCREEN)
    shows(programme, "board")
    page.keyboard.press("Shift+Digit2")
    shows(preview, "lower_third")
    shows(programme, "board")
    page.keyboard.press("t")
    shows(programme, "lower_third")
    page.keyboard.press("b")
    shows(programme, "blank")
    page.keyboard.press("t")
    shows(programme, "lower_third")
    # From within a field too, and with no second press.
    by(page, "tab-share").click()
    page.keyboard.press("F9")
    for each in (programme, pinned, preview):
        shows(each, "blank")
        assert each.locator("[data-on=in], [data-on=rest], [data-on=out]").count() == 0
    by(page, "tab-air").click()
    expect(by(page, "panic-held")).to_contain_text("所有图文保持空白")
    page.keyboard.press("1")
    expect(by(page, "problem")).to_be_visible()
    shows(programme, "blank")
    by(page, "release").click()
    expect(by(page, "panic-held")).to_be_hidden()
    shows(programme, "blank")
    shows(pinned, "qr")
    page.keyboard.press("t")
    shows(programme, "lower_third")
    shows(stranger, "blank")


def test_an_overlay_that_falls_silent_on_air_is_warned_of(
    arena: Running, desk: Callable[..., Page], context: Callable[..., BrowserContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = arena.crew().make()
    page = desk("director", code)
    token = arena.tokens["overlay"]
    overlay = context(viewport=SCREEN).new_page()
    overlay.goto(f"{arena.base_url}/overlay/{code}?name=主播台#token={token}")
    shows(overlay, "board")
    eventually(lambda: [each for each in arena.crew().tally(code)["staff"]["overlays"] if each["name"] == "主播台"])
    # Its script stands still, as in a frozen page; the socket stays open, so that nobody says goodbye.
    cdp = overlay.context.new_cdp_session(overlay)
    cdp.send("Debugger.enable")
    cdp.send("Debugger.pause")
    warnings = by(page, "warnings")
    expect(warnings).to_contain_text("图文「主播台」在播出中没有应答", timeout=PATIENCE_S * 1000)
    cdp.send("Debugger.disable")
    expect(warnings).to_be_hidden(timeout=PATIENCE_S * 1000)


def test_an_overlay_whose_network_is_cut_holds_its_last_good_frame_and_comes_back(
    arena: Running, context: Callable[..., BrowserContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "STALE_AFTER_MS", 500)
    crew = arena.crew()
    code = crew.make()
    of_overlay = context(viewport=SCREEN)
    overlay = of_overlay.new_page()
    overlay.goto(f"{arena.base_url}/overlay/{code}?name=主播台#token={arena.tokens['overlay']}")
    shows(overlay, "board")
    of_overlay.set_offline(True)
    overlay.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    crew.client.post(f"/api/v1/sessions/{code}/overlay/result")
    overlay.wait_for_timeout(7_000)  # a heartbeat's time, in which it finds that its tally is old
    shows(overlay, "board")
    assert "rror" not in overlay.locator("body").inner_text()
    of_overlay.set_offline(False)
    shows(overlay, "result")
    seen = eventually(
        lambda: [each for each in crew.tally(code)["staff"]["overlays"] if each["stale_ms"] > 500], PATIENCE_S
    )
    assert seen[0]["name"] == "主播台"
