"""How a show's stars are counted, where it is not by default."""

from typing import Any

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel


class CardFormula(SQLModel, table=True):
    __tablename__ = "card_formula"

    show_id: int = Field(foreign_key="show.id", primary_key=True)
    stars: list[dict[str, Any]] = Field(sa_type=JSON)
    changed_at_ms: int = Field(sa_type=BigInteger)
