"""WeChat's two addresses of web OAuth, as far as a service account meets them: a real HTTP server in a thread.

`/connect/oauth2/authorize` sends the phone back with a code; `/sns/oauth2/access_token` takes a code once, within five
minutes, and answers JSON as text/plain, errors too, with status 200. What a test wants otherwise it sets on `mood`.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

APP_ID = "wx0123456789abcdef"
SECRET = "s3cr3t-of-the-service-account-00"
CODE_SECONDS = 300
AUTHORIZE = ["appid", "redirect_uri", "response_type", "scope", "state"]


@dataclass
class Mood:
    openid: str = "oUser-1"
    snapshot: bool = False
    delay_s: float = 0.0
    answer: tuple[int, str, str] | None = None
    """Status, content type and body of the token endpoint, whatever is asked."""
    always_spent: bool = False


@dataclass
class WeChatStandIn:
    url: str
    server: ThreadingHTTPServer
    mood: Mood = field(default_factory=Mood)
    codes: dict[str, tuple[str, bool, float]] = field(default_factory=dict)
    """code → openid, snapshot user, when it was given."""
    used: set[str] = field(default_factory=set)
    tokens: list[str] = field(default_factory=list)
    exchanges: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def authorize(self, address: str) -> str:
        """Do what the WeChat client does with the address: sign the user in, and return where it sends the phone."""
        parts = urlsplit(address)
        assert parts.fragment == "wechat_redirect", "without it WeChat shows an error"
        asked = parse_qsl(parts.query, keep_blank_values=True)
        assert [name for name, _ in asked] == AUTHORIZE, "WeChat wants them in this order"
        given = dict(asked)
        assert (given["appid"], given["response_type"], given["scope"]) == (APP_ID, "code", "snsapi_base")
        state = given["state"]
        assert state.isascii()
        assert state.isalnum()
        assert len(state) <= 128
        code = secrets.token_urlsafe(24)
        with self.lock:
            self.codes[code] = (self.mood.openid, self.mood.snapshot, time.time())
        return f"{given['redirect_uri']}?{urlencode({'code': code, 'state': state})}"

    def expire_codes(self) -> None:
        with self.lock:
            self.codes = {
                code: (openid, snap, at - CODE_SECONDS - 1) for code, (openid, snap, at) in self.codes.items()
            }

    def exchange(self, query: str) -> tuple[int, str, str]:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        with self.lock:
            self.exchanges += 1
            if self.mood.answer is not None:
                return self.mood.answer
            return 200, "text/plain", json.dumps(self._answer(asked))

    def _answer(self, asked: dict[str, str]) -> dict[str, Any]:
        if asked.get("appid") != APP_ID:
            return {"errcode": 40013, "errmsg": "invalid appid, rid: 5f3a"}
        if asked.get("secret") != SECRET:
            return {"errcode": 40125, "errmsg": "invalid appsecret, rid: 5f3b"}
        if asked.get("grant_type") != "authorization_code":
            return {"errcode": 40002, "errmsg": "invalid grant_type, rid: 5f3c"}
        code = asked.get("code", "")
        known = self.codes.get(code)
        if known is None or time.time() - known[2] > CODE_SECONDS:
            return {"errcode": 40029, "errmsg": "invalid code, rid: 5f3d"}
        if code in self.used or self.mood.always_spent:
            return {"errcode": 40163, "errmsg": "code been used, rid: 5f3e"}
        self.used.add(code)
        access_token = f"access-{secrets.token_hex(16)}"
        self.tokens.append(access_token)
        answer: dict[str, Any] = {
            "access_token": access_token,
            "expires_in": 7200,
            "refresh_token": f"refresh-{secrets.token_hex(16)}",
            "openid": known[0],
            "scope": "snsapi_base",
        }
        if known[1]:
            answer["is_snapshotuser"] = 1
        return answer


@contextmanager
def wechat_stand_in() -> Iterator[WeChatStandIn]:
    """Run it on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/connect/oauth2/authorize":
                # The fragment stays in the browser; it is checked where the test plays the client.
                address = stand_in.authorize(f"{self.path}#wechat_redirect")
                self.send_response(302)
                self.send_header("Location", address)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            assert parts.path == "/sns/oauth2/access_token"
            status, content_type, body = stand_in.exchange(parts.query)
            time.sleep(stand_in.mood.delay_s)
            content = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stand_in = WeChatStandIn(f"http://127.0.0.1:{server.server_address[1]}", server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="wechat-stand-in")
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
