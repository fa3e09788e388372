"""python-socketio: an ASGI application under uvicorn, and `emit` to everybody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import socketio
import uvicorn
from fastapi import FastAPI

from benchmarks.peers.pace import Document, Telling, arguments

options = arguments()
document = Document(options.payload)
server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    task = asyncio.create_task(Telling().run(lambda: server.emit("tally", document.next())))
    yield
    task.cancel()


app = FastAPI(lifespan=lifespan)
app.mount("/", socketio.ASGIApp(server))

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)
