"""A poll of days on the phone: found, voted for within the day's votes, again the next day, closed by the clock; and
what the page of 64 candidates costs.
"""

from collections.abc import Callable
from email.utils import formatdate

from playwright.sync_api import BrowserContext, Page, Route, ViewportSize, expect

from tests.browser.conftest import WAIT_MS, axe_script, by
from tests.conftest import FakeClock, Running
from tests.players import Crew, eventually

NARROW = ViewportSize(width=360, height=740)
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
CANDIDATES = 64
ELEMENTS_MAX = 2_000
REQUESTS_MAX = 36
PICTURE = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
expect.set_options(timeout=WAIT_MS)


def poll(crew: Crew, **rules: object) -> str:
    people = [
        {"name": f"先锋{number:02d}", "organisation": f"第{number}村党总支", "portrait_url": PICTURE}
        for number in range(1, CANDIDATES + 1)
    ]
    rounds = [{"votes_per_day": 2, "duration_ms": 3 * DAY_MS, **rules}]
    code = crew.make(kind="poll", title="我最喜欢的书记", contestants=people, rounds=rounds)
    crew.do(code, "open")
    return code


def vote(page: Page, key: str) -> None:
    by(page, f"vote-{key}").click()
    by(page, "vote-confirm").click()
    expect(by(page, "receipt")).to_have_attribute("data-choices", key)


def test_poll_of_three_days_gives_new_votes_at_midnight_and_closes_by_itself(
    still_arena: Running, clock: FakeClock, context: Callable[..., BrowserContext]
) -> None:
    crew = still_arena.crew()
    code = poll(crew, visibility="after_vote")
    page = context(viewport=NARROW).new_page()

    def on_its_clock(route: Route) -> None:
        # What a page that polls knows of the time is this header, which is the machine's and not the test's.
        answer = route.fetch()
        route.fulfill(
            response=answer, headers={**answer.headers, "date": formatdate(clock.now_ms() / 1000, usegmt=True)}
        )

    page.route("**/api/v1/sessions/**", on_its_clock)
    page.goto(f"{still_arena.base_url}/v/{code}")
    expect(by(page, "connection")).to_have_attribute("data-status", "polling")
    expect(by(page, "votes-left")).to_contain_text("今日剩余 2 票")
    expect(by(page, "countdown")).to_contain_text("11月23日周一 20:00")
    expect(by(page, "place-c7")).to_be_empty()
    expect(by(page, "order-votes")).to_be_hidden()
    by(page, "find").fill("第7村")
    expect(page.locator(".card:visible")).to_have_count(1)
    vote(page, "c7")
    expect(by(page, "votes-left")).to_contain_text("今日剩余 1 票")
    expect(by(page, "place-c7")).to_have_text("第1名")
    by(page, "find").fill("")
    by(page, "vote-change").click()
    vote(page, "c64")
    expect(by(page, "votes-left")).to_contain_text("今日票数已用完")
    expect(by(page, "vote-change")).to_have_count(0)
    by(page, "order-votes").click()
    cards = page.locator(".card")
    expect(cards.nth(1)).to_have_attribute("data-choice", "c64")
    expect(cards.nth(2)).to_have_attribute("data-choice", "c1")

    clock.forward(4 * HOUR_MS - 1_000)  # a second before midnight in Shanghai
    page.reload()
    expect(by(page, "votes-left")).to_contain_text("今日票数已用完")
    clock.forward(2_000)
    page.reload()
    expect(by(page, "votes-left")).to_contain_text("今日剩余 2 票")
    by(page, "vote-change").click()
    vote(page, "c64")
    expect(by(page, "place-c64")).to_have_text("第1名")
    expect(by(page, "place-c7")).to_have_text("第2名")

    clock.forward(3 * DAY_MS)
    crew.become(code, "locked")
    page.reload()
    expect(by(page, "phase")).to_have_attribute("data-stage", "locked")
    expect(by(page, "votes-c64")).to_contain_text("2 票")
    expect(by(page, "vote-c1")).to_be_hidden()
    page.unroute_all(behavior="ignoreErrors")  # a poll under way would end in the next test


def test_page_of_64_candidates_is_light_and_everybody_can_use_it(
    arena: Running, context: Callable[..., BrowserContext]
) -> None:
    crew = arena.crew()
    code = poll(crew)
    page = context(viewport=NARROW, bypass_csp=True).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{arena.base_url}/v/{code}")
    expect(by(page, "find")).to_be_visible()
    expect(by(page, f"vote-c{CANDIDATES}")).to_be_attached()
    expect(by(page, "connection")).to_have_attribute("data-status", "polling")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.querySelectorAll('*').length") <= ELEMENTS_MAX
    assert len({each for each in asked if "/portraits/" not in each}) <= REQUESTS_MAX
    loaded = "[...document.querySelectorAll('.card img')].filter(each => each.complete && each.naturalWidth > 0).length"
    assert page.evaluate(loaded) < CANDIDATES  # those that nobody has scrolled to are not fetched
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    box = by(page, "vote-c1").bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44
    page.evaluate(axe_script())
    found = page.evaluate("axe.run(document).then(r => r.violations)")
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    by(page, "find").fill("谁也不是")
    expect(by(page, "found")).to_contain_text("没有找到")
    by(page, "find").fill(str(CANDIDATES))
    expect(page.locator(".card:visible")).to_have_attribute("data-choice", f"c{CANDIDATES}")
    eventually(lambda: page.evaluate(loaded) > 0)
