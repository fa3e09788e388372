"""Exports of real rounds, made by a real service: one whose votes could be changed, one with daily votes."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.settings import Settings
from app.storage.sqlite import sqlite_module
from tests.conftest import FakeClock, Running, running
from tests.players import Phone

Book = dict[str, Any]
DAY_MS = 86_400_000
CROWD = 5


def accepted(phone: Phone, *choices: str, **fields: Any) -> None:
    response = phone.vote(*choices, **fields)
    assert response.status_code == 200, response.text


def vote_in_one_batch(service: Running, phones: list[Phone], choice: str) -> None:
    """Let phones vote while a foreign transaction keeps the writer waiting, so that most share a batch."""
    path = service.data_dir / "arena.db"
    with closing(sqlite_module().connect(path, isolation_level=None)) as holder, ThreadPoolExecutor(CROWD) as threads:
        holder.execute("BEGIN IMMEDIATE")
        votes = [threads.submit(accepted, phone, choice) for phone in phones]
        arena = service.app.state.arena
        while arena.writer.waiting < len(phones):
            time.sleep(0.005)
        holder.execute("ROLLBACK")
        for each in votes:
            each.result()


def changeable_round(service: Running, clock: FakeClock) -> Book:
    """Play a round of 14 ballots: 1 to 8 alone in their batches, 9 to 13 mostly together, 14 alone."""
    crew = service.crew()
    code = crew.make(rounds=[{"changeable": True}, {}])
    crew.do(code, "open")
    phones = [service.phone(code, channel) for channel in ("web", "wechat", "web", "wechat", "web", "wechat")]
    cast = [(0, "red"), (1, "blue"), (2, "red"), (3, "red"), (0, "blue"), (4, "blue"), (0, "red"), (1, "red")]
    for who, choice in cast:
        clock.forward(1_000)
        accepted(phones[who], choice)
        phones[who].like(red=3, blue=who)
    clock.forward(1_000)
    vote_in_one_batch(service, [service.phone(code, "web") for _ in range(CROWD)], "blue")
    clock.forward(1_000)
    accepted(phones[5], "blue")
    clock.forward(1_000)
    crew.do(code, "lock", "reveal")
    return exported(service, code)


def daily_round(service: Running, clock: FakeClock) -> Book:
    """Play a round of several choices, with two votes a day, over two days: 6 ballots of 2 voters."""
    crew = service.crew()
    contestants = [{"name": name} for name in "甲乙丙"]
    code = crew.make(kind="poll", contestants=contestants, rounds=[{"votes_per_day": 2, "choices_max": 2}])
    crew.do(code, "open")
    one, other = service.phone(code, "web"), service.phone(code, "wechat")
    for phone, *choices in ((one, "c1", "c3"), (other, "c2"), (one, "c1", "c3")):
        clock.forward(1_000)
        accepted(phone, *choices, nonce=str(clock.now_ms()))
    clock.forward(DAY_MS)
    for phone, *choices in ((other, "c1", "c2"), (other, "c3"), (one, "c2")):
        clock.forward(1_000)
        accepted(phone, *choices, nonce=str(clock.now_ms()))
    crew.do(code, "lock", "reveal")
    return exported(service, code)


def exported(service: Running, code: str) -> Book:
    response = service.client().get(f"/api/v1/sessions/{code}/rounds/1/ledger")
    assert response.status_code == 200, response.text
    book: Book = response.json()
    return book


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Book]]:
    path: Path = tmp_path_factory.mktemp("verify")
    settings = Settings(_env_file=None, data_dir=path, host="127.0.0.1", port=0, tick_ms=20)
    clock = FakeClock()
    with running(settings, clock) as service:
        yield {"changeable": changeable_round(service, clock), "daily": daily_round(service, clock)}
