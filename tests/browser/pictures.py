"""Makes the pictures of the documentation: `make pictures`. A bout with made-up votes in a service of its own."""

import random
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from app.domain.clock import SystemClock
from app.settings import Settings
from tests.browser.conftest import ARGUMENTS, by, chromium_path
from tests.conftest import Running, running
from tests.replays import replaying

OUT = Path(__file__).parents[2] / "docs" / "pictures"
PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1920, "height": 1080}
DESK = {"width": 1366, "height": 768}
QUALITY = 70
# Stands for the camera's picture behind the overlay; drawn here, so that nothing is anybody's likeness.
TEST_PICTURE = """
html::before { content: ""; position: fixed; inset: 0; z-index: -1; background:
  radial-gradient(150px 190px at 28% 40%, #caa184 0 99%, transparent),
  radial-gradient(330px 420px at 28% 88%, #2a3550 0 99%, transparent),
  radial-gradient(150px 190px at 72% 40%, #b98c6f 0 99%, transparent),
  radial-gradient(330px 420px at 72% 88%, #d9dbe3 0 99%, transparent),
  repeating-linear-gradient(90deg, #46566f 0 118px, #3d4c64 118px 124px); }
"""
BOUT = {
    "number": 1,
    "title": "先锋擂台 第1期",
    "topic": "精准服务：让群众有更多获得感",
    "contestants": [
        {"name": "王伟", "title": "党委副书记", "organisation": "澳洋医院", "role": "holder"},
        {"name": "杨玭", "title": "党支部书记、会长", "organisation": "张家港市公益组织联合会", "role": "challenger"},
    ],
    "rounds": [
        {"title": "观点PK", "dimension": "views", "question": "精准服务，先从哪里做起？", "duration_ms": 120_000},
        {"title": "成效PK", "dimension": "results", "visibility": "on_reveal", "duration_ms": 120_000},
        {"title": "总评", "sealed": True, "quarantine": ["too_soon"], "duration_ms": 120_000},
    ],
}


def play(arena: Running, code: str, number: int, voters: int) -> None:
    """Let made-up phones vote and like, so that the pictures show a close bout."""
    chance = random.Random(number)
    for _ in range(voters):
        phone = arena.phone(code)
        side = "red" if chance.random() < 0.56 else "blue"
        phone.vote(side, number=number)
        phone.like(number=number, **{side: chance.randint(3, 60)})


def sealed_round(arena: Running, browser: Browser, code: str) -> None:
    """Play the third round under its seal, and propose a correction of it."""
    base = arena.base_url
    producer = arena.crew("producer")
    producer.do(code, "open", number=3)
    phones = [arena.phone(code) for _ in range(24)]
    time.sleep(1)
    for index, phone in enumerate(phones):
        phone.vote("blue" if index % 5 < 3 else "red", number=3)
    play(arena, code, 3, 4)  # so soon after joining: held for review
    take(browser, "overlay-sealed", f"{base}/overlay/{code}?scene=board", SCREEN, ground=True).close()
    producer.do(code, "lock", number=3)
    arena.crew("scrutineer").do(code, "certify", number=3)
    arena.crew("director").do(code, "reveal", number=3)
    receipt = phones[0].me()["ballots"][0]["receipt"]
    take(browser, "receipt", f"{base}/receipt/{code}#r={receipt}", PHONE).close()
    wanted = {"kind": "release_held", "subject": "too_soon", "reason": "现场扫码后立即投票，逐一核对过"}
    answer = producer.client.post(f"/api/v1/sessions/{code}/rounds/3/corrections", json=wanted)
    console = take(
        browser, "console-correction", f"{base}/console#session={code}&token={arena.tokens['scrutineer']}", DESK
    )
    by(console, "correct").click()
    keep(console, "console-correction")
    console.close()
    path = f"/api/v1/sessions/{code}/rounds/3/corrections/{answer.json()['id']}/confirm"
    assert arena.crew("scrutineer").client.post(path).status_code == 200


def replayed(browser: Browser, settings: Settings, code: str) -> None:
    """Play the first round again at eight times its speed, and stand still before its lock."""
    with replaying(settings, code, speed=8) as replay:
        replay.control("pause")
        replay.control("seek", to=7)
        take(browser, "overlay-replay", f"{replay.base_url}/overlay/{code}?scene=board", SCREEN, ground=True).close()
        take(browser, "phone-replay", f"{replay.base_url}/v/{code}", PHONE).close()


def on_air(arena: Running, browser: Browser, code: str) -> None:
    """An overlay that stands still and is warned of; then the brake."""
    overlay = browser.new_context(viewport=SCREEN).new_page()
    overlay.goto(f"{arena.base_url}/overlay/{code}?name=OBS-1#token={arena.tokens['overlay']}")
    by(overlay, "stage").wait_for()
    overlay.wait_for_timeout(6_000)  # it has told of itself once
    debugger = overlay.context.new_cdp_session(overlay)
    debugger.send("Debugger.enable")
    debugger.send("Debugger.pause")
    console = take(
        browser, "console-warning", f"{arena.base_url}/console#session={code}&token={arena.admin_token}", DESK
    )
    console.keyboard.press("Shift+Digit2")
    console.get_by_text("没有应答").wait_for(timeout=60_000)
    keep(console, "console-warning")
    console.keyboard.press("F9")
    by(console, "release").wait_for()
    console.wait_for_timeout(1_000)
    keep(console, "console-panic")
    by(console, "release").click()
    debugger.send("Debugger.disable")
    overlay.context.close()
    console.close()


def take(
    browser: Browser, name: str, address: str, size: dict[str, int], *, ground: bool = False, quality: int = 86
) -> Page:
    """Open a page and keep its picture; returns the page, still open."""
    context = browser.new_context(viewport=size, locale="zh-CN", bypass_csp=ground, device_scale_factor=1)
    page = context.new_page()
    page.goto(address)
    if ground:
        page.add_style_tag(content=TEST_PICTURE)
    keep(page, name, quality=quality)
    return page


def keep(page: Page, name: str, full: bool = False, quality: int = 86) -> None:
    page.wait_for_timeout(2_500)
    page.screenshot(path=OUT / f"{name}.jpg", type="jpeg", quality=quality, full_page=full)
    print(f"docs/pictures/{name}.jpg")


def programme_pictures(arena: Running, browser: Browser) -> None:
    """A gala's window and its final ballot, a poll of 64, and where the phone leads after the result."""
    crew, base, chance = arena.crew(), arena.base_url, random.Random(64)
    names = ["周立新", "韩梅霞", "史涛", "石然涛", "傅涵新", "罗斌", "邱恩", "欧阳海燕"]
    people = [
        {
            "name": names[i % 8] + ("" if i < 8 else str(i + 1)),
            "title": "党支部书记",
            "organisation": f"第{i + 1}村党总支",
        }
        for i in range(64)
    ]
    crew.client.post("/api/v1/shows/pioneer-arena/seasons", json={"season": "2017", "name": "2017 年度"})
    entries = [
        crew.client.post("/api/v1/shows/pioneer-arena/seasons/2017/entries", json={"person": each, "stage": "final"})
        for each in people[:10]
    ]
    assert all(each.status_code == 201 for each in entries)
    wanted = {"stage": "final", "title": "总决赛", "window": {"duration_ms": 180_000}, "final": {"visibility": "live"}}
    code = crew.client.post("/api/v1/shows/pioneer-arena/seasons/2017/gala", json=wanted).json()["code"]
    crew.do(code, "open")
    for i in range(40):
        phone = arena.phone(code)
        phone.vote("c1" if i % 6 else "pass")
        phone.like(c1=chance.randint(10, 60))
    take(browser, "phone-window", f"{base}/v/{code}", PHONE, quality=QUALITY).close()
    overlay = take(
        browser, "overlay-window", f"{base}/overlay/{code}?scene=board", SCREEN, ground=True, quality=QUALITY
    )
    overlay.close()
    crew.do(code, "lock", "reveal")
    take(browser, "phone-ways", f"{base}/v/{code}", PHONE, quality=QUALITY).close()
    poll = crew.make(kind="poll", title="2017 我最喜欢的书记", contestants=people, rounds=[
        {"votes_per_day": 3, "duration_ms": 5 * 86_400_000}
    ])  # fmt: skip
    crew.do(poll, "open")
    for _ in range(160):
        key = f"c{min(64, 1 + int(chance.expovariate(0.08)))}"
        phone = arena.phone(poll)
        phone.vote(key)
        phone.like(**{key: chance.randint(1, 40)})
    take(browser, "phone-poll", f"{base}/v/{poll}", PHONE, quality=QUALITY).close()
    take(browser, "overlay-many", f"{base}/overlay/{poll}?scene=board", SCREEN, ground=True, quality=QUALITY).close()


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    path = chromium_path()
    if path is None:
        raise SystemExit("No Chromium is installed; install the system's chromium.")
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        settings = Settings(_env_file=None, data_dir=Path(directory), port=0)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        with running(settings, SystemClock()) as arena:
            crew = arena.crew()
            code = crew.make(**BOUT)
            base = arena.base_url
            console = f"{base}/console#session={code}&token={arena.admin_token}"
            phone = take(browser, "phone-waiting", f"{base}/v/{code}", PHONE)
            crew.do(code, "open")
            play(arena, code, 1, 60)
            by(phone, "like-red").click()
            keep(phone, "phone-open")
            by(phone, "vote-red").click()
            by(phone, "vote-confirm").click()
            keep(phone, "phone-receipt")
            for scene in ("board", "lower_third", "qr"):
                take(browser, f"overlay-{scene}", f"{base}/overlay/{code}?scene={scene}", SCREEN, ground=True).close()
            take(browser, "console", console, DESK).close()
            on_air(arena, browser, code)
            time.sleep(1)
            crew.do(code, "lock", "reveal")
            keep(phone, "phone-revealed")
            take(browser, "overlay-result", f"{base}/overlay/{code}?scene=result", SCREEN, ground=True).close()
            crew.do(code, "open", number=2)
            play(arena, code, 2, 40)
            take(browser, "overlay-hidden", f"{base}/overlay/{code}?scene=board", SCREEN, ground=True).close()
            take(browser, "console-hidden", console, {"width": 1024, "height": 768}).close()
            crew.do(code, "lock", "reveal", number=2)
            sealed_round(arena, browser, code)
            report = take(browser, "report", f"{base}/report/{code}", {"width": 1100, "height": 900})
            keep(report, "report", full=True)
            replayed(browser, settings, code)
            programme_pictures(arena, browser)
        browser.close()


if __name__ == "__main__":
    main()
