"""The WebSocket as a phone, an overlay and a console use it."""

import json
from typing import Any

import pytest
from websockets.sync.client import connect

from app.live.overlays import KEPT_MS
from app.schemas.tally import TallyDocument
from app.schemas.voting import Liked, Receipt
from tests.conftest import FakeClock, Running
from tests.live.test_hostile_sockets import frames_of, masked, raw_socket
from tests.players import Crew, Line, counted, eventually, likes_of, votes_of


def opened(arena: Running, **rules: Any) -> tuple[Crew, str]:
    crew = arena.crew()
    code = crew.make(rounds=[rules, {}])
    crew.do(code, "open")
    eventually(lambda: crew.tally(code)["round"]["phase"] == "open")
    return crew, code


def test_the_first_frame_is_the_full_tally(arena: Running) -> None:
    _, code = opened(arena)
    arena.phone(code).vote("red")
    polled = counted(arena.phone(code).tally, {"red": 1, "blue": 0})
    for path in (f"/ws/sessions/{code}", f"/ws/sessions/{code.lower()}", f"/api/v1/ws/sessions/{code}"):
        with connect(arena.ws_url + path, proxy=None, ping_interval=None) as socket:
            first = json.loads(socket.recv(timeout=5))
            TallyDocument.model_validate(first)
            assert (first["type"], first["view"]) == ("tally", "public")
            assert first["version"] >= polled["version"]
            assert first["tally"] == polled["tally"]


def test_every_change_reaches_every_line(arena: Running) -> None:
    crew, code = opened(arena)
    phone = arena.phone(code)
    with Line.opened(arena.ws_url, code) as one, Line.opened(arena.ws_url, code) as other:
        phone.vote("red")
        phone.like(blue=4)
        crew.client.put(f"/api/v1/sessions/{code}/overlay/result")
        crew.do(code, "pause")
        for line in (one, other):
            last = line.hear_if(lambda said: said["round"]["phase"] == "paused")
            assert (votes_of(last), likes_of(last)) == ({"red": 1, "blue": 0}, {"red": 0, "blue": 4})
            assert last["overlay"]["scene"] == "result"


def test_a_device_says_hello_votes_and_likes(arena: Running) -> None:
    _, code = opened(arena)
    phone = arena.phone(code, "wechat")
    with Line.opened(arena.ws_url, code) as line:
        line.say(type="hello", token=phone.token)
        welcome = line.hear("welcome")
        assert (welcome["kind"], welcome["role"], welcome["channel"], welcome["delay_ms"]) == (
            "device",
            None,
            "wechat",
            0,
        )
        assert welcome["server_time_ms"] > 0
        line.say(type="vote", id="v1", round=1, choices=["red"], nonce="n")
        receipt = line.hear("receipt")
        assert receipt["id"] == "v1"
        Receipt.model_validate({key: value for key, value in receipt.items() if key not in ("type", "id")})
        line.say(type="vote", id="v2", round=1, choices=["red"], nonce="n")
        assert line.hear("receipt") == {**receipt, "id": "v2", "repeat": True}
        # The same phone by HTTP is the same voter.
        assert phone.vote("red", nonce="n").json()["receipt"] == receipt["receipt"]
        line.say(type="like", id="l1", round=1, totals={"red": 12})
        liked = line.hear("liked")
        Liked.model_validate({key: value for key, value in liked.items() if key not in ("type", "id")})
        assert (liked["id"], liked["totals"], liked["clipped"]) == ("l1", {"red": 12}, False)
        line.say(type="like", round=1, totals={"red": 13})
        # A tick may come before the answer.
        heard: dict[str, dict[str, Any]] = {}

        def both(said: dict[str, Any]) -> bool:
            if said["type"] == "liked" or said.get("totals") == {"likes": 13, "votes": 1}:
                heard[said["type"]] = said
            return len(heard) == 2

        line.hear_if(both)
        assert "id" not in heard["liked"]
        assert votes_of(heard["tally"]) == {"red": 1, "blue": 0}


def test_a_token_may_stand_in_the_address(arena: Running) -> None:
    _, code = opened(arena)
    phone = arena.phone(code)
    with connect(f"{arena.ws_url}/ws/sessions/{code}?token={phone.token}", proxy=None, ping_interval=None) as socket:
        line = Line(socket)
        assert line.hear("welcome")["kind"] == "device"
        line.say(type="vote", id="1", round=1, choices=["blue"])
        assert line.hear("receipt")["choices"] == ["blue"]


def test_an_access_token_opens_the_staffs_view(arena: Running) -> None:
    crew, code = opened(arena, visibility="on_reveal")
    arena.phone(code).vote("red")
    counted(lambda: crew.tally(code), {"red": 1, "blue": 0})
    for role in ("producer", "director", "scrutineer", "overlay", "admin"):
        with Line.opened(arena.ws_url, code) as line:
            assert line.hear("tally")["tally"] is None
            line.say(type="hello", token=arena.tokens[role])
            welcome = line.hear("welcome")
            assert (welcome["kind"], welcome["role"]) == ("access", role)
            staff = line.hear("tally", view="staff")
            assert votes_of(staff) == {"red": 1, "blue": 0}
            assert staff["staff"].items() >= {"overlays": [], "publicly_visible": False}.items()
            line.say(type="vote", id="1", round=1, choices=["red"])
            refused = line.hear("problem")
            assert (refused["id"], refused["code"], refused["status"]) == ("1", "token_invalid", 401)


@pytest.mark.parametrize("by", ["hello", "address"])
def test_a_bad_token_is_told_so_and_closed(still_arena: Running, clock: FakeClock, by: str) -> None:
    _, code = opened(still_arena)
    expired = still_arena.phone(code).token
    crew_token = still_arena.crew().client.post("/api/v1/tokens", json={"role": "overlay", "hours": 1}).json()["token"]
    clock.forward(31 * 86_400_000)
    for token, reason in (
        ("nonsense", "token_invalid"),
        (expired[:-1], "token_invalid"),
        ("arena_admin_" + "x" * 32, "token_invalid"),
        (expired, "token_expired"),
        (crew_token, "token_expired"),
    ):
        query = f"?token={token}" if by == "address" else ""
        with connect(f"{still_arena.ws_url}/ws/sessions/{code}{query}", proxy=None, ping_interval=None) as socket:
            line = Line(socket)
            if by == "hello":
                line.say(type="hello", token=token)
            assert line.hear("problem")["code"] == reason
            assert line.close_code() == 4401


def test_a_token_of_another_session_is_refused_and_the_line_stays(arena: Running) -> None:
    _, code = opened(arena)
    _, other = opened(arena)
    with Line.opened(arena.ws_url, code) as line:
        line.say(type="hello", token=arena.phone(other).token)
        assert line.hear("problem")["code"] == "wrong_session"
        line.say(type="vote", id="1", round=1, choices=["red"])
        assert line.hear("problem")["code"] == "token_missing"
        line.say(type="hello", token=arena.phone(code).token)
        line.hear("welcome")


def test_a_message_is_its_senders_however_soon_another_says_hello(arena: Running) -> None:
    _, code = opened(arena)
    phones = [arena.phone(code) for _ in range(6)]
    with Line.opened(arena.ws_url, code) as line:
        # All in one go: each vote must be cast by the one who had said hello before it.
        for i, phone in enumerate(phones):
            line.say(type="hello", token=phone.token)
            line.say(type="vote", id=str(i), round=1, choices=["red" if i % 2 else "blue"])
            line.say(type="like", id=f"l{i}", round=1, totals={"red": i + 1})
        receipts, liked = {}, set()
        while len(receipts) < len(phones) or len(liked) < len(phones):
            said = line.hear_if(lambda each: each["type"] in ("receipt", "liked"))
            if said["type"] == "liked":
                liked.add(said["id"])
            else:
                receipts[said["id"]] = said["receipt"]
    for i, phone in enumerate(phones):
        own = phone.me()
        assert [each["receipt"] for each in own["ballots"]] == [receipts[str(i)]]
        assert own["likes"] == {"red": i + 1}
    counted(phones[0].tally, {"red": 3, "blue": 3}, {"red": 21, "blue": 0})


def test_a_line_has_the_view_of_the_last_hello(arena: Running) -> None:
    crew, code = opened(arena, visibility="after_vote")
    voter, fan = arena.phone(code), arena.phone(code)
    voter.vote("red")
    counted(voter.tally, {"red": 1, "blue": 0})
    with Line.opened(arena.ws_url, code) as line:
        for token, view in (
            (crew.client.headers["Authorization"].split()[1], "staff"),
            (fan.token, "public"),
            (voter.token, "voter"),
            (fan.token, "public"),
            (arena.tokens["overlay"], "staff"),
        ):
            line.say(type="hello", token=token)
            line.hear("welcome")
            assert line.hear("tally")["view"] == view


def test_a_revoked_token_loses_its_line(arena: Running) -> None:
    crew, code = opened(arena, visibility="on_reveal")
    made = crew.client.post("/api/v1/tokens", json={"role": "director"}).json()
    with Line.opened(arena.ws_url, code, token=made["token"]) as line, Line.opened(arena.ws_url, code) as other:
        assert crew.client.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
        assert line.close_code() == 4401
        assert other.everything() is not None


def test_an_access_token_that_expires_loses_its_line_and_a_phone_in_its_place_does_not(
    still_arena: Running, clock: FakeClock
) -> None:
    crew, code = opened(still_arena, visibility="on_reveal")
    token = crew.client.post("/api/v1/tokens", json={"role": "overlay", "hours": 1}).json()["token"]
    with (
        Line.opened(still_arena.ws_url, code, token=token) as overlay,
        Line.opened(still_arena.ws_url, code, token=token) as other,
    ):
        other.say(type="hello", token=still_arena.phone(code).token)
        assert other.hear("welcome")["kind"] == "device"
        clock.forward(3_600_000)
        assert overlay.close_code() == 4401
        assert {each["view"] for each in other.everything() if each["type"] == "tally"} == {"public"}


def test_every_refusal_comes_as_a_problem_with_the_id_of_its_message(arena: Running) -> None:
    crew, code = opened(arena)
    phone = arena.phone(code)
    with Line.opened(arena.ws_url, code) as line:
        line.say(type="vote", id="early", round=1, choices=["red"])
        assert line.hear("problem", id="early")["code"] == "token_missing"
        line.say(type="hello", token=phone.token)
        for i, (message, refusal) in enumerate(
            [
                ({"type": "vote", "round": 1, "choices": []}, "invalid_ballot"),
                ({"type": "vote", "round": 1, "choices": ["green"]}, "invalid_ballot"),
                ({"type": "vote", "round": 1, "choices": ["red", "blue"]}, "invalid_ballot"),
                ({"type": "vote", "round": 2, "choices": ["red"]}, "round_not_open"),
                ({"type": "vote", "round": 9, "choices": ["red"]}, "round_not_found"),
                ({"type": "vote", "round": 0, "choices": ["red"]}, "invalid_request"),
                ({"type": "vote", "round": "one", "choices": ["red"]}, "invalid_request"),
                ({"type": "vote", "round": 1, "choices": "red"}, "invalid_request"),
                ({"type": "vote", "round": 1}, "invalid_request"),
                ({"type": "like", "round": 1, "totals": {"red": -1}}, "invalid_likes"),
                ({"type": "like", "round": 1, "totals": {"green": 1}}, "invalid_likes"),
                ({"type": "like", "round": 1, "totals": {}}, "invalid_likes"),
                ({"type": "like", "round": 1, "totals": {"red": True}}, "invalid_request"),
                ({"type": "like", "round": 1, "totals": {"red": 1.5}}, "invalid_request"),
                ({"type": "like", "round": 2, "totals": {"red": 1}}, "round_not_open"),
                ({"type": "hello", "token": "x" * 513}, "invalid_request"),
                ({"type": "ping", "t": "x"}, "invalid_request"),
            ]
        ):
            line.say(id=str(i), **message)
            refused = line.hear("problem", id=str(i))
            assert refused["code"] == refusal, message
            assert {"title", "detail", "status", "instance"} <= refused.keys()
            assert 400 <= refused["status"] < 500
        line.say(type="vote", round=1, choices=["red"])
        assert "id" not in line.hear("problem", code="invalid_request"), "a vote without an id cannot be answered by it"
        line.say(type="vote", id="ok", round=1, choices=["red"])
        line.hear("receipt", id="ok")
        line.say(type="vote", id="again", round=1, choices=["blue"])
        assert line.hear("problem", id="again")["receipt"]
        line.say(type="like", id="more", round=1, totals={"red": 5})
        line.hear("liked", id="more")
        line.say(type="like", id="less", round=1, totals={"red": 4})
        assert line.hear("problem", id="less")["totals"] == {"red": 5}
        crew.do(code, "lock")
        line.say(type="vote", id="late", round=1, choices=["blue"], nonce="late")
        assert line.hear("problem", id="late")["phase"] == "locked"
    counted(phone.tally, {"red": 1, "blue": 0}, {"red": 5, "blue": 0})


def test_a_ping_is_answered_with_the_servers_time(still_arena: Running, clock: FakeClock) -> None:
    _, code = opened(still_arena)
    with Line.opened(still_arena.ws_url, code) as line:
        line.say(type="ping", id="p", t=12.5)
        assert line.hear("pong") == {"type": "pong", "id": "p", "t": 12.5, "server_time_ms": clock.now_ms()}
        line.say(type="ping")
        assert line.hear("pong") == {"type": "pong", "server_time_ms": clock.now_ms()}


def test_a_heartbeat_of_an_overlay_is_seen_by_staff_until_it_falls_silent(
    still_arena: Running, clock: FakeClock
) -> None:
    crew, code = opened(still_arena)
    with (
        Line.opened(still_arena.ws_url, code, token=still_arena.tokens["overlay"]) as overlay,
        Line.opened(still_arena.ws_url, code, token=still_arena.tokens["producer"]) as console,
        Line.opened(still_arena.ws_url, code) as phone,
    ):
        overlay.say(type="heartbeat", client="overlay", scene="board", version=3, fps=59.9)
        seen = console.hear_if(lambda said: said["type"] == "tally" and bool(said["staff"]["overlays"]))
        (one,) = seen["staff"]["overlays"]
        assert (one["name"], one["scene"], one["version"], one["fps"]) == ("test overlay", "board", 3, 59.9)
        assert one["seen_at_ms"] == clock.now_ms()
        phone.say(type="heartbeat", client="overlay", scene="blank", version=1, fps=1)
        phone.everything()
        assert len(crew.tally(code)["staff"]["overlays"]) == 1, "who never said to be an overlay is not heard as one"
        assert "staff" not in arena_public(still_arena, code)
        clock.forward(KEPT_MS + 1)
        console.hear_if(lambda said: said["type"] == "tally" and not said["staff"]["overlays"])


def arena_public(arena: Running, code: str) -> dict[str, Any]:
    document: dict[str, Any] = arena.client().get(f"/api/v1/sessions/{code}/tally").json()
    return document


@pytest.mark.parametrize(
    "heartbeat", [{"version": 2**63}, {"version": 1e300}, {"fps": -1}, {"scene": "x" * 17}, {"version": "x"}]
)
def test_no_heartbeat_can_break_the_tally(arena: Running, heartbeat: dict[str, Any]) -> None:
    crew, code = opened(arena)
    with Line.opened(arena.ws_url, code, token=arena.tokens["overlay"]) as line:
        line.say(type="heartbeat", client="overlay", **heartbeat)
        line.everything()
        crew.do(code, "pause")
        line.hear_if(lambda said: said["type"] == "tally" and said["round"]["phase"] == "paused")
    assert crew.tally(code)["round"]["phase"] == "paused"


def test_control_character_is_refused_in_the_plain_vote_too(arena: Running) -> None:
    crew, code = opened(arena)
    with Line.opened(arena.ws_url, code, token=arena.phone(code).token) as line:
        for odd in ({"id": "a\0b"}, {"choices": ["red\0"]}, {"nonce": "\x07"}):
            line.say(**{"type": "vote", "id": "v", "round": 1, "choices": ["red"], **odd})
            assert line.hear("problem")["code"] == "invalid_request"
    assert crew.tally(code)["round"]["turnout"] == 0


def test_what_is_not_known_is_ignored(arena: Running) -> None:
    _, code = opened(arena)
    with Line.opened(arena.ws_url, code) as line:
        for text in (
            '{"type": "dance"}', "{}", "[]", "null", "5", '"hello"', '{"type": null}', '{"type": []}', '{"type": {}}',
            '{"type": 5}', '{"Type": "ping"}', " ", "\r\n", "", '{"type": "tally"}', '{"type": "receipt"}',
        ):  # fmt: skip
            line.socket.send(text)
        line.socket.send(b"\x00\xff binary")
        line.socket.send(b'{"type": "ping", "id": "binary"}')
        line.socket.ping().wait(5)
        assert {each["type"] for each in line.everything()} <= {"tally"}
        line.socket.send('  {"type": "ping", "id": "spaced"} \r\n')
        assert line.hear("pong")["id"] == "spaced"
        line.say(type="ping", id="new", colour="red", nested={"deep": [1]})
        assert line.hear("pong")["id"] == "new"


def test_only_the_voters_own_line_switches_to_the_view_after_the_vote(arena: Running) -> None:
    crew, code = opened(arena, visibility="after_vote")
    voter, fan = arena.phone(code), arena.phone(code)
    with (
        Line.opened(arena.ws_url, code, token=voter.token) as mine,
        Line.opened(arena.ws_url, code, token=voter.token) as my_other_tab,
        Line.opened(arena.ws_url, code, token=fan.token) as fans,
        Line.opened(arena.ws_url, code) as public,
    ):
        fan.like(blue=5)
        mine.say(type="vote", id="1", round=1, choices=["red"])
        mine.hear("receipt")
        for line in (mine, my_other_tab):
            shown = line.hear("tally", view="voter")
            assert votes_of(shown) == {"red": 1, "blue": 0}
        for line in (fans, public):
            hidden = line.hear_if(lambda said: said["type"] == "tally" and said["round"]["turnout"] == 1)
            assert (hidden["view"], hidden["tally"]) == ("public", None)
        crew.do(code, "lock")
        for line in (mine, fans, public):
            assert votes_of(line.hear_if(lambda said: said["type"] == "tally" and said["round"]["phase"] == "locked"))
        crew.do(code, "rerun")
        for line in (mine, fans):
            again = line.hear_if(lambda said: said["type"] == "tally" and said["round"]["run"] == 2)
            assert (again["view"], again["tally"]) == ("public", None)


def test_versions_on_a_line_only_grow(arena: Running) -> None:
    _, code = opened(arena)
    phones = [arena.phone(code) for _ in range(12)]
    with Line.opened(arena.ws_url, code) as line:
        for phone in phones:
            phone.vote("red")
        frames = []
        while not frames or frames[-1]["totals"]["votes"] < 12:
            frames.append(line.hear("tally"))
    versions = [(each["epoch"], each["version"]) for each in frames]
    assert versions == sorted(set(versions))


def test_a_line_counts_as_a_person_and_an_overlay_or_the_crew_does_not(still_arena: Running, clock: FakeClock) -> None:
    crew, code = opened(still_arena)
    with (
        Line.opened(still_arena.ws_url, code) as stranger,
        Line.opened(still_arena.ws_url, code, token=still_arena.phone(code).token),
        Line.opened(still_arena.ws_url, code, token=still_arena.tokens["producer"]),
        Line.opened(still_arena.ws_url, code) as overlay,
    ):
        overlay.say(type="hello", role="overlay")
        overlay.everything()
        stranger.everything()  # of the time when it was alone
        clock.forward(1_000)
        shown = stranger.hear_if(lambda said: said["audience"]["online"] > 1)
        assert shown["audience"] == {"online": 2, "unique": 1}
    eventually(lambda: len(still_arena.app.state.arena.hub.live[code].subscribers) == 0)
    clock.forward(1_000)
    eventually(lambda: crew.tally(code)["audience"] == {"online": 0, "unique": 1})


def test_what_is_said_behind_a_hello_waits_for_its_answer(arena: Running) -> None:
    _, code = opened(arena)
    phone = arena.phone(code)
    said = [
        {"type": "hello", "token": arena.tokens["overlay"]},
        {"type": "ping", "id": "1"},
        {"type": "vote", "id": "2", "round": 1, "choices": ["red"]},
        {"type": "hello", "token": phone.token},
        {"type": "vote", "id": "3", "round": 1, "choices": ["red"]},
    ]
    # The crew's token must be looked up in the database; all of it comes at once.
    with raw_socket(arena.base_url, code) as line:
        line.sendall(b"".join(masked(json.dumps(each).encode()) for each in said))
        heard: list[dict[str, Any]] = []
        for opcode, payload in frames_of(line):
            if opcode == 1 and (message := json.loads(payload))["type"] != "tally":
                heard.append(message)
            if len(heard) == len(said):
                break
    assert [(each["type"], each.get("id"), each.get("role")) for each in heard] == [
        ("welcome", None, "overlay"),
        ("pong", "1", None),
        ("problem", "2", None),
        ("welcome", None, None),
        ("receipt", "3", None),
    ]
    assert [each["receipt"] for each in phone.me()["ballots"]] == [heard[-1]["receipt"]]


@pytest.mark.parametrize("role", [None, "overlay", "phone"])
def test_a_session_that_nobody_has_used_since_the_start_is_there_for_its_first_socket(
    arena: Running, role: str | None
) -> None:
    _, code = opened(arena)
    token = arena.phone(code).token if role == "phone" else arena.tokens[role] if role else ""
    del arena.app.state.arena.hub.live[code]
    with Line.opened(arena.ws_url, f"{code.lower()}?token={token}") as line:
        line.say(type="ping", id="at once")
        heard = [each["type"] for each in line.until("pong", id="at once")]
        # The tally comes first, and again where a tick falls in between.
        assert heard[0] == "tally"
        assert [kind for kind in heard if kind != "tally"] == (["welcome", "pong"] if token else ["pong"])
    eventually(lambda: arena.app.state.arena.hub.sockets == 0)
