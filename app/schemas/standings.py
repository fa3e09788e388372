"""Standings of a season and the ranking of one round."""

from typing import Literal

from pydantic import Field

from app.schemas import Document
from app.schemas.person import PersonDocument
from app.schemas.season import FormulaDocument
from app.schemas.session import ShowDocument


class Place(Document):
    rank: int
    person: str
    figure: int
    text: str


class Boards(Document):
    votes: list[Place]
    likes: list[Place]
    wins: list[Place]
    score: list[Place] | None


class PersonRecord(Document):
    person: str
    sessions: int
    bouts: int
    wins: int
    losses: int
    ties: int
    votes: int
    likes: int
    score: int | None


class SessionNamed(Document):
    code: str
    number: int | None
    title: str


class BoutDocument(Document):
    session: SessionNamed
    red: str | None
    blue: str | None
    winner: str | None
    tie: bool
    decided_by: Literal["crew", "audience"]
    holder: str | None
    run: int
    defended: bool


class LongestRun(Document):
    person: str
    run: int
    from_: SessionNamed = Field(alias="from")
    to: SessionNamed

    model_config = {"extra": "forbid", "validate_by_name": True, "validate_by_alias": True, "serialize_by_alias": True}


class ArenaDocument(Document):
    """Who holds the arena, and how it passed."""

    holder: str | None
    run: int
    since: SessionNamed | None
    longest: LongestRun | None
    bouts: list[BoutDocument]


class ClosestBout(Document):
    session: SessionNamed
    votes: dict[str, int]
    margin_votes: int
    margin_text: str


class Untied(Document):
    session: str
    contestant: str
    name: str


class StandingsDocument(Document):
    show: ShowDocument
    season: str
    name: str
    view: Literal["public", "staff"]
    formula: FormulaDocument | None
    formula_text: str
    sessions: int
    people: dict[str, PersonDocument]
    boards: Boards
    records: list[PersonRecord]
    arena: ArenaDocument
    most_voted: list[str]
    most_liked: list[str]
    closest: list[ClosestBout]
    untied: list[Untied]


class RankingRow(Document):
    rank: int = Field(description="0 where the tally may not be seen.")
    key: str
    name: str
    organisation: str
    portrait_url: str
    votes: int
    votes_text: str
    pct: int
    likes: int
    likes_text: str
    score_text: str


class Ranking(Document):
    session: str
    title: str
    round: int
    run: int
    phase: str
    visible: bool
    by: Literal["votes", "score"]
    deciding: bool
    rehearsal: bool
    turnout: int
    votes: int
    votes_per_day: int | None
    choices_max: int
    closes_at_ms: int | None
    server_time_ms: int
    rows: list[RankingRow]
