"""The cluster as a whole: several processes are one arena, and what stands in front adds no fault of its own."""

import json
import os
import re
import signal
import threading
import time
from contextlib import suppress

import httpx2
import pytest
import redis

from tests.deploy.conftest import WORKERS, Town, within
from tests.players import Line

pytestmark = pytest.mark.slow

RENEWAL_SECONDS_MAX = 120
UPSTREAM = 7
"""The field of nginx's log that names the process asked; `-` where none was."""


def tally_path(code: str) -> str:
    return f"/api/v1/sessions/{code}/tally"


def test_votes_at_any_process_are_one_tally_and_one_etag(town: Town) -> None:
    code = town.open_session()
    ports = [0, *town.cluster.worker_ports]
    phones = [town.phone(code, port) for port in ports for _ in range(3)]
    assert [phone.vote("red").status_code for phone in phones] == [200] * len(phones)
    # The very vote once more, at another process: the first receipt.
    first = phones[0].vote("red", nonce="n").json()
    phones[0].client.base_url = f"http://127.0.0.1:{town.cluster.worker_ports[-1]}"
    assert phones[0].vote("red", nonce="n").json()["receipt"] == first["receipt"]

    asked = [town.client(port=port) for port in town.cluster.worker_ports]

    def all_agree() -> bool:
        answers = [client.get(tally_path(code)) for client in asked]
        same = len({(each.headers["ETag"], each.content) for each in answers}) == 1
        return same and answers[0].json()["tally"]["votes"] == len(phones)

    within(10, all_agree)


def test_many_pollers_are_one_question_a_second(behind_nginx: Town) -> None:
    town = behind_nginx
    code = town.open_session()
    path = tally_path(code)
    client = town.client()
    began = time.monotonic()
    statuses: list[tuple[int, str, str]] = []
    while (taken := time.monotonic() - began) < 2.5:
        tag = statuses[-1][1] if statuses else ""
        answer = client.get(path, headers={"If-None-Match": tag} if tag else {})
        statuses.append((answer.status_code, answer.headers["ETag"], answer.headers["X-Cache-Status"]))
    assert len(statuses) > 50
    # What a poller has already is answered 304, from the cache too.
    assert statuses[0][0] == 200
    assert (304, statuses[-1][1], "HIT") in statuses
    asked = [line for line in town.access_log(path) if line[UPSTREAM] != "-"]
    assert 1 <= len(asked) <= taken + 2


def test_feeds_are_kept_by_their_query_and_pages_by_their_path(behind_nginx: Town) -> None:
    town = behind_nginx
    code = town.open_session()
    client = town.client()
    said = {
        lang: client.get(f"/api/v1/sessions/{code}/feeds/readout", params={"lang": lang}).text for lang in ("zh", "en")
    }
    assert said["zh"] != said["en"]
    for path in (f"/v/{code}", "/pages/lib/store.js"):
        first, second = client.get(path), client.get(path)
        assert (first.headers["X-Cache-Status"], second.headers["X-Cache-Status"]) == ("MISS", "HIT")
        assert first.content == second.content
        assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_what_a_token_may_see_is_never_given_to_the_public(behind_nginx: Town) -> None:
    town = behind_nginx
    code = town.open_session(rounds=[{"title": "1", "visibility": "on_reveal"}])
    town.phone(code).vote("red")
    staff, public = town.client(town.tokens["director"]), town.client()
    path = tally_path(code)
    within(5, lambda: staff.get(path).json()["tally"]["votes"] == 1)
    by_query = public.get(path, params={"token": town.tokens["director"]})
    assert by_query.json()["tally"]["votes"] == 1
    assert by_query.headers["X-Cache-Status"] == "BYPASS"
    for query in ({}, {"token": ""}):
        seen = public.get(path, params=query)
        assert seen.json()["view"] == "public"
        assert seen.json()["tally"] is None
    # And who may see it is not shown what was kept for the public.
    assert staff.get(path).json()["view"] == "staff"


def test_a_socket_and_an_event_stream_pass(town: Town) -> None:
    code = town.open_session()
    phone = town.phone(code)
    with Line.opened(town.cluster.address.replace("http", "ws"), code, token=phone.token) as line:
        line.say(type="vote", id="1", round=1, choices=["blue"])
        assert line.hear("receipt", id="1")["choices"] == ["blue"]
        line.hear_if(lambda said: said["type"] == "tally" and said["tally"]["votes"] == 1)
    with town.client().stream("GET", f"/api/v1/sessions/{code}/events") as events:
        data = next(line for line in events.iter_lines() if line.startswith("data:"))
        assert json.loads(data[5:])["session"]["code"] == code


def test_an_address_that_was_sent_along_is_not_believed(behind_nginx: Town) -> None:
    town = behind_nginx
    code = town.open_session()
    forged = {"X-Forwarded-For": "203.0.113.9"}
    assert town.client().post(f"/api/v1/sessions/{code}/join", json={}, headers=forged).status_code == 200
    with redis.Redis.from_url(town.cluster.redis.url) as asked:
        windows = b" ".join(asked.keys("LIMITS*"))
    assert b"127.0.0.1" in windows
    assert b"203.0.113.9" not in windows


def test_who_commands_is_shown_at_once_what_was_commanded(behind_nginx: Town) -> None:
    crew = behind_nginx.crew
    for _ in range(10):
        code = crew.make()
        for command, phase in (("open", "open"), ("pause", "paused"), ("lock", "locked"), ("reveal", "revealed")):
            crew.do(code, command)
            assert crew.round(code)["phase"] == phase
        assert crew.client.get(f"/api/v1/sessions/{code}/rounds/1/ledger").status_code == 200


def test_both_callbacks_of_a_code_reach_the_same_process(behind_nginx: Town) -> None:
    town = behind_nginx
    client = town.client()
    for i in range(20):
        for _ in range(2):
            client.get("/wechat/callback", params={"code": f"code{i}", "state": "0" * 60})
    # A line is written after its answer.
    within(5, lambda: len(town.access_log("/wechat/callback")) == 40)
    asked = [line[UPSTREAM] for line in town.access_log("/wechat/callback")]
    assert asked[::2] == asked[1::2]
    assert len(set(asked)) == WORKERS


def test_what_only_the_operator_may_ask_is_closed(behind_nginx: Town) -> None:
    client = behind_nginx.client()
    assert [client.get(path).status_code for path in ("/metrics", "/readyz", "/healthz")] == [404, 404, 200]


def test_what_is_too_large_is_refused_in_the_usual_form(behind_nginx: Town) -> None:
    town = behind_nginx
    body = town.client().put(f"/api/v1/sessions/{town.open_session()}/rounds/1/vote", content=b"x" * 1_100_000)
    assert body.status_code == 413
    assert body.headers["Content-Type"] == "application/problem+json"
    assert body.json()["code"] == "body_too_large"
    assert town.client().get("/healthz", headers={"X-Long": "x" * 40_000}).status_code == 400


def test_a_killed_process_is_stepped_over(town: Town) -> None:
    code = town.open_session(rounds=[{"title": "1", "visibility": "on_reveal"}])
    client = town.client()
    victim = town.cluster.worker_pids()[0]
    os.kill(victim, signal.SIGKILL)
    if town.cluster.proxy is not None:
        for _ in range(30):
            answer = client.get(tally_path(code), params={"token": town.tokens["producer"]})
            assert answer.status_code == 200
    within(30, lambda: len(pids := town.cluster.worker_pids()) == WORKERS and victim not in pids)


def ready(port: int) -> bool:
    with suppress(httpx2.TransportError):
        answer = httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=5, trust_env=False, verify=False)
        return answer.status_code == 200
    return False


def test_a_renewal_under_load_loses_nothing(behind_nginx: Town) -> None:
    town = behind_nginx
    code = town.open_session()
    phones = [town.phone(code) for _ in range(400)]
    receipts: dict[str, str] = {}
    refused: list[int] = []
    over = threading.Event()

    def vote_on() -> None:
        while phones and not over.is_set():
            phone = phones.pop()
            while (answer := phone.vote("red", nonce="n")).status_code != 200:
                refused.append(answer.status_code)
                time.sleep(0.2)
            receipts[phone.token] = answer.json()["receipt"]
            time.sleep(0.1)

    within(30, lambda: all(ready(port) for port in town.cluster.worker_ports))
    before = set(town.cluster.worker_pids())
    voters = [threading.Thread(target=vote_on, name=f"voter-{i}") for i in range(2)]
    for voter in voters:
        voter.start()
    time.sleep(0.5)
    town.cluster.renew()
    within(RENEWAL_SECONDS_MAX, lambda: not before & set(town.cluster.worker_pids()))
    within(RENEWAL_SECONDS_MAX, lambda: all(ready(port) for port in town.cluster.worker_ports))
    over.set()
    for voter in voters:
        voter.join(20)
    assert len(receipts) > 10
    assert not refused
    crew = town.crew
    crew.do(code, "lock", "reveal")
    ballots = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()["ballots"]
    assert sorted(ballot[1] for ballot in ballots) == sorted(receipts.values())


def test_who_trickled_a_head_in_was_let_go(behind_nginx: Town) -> None:
    assert behind_nginx.trickled is not None
    assert 8 < behind_nginx.trickled.result(20) < 14


def test_no_token_stands_in_any_log(town: Town) -> None:
    """Comes last: looks at what all tests before it have left."""
    code = town.open_session()
    secret = town.tokens["admin"]
    town.client().get(tally_path(code), params={"token": secret})
    with Line.opened(town.cluster.address.replace("http", "ws"), f"{code}?token={secret}") as line:
        line.hear("tally")
    logs = [town.log]
    if town.cluster.proxy is not None:
        logs += [town.cluster.access_log, town.cluster.error_log]
        assert town.access_log(tally_path(code))
    for log in logs:
        text = log.read_text()
        assert not [each for each in town.secrets if each in text], log.name
        assert not re.search(r"token=[^…\s]", text), log.name
        assert "code0" not in text, log.name
