"""Signing in by WeChat, against a stand-in of its two addresses: twice, at once, forged, as a snapshot, while down.

The phone is a plain HTTP client with cookies that follows the redirects by hand.
"""

import json
import logging
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pydantic import SecretStr

from app.services import wechat as service
from tests.conftest import FakeClock, Running
from tests.files import files_with
from tests.players import Phone, problem, votes_of
from tests.wechat_stand_in import APP_ID, SECRET, WeChatStandIn, wechat_stand_in

pytestmark = pytest.mark.edge

CHANNELS = [{"key": "web", "name": "网页"}, {"key": "wechat", "name": "微信", "identity": "wechat"}]


@pytest.fixture
def wechat() -> Iterator[WeChatStandIn]:
    with wechat_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
def arena(start: Callable[..., Running], wechat: WeChatStandIn) -> Running:
    return start(**configured(wechat))


def configured(wechat: WeChatStandIn) -> dict[str, Any]:
    return {
        "wechat_app_id": APP_ID,
        "wechat_secret": SecretStr(SECRET),
        "wechat_api_url": wechat.url,
        "wechat_open_url": wechat.url,
    }


def session_of(arena: Running, **changes: Any) -> str:
    code = arena.crew().make(channels=CHANNELS, **changes)
    arena.crew().do(code, "open")
    return code


def sent_to_wechat(phone: httpx2.Client, code: str) -> str:
    answer = phone.get(f"/wechat/start/{code}")
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def token_of(answer: httpx2.Response, code: str) -> str:
    assert answer.status_code == 302, answer.text
    page, _, fragment = answer.headers["location"].partition("#")
    assert page == f"/v/{code}", "code and state are stripped"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert fragment.startswith("token=")
    return fragment.removeprefix("token=")


def signed_in(arena: Running, wechat: WeChatStandIn, code: str, openid: str = "oUser-1") -> Phone:
    wechat.mood.openid = openid
    client = arena.client()
    back = wechat.authorize(sent_to_wechat(client, code))
    token = token_of(client.get(back), code)
    client.headers["Authorization"] = f"Bearer {token}"
    return Phone(client, code, token)


def page_said(answer: httpx2.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for word in words:
        assert word in answer.text


def test_whole_dance_gives_a_token_of_the_channel_that_votes(arena: Running, wechat: WeChatStandIn) -> None:
    code = session_of(arena)
    phone = signed_in(arena, wechat, code)
    joined = phone.client.post(f"/api/v1/sessions/{code}/join").json()
    assert (joined["channel"], joined["identity"], joined["token"]) == ("wechat", "wechat", phone.token)
    assert phone.vote("red").json()["channel"] == "wechat"


def test_address_of_wechat_has_its_parameters_in_order_and_a_cookie_goes_along(
    arena: Running, wechat: WeChatStandIn
) -> None:
    code = session_of(arena)
    answer = arena.client().get(f"/wechat/start/{code.lower()}")
    location = answer.headers["location"]
    back = f"{arena.base_url}/wechat/callback".replace(":", "%3A").replace("/", "%2F")
    form = re.compile(
        re.escape(f"{wechat.url}/connect/oauth2/authorize?appid={APP_ID}&redirect_uri={back}")
        + r"&response_type=code&scope=snsapi_base&state=[a-zA-Z0-9]{60,128}#wechat_redirect"
    )
    assert form.fullmatch(location)
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/wechat", "max-age=300"))


def test_callback_twice_gets_the_same_answer_by_one_exchange(arena: Running, wechat: WeChatStandIn) -> None:
    code = session_of(arena)
    client = arena.client()
    back = wechat.authorize(sent_to_wechat(client, code))
    first, second = token_of(client.get(back), code), token_of(client.get(back), code)
    assert first == second
    assert wechat.exchanges == 1


def test_callbacks_at_once_share_one_exchange(arena: Running, wechat: WeChatStandIn) -> None:
    code = session_of(arena)
    client = arena.client()
    back = wechat.authorize(sent_to_wechat(client, code))
    cookies = dict(client.cookies)
    wechat.mood.delay_s = 0.3
    together = threading.Barrier(8)

    def call(_: int) -> str:
        together.wait()
        with httpx2.Client(base_url=arena.base_url, cookies=cookies, trust_env=False, verify=False) as own:
            return token_of(own.get(back), code)

    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(call, range(8)))
    assert len(set(tokens)) == 1
    assert wechat.exchanges == 1


@pytest.mark.parametrize("how", ["used", "expired"])
def test_spent_code_starts_once_more_and_then_stops(arena: Running, wechat: WeChatStandIn, how: str) -> None:
    code = session_of(arena)
    client = arena.client()

    def spoil(back: str) -> None:
        if how == "used":
            wechat.used.add(parse_qs(urlsplit(back).query)["code"][0])
        else:
            wechat.expire_codes()

    back = wechat.authorize(sent_to_wechat(client, code))
    spoil(back)
    again = client.get(back)
    assert again.status_code == 302
    assert again.headers["location"].startswith(f"{wechat.url}/connect/oauth2/authorize?")
    # The second try may succeed…
    token_of(client.get(wechat.authorize(again.headers["location"])), code)
    # …and where it does not, the phone is not sent round for ever.
    back = wechat.authorize(client.get(back).headers["location"])
    spoil(back)
    page_said(client.get(back), 409, "再试一次", f"/v/{code}")


def test_state_that_is_forged_foreign_or_expired_is_refused_before_any_exchange(
    start: Callable[..., Running], wechat: WeChatStandIn, clock: FakeClock
) -> None:
    arena = start(clock, **configured(wechat))
    code = session_of(arena)
    client = arena.client()
    back = wechat.authorize(sent_to_wechat(client, code))
    state = parse_qs(urlsplit(back).query)["state"][0]
    for forged in ("", "x", "0" * len(state), state[:-1], state + "A", ("1" if state[0] == "0" else "0") + state[1:]):
        page_said(client.get(back.replace(state, forged)), 400, "登录已过期")
    # Another phone, without the cookie or with its own.
    page_said(arena.client().get(back), 400, "登录已过期")
    other = arena.client()
    sent_to_wechat(other, code)
    page_said(other.get(back), 400, "登录已过期")
    clock.forward(service.STATE_MS + 1)
    page_said(client.get(back), 400, "登录已过期")
    assert wechat.exchanges == 0


def test_snapshot_user_is_asked_for_the_full_service_and_gets_no_token(arena: Running, wechat: WeChatStandIn) -> None:
    code = session_of(arena)
    wechat.mood.snapshot = True
    client = arena.client()
    answer = client.get(wechat.authorize(sent_to_wechat(client, code)))
    page_said(answer, 403, "使用完整服务", "full service", f"/wechat/start/{code}")
    assert "token" not in answer.text


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ((502, "text/html", "<html>bad gateway</html>"), 502, "没有及时回答"),
        ((200, "text/plain", "not json"), 502, "没有及时回答"),
        ((200, "text/plain", "[]"), 502, "没有及时回答"),
        ((200, "text/plain", "x" * 200_000), 502, "没有及时回答"),
        ((200, "text/plain", json.dumps({"errcode": -1, "errmsg": "system error"})), 503, "几秒"),
        ((200, "text/plain", json.dumps({"errcode": 40125, "errmsg": "invalid appsecret"})), 502, "暂时不可用"),
        ((200, "text/plain", json.dumps({"access_token": "a"})), 502, "暂时不可用"),
    ],
)
def test_wechat_that_fails_gets_the_phone_a_kind_page(
    arena: Running, wechat: WeChatStandIn, given: tuple[int, str, str], status: int, words: str
) -> None:
    code = session_of(arena)
    client = arena.client()
    back = wechat.authorize(sent_to_wechat(client, code))
    wechat.mood.answer = given
    answer = client.get(back)
    page_said(answer, status, words)
    assert (status == 503) == ("retry-after" in answer.headers)
    if status == 503:
        # It passes: the same code, which was not spent, may do a moment later.
        wechat.mood.answer = None
        token_of(client.get(back), code)


def test_wechat_that_answers_too_late_is_not_waited_for(
    arena: Running, wechat: WeChatStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "EXCHANGE_SECONDS_MAX", 0.2)
    code = session_of(arena)
    client = arena.client()
    back = wechat.authorize(sent_to_wechat(client, code))
    wechat.mood.delay_s = 1.0
    page_said(client.get(back), 502, "没有及时回答")


def test_wechat_that_is_gone_gets_the_phone_a_kind_page(arena: Running, wechat: WeChatStandIn) -> None:
    code = session_of(arena)
    client = arena.client()
    back = wechat.authorize(sent_to_wechat(client, code))
    wechat.server.shutdown()
    wechat.server.server_close()
    page_said(client.get(back), 502, "没有及时回答")


def test_same_openid_on_two_phones_is_one_voter_with_one_vote(arena: Running, wechat: WeChatStandIn) -> None:
    code = session_of(arena)
    one, other = signed_in(arena, wechat, code, "oSame"), signed_in(arena, wechat, code, "oSame")
    receipt = one.vote("red", nonce="n1").json()["receipt"]
    assert problem(other.vote("blue", nonce="n2"), 409, "already_voted")["receipt"] == receipt
    assert signed_in(arena, wechat, code, "oOther").vote("blue").status_code == 200
    crew = arena.crew()
    crew.do(code, "lock")
    assert votes_of(crew.tally(code)) == {"red": 1, "blue": 1}


def test_same_openid_in_another_session_is_another_voter(arena: Running, wechat: WeChatStandIn) -> None:
    devices = {signed_in(arena, wechat, session_of(arena), "oSame").token.split("~")[3] for _ in range(2)}
    assert len(devices) == 2


def test_openid_code_and_secrets_are_nowhere(
    start: Callable[..., Running],
    wechat: WeChatStandIn,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG):
        arena = start(**configured(wechat))
        code = session_of(arena)
        phone = signed_in(arena, wechat, code, "oNobodyMayKnowMe")
        phone.vote("red")
        client = arena.client()
        back = wechat.authorize(sent_to_wechat(client, code))
        wechat.mood.answer = (200, "text/plain", json.dumps({"errcode": 40125, "errmsg": "invalid appsecret"}))
        client.get(back)
        wechat.mood.answer = (500, "text/plain", "no")
        client.get(wechat.authorize(sent_to_wechat(client, code)))
    said = "".join(capfd.readouterr()) + caplog.text
    assert "wechat refused the exchange" in said, "what is looked through is really the log"
    database = sqlite3.connect(arena.data_dir / "arena.db")
    written = "\n".join(database.iterdump())
    database.close()
    for unspoken in ("oNobodyMayKnowMe", SECRET, *wechat.codes, *wechat.tokens):
        assert unspoken not in phone.token
        assert unspoken not in written
        assert files_with(arena.data_dir, unspoken) == []
        # The test's own client writes its addresses to the log, and WeChat's redirect brings the code in one.
        ours = [
            line
            for line in said.splitlines()
            if "HTTP Request: GET http" not in line and "/wechat/callback" not in line
        ]
        assert unspoken not in "\n".join(ours)
    assert all(SECRET not in line for line in said.splitlines())


def test_joining_the_channel_without_signing_in_says_where_to_go(arena: Running) -> None:
    code = session_of(arena)
    refusal = problem(
        arena.client().post(f"/api/v1/sessions/{code}/join", json={"channel": "wechat"}), 403, "wechat_required"
    )
    assert refusal["start"] == f"/wechat/start/{code}"
    assert arena.phone(code).me()["channel"] == "web"


def test_without_an_app_id_there_is_no_sign_in(start: Callable[..., Running]) -> None:
    arena = start()
    page_said(arena.client().get(f"/wechat/start/{session_of(arena)}"), 404, "没有开通微信登录")
    assert arena.client().get("/api/v1/about").json()["wechat"] is False


def test_unknown_or_plain_session_has_no_sign_in(arena: Running) -> None:
    page_said(arena.client().get("/wechat/start/NOSUCH"), 404, "没有这个场次")
    plain = arena.crew().make()
    page_said(arena.client().get(f"/wechat/start/{plain}"), 404, "没有开通微信登录")


@pytest.mark.parametrize("name", ["MP_verify_aB3.txt", "MP_verify_0123456789abcdef.txt"])
def test_file_of_verification_is_served_from_the_data_directory(arena: Running, name: str) -> None:
    (arena.data_dir / name).write_text("aB3")
    answer = arena.client().get(f"/{name}")
    assert (answer.status_code, answer.text) == (200, "aB3")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    ["/secret.txt", "/MP_verify_.txt", "/MP_verify_a-b.txt", "/MP_verify_none.txt", "/MP_verify_..%2Fsecret.txt"],
)
def test_nothing_else_is_served_from_there(arena: Running, path: str) -> None:
    (arena.data_dir / "secret.txt").write_text("not this")
    (arena.data_dir / "MP_verify_a-b.txt").write_text("not this")
    problem(arena.client().get(path), 404, "not_found")
