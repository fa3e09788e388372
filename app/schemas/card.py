"""The profile card of a show, and the formula of its stars."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from app.domain.stars import MEASURES, STARS, is_rising
from app.schemas import Document, Request
from app.schemas.session import Key, ShowDocument


def _measure(value: str) -> str:
    if value not in MEASURES:
        raise ValueError(f"must be one of {', '.join(MEASURES)}")
    return value


class StarFields(Request):
    key: Key
    name: Annotated[str, Field(min_length=1, max_length=20)]
    name_en: Annotated[str, Field(max_length=20)] = ""
    measure: Annotated[str, Field(max_length=32), AfterValidator(_measure)]
    thresholds: Annotated[
        list[Annotated[int, Field(ge=-1_000_000, le=10**12)]], Field(min_length=STARS, max_length=STARS)
    ]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if not is_rising(self.thresholds):
            raise ValueError("each threshold is above the one before")
        return self


class FormulaWanted(Request):
    stars: Annotated[list[StarFields], Field(min_length=1, max_length=6)]

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if len({each.key for each in self.stars}) != len(self.stars):
            raise ValueError("two indices have the same key")
        return self


class Views(Document):
    unique: int
    unique_text: str
    online_peak: int


class CardVisits(Document):
    asked: int = Field(description="Every request that was ever made.")
    scheduled: int
    delivered: int
    taught: int


class StarDocument(Document):
    key: str
    name: str
    name_en: str
    stars: int
    measure: str
    figure: int
    thresholds: list[int]
    text: str
    text_en: str


class Card(Document):
    show: ShowDocument
    season: str | None
    broadcasts: int
    polls: int
    likes: int
    likes_text: str
    votes: int
    votes_text: str
    views: Views
    visits: CardVisits
    first_at_ms: int | None
    last_at_ms: int | None
    stars: list[StarDocument]
    measures: dict[str, int]
