"""FastAPI: the tally by a route with a response model; 304 by the version, before anything is built."""

import json
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from benchmarks.peers.pace import arguments

options = arguments()
document: dict[str, Any] = json.loads(options.payload.read_bytes())


class Session(BaseModel):
    code: str
    number: int | None
    title: str
    topic: str
    kind: str
    status: str
    rehearsal: bool
    show: str
    deciding: bool


class Contestant(BaseModel):
    key: str
    name: str
    title: str
    organisation: str
    sector: str
    role: str
    portrait_url: str
    slogan: str


class Round(BaseModel):
    number: int
    run: int
    title: str
    question: str
    dimension: str
    phase: str
    visibility: str
    opened_at_ms: int | None
    closes_at_ms: int | None
    locks_at_ms: int | None
    locked_at_ms: int | None
    revealed_at_ms: int | None
    remaining_ms: int | None
    duration_ms: int | None
    grace_ms: int
    choices: list[dict[str, str]]
    choices_max: int
    changeable: bool
    votes_per_day: int | None
    void_reason: str | None
    sealed: bool
    certified_at_ms: int | None
    turnout: int
    held: int


class Choice(BaseModel):
    key: str
    name: str
    votes: int
    votes_text: str
    pct: int
    pct_text: str
    likes: int
    likes_text: str
    score: int
    score_text: str


class Channel(BaseModel):
    key: str
    name: str
    weight: int | None
    voided: bool
    turnout: int
    votes: dict[str, int]
    likes: dict[str, int]


class Figures(BaseModel):
    choices: list[Choice]
    votes: int
    likes: int
    turnout: int
    by: str
    leader: str | None
    tie: bool
    channels: list[Channel]
    held: dict[str, Any]
    corrections: int


class Overlay(BaseModel):
    scene: str
    panic: bool
    preview: str | None


class Tally(BaseModel):
    type: str
    view: str
    epoch: int
    version: int
    server_time_ms: int
    stale_after_ms: int
    session: Session
    contestants: list[Contestant]
    round: Round | None
    tally: Figures | None
    rounds: list[dict[str, Any]]
    totals: dict[str, int]
    audience: dict[str, int]
    overlay: Overlay


app = FastAPI()


@app.get("/tally", response_model=Tally)
async def tally(request: Request, response: Response) -> Any:
    tag = f'"{document["version"]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return document


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)
