"""What one process counts, the others show: the same figures, bytes and tags, soon, and never backwards."""

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed

from tests.cluster.conftest import LATE_SECONDS, TOLD_SECONDS, clustered
from tests.conftest import Running
from tests.players import Line, Phone, counted, eventually, problem, votes_of
from tests.recording import http, listed, make, path, recording
from tests.servers import Servers


def opened(service: Running, **rules: Any) -> str:
    """Make a session whose first round is open."""
    crew = service.crew()
    code = crew.make(rounds=[rules, {}])
    crew.do(code, "open")
    return code


def tally_of(service: Running, code: str, **headers: str) -> httpx2.Response:
    return service.client().get(f"/api/v1/sessions/{code}/tally", headers=headers)


@contextlib.contextmanager
def heard_by(service: Running, code: str) -> Iterator[list[tuple[int, int, int]]]:
    """Note what a socket is told meanwhile: epoch, version and votes of each tally."""
    told: list[tuple[int, int, int]] = []
    with Line.opened(service.ws_url, code) as line:

        def listen() -> None:
            with contextlib.suppress(ConnectionClosed):
                for text in line.socket:
                    said = json.loads(text)
                    if said["type"] == "tally":
                        told.append((said["epoch"], said["version"], said["tally"]["votes"]))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield told
        finally:
            line.socket.close()
            thread.join()


def test_vote_at_one_process_reaches_a_socket_at_the_other_within_a_second(one: Running, two: Running) -> None:
    for there, here in ((one, two), (two, one)):
        code = opened(there)
        phone = there.phone(code)
        with Line.opened(here.ws_url, code) as line:
            line.hear("tally")
            began = time.monotonic()
            assert phone.vote("red").status_code == 200
            told = line.hear_if(lambda said: said["type"] == "tally" and said["tally"]["votes"] == 1, TOLD_SECONDS)
            assert votes_of(told) == {"red": 1, "blue": 0}
            assert time.monotonic() - began < TOLD_SECONDS


def test_same_version_is_the_same_bytes_and_tag_at_every_process_and_no_line_goes_backwards(
    one: Running, two: Running
) -> None:
    code = opened(one)
    phones = [(one, two)[i % 2].phone(code) for i in range(30)]
    bodies: dict[str, set[bytes]] = {}
    shown: dict[str, set[str]] = {}
    ended = threading.Event()

    def poll(service: Running) -> None:
        client, last = service.client(), (0, 0)
        while not ended.is_set():
            answer = client.get(f"/api/v1/sessions/{code}/tally")
            bodies.setdefault(answer.headers["etag"], set()).add(answer.content)
            shown.setdefault(answer.headers["etag"], set()).add(service.base_url)
            now = answer.json()
            assert (now["epoch"], now["version"]) >= last
            last = now["epoch"], now["version"]

    with heard_by(one, code) as first, heard_by(two, code) as second:
        polls = [threading.Thread(target=poll, args=(each,), daemon=True) for each in (one, two)]
        for each in polls:
            each.start()
        for i, phone in enumerate(phones):
            assert phone.vote(("red", "blue")[i % 3 > 0]).status_code == 200
        wanted = {"red": 10, "blue": 20}
        final = [counted(partial(lambda at: tally_of(at, code).json(), each), wanted) for each in (one, two)]
        eventually(lambda: first[-1:] == second[-1:] and first[-1][2] == 30)
        ended.set()
        for each in polls:
            each.join()
    assert final[0]["tally"] == final[1]["tally"]
    # Presence settles within a second or two; then both have the same for good.
    tags = eventually(lambda: same_tag(one, two, code))
    assert tally_of(one, code, **{"If-None-Match": tags}).status_code == 304
    assert tally_of(two, code, **{"If-None-Match": tags}).status_code == 304
    assert {len(each) for each in bodies.values()} == {1}
    assert sum(len(each) == 2 for each in shown.values()) >= 5, "both were hardly ever seen at the same version"
    for told in (first, second):
        versions = [each[:2] for each in told]
        assert versions == sorted(set(versions))
        votes = [each[2] for each in told]
        assert votes == sorted(votes)


def same_tag(one: Running, two: Running, code: str) -> str:
    tags = {tally_of(each, code).headers["etag"] for each in (one, two, one)}
    return tags.pop() if len(tags) == 1 else ""


def test_any_process_takes_any_command_and_knows_what_the_other_did(one: Running, two: Running) -> None:
    code = one.crew().make()
    for service, what, phase in (
        (two, "open", "open"),
        (one, "pause", "paused"),
        (two, "pause", "paused"),
        (two, "resume", "open"),
        (one, "lock", "locked"),
        (two, "lock", "locked"),
        (two, "reveal", "revealed"),
        (one, "rerun", "draft"),
    ):
        assert service.crew().do(code, what)["rounds"][0]["phase"] == phase
        other = one if service is two else two
        began = time.monotonic()
        other.crew().become(code, phase)
        assert time.monotonic() - began < TOLD_SECONDS
    entries = one.crew().client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    actions = [each["action"] for each in entries if each["round"] == 1]
    assert actions == ["open", "pause", "resume", "lock", "reveal", "rerun"]


def test_phone_that_votes_at_both_at_once_counts_once_and_has_one_receipt(one: Running, two: Running) -> None:
    code = opened(one)
    answers: dict[str, list[httpx2.Response]] = {}
    voters = [one.phone(code) for _ in range(12)]
    together = threading.Barrier(2)

    def vote(service: Running, choices: tuple[str, str]) -> None:
        client = service.client()
        for i, voter in enumerate(voters):
            client.headers["Authorization"] = f"Bearer {voter.token}"
            together.wait(10)
            # The first half send the same; of the others each process is asked for another side.
            choice = "red" if i < 6 else choices[i % 2]
            answers.setdefault(voter.token, []).append(Phone(client, code, voter.token).vote(choice))

    threads = [
        threading.Thread(target=vote, args=(one, ("red", "blue"))),
        threading.Thread(target=vote, args=(two, ("blue", "red"))),
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for i, voter in enumerate(voters):
        first, second = answers[voter.token]
        if i < 6:
            assert (first.status_code, second.status_code) == (200, 200)
            assert first.json()["receipt"] == second.json()["receipt"]
            assert {first.json()["repeat"], second.json()["repeat"]} == {True, False}
        else:
            assert sorted((first.status_code, second.status_code)) == [200, 409]
            problem(max(first, second, key=lambda each: each.status_code), 409, "already_voted")
    eventually(lambda: tally_of(two, code).json()["tally"]["votes"] == 12)
    assert tally_of(one, code).json()["tally"]["turnout"] == 12


def test_retry_at_the_other_process_gets_the_first_receipt(one: Running, two: Running) -> None:
    code = opened(two, changeable=True)
    phone = one.phone(code)
    there = Phone(two.client(phone.token), code, phone.token)
    first = phone.vote("red", nonce="a" * 16).json()
    changed = there.vote("blue", nonce="b" * 16).json()
    again = there.vote("red", nonce="a" * 16).json()
    assert (first["repeat"], changed["repeat"], again["repeat"]) == (False, False, True)
    assert again["receipt"] == first["receipt"] != changed["receipt"]
    assert phone.vote("blue", nonce="b" * 16).json()["receipt"] == changed["receipt"]
    counted(lambda: tally_of(one, code).json(), {"red": 0, "blue": 1})


def test_likes_of_one_phone_at_both_processes_are_its_highest_total(one: Running, two: Running) -> None:
    code = opened(one)
    phone = one.phone(code)
    there = Phone(two.client(phone.token), code, phone.token)
    time.sleep(0.3)  # likes are earned in time
    assert phone.like(red=2).json()["totals"] == {"red": 2}
    assert there.like(red=3).json()["totals"] == {"red": 3}
    assert phone.like(red=3).json()["totals"] == {"red": 3}
    counted(lambda: tally_of(two, code).json(), likes={"red": 3, "blue": 0})


def test_access_token_revoked_at_one_process_cuts_its_socket_at_the_other(one: Running, two: Running) -> None:
    code = opened(one)
    made = one.crew().client.post("/api/v1/tokens", json={"role": "director", "name": "x"}).json()
    with (
        Line.opened(two.ws_url, code, token=made["token"]) as line,
        Line.opened(two.ws_url, code, token=two.tokens["director"]) as other,
    ):
        assert one.crew().client.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
        began = time.monotonic()
        assert line.close_code() == 4401
        assert time.monotonic() - began < LATE_SECONDS
        other.everything()
    problem(two.client(made["token"]).get("/api/v1/me"), 401, "token_invalid")


def test_who_voted_at_one_process_sees_the_tally_at_the_other_and_a_stranger_does_not(
    one: Running, two: Running
) -> None:
    code = opened(one, visibility="after_vote")
    phone, stranger = one.phone(code), two.phone(code)
    there = Phone(two.client(phone.token), code, phone.token)
    with (
        Line.opened(two.ws_url, code, token=phone.token) as line,
        Line.opened(two.ws_url, code, token=stranger.token) as strange,
    ):
        assert there.tally()["tally"] is None
        assert phone.vote("red").status_code == 200
        began = time.monotonic()
        seen = eventually(lambda: there.tally() if there.tally()["tally"] else {}, LATE_SECONDS)
        assert time.monotonic() - began < LATE_SECONDS
        assert (seen["view"], votes_of(seen)) == ("voter", {"red": 1, "blue": 0})
        # The socket is told with the next publication.
        assert one.phone(code).vote("blue").status_code == 200
        told = line.hear_if(lambda said: said["type"] == "tally" and said["tally"] is not None, LATE_SECONDS)
        assert told["view"] == "voter"
        assert all(each["tally"] is None for each in strange.everything() if each["type"] == "tally")
        assert stranger.tally()["tally"] is None


def test_automation_is_called_once_by_all_processes_and_follows_its_change_at_the_other(
    machines: Servers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        recording() as target,
        clustered(machines, tmp_path_factory.mktemp("automations"), automation_targets=(target.host,)) as made,
    ):
        made.start()
        made.start()
        one, two = made.leader(), made.follower()
        code = one.crew().make()
        for service in (one, two):
            service.crew().tally(code)
        kept = make(two.crew(), code, "round_opened", http(target))
        time.sleep(1.5)  # the leader looks once a second
        two.crew().do(code, "open")
        target.wait(1)
        changed = {"trigger": "round_locked", "action": http(target, "/locked")}
        assert two.crew().client.patch(path(code, kept["id"]), json=changed).status_code == 200
        assert [each["trigger"] for each in listed(one.crew(), code)] == ["round_locked"]
        time.sleep(1.5)
        two.crew().do(code, "lock")
        target.wait(2)
        one.crew().do(code, "rerun", "open", "lock")
        target.wait(3)
        time.sleep(0.3)  # for a call too many
        assert target.paths() == ["/round_opened", "/locked", "/locked"]
