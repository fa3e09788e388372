"""The lean HTTP client against real sockets: keep-alive, chunks, closed connections, silence."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from app.crowd.line import Address, Answer, HttpLine

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def asked(handler: Handler, times: int = 1, timeout_s: float = 5.0) -> tuple[list[Answer], int]:
    """Send requests over one line; return the answers and how many connections they took."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        try:
            await handler(reader, writer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        line = HttpLine(Address.of(f"http://127.0.0.1:{port}/base/"))
        try:
            return [await line.request("PUT", "/x", {"a": "b"}, b"{}", timeout_s) for _ in range(times)], connections
        finally:
            line.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    return head + await reader.readexactly(2)


async def keeps_open(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        request = await read_request(reader)
        assert request.startswith(b"PUT /base/x HTTP/1.1\r\nhost: 127.0.0.1:")
        assert b"\r\na: b\r\n" in request
        writer.write(b'HTTP/1.1 409 Conflict\r\nETag: "7"\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\nhi')


async def closes_each_time(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi")


async def in_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await read_request(reader)
        for part in (
            b"HTTP/1.1 200 OK\r\nTransfer-Enc",
            b"oding: chunked\r\n\r\n2\r\nhi\r\n",
            b"3\r\n yo\r\n0\r\n\r\n",
        ):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf")


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def test_one_connection_serves_many_requests() -> None:
    answers, connections = asyncio.run(asked(keeps_open, times=3))
    assert answers == [Answer(409, {"etag": '"7"', "retry-after": "3"}, b"hi")] * 3
    assert connections == 1


def test_a_connection_that_the_server_closes_is_opened_again() -> None:
    answers, connections = asyncio.run(asked(closes_each_time, times=3))
    assert [answer.body for answer in answers] == [b"hi"] * 3
    assert connections == 3


def test_a_body_in_chunks_is_read_whole() -> None:
    answers, _ = asyncio.run(asked(in_chunks, times=2))
    assert [answer.body for answer in answers] == [b"hi yo"] * 2


def test_half_an_answer_is_an_error() -> None:
    with pytest.raises(OSError, match="closed"):
        asyncio.run(asked(hangs_up))


def test_silence_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(asked(says_nothing, timeout_s=0.1))


def test_an_address_is_taken_apart() -> None:
    address = Address.of("https://arena.example:8443/under/")
    assert (address.host, address.port, address.prefix, address.authority) == (
        "arena.example", 8443, "/under", "arena.example:8443",
    )  # fmt: skip
    assert address.secure is not None
    assert Address.of("http://[::1]").port == 80
