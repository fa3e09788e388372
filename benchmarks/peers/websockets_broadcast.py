"""The websockets library: its asyncio server and its `broadcast`."""

import asyncio

from websockets.asyncio.server import ServerConnection, broadcast, serve

from benchmarks.peers.pace import Document, Telling, arguments

connected: set[ServerConnection] = set()


async def handler(connection: ServerConnection) -> None:
    connected.add(connection)
    try:
        await connection.wait_closed()
    finally:
        connected.discard(connection)


async def main() -> None:
    options = arguments()
    document = Document(options.payload)

    async def tell() -> None:
        broadcast(connected, document.next_text())

    async with serve(handler, "127.0.0.1", options.port, backlog=2048):
        await Telling().run(tell)


if __name__ == "__main__":
    try:
        import uvloop

        uvloop.run(main())
    except ImportError:
        asyncio.run(main())
