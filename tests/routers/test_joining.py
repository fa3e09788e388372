"""Getting in: free, then by work, then later. Identities are bounded by address, votes never are."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from app.cli import server_config
from app.domain.work import solve
from app.routers import limits
from app.services import gate
from app.services.gate import address_key
from app.settings import Settings
from tests.conftest import FakeClock, Running
from tests.load import Line
from tests.players import problem, votes_of

pytestmark = pytest.mark.edge

TICKETED = [{"key": "web", "name": "网页"}, {"key": "hall", "name": "现场", "identity": "ticket"}]
Start = Callable[..., Running]


def join(client: httpx2.Client, code: str, address: str = "", **fields: Any) -> httpx2.Response:
    # 127.0.0.1 is a trusted proxy, so a test may come from any address.
    headers = {"X-Forwarded-For": address} if address else {}
    return client.post(f"/api/v1/sessions/{code}/join", json=fields, headers=headers)


def worked(asked: dict[str, Any]) -> dict[str, str]:
    return {"challenge": asked["challenge"], "solution": solve(asked["challenge"], asked["bits"])}


def crowded(start: Start, free: int = 3, **changes: Any) -> tuple[Running, str, httpx2.Client]:
    """A service where the address of the tests has joined as often as is free."""
    arena = start(join_free_per_minute=free, join_work_bits=8, **changes)
    code = arena.crew().make(channels=TICKETED)
    client = arena.client()
    for _ in range(free):
        assert join(client, code).status_code == 200
    return arena, code, client


def test_pressure_from_one_address_asks_for_work_and_work_lets_in(start: Start) -> None:
    arena, code, client = crowded(start)
    asked = problem(join(client, code), 428, "work_required")
    assert asked["bits"] == 8
    assert asked["expires_at_ms"] > time.time() * 1000 + 60_000
    answer = join(client, code, work=worked(asked))
    assert answer.status_code == 200
    phone = arena.client(answer.json()["token"])
    arena.crew().do(code, "open")
    assert phone.put(f"/api/v1/sessions/{code}/rounds/1/vote", json={"choices": ["red"]}).status_code == 200


def test_piece_of_work_is_good_once_for_its_session_and_its_time(start: Start, clock: FakeClock) -> None:
    arena, code, client = crowded(start, clock=clock)
    other = arena.crew().make(channels=TICKETED)
    asked = problem(join(client, code), 428, "work_required")
    good = worked(asked)
    problem(join(client, other, work=good), 428, "work_required")
    problem(join(client, code, work={**good, "solution": "no"}), 428, "work_required")
    problem(join(client, code, work={**good, "challenge": "A" * 64}), 428, "work_required")
    assert join(client, code, work=good).status_code == 200
    problem(join(client, code, work=good), 428, "work_required")
    late = worked(problem(join(client, code), 428, "work_required"))
    clock.forward(gate.CHALLENGE_MS)
    again = problem(join(client, code, work=late), 428, "work_required")
    assert join(client, code, work=worked(again)).status_code == 200


def test_one_solution_brought_by_many_at_once_lets_one_in(start: Start) -> None:
    arena, code, client = crowded(start)
    good = worked(problem(join(client, code), 428, "work_required"))
    clients = [arena.client() for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda each: join(each, code, work=good).status_code, clients))
    assert sorted(answers) == [200] + [428] * 7


def test_other_addresses_join_freely_meanwhile_and_a_network_of_ipv6_is_one(start: Start) -> None:
    _, code, client = crowded(start)
    problem(join(client, code), 428, "work_required")
    assert join(client, code, "203.0.113.7").status_code == 200
    for i in range(3):
        assert join(client, code, f"2001:db8:1:2::{i}").status_code == 200
    problem(join(client, code, "2001:db8:1:2:ffff::9"), 428, "work_required")
    assert join(client, code, "2001:db8:1:3::1").status_code == 200


def test_ten_times_as_many_are_told_to_come_back_later(start: Start) -> None:
    _, code, client = crowded(start, free=2)
    pieces = [worked(problem(join(client, code), 428, "work_required")) for _ in range(19)]
    # Twenty in a minute: two freely, eighteen by work.
    assert [join(client, code, work=each).status_code for each in pieces[:18]] == [200] * 18
    refused = join(client, code, work=pieces[18])
    problem(refused, 429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    problem(join(client, code), 428, "work_required")
    refused = join(client, code)
    problem(refused, 429, "too_many_requests")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_known_phone_that_comes_back_is_never_limited(start: Start) -> None:
    arena = start(join_free_per_minute=1, join_work_bits=8)
    code = arena.crew().make()
    phone = arena.phone(code)
    for _ in range(30):
        assert join(phone.client, code).json()["token"] == phone.token
    problem(join(arena.client(), code), 428, "work_required")


def test_votes_are_not_limited_by_address(start: Start) -> None:
    arena, code, client = crowded(start, free=20)
    problem(join(client, code), 428, "work_required")
    arena.crew().do(code, "open")
    asked = problem(join(client, code), 428, "work_required")
    token = join(client, code, work=worked(asked)).json()["token"]
    voter = arena.client(token)
    for i in range(60):
        answer = voter.put(f"/api/v1/sessions/{code}/rounds/1/likes", json={"totals": {"red": i}})
        assert answer.status_code == 200, answer.text


def test_many_wrong_tickets_cost_work_and_a_good_one_still_gets_in(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "TICKETS_WRONG_PER_MINUTE", 5)
    arena = start(join_work_bits=8)
    crew = arena.crew()
    code = crew.make(channels=TICKETED)
    body = {"channel": "hall", "count": 1}
    secret = crew.client.post(f"/api/v1/sessions/{code}/tickets", json=body).json()["tickets"][0]["secret"]
    client = arena.client()
    for _ in range(5):
        problem(join(client, code, ticket="AAAAA-AAAAA"), 404, "ticket_not_found")
    asked = problem(join(client, code, ticket="AAAAA-AAAAB"), 428, "work_required")
    problem(join(arena.phone(code).client, code, ticket="AAAAA-AAAAC"), 428, "work_required")
    problem(join(client, code, ticket="AAAAA-AAAAB", work=worked(asked)), 404, "ticket_not_found")
    asked = problem(join(client, code, ticket=secret), 428, "work_required")
    assert join(client, code, ticket=secret, work=worked(asked)).json()["channel"] == "hall"
    # Who has a ticket elsewhere, or none, is not held up.
    assert join(client, code).status_code == 200
    problem(join(client, code, "203.0.113.9", ticket="AAAAA-AAAAA"), 404, "ticket_not_found")


def test_forwarded_addresses_are_believed_from_named_proxies_only(start: Start) -> None:
    arena = start(join_free_per_minute=1, join_work_bits=8, trusted_proxies=("192.0.2.1",))
    code = arena.crew().make()
    client = arena.client()
    assert join(client, code, "203.0.113.7").status_code == 200
    problem(join(client, code, "203.0.113.8"), 428, "work_required")


@pytest.mark.parametrize("given", ["*", "10.0.0.0/8", "proxy.example", ""])
def test_proxies_are_named_by_exact_addresses(settings: Settings, given: str) -> None:
    with pytest.raises(ValueError, match="ARENA_TRUSTED_PROXIES"):
        server_config(settings.model_copy(update={"trusted_proxies": (given,)}))


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("nonsense", "unknown"),
    ],
)
def test_what_counts_as_one_address(host: str | None, key: str) -> None:
    assert address_key(host) == key


def test_fifteen_hundred_phones_behind_one_address_all_get_in_and_vote(start: Start) -> None:
    """With the limits as they are set by default, but for the work's size, which is the phones' to pay. Five thousand
    come in tests/faults.
    """
    arena = start(join_free_per_minute=600, join_work_bits=8)
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    port = int(arena.base_url.rpartition(":")[2])
    outcomes: Counter[int] = Counter()

    async def phones(how_many: int) -> list[str]:
        tokens = []
        async with Line(port) as line:
            for _ in range(how_many):
                status, answer = await line.ask("POST", f"/api/v1/sessions/{code}/join", {})
                outcomes[status] += 1
                if status == 428:
                    body = {"work": worked(answer)}
                    status, answer = await line.ask("POST", f"/api/v1/sessions/{code}/join", body)
                assert status == 200, answer
                token = answer["token"]
                tokens.append(token)
                vote = {"choices": ["red"]}
                status, answer = await line.ask("PUT", f"/api/v1/sessions/{code}/rounds/1/vote", vote, token)
                assert status == 200, answer
        return tokens

    async def everybody() -> list[str]:
        return [token for tokens in await asyncio.gather(*(phones(75) for _ in range(20))) for token in tokens]

    tokens = asyncio.run(everybody())
    assert len(set(tokens)) == 1_500
    crew.do(code, "lock")
    assert votes_of(crew.tally(code)) == {"red": 1_500, "blue": 0}
    assert outcomes[428] >= 1_500 - 2 * 600, "a minute's end may fall into the middle"


# Admission.


def test_more_work_than_there_is_room_for_is_refused_with_retry_after(start: Start) -> None:
    arena = start(requests_in_flight_max=1)
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    phones = [arena.phone(code) for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        for _ in range(40):
            answers = list(pool.map(lambda phone: phone.vote("red", nonce="one"), phones))
            if any(each.status_code == 503 for each in answers):
                break
    refused = next(each for each in answers if each.status_code == 503)
    problem(refused, 503, "overloaded")
    assert refused.headers["retry-after"] == "1"
    lines = arena.client().get("/metrics").text.splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert float(figures["arena_requests_refused_full_total"]) >= 1
    assert figures["arena_requests_in_flight"] == "0.0", "nothing holds a place when all are answered"
    counted = arena.crew("producer").tally(code)["round"]["turnout"]
    stands = sum(bool(phone.me()["ballots"]) for phone in phones)
    assert counted == stands, "what was refused does not count, what was answered does"


class TestAdmission:
    """The middleware alone, around an application that the test holds."""

    @staticmethod
    def scope(method: str = "POST", path: str = "/api/v1/x", **headers: str) -> dict[str, Any]:
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return {"type": "http", "method": method, "path": path, "headers": raw}

    @staticmethod
    async def ask(middleware: limits.Limits, scope: dict[str, Any], *parts: bytes | asyncio.Future[bytes]) -> int:
        waiting = list(parts) or [b""]
        status: list[int] = []

        async def receive() -> dict[str, Any]:
            part = waiting.pop(0)
            body = part if isinstance(part, bytes) else await part
            return {"type": "http.request", "body": body, "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                status.append(message["status"])

        await middleware(scope, receive, send)
        return status[0]

    def test_who_trickles_a_body_or_reads_slowly_takes_nobodys_place(self) -> None:
        async def play() -> None:
            admission = limits.Admission(1)
            held = asyncio.Event()

            async def application(scope: Any, receive: Any, send: Any) -> None:
                more = scope["method"] == "POST"
                while more:
                    more = (await receive())["more_body"]
                if scope["path"] == "/work":
                    await held.wait()
                await send({"type": "http.response.start", "status": 200, "headers": []})
                if scope["path"] == "/stream":
                    await held.wait()

            middleware = limits.Limits(application, admission)
            rest: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            trickle = asyncio.create_task(self.ask(middleware, self.scope(content_length="2"), b"{", rest))
            stream = asyncio.create_task(self.ask(middleware, self.scope("GET", "/stream")))
            await asyncio.sleep(0)
            assert admission.in_flight == 0
            work = asyncio.create_task(self.ask(middleware, self.scope("GET", "/work")))
            await asyncio.sleep(0)
            assert admission.in_flight == 1
            rest.set_result(b"}")
            assert await trickle == 503
            assert await self.ask(middleware, self.scope("GET")) == 503
            assert await self.ask(middleware, self.scope("GET", authorization="Bearer arena_x")) == 200
            assert await self.ask(middleware, self.scope("GET", "/healthz")) == 200
            held.set()
            assert (await work, await stream) == (200, 200)
            assert (admission.in_flight, admission.refused_full) == (0, 2)

        asyncio.run(play())

    def test_application_that_fails_gives_its_place_back(self) -> None:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            raise RuntimeError

        async def play() -> None:
            admission = limits.Admission(1)
            with pytest.raises(RuntimeError):
                await self.ask(limits.Limits(application, admission), self.scope("GET"))
            assert admission.in_flight == 0

        asyncio.run(play())


def test_phone_without_a_breath_is_told_to_wait_and_others_are_not(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(rounds=[{"likes_per_second": 50}])
    crew.do(code, "open")
    hasty, calm = arena.phone(code), arena.phone(code)
    answers = [hasty.like(red=i) for i in range(limits.TAKES_IN_WINDOW_MAX + 20)]
    refused = [each for each in answers if each.status_code == 429]
    assert refused
    problem(refused[0], 429, "too_many_requests")
    assert 1 <= int(refused[0].headers["retry-after"]) <= limits.TAKES_WINDOW_S
    assert all(each.status_code == 200 for each in answers[: limits.TAKES_IN_WINDOW_MAX])
    assert calm.like(red=1).status_code == 200
    assert "arena_requests_refused_fast_total 0.0" not in arena.client().get("/metrics").text


def test_about_says_what_pages_show(start: Start) -> None:
    arena = start(icp="苏ICP备00000000号", privacy_contact="privacy@example.cn", purge_days=3)
    assert arena.client().get("/api/v1/about").json() == {
        "icp": "苏ICP备00000000号", "privacy_contact": "privacy@example.cn", "purge_days": 3, "wechat": False,
    }  # fmt: skip


def test_crowd_from_one_address_does_the_work_that_is_asked(start: Start) -> None:
    from app.crowd import CrowdOptions, simulate

    arena = start(join_free_per_minute=5, join_work_bits=8)
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    options = CrowdOptions(base_url=arena.base_url, code=code, voters=20, likes_rate=20, seconds=2)
    report = asyncio.run(simulate(options))
    assert report.ok, json.dumps(report.problems, ensure_ascii=False)
    assert crew.tally(code)["audience"]["unique"] == 20


def test_phone_that_joined_before_its_channel_asked_for_tickets_casts_no_vote(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    phone = arena.phone(code, "web")
    channels = [{"key": "web", "name": "网页", "identity": "ticket"}]
    assert crew.client.patch(f"/api/v1/sessions/{code}", json={"channels": channels}).status_code == 200
    crew.do(code, "open")
    problem(phone.vote("red"), 403, "ticket_required")
    problem(phone.like(red=1), 403, "ticket_required")
    assert crew.tally(code)["tally"]["turnout"] == 0
