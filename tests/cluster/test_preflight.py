"""The preflight where several processes serve: Redis, one clock for all, overlays at any process."""

from sqlalchemy import text

from tests.cluster.conftest import Cluster
from tests.players import eventually
from tests.routers.test_preflight import levels, overlay, said


def test_redis_stopped_and_a_process_whose_clock_runs_ahead_are_red_and_any_overlay_is_seen(cluster: Cluster) -> None:
    one, two = cluster.start(), cluster.start()
    crew = one.crew("producer")
    code = crew.make()
    with overlay(two, code):
        eventually(lambda: levels(crew, code)["overlays"] == "green")
    assert levels(crew, code)["redis"] in ("green", "amber")
    assert levels(crew, code)["service_clock"] in ("green", "amber")
    assert "pg_dump" in said(crew, code, "backup")

    cluster.redis.kill()
    try:
        eventually(lambda: levels(crew, code)["redis"] == "red")
    finally:
        cluster.redis.start()
    eventually(lambda: levels(crew, code)["redis"] != "red")

    with cluster.database().writer.begin() as connection:
        # As another process would whose clock is a minute ahead.
        connection.execute(text("SELECT setval('commit_clock', last_value + 60000) FROM commit_clock"))
    assert "Another process is" in said(crew, code, "service_clock")
    assert levels(crew, code)["service_clock"] == "red"
