"""What the pages cost a phone, and whether everybody can use them."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import axe_script, by
from tests.conftest import Running

PHONE_BYTES_MAX = 30 * 1024
PHONE_REQUESTS_MAX = 32
PAINT_MS_MAX = 5_000
"""First paint with the CPU four times slower. A bound that catches a page gone wrong on a busy machine, no
benchmark.
"""

BYTES_UNTIL = """(paint) => [
    ...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')
  ].filter(e => e.responseEnd <= paint && !e.name.includes('/api/')).reduce((sum, e) => sum + e.encodedBodySize, 0)"""


def live_session(arena: Running) -> str:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    for side in ("red", "red", "blue"):
        phone = arena.phone(code)
        phone.vote(side)
        phone.like(**{side: 5})
    return code


def test_phone_page_is_light(arena: Running, context: Callable[..., Any]) -> None:
    code = live_session(arena)
    page = context().new_page()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    session.send("Network.enable")
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    foreign: list[str] = []
    page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(arena.base_url) else 0)
    page.goto(f"{arena.base_url}/v/{code}")
    expect(by(page, "phase")).to_have_attribute("data-stage", "open")
    expect(by(page, "connection")).to_have_attribute("data-status", "live")
    page.wait_for_load_state("networkidle")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    before_paint = page.evaluate(BYTES_UNTIL, paint)
    assert [url for url in foreign if not url.startswith("data:")] == []
    assert before_paint <= PHONE_BYTES_MAX
    assert len(sizes) <= PHONE_REQUESTS_MAX
    assert paint <= PAINT_MS_MAX


def test_box_about_getting_in_that_does_not_load_says_so_and_comes_when_asked_again(
    arena: Running, context: Callable[..., Any]
) -> None:
    crew = arena.crew()
    code = crew.make(channels=[{"key": "web"}, {"key": "hall", "identity": "ticket"}])
    crew.do(code, "open")
    made = crew.client.post(f"/api/v1/sessions/{code}/tickets", json={"channel": "hall", "count": 1}).json()["tickets"]
    page: Page = context(viewport={"width": 360, "height": 740}).new_page()
    page.route("**/phone/entry_view.js*", lambda route: route.abort())
    page.goto(f"{arena.base_url}/v/{code}?channel=hall")
    expect(by(page, "entry-not-loaded")).to_be_visible()
    expect(by(page, "entry-said")).to_have_count(0)
    page.unroute("**/phone/entry_view.js*")
    by(page, "entry-again").click()
    expect(by(page, "entry-said")).to_have_attribute("data-code", "ticket_required")
    expect(by(page, "entry-not-loaded")).to_have_count(0)
    by(page, "ticket-field").fill(made[0]["secret"])
    by(page, "ticket-submit").click()
    expect(by(page, "entry")).to_be_hidden()
    by(page, "vote-red").click()
    by(page, "vote-confirm").click()
    expect(by(page, "receipt")).to_be_visible()


@pytest.mark.parametrize("path", ["/v/CODE", "/overlay/CODE", "/report/CODE", "/receipt/CODE", "/console"])
def test_pages_have_a_strict_policy_etag_and_compression(arena: Running, path: str) -> None:
    client = arena.client()
    response = client.get(path.replace("CODE", live_session(arena)))
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert response.headers["content-encoding"] == "gzip"
    again = client.get(path.replace("CODE", "X"), headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("path", "size"),
    [
        ("/v/CODE", (375, 667)),
        ("/v/CODE?lang=en", (844, 390)),
        ("/console#session=CODE&token=TOKEN", (1366, 768)),
        ("/console", (1024, 768)),
        ("/report/CODE", (1280, 900)),
        ("/report/CODE", (390, 844)),
        ("/receipt/CODE", (360, 740)),
    ],
)
def test_axe_finds_nothing_serious(
    arena: Running, context: Callable[..., Any], path: str, size: tuple[int, int]
) -> None:
    code = live_session(arena)
    # The test's own script must get past the page's policy; nothing else of it is bypassed.
    page: Page = context(viewport={"width": size[0], "height": size[1]}, bypass_csp=True).new_page()
    page.goto(arena.base_url + path.replace("CODE", code).replace("TOKEN", arena.admin_token))
    page.wait_for_timeout(1_500)
    page.evaluate(axe_script())
    found = page.evaluate("axe.run(document, {iframes: false}).then(r => r.violations)")
    serious = {
        each["id"]: each["nodes"][0]["html"][:200] for each in found if each["impact"] in ("serious", "critical")
    }
    assert serious == {}


@pytest.mark.parametrize("size", [(320, 568), (375, 667), (844, 390)])
@pytest.mark.parametrize("font", ["16px", "32px"])
def test_nothing_sticks_out_sideways_on_a_phone(
    arena: Running, context: Callable[..., Any], size: tuple[int, int], font: str
) -> None:
    code = live_session(arena)
    page: Page = context(viewport={"width": size[0], "height": size[1]}).new_page()
    page.add_init_script(
        f"addEventListener('DOMContentLoaded', () => document.documentElement.style.fontSize = '{font}')"
    )
    page.goto(f"{arena.base_url}/v/{code}")
    expect(by(page, "phase")).to_have_attribute("data-stage", "open")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    button = by(page, "vote-red")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
