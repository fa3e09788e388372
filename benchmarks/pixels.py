"""From a vote's acknowledgement to the overlay's pixel: one overlay in Chromium, one vote at a time. The service only.

A frame counts as painted at the next animation frame after the one in which the text of the page has changed.
"""

import http.client
import time
from contextlib import closing
from typing import Any

from benchmarks.contestants import ARENA
from benchmarks.crowds.voters import shares
from benchmarks.results import Outcome, Table, figure, progress
from benchmarks.servers import BenchmarkError, Server, running

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
INTERVAL_SECONDS = 0.73
"""No multiple of the tick, so that votes fall anywhere in it."""
WATCH = """() => {
  window.painted = [];
  let shown = document.body.textContent;
  const look = () => {
    const now = document.body.textContent;
    if (now !== shown) {
      shown = now;
      requestAnimationFrame(() => window.painted.push(Date.now()));
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def run(votes: int) -> Outcome:
    """Raises BenchmarkError: Playwright is missing, or the page shows nothing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise BenchmarkError("Playwright is not installed") from None
    with running(ARENA) as server, sync_playwright() as playwright:
        assert server.arena is not None
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"http://127.0.0.1:{server.port}/overlay/{server.arena.code}")
        page.wait_for_timeout(3_000)
        page.evaluate(WATCH)
        delays = []
        for i, token in enumerate(server.arena.tokens(votes), 1):
            if i % 10 == 1:
                progress(f"pixels: vote {i} of {votes}")
            acknowledged = _vote(server, token)
            page.wait_for_timeout(INTERVAL_SECONDS * 1000)
            painted = [each for each in page.evaluate("() => window.painted.splice(0)") if each >= acknowledged - 1]
            if painted:
                delays.append((painted[0] - acknowledged) / 1000)
        browser.close()
    if not delays:
        raise BenchmarkError("the overlay showed no vote")
    figures: dict[str, Any] = {"delay": shares(sorted(delays)), "votes": votes, "seen": len(delays)}
    return Outcome("pixels", [_table(figures)], figures)


def _vote(server: Server, token: str) -> float:
    """Vote, and return when it was acknowledged, in ms of the machine's clock."""
    assert server.arena is not None
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as line:
        line.request(
            "PUT",
            f"{server.arena.path}/rounds/1/vote",
            b'{"choices":["red"]}',
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        answer = line.getresponse()
        answer.read()
        if answer.status != 200:
            raise BenchmarkError(f"a vote was refused with {answer.status}")
    return time.time() * 1000


def _table(figures: dict[str, Any]) -> Table:
    table = Table("From a vote's acknowledgement to the overlay's pixel, ms", ["votes", "seen", "p50", "p99", "worst"])
    delay = figures["delay"]
    table.rows = [
        [str(figures["votes"]), str(figures["seen"]), *(figure(delay[name]) for name in ("p50", "p99", "max"))]
    ]
    table.notes = ["One vote at a time, one overlay in headless Chromium, nobody else on line."]
    return table
