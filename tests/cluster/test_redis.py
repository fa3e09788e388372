"""Redis carries and counts, and nothing depends on it: away, the arena goes on a little later."""

import statistics
import time
from typing import Any

import pytest
import redis

from app.cluster.redis_line import CHANNEL
from app.domain.work import solve
from app.services import cluster as processes
from tests.cluster.conftest import LATE_SECONDS, TOLD_SECONDS, Cluster
from tests.conftest import Running
from tests.players import Line, counted, eventually, problem


def says_redis_is(services: tuple[Running, ...], code: str, what: str) -> bool:
    """Whether all say so: to the balancer with 200, and to the staff."""
    for each in services:
        ready = each.client().get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        staff = each.crew().tally(code)["staff"]["cluster"]
        if (ready.json()["redis"], staff["redis"]) != (what, what):
            return False
    return True


def test_redis_carries_a_vote_to_the_other_process_sooner_than_its_look_into_the_database(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.start()
    cluster.start()
    leader, other = cluster.leader(), cluster.follower()
    code = leader.crew().make()
    leader.crew().do(code, "open")
    phones = [other.phone(code) for _ in range(5)]
    with Line.opened(other.ws_url, code) as line:
        line.hear("tally")
        monkeypatch.setattr(processes, "LOOK_SECONDS", 4.0)
        time.sleep(1.1)  # until the last look at the old pace is over
        took = []
        for i, phone in enumerate(phones, 1):
            began = time.monotonic()
            assert phone.vote("red").status_code == 200
            line.hear_if(lambda said, i=i: said["type"] == "tally" and said["tally"]["votes"] == i, TOLD_SECONDS)  # type: ignore[misc]
            took.append(time.monotonic() - began)
    print(f"median {statistics.median(took) * 1000:.0f} ms, longest {max(took) * 1000:.0f} ms")


def test_redis_killed_delays_tallies_and_stops_nothing_and_its_return_is_noticed(cluster: Cluster) -> None:
    services = cluster.start(), cluster.start()
    leader, other = cluster.leader(), cluster.follower()
    crew = leader.crew()
    code = crew.make()
    crew.do(code, "open")
    eventually(lambda: says_redis_is(services, code, "ok"))
    with Line.opened(leader.ws_url, code) as near, Line.opened(other.ws_url, code) as far:
        cluster.redis.kill()
        try:
            for i, service in enumerate((leader, other), 1):
                began = time.monotonic()
                assert service.phone(code).vote("blue").status_code == 200
                assert time.monotonic() - began < LATE_SECONDS
                for line in (near, far):
                    line.hear_if(
                        lambda said, i=i: said["type"] == "tally" and said["tally"]["votes"] == i,  # type: ignore[misc]
                        LATE_SECONDS,
                    )
            other.crew().do(code, "pause", "resume")
            eventually(lambda: says_redis_is(services, code, "away"))
        finally:
            cluster.redis.start()
        eventually(lambda: says_redis_is(services, code, "ok"))
        with redis.Redis.from_url(cluster.redis.url) as asked:
            eventually(lambda: asked.pubsub_numsub(CHANNEL)[0][1] == 2)
        assert other.phone(code).vote("blue").status_code == 200
        far.hear_if(lambda said: said["type"] == "tally" and said["tally"]["votes"] == 3, TOLD_SECONDS)


async def says_nothing(*_: object) -> None:
    """Stand in for a Redis that is away."""


def test_number_of_phones_seen_does_not_fall_when_redis_forgets_and_another_leads(cluster: Cluster) -> None:
    cluster.start()
    cluster.start()
    leader, other = cluster.leader(), cluster.follower()
    code = leader.crew().make()
    leader.crew().do(code, "open")

    def vote(service: Running, phones: int) -> None:
        for _ in range(phones):
            assert service.phone(code).vote("red").status_code == 200

    def unique() -> int:
        return int(other.crew().tally(code)["audience"]["unique"])

    assert unique() == 0  # it has the session before anybody is seen, so that each knows of its own phones alone
    vote(leader, 4)
    vote(other, 5)
    eventually(lambda: unique() == 9)
    with redis.Redis.from_url(cluster.redis.url) as asked:
        asked.flushall()
        # Each process tells all that it knows of again.
        eventually(lambda: asked.pfcount(f"arena:seen:{code}") == 9, LATE_SECONDS)
        # Now only the other one can: what it then leads with is less than what was shown.
        leader.app.state.arena.cluster.redis.seen = says_nothing
        asked.flushall()
        eventually(lambda: asked.pfcount(f"arena:seen:{code}") == 5, LATE_SECONDS)
    leader.stop()
    eventually(lambda: other.client().get("/readyz").json()["leads"] == "true")
    vote(other, 1)
    counted(lambda: other.crew().tally(code), {"red": 10, "blue": 0})
    for _ in range(10):
        assert unique() >= 9
        time.sleep(0.05)


def join(service: Running, code: str, work: dict[str, Any] | None = None) -> Any:
    return service.client().post(f"/api/v1/sessions/{code}/join", json={"work": work} if work else {})


def worked(asked: dict[str, Any]) -> dict[str, str]:
    return {"challenge": asked["challenge"], "solution": solve(asked["challenge"], asked["bits"])}


def test_limits_of_joining_hold_over_all_processes_and_work_is_taken_once_by_one_of_them(cluster: Cluster) -> None:
    limits = {"join_free_per_minute": 3, "join_work_bits": 8}
    one, two = cluster.start(**limits), cluster.start(**limits)
    code = one.crew().make()
    for service in (one, two, one):
        assert join(service, code).status_code == 200
    asked = problem(join(two, code), 428, "work_required")
    problem(join(one, code), 428, "work_required")
    good = worked(asked)
    assert join(one, code, good).status_code == 200  # asked by one process, shown to the other
    problem(join(two, code, good), 428, "work_required")
    problem(join(one, code, good), 428, "work_required")
    cluster.redis.kill()
    try:
        began = time.monotonic()
        assert [join(service, code).status_code for service in (one, two)] == [200, 200]
        assert join(two, code, worked(asked | problem_of(one, code))).status_code == 200
        assert time.monotonic() - began < LATE_SECONDS
    finally:
        cluster.redis.start()


def problem_of(service: Running, code: str) -> dict[str, Any]:
    """Join until work is asked, and return what is asked."""
    while (answer := join(service, code)).status_code == 200:
        pass
    return problem(answer, 428, "work_required")
