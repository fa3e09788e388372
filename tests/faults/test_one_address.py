"""Five thousand phones behind one address, as behind a carrier's: all are let in, and every vote counts."""

import asyncio
import hashlib
import itertools
import os
import random
import time
from collections import Counter
from typing import Any

import pytest

from app.settings import Settings
from tests.conftest import Process
from tests.faults.figures import Figures, quantile
from tests.load import Account, Entry, Line, spread
from tests.test_kill import make_session

SEED = 20_27
PHONES = int(os.environ.get("FAULTS_PHONES", "5000"))
LINES = 250
"""As many connections at once; each phone has its own join, token and vote."""
WAITS_MAX = 20
FREE_PER_MINUTE = 600
"""The default: how many join from one address in a minute without a proof of work."""


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """As a service is set, but for the weight of the work: here one machine does that of all the phones."""
    monkeypatch.setenv("ARENA_JOIN_WORK_BITS", "8")
    monkeypatch.setenv("ARENA_JOIN_FREE_PER_MINUTE", str(FREE_PER_MINUTE))
    return settings.model_copy(update={"join_free_per_minute": FREE_PER_MINUTE})


def solved(challenge: str, bits: int) -> str:
    """Do the proof of work, as docs/api.md has it."""
    for number in itertools.count():
        digest = hashlib.sha256(f"{challenge}{number}".encode()).digest()
        if int.from_bytes(digest, "big") >> (256 - bits) == 0:
            return str(number)
    raise AssertionError("unreachable")


async def join_politely(line: Line, path: str, asked: Counter[str]) -> str:
    """Join; do the work that is asked for, and come back when told to. Returns the token."""
    wanted: dict[str, Any] = {}
    for _ in range(WAITS_MAX):
        status, answer = await line.ask("POST", f"{path}/join", wanted)
        if status == 200:
            return str(answer["token"])
        asked[answer["code"]] += 1
        if answer["code"] == "work_required":
            wanted = {
                "work": {"challenge": answer["challenge"], "solution": solved(answer["challenge"], answer["bits"])}
            }
            continue
        assert status in (429, 503), answer
        assert int(line.retry_after) >= 1
        await asyncio.sleep(int(line.retry_after))
    raise AssertionError("a phone was never let in")


def test_five_thousand_phones_behind_one_address_are_all_counted(
    process: Process, staff: str, figures: Figures
) -> None:
    chance = random.Random(SEED)
    joined_ms: list[float] = []
    voted_ms: list[float] = []

    asked: Counter[str] = Counter()

    async def phones(account: Account, line: Line, number: int) -> None:
        for _ in range(number):
            began = time.monotonic()
            token = await join_politely(line, account.path, asked)
            joined_ms.append((time.monotonic() - began) * 1000)
            entry = account.new_entry(token, chance)
            began = time.monotonic()
            await account.resend(line, entry)
            voted_ms.append((time.monotonic() - began) * 1000)
            assert entry.outcome == "ok", "a vote is never refused for its address"

    async def run() -> dict[str, Any]:
        line = Line(process.port)
        account = Account(process.port, await make_session(line, staff, 1), 1)
        await account.command(line, staff, "open")
        lines = [Line(process.port) for _ in range(LINES)]
        began = time.monotonic()
        shares = [len(each) for each in spread([Entry("", "", "")] * PHONES, LINES)]
        await asyncio.gather(*(phones(account, own, n) for own, n in zip(lines, shares, strict=True)))
        seconds = time.monotonic() - began
        await account.command(line, staff, "lock")
        book = await account.settle(line, staff)
        for each in (line, *lines):
            await each.close()
        return {
            "phones": PHONES,
            "accepted": account.count("ok"),
            "in_the_ledger": len(book["ballots"]),
            "voters": len({row[2] for row in book["ballots"]}),
            "false_refusals": PHONES - account.count("ok"),
            "asked_for_work": asked["work_required"],
            "told_to_wait": asked.total() - asked["work_required"],
            "seconds": seconds,
        }

    process.start()
    seen = asyncio.run(run())
    figures(
        "one address",
        f"{PHONES} phones join and vote from loopback over {LINES} connections",
        "every phone is let in, after a proof of work where that is asked for, and counted; no vote is refused",
        SEED,
        **seen,
        join_ms_p99=quantile(joined_ms, 0.99),
        vote_ms_p99=quantile(voted_ms, 0.99),
    )
    assert seen["false_refusals"] == 0
    assert seen["in_the_ledger"] == seen["voters"] == PHONES
