"""Seasons, entries, moves, imports and the session of a season as requests and documents."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from app.domain.season import Stage, Ties
from app.domain.session import CHOICES_MAX
from app.schemas import Document, Request
from app.schemas.person import PersonDocument, PersonFields
from app.schemas.session import Code, Key, Line, ShowDocument

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
PEOPLE_AT_ONCE_MAX = 1_000
WORTH_MAX = 1_000_000

Slug = Annotated[str, Field(pattern=SLUG_PATTERN, max_length=64)]
Reason = Annotated[str, Field(max_length=200)]
PublicStage = Literal[Stage.NOMINATED, Stage.PRELIMINARY, Stage.FINAL]
Winner = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$", description="A contestant's key, or `tie`.")]


class FormulaFields(Request):
    """What one vote and one like are worth, in points."""

    votes: Annotated[int, Field(ge=0, le=WORTH_MAX)] = 0
    likes: Annotated[int, Field(ge=0, le=WORTH_MAX)] = 0

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        if not self.votes and not self.likes:
            raise ValueError("a formula gives votes or likes a worth; send null for none")
        return self


class SeasonCreate(Request):
    season: Slug
    name: Annotated[str, Field(min_length=1, max_length=120)]
    public_stage: PublicStage = Stage.PRELIMINARY
    formula: FormulaFields | None = None


class SeasonChanges(Request):
    """Only what is sent changes; `formula` null takes it away."""

    name: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    public_stage: PublicStage | None = None
    formula: FormulaFields | None = None


class FormulaDocument(Document):
    votes: int
    likes: int


class StageDocument(Document):
    stage: str
    name: str
    entries: int


class SeasonSessionDocument(Document):
    code: str
    number: int | None
    title: str
    kind: str
    status: str
    stage: str | None
    starts_at_ms: int | None
    winner: str | None


class SeasonDocument(Document):
    show: ShowDocument
    season: str
    name: str
    public_stage: str
    formula: FormulaDocument | None
    created_at_ms: int
    stages: list[StageDocument]
    sessions: list[SeasonSessionDocument] | None = Field(description="Null in a list of seasons.")


class SeasonList(Document):
    seasons: list[SeasonDocument]


class EntryCreate(Request):
    """Who is entered: somebody who is known, by key, or a new person."""

    person: Key | PersonFields
    unit: Line = ""
    stage: PublicStage = Stage.NOMINATED


class EntryDocument(Document):
    id: int
    person: PersonDocument
    stage: str
    unit: str
    entered_at_ms: int
    moved_at_ms: int


class EntryList(Document):
    entries: list[EntryDocument]
    next: int | None


class MovesWanted(Request):
    people: Annotated[list[Key], Field(min_length=1, max_length=PEOPLE_AT_ONCE_MAX)]
    to: Stage
    reason: Reason = ""


class RankWanted(Request):
    session: Code
    round: Annotated[int, Field(ge=1, le=1000)] | None = None
    top: Annotated[int, Field(ge=1, le=CHOICES_MAX)]
    by: Literal["votes", "likes", "score"] = "votes"
    to: Literal[Stage.PRELIMINARY, Stage.FINAL]
    ties: Ties = "refuse"
    reason: Reason = ""


class RankedPerson(Document):
    rank: int
    person: str
    figure: int
    moved: bool


class Moved(Document):
    moved: list[EntryDocument]
    unchanged: list[str]


class MovedByRank(Moved):
    ranking: list[RankedPerson] = Field(description="Scores in hundredths of a percent.")


class PersonNamed(Document):
    key: str
    name: str


class MoveDocument(Document):
    id: int
    person: PersonNamed
    from_: str | None = Field(alias="from", description="Null where this move entered the person.")
    to: str
    by: str
    role: str
    at_ms: int
    reason: str
    basis: dict[str, Any]

    model_config = {"extra": "forbid", "validate_by_name": True, "validate_by_alias": True, "serialize_by_alias": True}


class MoveList(Document):
    moves: list[MoveDocument]
    next: int | None


class ImportNote(Document):
    line: int
    message: str


class Imported(Document):
    dry_run: bool
    rows: int
    added: int
    known: int
    people_made: int
    people_known: int
    ignored: list[str]
    notes: list[ImportNote]
    digest: str


class SessionSeasonWanted(Request):
    show: Slug | None = None
    season: Slug
    stage: PublicStage | None = None
    people: Annotated[dict[Key, Key], Field(max_length=CHOICES_MAX)] = {}
    make_people: bool = False
    winner: Winner | None = None


class SeasonNamed(Document):
    season: str
    name: str


class ContestantPerson(Document):
    contestant: str
    person: PersonDocument | None


class SessionSeason(Document):
    session: str
    show: str
    season: SeasonNamed | None
    stage: str | None
    winner: str | None
    decided_by: Literal["crew", "audience"] | None
    people: list[ContestantPerson]
