"""One voter in five is a script: what the quarantine holds of them, and what of the others."""

import asyncio
import os
import random
from typing import Any

import pytest

from tests.conftest import Process
from tests.faults.figures import Figures
from tests.load import Account, Line
from tests.players import BOUT

pytestmark = pytest.mark.ordinary

SEED = 20_30
VOTERS = int(os.environ.get("FAULTS_BOT_VOTERS", "250"))
HASTY, BLIND, ACTOR = "hasty", "blind", "actor"
"""A script that votes at once; one that waits and never looks; one that does all that a page does."""
BOTS = {HASTY: 0.12, BLIND: 0.06, ACTOR: 0.02}


async def one_voter(account: Account, kind: str, chance: random.Random) -> tuple[str, str]:
    """Join, look, wait and vote as this kind does. Returns the kind and the receipt."""
    await asyncio.sleep(chance.uniform(0, 2))
    async with Line(account.port) as line:
        status, joined = await line.ask("POST", f"{account.path}/join", {})
        assert status == 200, joined
        token = str(joined["token"])
        if kind in ("person", ACTOR):
            status, _ = await line.ask("GET", f"{account.path}/tally", token=token)
            assert status == 200
        if kind != HASTY:
            # Reading the question and choosing: nobody is done in under a second.
            await asyncio.sleep(chance.uniform(0.9, 3))
        side = "red" if kind != "person" else chance.choice(("red", "blue"))
        status, receipt = await line.ask(
            "PUT", f"{account.path}/rounds/1/vote", {"choices": [side], "nonce": f"{chance.getrandbits(64):x}"}, token
        )
        assert status == 200, "who is suspected is answered as anybody: a refusal would teach the script"
        return kind, str(receipt["receipt"])


@pytest.mark.slow
def test_scripts_are_held_and_people_are_not(process: Process, staff: str, figures: Figures) -> None:
    chance = random.Random(SEED)
    kinds = [kind for kind, share in BOTS.items() for _ in range(round(VOTERS * share))]
    kinds += ["person"] * (VOTERS - len(kinds))

    async def run() -> tuple[list[tuple[str, str]], dict[str, Any], dict[str, Any]]:
        async with Line(process.port) as line:
            body = {**BOUT, "rounds": [{"quarantine": ["too_soon", "unseen"]}]}
            status, session = await line.ask("POST", "/api/v1/sessions", body, staff)
            assert status == 201, session
            account = Account(process.port, session["code"], 1)
            await account.command(line, staff, "open")
            cast = await asyncio.gather(
                *(one_voter(account, kind, random.Random(f"{SEED}/{i}")) for i, kind in enumerate(kinds))
            )
            await account.command(line, staff, "lock")
            await account.command(line, staff, "reveal")
            book = (await line.ask("GET", f"{account.path}/rounds/1/ledger"))[1]
            result = (await line.ask("GET", f"{account.path}/rounds/1/result"))[1]
            return cast, book, result

    chance.shuffle(kinds)
    process.start()
    cast, book, result = asyncio.run(run())
    held = {row[1] for row in book["ballots"] if len(row) == 9}
    people = [receipt for kind, receipt in cast if kind == "person"]
    bots = [receipt for kind, receipt in cast if kind != "person"]
    caught = {kind: sum(r in held for k, r in cast if k == kind) for kind in BOTS}
    figures(
        "bots",
        f"{len(bots)} of {VOTERS} voters are scripts: {', '.join(f'{kinds.count(kind)} {kind}' for kind in BOTS)}",
        "no person is held; every script that votes at once or never looks is; both totals are shown; none is dropped",
        SEED,
        held=len(held),
        precision=sum(receipt in held for receipt in bots) / max(1, len(held)),
        recall=sum(caught.values()) / len(bots),
        **{f"held_{kind}": f"{caught[kind]} of {kinds.count(kind)}" for kind in BOTS},
        people_held=sum(receipt in held for receipt in people),
    )
    assert not held & set(people)
    assert (caught[HASTY], caught[BLIND]) == (kinds.count(HASTY), kinds.count(BLIND))
    assert len(book["ballots"]) == VOTERS, "what is held stands in the ledger"
    assert result["held"]["ballots"] == len(held) == VOTERS - result["tally"]["votes"]
