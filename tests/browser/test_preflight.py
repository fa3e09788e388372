"""The console's preflight: what is red stands first and says what to do; mended and asked again, it is gone."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from app.storage.backup import note_backup
from tests.browser.conftest import WAIT_MS, axe_script, by
from tests.conftest import Running

DESK = {"width": 1440, "height": 900}
SMALL = {"width": 360, "height": 740}
expect.set_options(timeout=WAIT_MS)


def test_what_is_red_is_mended_and_asked_again(open_page: Callable[..., Page], arena: Running) -> None:
    code = arena.crew().make()
    page = open_page(f"/console#session={code}&token={arena.tokens['director']}", viewport=DESK)
    by(page, "preflight").click()
    expect(by(page, "preflight-verdict")).to_contain_text("还不能开播：4 项未通过")
    backup = by(page, "preflight-backup")
    expect(backup).to_contain_text("未通过")
    expect(backup).to_contain_text("请运行 arena backup FILE")
    expect(by(page, "preflight-list").locator("li")).to_have_count(17)
    expect(by(page, "preflight-list").locator("li").first).to_have_attribute("data-level", "red")
    expect(by(page, "preflight-console_clock")).to_have_attribute("data-level", re.compile("green|amber"))
    page.evaluate(axe_script())
    wrong = page.evaluate("async () => (await axe.run('dialog')).violations.map((each) => each.id)")
    assert wrong == []

    note_backup(arena.data_dir, Path("arena.bak"), time.time_ns() // 1_000_000)
    by(page, "preflight-again").click()
    expect(by(page, "preflight-verdict")).to_contain_text("3 项未通过")
    expect(backup).to_have_attribute("data-level", "green")
    # Keys of the desk do nothing behind the window.
    page.keyboard.press("1")
    by(page, "preflight-close").click()
    expect(by(page, "preflight-dialog")).to_have_count(0)


def test_on_a_phone_in_english_it_fits_and_a_lost_line_is_said(open_page: Callable[..., Page], arena: Running) -> None:
    code = arena.crew().make()
    address = f"/console?lang=en#session={code}&token={arena.tokens['producer']}"
    page = open_page(address, viewport=SMALL, locale="en-US")
    by(page, "preflight").click()
    expect(by(page, "preflight-verdict")).to_contain_text("Not ready: 4 to mend")
    wide = page.evaluate("() => { const d = document.querySelector('dialog'); return d.scrollWidth - d.clientWidth; }")
    assert wide <= 0
    page.route("**/preflight*", lambda route: route.abort())
    by(page, "preflight-again").click()
    expect(by(page, "preflight-problem")).to_contain_text("The service cannot be reached")
