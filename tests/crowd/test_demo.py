"""The demonstration against the real service, at a tenth of its time; its addresses; its end by cancellation."""

import asyncio
import io
import re
from collections.abc import Iterator

import httpx2
import pytest
from rich.cells import cell_len
from rich.console import Console

from app.demo import BOUT, BOUT_S, DemoError, DemoOptions, demo_addresses, print_addresses, reachable_url, run_bout
from tests.conftest import Running


@pytest.fixture
def page() -> Iterator[io.TextIOWrapper]:
    """What the terminal would show."""
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") as page:
        yield page


def shown(page: io.TextIOWrapper) -> str:
    page.flush()
    buffer = page.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


@pytest.mark.slow
def test_the_whole_bout_runs_by_itself_and_leaves_three_revealed_rounds(arena: Running, page: io.TextIOWrapper) -> None:
    options = DemoOptions(
        arena.base_url, arena.admin_token, code="PK2017", voters=30, likes_rate=60, pace=0.1, leave=True
    )
    report = asyncio.run(run_bout(options, console=Console(file=page, width=100)))
    assert report.problems == []
    session = arena.crew().session("PK2017")
    assert [(each["phase"], each["title"]) for each in session["rounds"]] == [
        ("revealed", "观点PK"),
        ("revealed", "成效PK"),
        ("revealed", "决胜回合"),
    ]
    assert session["overlay"]["scene"] == "result"
    text = shown(page)
    for cue in BOUT:
        assert cue.chinese in text
        assert cue.english in text
    assert f"{arena.base_url}/v/PK2017" in text
    assert "票数保密" in text
    assert re.search(r"王伟 \d+% \d+ 票 \d+ 赞 : 杨玭 \d+% \d+ 票 \d+ 赞", text)
    assert "Every acknowledged vote and like is counted, once." in text
    assert not re.search(r"\d+ problems", text)


def test_it_ends_at_once_when_it_is_cancelled_and_leaves_no_task(arena: Running, page: io.TextIOWrapper) -> None:
    async def run() -> set[str]:
        options = DemoOptions(arena.base_url, arena.admin_token, voters=10, pace=0.2)
        bout = asyncio.create_task(run_bout(options, console=Console(file=page)))
        await asyncio.sleep(1.5)
        bout.cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(bout, return_exceptions=True)
        assert bout.cancelled()
        return {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}

    assert asyncio.run(run()) == set()


def test_a_refused_token_is_told_in_a_sentence(arena: Running, page: io.TextIOWrapper) -> None:
    with pytest.raises(DemoError, match="The session could not be made: 401 token_invalid"):
        asyncio.run(run_bout(DemoOptions(arena.base_url, "arena_admin_forged"), console=Console(file=page)))


def test_a_service_that_is_not_there_is_told_in_a_sentence(page: io.TextIOWrapper) -> None:
    with pytest.raises(DemoError, match="broke off"):
        asyncio.run(run_bout(DemoOptions("http://127.0.0.1:9", "arena_admin_x"), console=Console(file=page)))


def test_the_token_stands_behind_the_fragment_of_the_console_address_alone() -> None:
    addresses = demo_addresses("http://10.0.0.5:8000/", "PK2017", "arena_admin_x")
    assert addresses.phone == "http://10.0.0.5:8000/v/PK2017"
    assert addresses.overlay == "http://10.0.0.5:8000/overlay/PK2017"
    assert addresses.report == "http://10.0.0.5:8000/report/PK2017"
    assert addresses.console == "http://10.0.0.5:8000/console#session=PK2017&token=arena_admin_x"


def test_the_pages_of_the_addresses_exist(arena: Running) -> None:
    code = arena.crew().make()
    for address in demo_addresses(arena.base_url, code, arena.admin_token):
        answer = httpx2.get(address, trust_env=False)
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/html"), address


def test_a_terminal_that_knows_no_unicode_gets_no_qr_code() -> None:
    with io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace", newline="") as page:
        print_addresses(Console(file=page), demo_addresses("http://10.0.0.5", "PK2017", "t"))
        assert "▄" not in shown(page)


def test_an_address_for_other_machines_is_found_where_it_listens_everywhere() -> None:
    assert reachable_url("arena.local", 80) == "http://arena.local:80"
    assert "0.0.0.0" not in reachable_url("0.0.0.0", 8000)
    assert reachable_url("::1", 8000) == "http://[::1]:8000"


def test_the_timetable_is_in_order_and_takes_about_two_minutes() -> None:
    times = [cue.at_s for cue in BOUT]
    assert times == sorted(times)
    assert times[-1] < BOUT_S
    assert 90 <= BOUT_S <= 120


def test_every_line_of_the_timetable_fits_a_terminal_of_eighty_columns() -> None:
    for cue in BOUT:
        assert cell_len(f"0:00  {cue.chinese} · {cue.english}") <= 79, cue
