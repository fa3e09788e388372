"""Voters at the lock, with two hundred seeds: each is in before it, or is refused; nothing is in after the result.

The ordinary run has twenty such races in tests/services/test_lock_race.py.
"""

import asyncio
import os
import random
import time
from collections import Counter

from tests.conftest import Process
from tests.faults.figures import Figures
from tests.load import Account, Line

SEED = 20_23
RACES = int(os.environ.get("FAULTS_RACES", "200"))
RACERS = 300
RACERS_MANY = 1_000
EVERY = 20
"""Each so-manieth race has a thousand voters."""
ROUNDS = 20
"""Races of one session; then the next, so that sessions stay of a usual size."""


async def race(
    line: Line, lines: list[Line], account: Account, tokens: list[str], staff: str, seed: str
) -> Counter[str]:
    """Lock a round amid votes; return how many were late or doubled, once the books are settled."""
    chance = random.Random(seed)
    await account.command(line, staff, "open")
    spread_s = 0.25 * len(tokens) / RACERS

    async def vote(own: Line, token: str) -> None:
        entry = account.new_entry(token, chance)
        await asyncio.sleep(chance.uniform(0, spread_s))
        await account.resend(own, entry)

    async def lock() -> None:
        await asyncio.sleep(chance.uniform(0.2, 0.8) * spread_s)
        await account.command(line, staff, "lock")

    await asyncio.gather(lock(), *map(vote, lines, tokens))
    while True:
        status, result = await line.ask("GET", f"{account.path}/rounds/{account.round}/result", token=staff)
        if status == 200:
            break
        await asyncio.sleep(0.02)
    book = await account.settle(line, staff)
    accepted = [row[7] for row in book["ballots"]]
    assert result["ballots"] == len(accepted) == account.count("ok")
    assert account.count("ok") + account.count("fail") == len(tokens)
    return Counter(
        races=1,
        voters=len(tokens),
        accepted=account.count("ok"),
        refused=account.count("fail"),
        late=sum(at_ms > result["locked_at_ms"] for at_ms in accepted),
        doubled=len(accepted) - len({row[2] for row in book["ballots"]}),
    )


def test_votes_that_race_two_hundred_locks_are_in_the_result_or_refused(
    process: Process, staff: str, figures: Figures
) -> None:
    totals: Counter[str] = Counter()

    async def joined(line: Line, path: str, number: int) -> list[str]:
        return [(await line.ask("POST", f"{path}/join", {}))[1]["token"] for _ in range(number)]

    async def run() -> None:
        line = Line(process.port)
        lines = [Line(process.port) for _ in range(RACERS_MANY)]
        code, tokens = "", []
        for i in range(RACES):
            if i % ROUNDS == 0:
                rounds = [{"grace_ms": 40 * (n % 2)} for n in range(ROUNDS)]
                body = {"contestants": [{"name": "甲"}, {"name": "乙"}], "rounds": rounds}
                _, session = await line.ask("POST", "/api/v1/sessions", body, staff)
                code = session["code"]
                tokens = await joined(line, f"/api/v1/sessions/{code}", RACERS_MANY)
            racers = RACERS_MANY if i % EVERY == EVERY - 1 else RACERS
            account = Account(process.port, code, i % ROUNDS + 1)
            totals.update(await race(line, lines, account, tokens[:racers], staff, f"{SEED}/{i}"))
        for each in (line, *lines):
            await each.close()

    process.start()
    began = time.monotonic()
    asyncio.run(run())
    print(f"{time.monotonic() - began:.0f} s")
    figures(
        "lock race",
        f"{RACERS} voters about a lock at a random moment, {RACERS_MANY} in each twentieth race; half with a grace",
        "accepted = in the ledger = in the result; none later than the lock; the others are refused",
        SEED,
        **totals,
    )
    assert (totals["races"], totals["late"], totals["doubled"]) == (RACES, 0, 0)
    assert min(totals["accepted"], totals["refused"]) > RACES * 10  # else there was no race
