"""Makes docs/pictures/host-*.jpg by hand: `python -m tests.interop.host_pictures`. Each is the overlay in one host."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from app.domain.clock import SystemClock
from app.settings import Settings
from tests.browser.conftest import ARGUMENTS, by, chromium_path
from tests.browser.pictures import BOUT, SCREEN, TEST_PICTURE, keep, play
from tests.browser.test_hosts import LOAD, ROOT, act, called, main_of, renderer, served
from tests.conftest import Running, running


def obs(page: Page, arena: Running, code: str) -> None:
    page.add_init_script("window.obsstudio = {pluginVersion: '2.24.0'}")
    page.goto(f"{arena.base_url}/overlay/{code}?scene=board")


def casparcg(page: Page, arena: Running, code: str) -> None:
    page.goto(f"{arena.base_url}/overlay/{code}?wait=1&theme=gold")
    called(page, "update", '{"f0":"board"}')
    called(page, "play")


def main() -> None:
    path = chromium_path()
    if path is None:
        raise SystemExit("No Chromium is installed; install the system's chromium.")
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        folder = Path(directory)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)

        def taken(name: str, prepare: Callable[[Page], None]) -> None:
            context = browser.new_context(viewport=SCREEN, locale="zh-CN", bypass_csp=True)  # type: ignore[arg-type]
            page = context.new_page()
            prepare(page)
            by(page, "board").wait_for()
            page.add_style_tag(content=TEST_PICTURE)
            keep(page, f"host-{name}")
            context.close()

        with running(Settings(_env_file=None, data_dir=folder / "data", port=0), SystemClock()) as arena:
            crew = arena.crew()
            code = crew.make(**BOUT)
            crew.do(code, "open")
            play(arena, code, 1, 60)
            taken("obs", lambda page: obs(page, arena, code))
            taken("casparcg", lambda page: casparcg(page, arena, code))
            with served(ROOT / "app" / "pages") as tool:

                def spx(page: Page) -> None:
                    page.goto(f"{tool}/overlay/spx.html")
                    called(page, "update", json.dumps({"f0": "board", "f1": code, "f3": "en", "f4": arena.base_url}))
                    called(page, "play")

                taken("spx", spx)
            with renderer(folder / "ograf", arena) as address:

                def ograf(page: Page) -> None:
                    page.goto(address)
                    data = {"base": arena.base_url, "code": code, "scene": "board", "lang": "both"}
                    page.evaluate(LOAD, [main_of(folder / "ograf"), data])
                    act(page, "playAction")

                taken("ograf", ograf)
        browser.close()


if __name__ == "__main__":
    main()
