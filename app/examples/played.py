"""Plays one session with phones, and recounts its rounds from their ledgers."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from app.crowd.line import HttpLine
from app.examples.phones import Part, deal
from app.examples.service import CrewLine, Fleet
from app.verify import verify_ledger


class PlayedSession:
    """A session that was made, and the phones that take part in it."""

    def __init__(self, crew: CrewLine, fleet: Fleet, code: str) -> None:
        self._crew, self._fleet = crew, fleet
        self.code = code
        self.path = f"/sessions/{code}"
        self.tokens: list[str] = []
        self.votes = 0
        self.likes = 0
        """Recounted from the ledgers."""

    async def join(self, bodies: Sequence[Mapping[str, Any]]) -> list[str]:
        """Let phones join, each with its body; returns their tokens, in order."""
        tokens = [""] * len(bodies)

        async def one(line: HttpLine, place: int) -> None:
            joined = await self._fleet.call(line, "POST", f"{self.path}/join", "", dict(bodies[place]))
            tokens[place] = str(joined["token"])

        await self._fleet.each(range(len(bodies)), one)
        return tokens

    async def play(self, number: int, parts: Mapping[str, Part], *, look: bool = False) -> None:
        """Open a round, let each phone, named by its token, do its part, and lock it. With `look` each sees the tally
        first.
        """
        await self.command(number, "open")

        async def one(line: HttpLine, item: tuple[str, Part]) -> None:
            token, part = item
            if look:
                await self._fleet.call(line, "GET", f"{self.path}/tally", token)
            round_ = f"{self.path}/rounds/{number}"
            if part.likes:
                liked = await self._fleet.call(line, "PUT", f"{round_}/likes", token, {"totals": part.likes})
                assert liked["totals"] == part.likes, liked
            if part.vote is not None:
                await self._fleet.call(line, "PUT", f"{round_}/vote", token, {"choices": [part.vote]})

        await self._fleet.each(parts.items(), one)
        await self.command(number, "lock")

    async def command(self, number: int, what: str) -> None:
        await self._crew.call("POST", f"{self.path}/rounds/{number}/{what}")

    async def end(self) -> None:
        await self._crew.call("PATCH", self.path, {"status": "ended"})

    async def recount(self, number: int, votes: Mapping[str, int], likes: Mapping[str, int]) -> list[str]:
        """Recount a round from its ledger, and say what is not as it was played."""
        ledger = await self._crew.call("GET", f"{self.path}/rounds/{number}/ledger")
        checked = verify_ledger(ledger)
        problems = [problem.sentence for check in checked.checks for problem in check.problems]
        counted = dict.fromkeys(ledger["choices"], 0)
        for ballot in ledger["ballots"]:
            for key in ballot[5]:
                counted[key] += 1
        self.votes += sum(counted.values())
        self.likes += sum(ledger["likes"].values())
        for what, played, found in (("votes", votes, counted), ("likes", likes, ledger["likes"])):
            wanted = {key: played.get(key, 0) for key in ledger["choices"]}
            if wanted != {key: found.get(key, 0) for key in ledger["choices"]}:
                problems.append(f"round {number} of {self.code}: of {what} {wanted} were played, {found} counted")
        return problems


def parts_of(
    chance: Random, tokens: Sequence[str], votes: Mapping[str, int], likes: Mapping[str, int]
) -> dict[str, Part]:
    """Deal a round's figures out to these phones."""
    return dict(zip(tokens, deal(chance, len(tokens), votes, likes), strict=True))
