"""Many phones at once over HTTP: every acknowledged vote is counted exactly once, whoever comes first."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from app.services.identity import new_phone, sign_phone
from tests.conftest import Running
from tests.players import counted

VOTERS = 1_000
CONNECTIONS = 40


@dataclass
class Answer:
    status: int
    body: dict[str, Any]


def tokens(arena: Running, code: str, number: int) -> list[str]:
    """Make device tokens as `join` does; it writes nothing, so a thousand calls would show nothing more."""
    inside = arena.app.state.arena
    return [sign_phone(inside, new_phone(code, "web", inside.clock.now_ms())) for _ in range(number)]


def send_all(arena: Running, requests: list[tuple[str, str, str, dict[str, Any]]]) -> list[Answer]:
    """Send (token, method, path, body) over many connections at once; answers in the order of the requests.

    Raw HTTP: the service runs in this very process, and a full client would take most of the processor from it.
    """
    host, port = arena.base_url.removeprefix("http://").split(":")
    answers: dict[int, Answer] = {}
    waiting = list(enumerate(requests))[::-1]

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        while waiting:
            i, (token, method, path, body) = waiting.pop()
            content = json.dumps(body).encode()
            head = (
                f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
            )
            writer.write(head.encode() + content)
            status, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()
            length = next(int(each.split(":")[1]) for each in headers if each.startswith("content-length:"))
            answers[i] = Answer(int(status.split()[1]), json.loads(await reader.readexactly(length)))
        writer.close()
        await writer.wait_closed()

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(one_connection())

    asyncio.run(run())
    return [answers[i] for i in range(len(requests))]


def test_a_thousand_voters_at_once_are_counted_exactly(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    path = f"/api/v1/sessions/{code}/rounds/1/vote"
    sides = ["red" if i % 3 else "blue" for i in range(VOTERS)]
    answers = send_all(
        arena,
        [
            (token, "PUT", path, {"choices": [side], "nonce": "once"})
            for token, side in zip(tokens(arena, code, VOTERS), sides, strict=True)
        ],
    )
    assert Counter(each.status for each in answers) == {200: VOTERS}
    assert len({each.body["receipt"] for each in answers}) == VOTERS
    expected = dict(Counter(sides))
    counted(lambda: crew.tally(code), {"red": expected["red"], "blue": expected["blue"]})
    crew.do(code, "lock")
    ledger = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()
    assert {row[1] for row in ledger["ballots"]} == {each.body["receipt"] for each in answers}
    assert ledger["result"]["votes"] == expected


def test_of_two_different_votes_of_one_voter_at_once_exactly_one_wins(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    path = f"/api/v1/sessions/{code}/rounds/1/vote"
    voters = tokens(arena, code, 60)
    requests = [(token, "PUT", path, {"choices": [side]}) for token in voters for side in ("red", "blue")]
    answers = send_all(arena, requests)
    won: Counter[str] = Counter()
    for first, second in zip(answers[::2], answers[1::2], strict=True):
        assert sorted([first.status, second.status]) == [200, 409]
        winner, loser = (first, second) if first.status == 200 else (second, first)
        assert loser.body["code"] == "already_voted"
        assert loser.body["receipt"] == winner.body["receipt"]
        won[winner.body["choices"][0]] += 1
    assert counted(lambda: crew.tally(code), {"red": won["red"], "blue": won["blue"]})["tally"]["turnout"] == 60


def test_a_burst_of_retries_of_one_ballot_makes_one_row(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    (token,) = tokens(arena, code, 1)
    request = (token, "PUT", f"/api/v1/sessions/{code}/rounds/1/vote", {"choices": ["red"], "nonce": "n"})
    answers = send_all(arena, [request] * 100)
    assert {each.status for each in answers} == {200}
    assert len({each.body["receipt"] for each in answers}) == 1
    assert Counter(each.body["repeat"] for each in answers) == {True: 99, False: 1}
    counted(lambda: crew.tally(code), {"red": 1, "blue": 0})


def test_totals_of_likes_that_overtake_each_other_end_at_the_greatest(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    voters = tokens(arena, code, 10)
    path = f"/api/v1/sessions/{code}/rounds/1/likes"
    answers = send_all(
        arena, [(token, "PUT", path, {"totals": {"red": total}}) for total in range(1, 13) for token in voters]
    )
    assert {each.status for each in answers} <= {200, 409}
    counted(lambda: crew.tally(code), likes={"red": 120, "blue": 0})


def test_votes_that_race_the_lock_are_either_in_the_result_or_refused(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    path = f"/api/v1/sessions/{code}"
    requests: list[tuple[str, str, str, dict[str, Any]]] = [
        (token, "PUT", f"{path}/rounds/1/vote", {"choices": ["red"]}) for token in tokens(arena, code, 300)
    ]
    requests.insert(150, (arena.tokens["producer"], "POST", f"{path}/rounds/1/lock", {}))
    answers = send_all(arena, requests)
    lock = answers.pop(150)
    assert lock.status == 200
    accepted = [each.body for each in answers if each.status == 200]
    refused = [each.body["code"] for each in answers if each.status != 200]
    assert set(refused) <= {"round_not_open"}
    result = crew.client.get(f"{path}/rounds/1/result").json()
    assert result["ballots"] == len(accepted)
    ledger = crew.client.get(f"{path}/rounds/1/ledger").json()["ballots"]
    assert {row[1] for row in ledger} == {each["receipt"] for each in accepted}
    assert max((row[7] for row in ledger), default=0) <= result["locked_at_ms"]
    counted(lambda: crew.tally(code), {"red": len(accepted), "blue": 0})
