"""Three hundred voters at the lock, again and again: each is in before it, or is refused."""

import asyncio
import random
from collections import Counter

import pytest

from tests.conftest import Running
from tests.load import Account, Line, port_of, signed_phones

SEED = 20_17
RACERS = 300
RACES = 20


@pytest.mark.parametrize("grace_ms", [0, 40])
def test_voters_at_the_lock_are_in_before_it_or_refused(arena: Running, grace_ms: int) -> None:
    crew = arena.crew()
    code = crew.make(rounds=[{"grace_ms": grace_ms}] * (RACES // 2))
    tokens = signed_phones(arena, code, RACERS)
    totals: Counter[str] = Counter()

    async def race(lines: list[Line], number: int) -> None:
        chance = random.Random(f"{SEED}/{grace_ms}/{number}")
        account = Account(port_of(arena), code, number)
        async with Line(account.port) as producer:
            await account.command(producer, arena.admin_token, "open")

            async def vote(line: Line, token: str) -> None:
                entry = account.new_entry(token, chance)
                await asyncio.sleep(chance.uniform(0, 0.25))
                await account.resend(line, entry)

            async def lock() -> None:
                await asyncio.sleep(chance.uniform(0.05, 0.2))
                await account.command(producer, arena.admin_token, "lock")

            await asyncio.gather(lock(), *map(vote, lines, tokens))
            while True:
                status, result = await producer.ask("GET", f"{account.path}/rounds/{number}/result")
                if status == 200:
                    break
                await asyncio.sleep(0.02)
            book = await account.settle(producer, arena.admin_token)
            accepted = [row[7] for row in book["ballots"]]
            assert max(accepted) <= result["locked_at_ms"]
            assert result["ballots"] == len(accepted) == account.count("ok")  # none came after the result
            assert account.count("ok") + account.count("fail") == RACERS
            totals.update(ok=account.count("ok"), refused=account.count("fail"))

    async def run() -> None:
        lines = [Line(port_of(arena)) for _ in tokens]
        await asyncio.gather(*(line.open() for line in lines))
        for number in range(1, RACES // 2 + 1):
            await race(lines, number)
        for line in lines:
            await line.close()

    asyncio.run(run())
    print(dict(totals))
    assert min(totals["ok"], totals["refused"]) > RACES  # else there was no race
