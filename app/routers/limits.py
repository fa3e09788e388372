"""Bounds what comes in before anything reads it, and sets the headers that all answers share. Pure ASGI."""

from contextlib import suppress

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.errors import BodyTooLarge
from app.routers.problems import problem_response

BODY_BYTES_MAX = 1_048_576
PHONE_BODY_BYTES_MAX = 8_192
_PHONE_ENDINGS = ("/vote", "/likes", "/join")


class Limits:
    """Refuses bodies over 1 MiB, over 8 KiB from phones; 413 as soon as that is known."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        bytes_max = PHONE_BODY_BYTES_MAX if scope["path"].endswith(_PHONE_ENDINGS) else BODY_BYTES_MAX
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > bytes_max:
            await _refusal(scope, bytes_max)(scope, receive, send)
            return
        received = 0
        started = False

        async def bounded_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > bytes_max:
                raise _TooLarge
            return message

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if received > bytes_max and not started:
                return  # the framework takes any failure to read for bad JSON; the refusal below is the true one
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message).append("X-Content-Type-Options", "nosniff")
            await send(message)

        with suppress(_TooLarge):
            await self._app(scope, bounded_receive, send_with_headers)
        if received > bytes_max and not started:
            await _refusal(scope, bytes_max)(scope, receive, send)


def _refusal(scope: Scope, bytes_max: int) -> ASGIApp:
    error = BodyTooLarge(f"The body is larger than {bytes_max // 1024} KiB; send less.")
    return problem_response(error, scope["path"])


class _TooLarge(Exception):
    """The body passed its bound while it was being read."""
