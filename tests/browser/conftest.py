"""The system's Chromium, driven by Playwright. Each test has contexts of its own: a fresh profile each."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.conftest import Running

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 375, "height": 667}
WAIT_MS = 20_000
"""Bounds that catch a hang; a machine may be busy."""


def chromium_path() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


# Of the package, not the whole run: while Playwright lives its loop runs, and no other test could start one of its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        sentence = "No Chromium is installed: the browser tests did not run. Install the system's chromium."
        if os.environ.get("ARENA_TEST_BROWSER") == "required":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Make contexts: sizes, languages and devices of their own. A script error on any page fails the test."""
    made: list[BrowserContext] = []
    errors: list[str] = []

    def make(**options: Any) -> BrowserContext:
        options = {"locale": "zh-CN", "viewport": PHONE, **options}
        fresh = browser.new_context(**options)
        fresh.set_default_timeout(WAIT_MS)
        fresh.on("weberror", lambda error: errors.append(str(error.error)))
        made.append(fresh)
        return fresh

    yield make
    for each in made:
        each.close()
    assert errors == [], "scripts failed on a page"


@pytest.fixture
def open_page(context: Callable[..., BrowserContext], arena: Running) -> Callable[..., Page]:
    """Open a page of the running service in a context of its own. A console draws its pictures, two overlays, only
    where `pictures` asks for them: they cost more than all the rest of it.
    """

    def open_(path: str, *, pictures: bool = False, **options: Any) -> Page:
        page = context(**options).new_page()
        if not pictures:
            page.add_init_script("localStorage.setItem('arena.console.monitors_off', 'true')")
        page.goto(arena.base_url + path)
        return page

    return open_


def by(page: Page, testid: str) -> Any:
    """Find by data-testid."""
    return page.get_by_test_id(testid)


def axe_script() -> str:
    """Return axe-core as its package ships it."""
    path = Path(__file__).parents[1] / "pages" / "node_modules" / "axe-core" / "axe.min.js"
    return path.read_text(encoding="utf-8")
