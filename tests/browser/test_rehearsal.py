"""A rehearsal as people see it: made at the desk, marked on every page, purged; then the real bout, from zero."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.verify import verify_ledger
from tests.browser.conftest import WAIT_MS, by
from tests.conftest import Running
from tests.players import eventually

pytestmark = pytest.mark.slow

DESK = {"width": 1920, "height": 1080}
NARROW = {"width": 360, "height": 740}
MARK = "彩排 REHEARSAL"
PICTURES = os.environ.get("ARENA_REHEARSAL_PICTURES")
"""Where to leave pictures of the pages; nowhere, unless asked for."""
expect.set_options(timeout=WAIT_MS)


def pictured(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"rehearsal-{name}.jpg", type="jpeg", quality=80)


def test_a_rehearsal_from_the_desk_and_the_real_bout_after_it(arena: Running, open_page: Callable[..., Page]) -> None:
    crew = arena.crew()
    code = crew.make()
    desk = open_page(f"/console#session={code}&token={arena.tokens['producer']}", viewport=DESK)
    expect(by(desk, "rehearsal")).to_be_hidden()
    by(desk, "rehearse").click()
    by(desk, "rehearsal-make").click()
    expect(by(desk, "rehearsal-code")).to_contain_text("RH")
    rehearsal = crew.client.get(f"/api/v1/sessions/{code}/rehearsal").json()["session"]["code"]
    pictured(desk, "dialog")
    by(desk, "rehearsal-go").click()
    expect(by(desk, "code")).to_have_text(rehearsal)
    expect(by(desk, "rehearsal")).to_have_text(MARK)
    crew.do(rehearsal, "open")
    if arena.app.state.arena.cluster is None:
        by(desk, "rehearse").click()
        by(desk, "field-crowd-voters").fill("6")
        by(desk, "field-crowd-race").select_option("tied")
        by(desk, "field-crowd-bursts").select_option("spike")
        by(desk, "crowd-start").click()
        expect(by(desk, "crowd-said")).to_contain_text("6 位模拟观众")
        eventually(lambda: crew.tally(rehearsal)["tally"]["turnout"] == 6, 60)
        by(desk, "crowd-stop").click()
        expect(by(desk, "crowd-said")).to_contain_text("已离场")
        by(desk, "rehearsal-close").click()
    pictured(desk, "console")
    phone = open_page(f"/v/{rehearsal}", viewport=NARROW)
    expect(by(phone, "rehearsal")).to_contain_text(MARK)
    by(phone, "vote-red").click()
    by(phone, "vote-confirm").click()
    receipt = by(phone, "receipt").get_attribute("data-receipt")
    pictured(phone, "phone")
    for scene in ("board", "blank"):
        overlay = open_page(f"/overlay/{rehearsal}?scene={scene}", viewport=DESK)
        expect(by(overlay, "rehearsal")).to_be_visible()
        expect(by(overlay, "rehearsal")).to_have_text(MARK)
        if scene == "board":
            expect(overlay.locator("body")).to_contain_text("杨玭")
            expect(by(overlay, "stage")).to_have_attribute("data-stage", "rest")
        pictured(overlay, f"overlay-{scene}")
    crew.do(rehearsal, "lock", "reveal")
    report = open_page(f"/report/{rehearsal}", viewport=DESK)
    expect(by(report, "rehearsal")).to_contain_text(MARK)
    pictured(report, "report")
    checked = open_page(f"/receipt/{rehearsal}#r={receipt}", viewport=NARROW)
    expect(by(checked, "rehearsal")).to_contain_text(MARK)
    pictured(checked, "receipt")

    by(desk, "rehearse").click()
    by(desk, "rehearsal-purge").click()
    by(desk, "rehearsal-purge").click()
    # Back at what is real, which has nothing of it.
    expect(by(desk, "code")).to_have_text(code)
    expect(by(desk, "rehearsal")).to_be_hidden()
    assert crew.client.get(f"/api/v1/sessions/{rehearsal}").status_code == 404
    assert crew.tally(code)["totals"] == {"likes": 0, "votes": 0}
    crew.do(code, "open")
    assert arena.phone(code).vote("blue").status_code == 200
    crew.do(code, "lock", "reveal")
    for path in (f"/v/{code}", f"/overlay/{code}?scene=board", f"/report/{code}"):
        page = open_page(path, viewport=DESK)
        expect(page.locator("body")).to_contain_text("杨玭")
        expect(page.get_by_text("REHEARSAL")).not_to_be_visible()
    ledger = arena.client().get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()
    found = verify_ledger(ledger)
    assert (found.problems, found.rehearsal_of) == ([], None)
    assert [row[0] for row in ledger["ballots"]] == [1]
