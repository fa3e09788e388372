"""A replay in the browser: the overlay shows what was, with a mark that says so; the phone offers nothing."""

import time
from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from app.settings import Settings
from tests.browser.conftest import by
from tests.conftest import Running
from tests.replays import replaying

SCREEN = {"width": 1920, "height": 1080}
END = 10**9


def test_the_overlay_shows_the_old_figures_and_the_mark(
    context: Callable[..., BrowserContext], arena: Running, settings: Settings
) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    for choice in ("red", "red", "blue"):
        assert arena.phone(code).vote(choice).status_code == 200
    # The replay begins at a whole second, five or nearly six before the opening: at six it is open for certain.
    time.sleep(1.2)
    crew.do(code, "lock", "reveal")
    with replaying(settings, code, start_ms=END) as replay:
        page = context(viewport=SCREEN).new_page()
        page.goto(f"{replay.base_url}/overlay/{code}?scene=board")
        expect(by(page, "votes-red")).to_have_text("2")
        expect(by(page, "votes-blue")).to_have_text("1")
        expect(by(page, "replay")).to_be_visible()
        expect(by(page, "replay")).to_contain_text("重播 REPLAY")
        replay.control("pause")
        expect(by(page, "replay")).to_contain_text("❚❚")
        replay.control("seek", to="0")
        expect(by(page, "votes-red")).to_have_text("0")
        clean = context(viewport=SCREEN).new_page()
        clean.goto(f"{replay.base_url}/overlay/{code}?scene=board&badge=off")
        expect(by(clean, "votes-red")).to_have_text("0")
        expect(by(clean, "replay")).to_be_hidden()
        replay.control("seek", to="6")
        phone = context().new_page()
        phone.goto(f"{replay.base_url}/v/{code}")
        expect(by(phone, "replay")).to_contain_text("重播 REPLAY")
        expect(by(phone, "phase")).to_have_attribute("data-stage", "open")
        expect(by(phone, "vote-red")).to_be_hidden()
        live = context(viewport=SCREEN).new_page()
        live.goto(f"{arena.base_url}/overlay/{code}?scene=board")
        expect(by(live, "votes-red")).to_have_text("2")
        expect(by(live, "replay")).to_be_hidden()
