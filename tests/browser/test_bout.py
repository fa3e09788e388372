"""A whole bout as its people see it: console, phones, overlay, report."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import WAIT_MS, by
from tests.conftest import Process, Running
from tests.players import Crew, likes_of, votes_of

DESK = {"width": 1366, "height": 768}
SCREEN = {"width": 1920, "height": 1080}
expect.set_options(timeout=WAIT_MS)


def press(console: Page, command: str) -> None:
    """Press the large button for this step, twice where it asks for a second press."""
    button = by(console, "next-command")
    expect(button).to_have_attribute("data-command", command)
    expect(button).to_be_enabled()
    button.click()
    if command in ("lock", "reveal"):
        expect(button).to_have_attribute("data-state", "armed")
        button.click()


def vote(phone: Page, side: str) -> None:
    by(phone, f"vote-{side}").click()
    by(phone, "vote-confirm").click()
    expect(by(phone, "receipt")).to_have_attribute("data-receipt", re.compile(r"^[A-Z2-7]{26}$"))


def tap(phone: Page, side: str, times: int) -> None:
    for _ in range(times):
        by(phone, f"like-{side}").click(delay=5)


def test_console_drives_a_whole_bout(arena: Running, open_page: Callable[..., Page]) -> None:
    console = open_page(f"/console#token={arena.admin_token}", pictures=True, viewport=DESK)
    by(console, "new-session").click()
    for person, (name, organisation) in enumerate((("王伟", "澳洋医院"), ("杨玭", "张家港市公益组织联合会"))):
        by(console, f"field-person-{person}-name").fill(name)
        by(console, f"field-person-{person}-organisation").fill(organisation)
    by(console, "create-session").click()
    expect(by(console, "next-command")).to_have_attribute("data-command", "open")
    assert arena.admin_token not in console.url
    code = by(console, "code").inner_text()

    overlay = open_page(f"/overlay/{code}?scene=board", viewport=SCREEN)
    phones = [open_page(f"/v/{code}") for _ in range(3)]
    press(console, "open")
    for phone, side, likes in zip(phones, ("red", "red", "blue"), (5, 3, 4), strict=True):
        expect(by(phone, "phase")).to_have_attribute("data-stage", "open")
        tap(phone, side, likes)
        vote(phone, side)
    for page in (overlay, console):
        expect(by(page, "votes-red").first).to_contain_text("2")
        expect(by(page, "votes-blue").first).to_contain_text("1")
        expect(by(page, "likes-red").first).to_contain_text("8")
        expect(by(page, "likes-blue").first).to_contain_text("4")
    expect(by(overlay, "pct-red")).to_contain_text("67")

    press(console, "lock")
    for phone in phones:
        expect(by(phone, "phase")).not_to_have_attribute("data-stage", "open")
    press(console, "reveal")
    expect(by(phones[0], "phase")).to_have_attribute("data-stage", re.compile("revealed|won|result"))
    tally = arena.crew().tally(code)
    assert votes_of(tally) == {"red": 2, "blue": 1}
    assert likes_of(tally) == {"red": 8, "blue": 4}

    report = open_page(f"/report/{code}", viewport={"width": 1280, "height": 900})
    expect(by(report, "round-1-result")).to_contain_text("王伟")
    expect(by(report, "round-1-result")).to_contain_text("8")
    expect(by(report, "timeline")).to_be_visible()
    with report.expect_download() as download:
        by(report, "download-csv").click()
    csv = download.value.path().read_bytes()
    assert csv.startswith(b"\xef\xbb\xbf")
    assert "王伟" in csv.decode("utf-8-sig")


def test_a_scene_that_the_director_cues_comes_on_every_overlay(arena: Running, open_page: Callable[..., Page]) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    overlay = open_page(f"/overlay/{code}", viewport=SCREEN)
    for scene in ("lower_third", "qr", "board", "result", "blank"):
        assert crew.client.post(f"/api/v1/sessions/{code}/overlay/{scene}").status_code == 200
        expect(by(overlay, "stage")).to_have_attribute("data-scene", scene)


def test_the_overlay_is_transparent_where_nothing_stands(arena: Running, open_page: Callable[..., Page]) -> None:
    code = arena.crew().make()
    overlay = open_page(f"/overlay/{code}?scene=board", viewport=SCREEN)
    expect(by(overlay, "stage")).to_have_attribute("data-scene", "board")
    grounds = overlay.evaluate(
        "['html','body'].map(name => getComputedStyle(document.querySelector(name)).backgroundColor)"
    )
    assert grounds == ["rgba(0, 0, 0, 0)", "rgba(0, 0, 0, 0)"]


def test_two_consoles_agree(arena: Running, open_page: Callable[..., Page]) -> None:
    code = arena.crew().make()
    first, second = (open_page(f"/console#session={code}&token={arena.admin_token}", viewport=DESK) for _ in range(2))
    press(first, "open")
    expect(by(second, "next-command")).to_have_attribute("data-command", "lock")


def test_space_does_the_next_step_but_not_while_typing(arena: Running, open_page: Callable[..., Page]) -> None:
    code = arena.crew().make()
    console = open_page(f"/console#session={code}&token={arena.admin_token}", viewport=DESK)
    expect(by(console, "next-command")).to_have_attribute("data-command", "open")
    by(console, "tab-edit").click()
    by(console, "field-title").click()
    console.keyboard.type("a b")
    assert arena.crew().tally(code)["round"]["phase"] == "draft"
    by(console, "tab-air").click()
    expect(by(console, "next-command")).to_be_enabled()
    console.locator("body").click(position={"x": 5, "y": 5})
    console.keyboard.press("Space")
    expect(by(console, "next-command")).to_have_attribute("data-command", "lock")


def test_pages_speak_english(arena: Running, open_page: Callable[..., Page]) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    phone = open_page(f"/v/{code}?lang=en")
    expect(by(phone, "phase")).to_have_attribute("data-stage", "open")
    expect(by(phone, "vote-red")).to_contain_text(re.compile("vote", re.IGNORECASE))
    assert phone.evaluate("document.documentElement.lang") == "en"
    console = open_page("/console", viewport=DESK, locale="en-US")
    expect(by(console, "signin-submit")).to_contain_text(re.compile("sign in", re.IGNORECASE))
    report = open_page(f"/report/{code}?lang=en", viewport=DESK)
    expect(report.locator("body")).to_contain_text(re.compile("likes", re.IGNORECASE))


def test_a_producer_may_not_reveal_and_a_director_may_not_open(arena: Running, open_page: Callable[..., Page]) -> None:
    crew = arena.crew()
    code = crew.make()
    director = open_page(f"/console#session={code}&token={arena.tokens['director']}", viewport=DESK)
    expect(by(director, "role")).to_be_visible()
    expect(by(director, "next-command")).to_be_disabled()
    crew.do(code, "open", "lock")
    expect(by(director, "next-command")).to_have_attribute("data-command", "reveal")
    expect(by(director, "next-command")).to_be_enabled()
    producer = open_page(f"/console#session={code}&token={arena.tokens['producer']}", viewport=DESK)
    expect(by(producer, "role")).to_be_visible()
    expect(by(producer, "next-command")).to_be_disabled()


def test_a_killed_service_loses_nothing_that_was_tapped(process: Process, context: Callable[..., object]) -> None:
    from tests.conftest import make_tokens

    tokens = make_tokens(process.settings, 0)
    process.start()
    import httpx2

    headers = {"Authorization": f"Bearer {tokens['admin']}"}
    with httpx2.Client(base_url=process.base_url, headers=headers, timeout=20, verify=False) as client:
        crew = Crew(client)
        code = crew.make()
        crew.do(code, "open")
        phone: Page = context().new_page()  # type: ignore[attr-defined]
        overlay: Page = context(viewport=SCREEN).new_page()  # type: ignore[call-arg,attr-defined]
        phone.goto(f"{process.base_url}/v/{code}")
        overlay.goto(f"{process.base_url}/overlay/{code}?scene=board")
        expect(by(phone, "phase")).to_have_attribute("data-stage", "open")
        tap(phone, "red", 3)
        expect(by(overlay, "likes-red")).to_contain_text("3")
        process.end()
        tap(phone, "red", 4)
        by(phone, "vote-red").click()
        by(phone, "vote-confirm").click()
        # The last good frame holds, and nothing of an error is on air.
        expect(by(overlay, "likes-red")).to_contain_text("3")
        process.start()
        expect(by(phone, "receipt")).to_have_attribute("data-receipt", re.compile(r"^[A-Z2-7]{26}$"), timeout=60_000)
        expect(by(overlay, "likes-red")).to_contain_text("7", timeout=60_000)
        tally = crew.tally(code)
        assert votes_of(tally) == {"red": 1, "blue": 0}
        assert likes_of(tally) == {"red": 7, "blue": 0}


def test_a_phone_whose_websocket_is_blocked_takes_part_by_http(arena: Running, context: Callable[..., object]) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    blocked = context()
    blocked.add_init_script(  # type: ignore[attr-defined]
        "window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.({code: 1006}), 5); "
        "setTimeout(() => this.dispatchEvent?.(new Event('close')), 5) } "
        "addEventListener(type, f) { if (type === 'close') setTimeout(() => f({code: 1006, reason: ''}), 5) } "
        "removeEventListener() {} send() {} close() {} }"
    )
    phone: Page = blocked.new_page()  # type: ignore[attr-defined]
    phone.goto(f"{arena.base_url}/v/{code}")
    expect(by(phone, "phase")).to_have_attribute("data-stage", "open")
    tap(phone, "blue", 3)
    vote(phone, "blue")
    expect(by(phone, "likes-blue")).to_contain_text("3")
    tally = crew.tally(code)
    assert votes_of(tally) == {"red": 0, "blue": 1}
    assert likes_of(tally) == {"red": 0, "blue": 3}


def test_a_phone_without_network_shows_it_and_sends_later(arena: Running, context: Callable[..., object]) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    plane = context()
    phone: Page = plane.new_page()  # type: ignore[attr-defined]
    phone.goto(f"{arena.base_url}/v/{code}")
    expect(by(phone, "connection")).to_have_attribute("data-status", "live")
    plane.set_offline(True)  # type: ignore[attr-defined]
    tap(phone, "red", 6)
    plane.set_offline(False)  # type: ignore[attr-defined]
    expect(by(phone, "connection")).to_have_attribute("data-status", "live", timeout=60_000)
    phone.wait_for_timeout(1_500)
    assert likes_of(crew.tally(code)) == {"red": 6, "blue": 0}


def test_a_reload_keeps_the_vote_and_the_likes(arena: Running, open_page: Callable[..., Page]) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    phone = open_page(f"/v/{code}")
    expect(by(phone, "phase")).to_have_attribute("data-stage", "open")
    tap(phone, "red", 2)
    vote(phone, "red")
    phone.reload()
    expect(by(phone, "receipt")).to_be_visible()
    tap(phone, "red", 2)
    phone.wait_for_timeout(1_500)
    tally = crew.tally(code)
    assert (votes_of(tally)["red"], likes_of(tally)["red"]) == (1, 4)


def test_a_hidden_tally_is_nowhere_on_the_phone(arena: Running, open_page: Callable[..., Page]) -> None:
    crew = arena.crew()
    code = crew.make(rounds=[{"title": "成效PK", "visibility": "on_reveal"}])
    crew.do(code, "open")
    for _ in range(7):
        arena.phone(code).vote("red")
    phone = open_page(f"/v/{code}")
    expect(by(phone, "phase")).to_have_attribute("data-stage", "open")
    expect(by(phone, "score")).to_contain_text("7")
    assert "%" not in by(phone, "score").inner_text()
    crew.do(code, "lock", "reveal")
    expect(by(phone, "score")).to_contain_text("100%")
