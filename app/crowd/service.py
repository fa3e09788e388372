"""What the closing check asks of the service: the session, the base, the reading of each run, the ledgers.

Plain HTTP by a general client, outside the voters' hot path. It only reads.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import httpx2

from app.crowd.board import reading_of
from app.crowd.history import LedgerRow
from app.crowd.options import CrowdError, CrowdOptions, Reading, RunKey

RETRY_WAIT_S = 0.5


class Service:
    """A reader of one session. With an access token it reads as staff."""

    def __init__(self, options: CrowdOptions, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._path = f"/api/v1/sessions/{options.code}"
        self._headers = {"authorization": f"Bearer {options.token}"} if options.token else {}

    async def session(self) -> dict[str, Any]:
        """Read the session's document.

        Raises:
            CrowdError: no such session, or the token is refused.
            httpx2.TransportError: nobody answers.
        """
        answer = await self._client.get(self._path, headers=self._headers)
        if answer.status_code != 200:
            raise CrowdError(f"The session could not be read: {_reason(answer)}")
        return dict(answer.json())

    async def tally(self) -> dict[str, Any]:
        """Read the tally document, past every cache."""
        answer = await self._client.get(f"{self._path}/tally", headers=self._headers)
        if answer.status_code != 200:
            raise CrowdError(f"The tally could not be read: {_reason(answer)}")
        return dict(answer.json())

    async def base(self) -> tuple[dict[RunKey, Reading], set[RunKey]]:
        """Read what stands before the crowd begins.

        Returns:
            the current run's reading, and the runs whose base is hidden although they have opened.
        """
        document = await self.tally()
        shown = document["round"]
        if shown is None or shown["phase"] == "draft":
            return {}, set()
        key = (shown["number"], shown["run"])
        if document["tally"] is None:
            return {}, {key}
        return {key: reading_of(shown["number"], shown, document["tally"])}, set()

    async def readings(self, runs: Iterable[RunKey]) -> tuple[dict[RunKey, Reading], dict[RunKey, str]]:
        """Read each of these runs, from the result where it is locked, from the tally where it is on air.

        Returns:
            the readings, and why the other runs could not be read.
        """
        wanted = set(runs)
        found: dict[RunKey, Reading] = {}
        reasons: dict[RunKey, str] = {}
        document = await self.tally()
        shown = document["round"]
        if shown is not None and document["tally"] is not None:
            found[shown["number"], shown["run"]] = reading_of(shown["number"], shown, document["tally"])
        for number in {number for number, _ in wanted}:
            answer = await self._client.get(f"{self._path}/rounds/{number}/result", headers=self._headers)
            if answer.status_code == 200:
                found |= {(number, reading.run): reading for reading in _of_result(number, answer.json())}
            else:
                for key in wanted:
                    if key[0] == number:
                        reasons[key] = _reason(answer)
        return (
            {key: found[key] for key in wanted if key in found},
            {key: reasons.get(key, "the service does not name this run") for key in wanted if key not in found},
        )

    async def ledger(self, number: int) -> list[LedgerRow] | None:
        """Read the ballots of a round's present run; None where the ledger may not be seen (yet)."""
        answer = await self._client.get(f"{self._path}/rounds/{number}/ledger", headers=self._headers)
        return ledger_rows(answer.json()) if answer.status_code == 200 else None

    async def until_up(self, seconds: float) -> None:
        """Wait until the service answers; raises CrowdError when it does not in time."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        await self.session()
                        return
                    except httpx2.TransportError:
                        await asyncio.sleep(RETRY_WAIT_S)
        except TimeoutError:
            raise CrowdError(f"The service did not answer within {seconds:.0f} seconds; is it running?") from None


def ledger_rows(export: Mapping[str, Any]) -> list[LedgerRow]:
    """Take the ballots out of a run's ledger export."""
    key = (export["round"], export["run"])
    return [
        LedgerRow(receipt, *key, voter, tuple(choices), slot, revision)
        for _, receipt, voter, slot, revision, choices, *_ in export["ballots"]
    ]


def _of_result(number: int, result: Mapping[str, Any]) -> list[Reading]:
    return [
        reading_of(number, each, each["tally"], each.get("channels"))
        for each in (result, *result.get("history", ()))
        if each.get("tally")
    ]


def _reason(answer: httpx2.Response) -> str:
    try:
        problem = answer.json()
        return f"{answer.status_code} {problem['code']}: {problem.get('detail', '')}"
    except (ValueError, KeyError, TypeError):
        return f"the service answered {answer.status_code}"
