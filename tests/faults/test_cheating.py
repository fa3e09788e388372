"""Cheats of every kind that one phone, one stranger or one of the crew can try alone: none brings a vote more."""

import json
import random
import string
from collections import Counter
from typing import Any

import httpx2
import pytest
from itsdangerous import Signer
from websockets.exceptions import ConnectionClosed

from tests.conftest import Running
from tests.faults.figures import Figures
from tests.players import Line, Phone
from tests.routers.test_access import MAY, ROLES, uses

pytestmark = pytest.mark.ordinary

SEED = 20_28
HONEST = 12
ORIGINS = ("https://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "http://127.0.0.1.evil.example")


class Cheat:
    """Tries, and keeps the book: how often it tried, and how often it was given what it should not have."""

    def __init__(self) -> None:
        self.tried: Counter[str] = Counter()
        self.bypasses: list[tuple[str, Any]] = []

    def try_vote(self, kind: str, answer: httpx2.Response, *refusals: tuple[int, str]) -> None:
        """A vote that must be refused, in one of these ways."""
        self.tried[kind] += 1
        if answer.status_code < 400 or (answer.status_code, answer.json()["code"]) not in refusals:
            self.bypasses.append((kind, answer.text))

    def check(self, kind: str, refused: bool, what: Any = None) -> None:
        self.tried[kind] += 1
        if not refused:
            self.bypasses.append((kind, what))


def put_vote(arena: Running, code: str, token: str | None, **fields: Any) -> httpx2.Response:
    headers = {b"Authorization": f"Bearer {token}".encode()} if token is not None else {}
    body = {"choices": ["blue"], "nonce": "cheat", **fields}
    with httpx2.Client(base_url=arena.base_url, timeout=20, trust_env=False, verify=False) as client:
        return client.put(f"/api/v1/sessions/{code}/rounds/1/vote", json=body, headers=headers)


def altered(token: str, chance: random.Random) -> list[str]:
    """Return the token with each of its characters changed in turn, and fields taken from elsewhere."""
    letters = string.ascii_letters + string.digits
    changed = [
        token[:i] + chance.choice([each for each in letters if each != token[i]]) + token[i + 1 :]
        for i in range(len(token))
    ]
    text, signature = token.rsplit(".", 1)
    version, code, channel, device, issued = text.split("~")
    fields = [
        (version, code, channel, "A" * len(device), issued),
        (version, code, "wechat", device, issued),
        (version, code, channel, device, str(int(issued) + 1)),
        (version, code, channel, device, str(10**15)),
        (version, code, channel, device + "~x", issued),
        ("d0", code, channel, device, issued),
        (version, code, channel, device),
    ]
    changed += ["~".join(each) + "." + signature for each in fields]
    for secret in ("", "secret", "change-me", "x" * 64):
        for salt in ("arena-device", "itsdangerous.Signer"):
            signer = Signer(secret, salt=salt, key_derivation="hmac")
            changed.append(signer.sign(f"d1~{code}~web~{device[::-1]}~{issued}").decode())
    return [*changed, text, text + ".", token + ".", token + "A", token * 2, "." + signature]


def forge(arena: Running, cheat: Cheat, honest: list[Phone], chance: random.Random) -> None:
    for phone in honest[:2]:
        for token in altered(phone.token, chance):
            # Where only idle bits of the signature change it is the same phone still, and has voted.
            refusals = ((401, "token_invalid"), (401, "token_expired"), (409, "already_voted"), (403, "wrong_session"))
            cheat.try_vote("forged or altered token", put_vote(arena, phone.code, token), *refusals)


def replay(arena: Running, cheat: Cheat, honest: list[Phone]) -> None:
    for phone in honest:
        for nonce in ("another", "", "x" * 64):
            for choice in ("red", "blue"):
                answer = phone.vote(choice, nonce=nonce)
                if answer.status_code == 200:  # the very same vote, told again
                    cheat.check("replay with another nonce", bool(answer.json()["repeat"]), answer.text)
                else:
                    cheat.try_vote("replay with another nonce", answer, (409, "already_voted"))
        first = phone.vote("red", nonce="first").json()
        other = phone.vote("blue", nonce="first").json()
        same = (other["receipt"], other["choices"]) == (first["receipt"], first["choices"])
        cheat.check("replay with another choice", same, other)
        with Line.opened(arena.ws_url, phone.code, token=phone.token) as line:
            line.say(type="vote", id="1", round=1, choices=["blue"], nonce="over the socket")
            said = line.hear_if(lambda said: said["type"] in ("receipt", "problem"))
            cheat.check("replay over the WebSocket", said.get("code") == "already_voted", said)


def borrow(arena: Running, cheat: Cheat, code: str) -> None:
    """Take tokens that are real, for what they are not for."""
    crew = arena.crew()
    elsewhere = crew.make()
    crew.do(elsewhere, "open")
    for _ in range(5):
        stranger = arena.phone(elsewhere)
        cheat.try_vote("token of another session", put_vote(arena, code, stranger.token), (403, "wrong_session"))
        with Line.opened(arena.ws_url, code) as line:
            line.say(type="hello", token=stranger.token)
            line.say(type="vote", id="1", round=1, choices=["blue"], nonce="x")
            said = line.hear_if(lambda said: said["type"] in ("receipt", "problem"))
            cheat.check("token of another session", said["type"] == "problem", said)
    for role in ROLES:
        cheat.try_vote("access token casts a vote", put_vote(arena, code, arena.tokens[role]), (401, "token_invalid"))
    cheat.try_vote("vote without a token", put_vote(arena, code, None), (401, "token_missing"))
    # None of these may be kept from what it is for by having been tried elsewhere.
    assert put_vote(arena, elsewhere, arena.phone(elsewhere).token).status_code == 200


def come_from_elsewhere(arena: Running, cheat: Cheat, code: str) -> None:
    phone, admin, overlay = arena.phone(code).token, arena.tokens["admin"], arena.tokens["overlay"]
    for i, origin in enumerate(ORIGINS):
        for token in (phone, admin if i % 2 else overlay):
            for target in (code, f"{code}?token={token}"):
                with Line.opened(arena.ws_url, target, origin=origin) as line:
                    heard: list[dict[str, Any]] = []
                    refused = False
                    try:
                        if target == code:
                            line.say(type="hello", token=token)
                        line.say(type="vote", id="1", round=1, choices=["blue"], nonce="x")
                        while True:
                            heard.append(json.loads(line.socket.recv(timeout=5)))
                    except ConnectionClosed as closed:
                        refused = closed.rcvd is not None and closed.rcvd.code == 4403
                    except TimeoutError:
                        pass  # it was let in, and there was nothing more to be heard
                    shown = {each["type"] for each in heard} & {"welcome", "receipt"}
                    views = {each.get("view", "public") for each in heard}
                    cheat.check("another origin with a token", refused and not shown and views <= {"public"}, heard)


def overreach(arena: Running, cheat: Cheat) -> None:
    """Each role tries every verb that is not its own; a phone and a stranger try all."""
    admin = arena.crew()
    calls = uses(admin)
    for role in ROLES:
        client = arena.crew(role).client
        for verb, call in calls:
            if role != "admin" and role not in MAY[verb]:
                answer = call(client)
                cheat.check(f"{role} outside its verbs", answer.status_code == 403, (verb, answer.text))
    phone, stranger = arena.phone(admin.make()), arena.client()
    for verb, call in calls:
        answer = call(phone.client)
        cheat.check("phone commands", answer.status_code == 403, (verb, answer.text))
        answer = call(stranger)
        cheat.check("stranger commands", answer.status_code == 401, (verb, answer.text))


def stuff(arena: Running, cheat: Cheat, code: str) -> None:
    """Ballots that name what is not there, or too much; likes beyond what a hand can tap."""
    for choices in (["green"], ["red", "blue"], ["red", "red"], [], [""], ["red\u200b"], ["RED"], ["red,blue"], ["红"]):
        answer = put_vote(arena, code, arena.phone(code).token, choices=choices)
        cheat.try_vote("ballot beyond the rules", answer, (422, "invalid_ballot"), (422, "invalid_request"))
    for fields in ({"nonce": "x" * 65}, {"choices": "red"}, {"choices": [1]}, {"run": 0}, {"nonce": 5}):
        answer = put_vote(arena, code, arena.phone(code).token, **fields)
        cheat.try_vote("ballot beyond the rules", answer, (422, "invalid_request"), (409, "round_not_open"))
    for number in (2, 99):
        answer = arena.phone(code).vote("red", number=number)
        cheat.try_vote("vote in another round", answer, (409, "round_not_open"), (404, "round_not_found"))
    for total in (10_000, 10**9, 10**15):
        answer = arena.phone(code).like(red=total)
        taken = answer.json()["totals"]["red"] if answer.status_code == 200 else 0
        cheat.check("likes beyond the rate", taken < 2_000, answer.text)
    phone = arena.phone(code)
    phone.like(red=5)
    for total in (4, 0, -5):
        cheat.check("likes that shrink", phone.like(red=total).status_code in (409, 422))


def test_no_cheat_of_one_alone_brings_a_vote_or_a_right_more(
    arena: Running, figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One who is cut and goes on talking is let go after this.
    monkeypatch.setattr("app.live.protocol.CLOSE_SECONDS_MAX", 0.2)
    chance = random.Random(SEED)
    cheat = Cheat()
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    honest = [arena.phone(code) for _ in range(HONEST)]
    receipts = set()
    for phone in honest:
        answer = phone.vote("red", nonce="first")
        assert answer.status_code == 200
        receipts.add(answer.json()["receipt"])

    forge(arena, cheat, honest, chance)
    replay(arena, cheat, honest)
    borrow(arena, cheat, code)
    come_from_elsewhere(arena, cheat, code)
    overreach(arena, cheat)
    stuff(arena, cheat, code)
    crew.do(code, "lock")
    for phone in (*honest, *(arena.phone(code) for _ in range(10))):
        answer = phone.vote("blue", nonce="late")
        cheat.try_vote("vote after the lock", answer, (409, "round_not_open"), (409, "already_voted"))

    book = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()
    extra = {row[1] for row in book["ballots"]} - receipts
    figures(
        "cheating",
        "; ".join(cheat.tried),
        "each is refused with its own code; the ledger holds the honest ballots and no other",
        SEED,
        tried=cheat.tried.total(),
        bypasses=len(cheat.bypasses),
        ballots_too_many=len(extra),
    )
    assert cheat.bypasses == []
    assert {row[1] for row in book["ballots"]} == receipts
    assert book["result"]["votes"] == {"red": HONEST, "blue": 0}
