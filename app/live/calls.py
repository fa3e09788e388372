"""One call of an automation: its templates filled, its target checked against the allow-list, sent by HTTP or OSC.

Lives on the event loop. Knows no queue and tries nothing twice. What an answer holds is read up to a bound and thrown
away; no sentence from here holds an address's path, a header or a body, which may be secrets of other tools.
"""

import asyncio
import logging
import struct
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx2

from app.domain.template import Filled, Mode, TemplateError, fill, value_of
from app.schemas.automation import HttpAction, OscAction, Target, target_text, url_target

CONNECT_SECONDS_MAX = 2.0
CALL_SECONDS_MAX = 5.0
CONNECTIONS_MAX = 200
ANSWER_BYTES_MAX = 65_536
SENT_URL_MAX, SENT_VALUE_MAX, SENT_BODY_MAX = 8_000, 4_000, 65_536
SENT_TEXT_MAX = 1_000
_WORTH_A_RETRY = frozenset({408, 425, 429})
_INT32 = range(-(2**31), 2**31)
_INT64 = range(-(2**63), 2**63)

# It writes the address of each request, and a token may stand in one.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call went. `error` is a sentence, empty where it went well."""

    error: str = ""
    status: int | None = None
    alive: bool = True
    """Whether the target was there, whatever it said; a target that is not is left alone after some failures."""
    retry: bool = False
    """Whether the same call may go well a moment later."""
    took_ms: int = 0
    missing: tuple[str, ...] = ()
    sent: str = ""
    body: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


class AllowList:
    """Hosts (every port) and `host:port` pairs that may be called; empty: none."""

    def __init__(self, allowed: Iterable[str]) -> None:
        """Read the setting.

        Raises:
            ValueError: an entry that is neither, with a sentence.
        """
        self.texts = tuple(allowed)
        self._targets = {allowed_target(each) for each in self.texts}

    def __contains__(self, target: Target) -> bool:
        return target in self._targets or (target[0], None) in self._targets


def allowed_target(text: str) -> tuple[str, int | None]:
    """Return an entry of the allow-list as host and port.

    Raises:
        ValueError: it is neither a host nor host:port.
    """
    written = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    try:
        if "/" in text or "?" in text:
            raise ValueError
        host, port = url_target(f"http://{written}/")
    except ValueError:
        raise ValueError(
            f"ARENA_AUTOMATION_TARGETS holds “{text}”: list hosts or host:port pairs in JSON, never * or a network."
        ) from None
    return host, port if ":" in written.rpartition("]")[2] else None


class Caller:
    def __init__(self, allowed: AllowList) -> None:
        self._allowed = allowed
        self._client: httpx2.AsyncClient | None = None
        self._making = asyncio.Lock()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def ready(self) -> None:
        """Make ready for the first call, which takes a moment that would be missing from its time."""
        await self._connected()

    async def call(self, action: HttpAction | OscAction, document: Mapping[str, Any], event_id: str) -> Outcome:
        """Send one call. Never raises for what a target does; ends within the bounds of time above."""
        target = action.target
        if target not in self._allowed:
            return Outcome(f"{target_text(target)} may not be called; ARENA_AUTOMATION_TARGETS does not list it.")
        began = time.monotonic()
        try:
            if isinstance(action, HttpAction):
                outcome = await self._http(action, document, event_id)
            else:
                outcome = await _osc(action, document)
        except TemplateError as error:
            outcome = Outcome(str(error))
        return replace(outcome, took_ms=round((time.monotonic() - began) * 1000))

    async def _http(self, action: HttpAction, document: Mapping[str, Any], event_id: str) -> Outcome:
        headers = {name: fill(text, document, "plain", SENT_VALUE_MAX) for name, text in action.headers.items()}
        content_type = next((each.text for name, each in headers.items() if name.lower() == "content-type"), "")
        url = fill(action.url, document, "url", SENT_URL_MAX)
        body = fill(action.body, document, _mode(content_type, action.body), SENT_BODY_MAX)
        said: dict[str, Any] = {
            "missing": _missing(url, *headers.values(), body),
            "sent": f"{action.method} {url.text}",
            "body": body.text,
        }
        sent_headers = [(name.encode(), _one_line(each.text).encode()) for name, each in headers.items()]
        sent_headers.append((b"X-Arena-Event", event_id.encode()))
        if body.text and not content_type:
            json = _mode("", action.body) == "json"
            kind = b"application/json" if json else b"text/plain; charset=utf-8"
            sent_headers.append((b"Content-Type", kind))
        name = target_text(action.target)
        try:
            client = await self._connected()
            request = client.build_request(
                action.method, url.text, headers=sent_headers, content=body.text.encode() or None
            )
            if (request.url.raw_host.decode(), request.url.port or action.target[1]) != action.target:
                return Outcome(f"The address does not lead to {name} any more.", **said)
            async with asyncio.timeout(CALL_SECONDS_MAX):
                answer = await client.send(request, stream=True)
                try:
                    await _read_away(answer)
                finally:
                    await answer.aclose()
        except (httpx2.InvalidURL, httpx2.LocalProtocolError, ValueError):
            return Outcome(f"What was to be sent to {name} is no valid request.", **said)
        except (httpx2.HTTPError, OSError) as error:
            return Outcome(_why(name, error), alive=False, retry=True, **said)
        return Outcome(**_judged(name, answer.status_code), **said)

    async def _connected(self) -> httpx2.AsyncClient:
        async with self._making:
            if self._client is None:
                # Reading the machine's certificates takes long enough to be felt by everybody on this loop.
                self._client = await asyncio.to_thread(_new_client)
        return self._client


def _new_client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        headers={"User-Agent": "pioneer-arena", "Accept-Encoding": "identity"},
        # One tool's cookies are nothing that another automation should send.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        timeout=httpx2.Timeout(CALL_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
        limits=httpx2.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=20),
        follow_redirects=False,
        trust_env=False,
    )


async def _read_away(answer: httpx2.Response) -> None:
    read = 0
    async for chunk in answer.aiter_raw():
        read += len(chunk)
        if read > ANSWER_BYTES_MAX:
            return


def _judged(name: str, status: int) -> dict[str, Any]:
    if 200 <= status < 300:
        return {"status": status}
    if 300 <= status < 400:
        return {"status": status, "error": f"{name} answered {status}; redirects are not followed."}
    return {
        "status": status,
        "error": f"{name} answered {status}.",
        "alive": status < 500,
        "retry": status >= 500 or status in _WORTH_A_RETRY,
    }


def _why(name: str, error: Exception) -> str:
    match error:
        case httpx2.ConnectTimeout():
            return f"{name} took no connection within {CONNECT_SECONDS_MAX:g} s."
        case httpx2.PoolTimeout():
            return "Too many calls are under way; this one found no connection."
        case httpx2.TimeoutException() | TimeoutError():
            return f"{name} did not answer within {CALL_SECONDS_MAX:g} s."
        case httpx2.ConnectError():
            return f"{name} refused the connection, or its name is unknown."
        case _:
            return f"{name} broke off before it had answered."


async def _osc(action: OscAction, document: Mapping[str, Any]) -> Outcome:
    """Send one message. Nobody acknowledges OSC: `ok` says that it was sent."""
    values: list[Any] = []
    missing: list[str] = []
    for each in action.args:
        if not isinstance(each, str):
            values.append(each)
            continue
        filled = fill(each, document, "plain", SENT_TEXT_MAX)
        missing += filled.missing
        value = value_of(each, document)
        values.append(value if isinstance(value, bool | int | float) else filled.text)
    said: dict[str, Any] = {"missing": tuple(dict.fromkeys(missing)), "sent": f"{action.address} {values}"}
    name = target_text(action.target)
    try:
        async with asyncio.timeout(CONNECT_SECONDS_MAX):
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=action.target
            )
        try:
            transport.sendto(osc_message(action.address, values))
        finally:
            transport.close()
    except (OSError, TimeoutError):
        return Outcome(f"{name} cannot be reached, or its name is unknown.", alive=False, retry=True, **said)
    return Outcome(**said)


def osc_message(address: str, values: Iterable[bool | int | float | str]) -> bytes:
    """Encode an OSC 1.0 message, by its specification: everything in multiples of four bytes, big-endian."""
    tags, content = ",", b""
    for value in values:
        match value:
            case bool():
                tags += "T" if value else "F"
            case int() if value in _INT32:
                tags, content = tags + "i", content + struct.pack(">i", value)
            case int() if value in _INT64:
                tags, content = tags + "h", content + struct.pack(">q", value)
            case int() | float():
                tags, content = tags + "f", content + struct.pack(">f", float(value))
            case _:
                tags, content = tags + "s", content + _osc_text(value)
    return _osc_text(address) + _osc_text(tags) + content


def _osc_text(text: str) -> bytes:
    raw = text.replace("\0", "").encode() + b"\0"
    return raw + b"\0" * (-len(raw) % 4)


def _mode(content_type: str, body: str) -> Mode:
    """Say how values are written into a body of this type; without one, by how it begins."""
    kind = content_type.partition(";")[0].strip().lower()
    if "json" in kind or (not kind and body[:1] in ("{", "[") and body[:2] != "{{"):
        return "json"
    if "xml" in kind or kind == "text/html":
        return "xml"
    return "url" if kind == "application/x-www-form-urlencoded" else "plain"


def _missing(*texts: Filled) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for each in texts for path in each.missing))


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
