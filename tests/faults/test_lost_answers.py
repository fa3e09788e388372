"""Answers are lost on the way: whoever asks again with the same nonce finds one row, and the first receipt."""

import asyncio
import random

from tests.conftest import Running
from tests.faults.figures import Figures
from tests.faults.proxy import LossyProxy
from tests.load import Account, Line, Load, port_of, retrying_voter, returning_socket_voter

SEED = 20_22
VOTERS = 40
SECONDS = 5
SWALLOWED, CUT = 0.25, 0.15


def test_lost_answers_make_one_row_and_the_same_receipt(arena: Running, figures: Figures) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    chance = random.Random(SEED)

    async def run() -> tuple[Account, LossyProxy, dict[str, int]]:
        async with (
            LossyProxy(port_of(arena), chance, SWALLOWED, CUT) as proxy,
            Line(port_of(arena)) as line,
        ):
            account = Account(proxy.port, code, 1)
            kinds = (retrying_voter, retrying_voter, retrying_voter, returning_socket_voter)
            load = Load(account, VOTERS, SEED, kinds)
            await asyncio.sleep(SECONDS)
            await load.stop()
            # Each once more: the answer is the first receipt, also of those that were answered long ago.
            again = 0
            for entry in account.entries:
                if entry.receipt:
                    first = entry.receipt["receipt"]
                    await account.resend(line, entry)
                    assert (entry.receipt["receipt"], entry.receipt["repeat"]) == (first, True)
                    again += 1
            await account.command(line, arena.admin_token, "lock")
            book = await account.settle(line, arena.admin_token)
            voters = [row[2] for row in book["ballots"]]
            return account, proxy, {"again": again, "doubled": len(voters) - len(set(voters))}

    account, proxy, seen = asyncio.run(run())
    figures(
        "lost answers",
        f"a TCP proxy swallows {SWALLOWED:.0%} of the replies and cuts {CUT:.0%} in the middle; {VOTERS} clients retry",
        "one row a voter; every retry gets the first receipt; books settle",
        SEED,
        acknowledged=account.count("ok"),
        replies_lost=proxy.lost_whole,
        replies_cut=proxy.lost_half,
        ballots_sent_again=account.unknown,
        asked_once_more=seen["again"],
        doubled=seen["doubled"],
    )
    assert seen["doubled"] == 0
    assert account.unknown > VOTERS
    assert account.count("ok") > VOTERS
