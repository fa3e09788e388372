"""People of a show as requests and documents."""

from typing import Annotated

from pydantic import AfterValidator, Field

from app.domain.roster import ADDRESS
from app.schemas import Document, Request
from app.schemas.session import PORTRAIT_LENGTH_MAX, Key, Line, portrait_address


def _clip(value: str) -> str:
    if value and not ADDRESS.fullmatch(value):
        raise ValueError("must be an http(s) address")
    return value


PersonName = Annotated[str, Field(min_length=1, max_length=60)]
Portrait = Annotated[str, Field(max_length=PORTRAIT_LENGTH_MAX), AfterValidator(portrait_address)]
Clip = Annotated[str, Field(max_length=500), AfterValidator(_clip)]


class PersonFields(Request):
    key: Key | None = None
    name: PersonName
    title: Line = ""
    organisation: Line = ""
    sector: Annotated[str, Field(max_length=60)] = ""
    portrait_url: Portrait = ""
    clip_url: Clip = ""
    slogan: Annotated[str, Field(max_length=200)] = ""


class PersonChanges(Request):
    """Only what is sent changes; the key never does."""

    name: PersonName | None = None
    title: Line | None = None
    organisation: Line | None = None
    sector: Annotated[str, Field(max_length=60)] | None = None
    portrait_url: Portrait | None = None
    clip_url: Clip | None = None
    slogan: Annotated[str, Field(max_length=200)] | None = None


class PersonDocument(Document):
    key: str
    name: str
    title: str
    organisation: str
    sector: str
    portrait_url: str
    clip_url: str
    slogan: str


class PersonList(Document):
    people: list[PersonDocument]
    next: int | None = Field(description="The `after` of the next page; null at the end.")


class PersonEntry(Document):
    season: str
    stage: str


class PersonSession(Document):
    code: str
    contestant: str


class PersonWhole(PersonDocument):
    """A person with where they stand and have stood."""

    entries: list[PersonEntry]
    sessions: list[PersonSession]
