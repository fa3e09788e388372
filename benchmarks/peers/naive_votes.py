"""FastAPI and SQLModel as their documentation has them: a session a request, a commit a vote. SQLite in WAL, FULL.

Three ways in: an async session over HTTP, a session in a thread over HTTP, and an async session over a WebSocket.
Generous to them: no refresh after the commit, no check of who votes but the unique constraint.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Field, Session, SQLModel, UniqueConstraint, create_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.peers.pace import arguments

options = arguments()


class VoteCreate(SQLModel):
    round: int
    voter: str
    choice: str


class Vote(VoteCreate, table=True):
    __table_args__ = (UniqueConstraint("round", "voter"),)
    id: int | None = Field(default=None, primary_key=True)


class VotePublic(VoteCreate):
    id: int


URL = f"sqlite:///{options.data / 'naive.db'}"
engine = create_engine(URL, connect_args={"timeout": 60})
async_engine = create_async_engine(URL.replace("sqlite:", "sqlite+aiosqlite:"), connect_args={"timeout": 60})
async_session = async_sessionmaker(async_engine, class_=AsyncSession, expire_on_commit=False)


@event.listens_for(engine, "connect")
@event.listens_for(async_engine.sync_engine, "connect")
def _durable(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    SQLModel.metadata.create_all(engine)
    yield


async def get_async_session() -> AsyncIterator[AsyncSession]:
    async with async_session() as session:
        yield session


def get_session() -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session


app = FastAPI(lifespan=lifespan)


@app.post("/async/votes", response_model=VotePublic)
async def vote(ballot: VoteCreate, session: Annotated[AsyncSession, Depends(get_async_session)]) -> Vote:
    cast = Vote.model_validate(ballot)
    session.add(cast)
    try:
        await session.commit()
    except IntegrityError:
        raise HTTPException(409, "already voted") from None
    return cast


@app.post("/votes", response_model=VotePublic)
def vote_in_thread(ballot: VoteCreate, session: Annotated[Session, Depends(get_session)]) -> Vote:
    cast = Vote.model_validate(ballot)
    session.add(cast)
    try:
        session.commit()
    except IntegrityError:
        raise HTTPException(409, "already voted") from None
    return cast


@app.websocket("/ws")
async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            cast = Vote.model_validate(await websocket.receive_json())
            async with async_session() as session:
                session.add(cast)
                await session.commit()
            await websocket.send_json({"type": "receipt", "id": cast.id, "choice": cast.choice})
    except WebSocketDisconnect:
        pass


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)
