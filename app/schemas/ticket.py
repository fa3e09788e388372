"""Tickets over the wire. A ticket's secret is in one answer, the one that made it."""

from typing import Annotated

from pydantic import Field

from app.schemas import Document, Request
from app.schemas.session import Key

TICKETS_AT_ONCE_MAX = 2_000
SheetName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$", examples=["A 区"])]
TicketNumber = Annotated[int, Field(ge=1, le=1_000_000)]
Reason = Annotated[str, Field(max_length=200)]


class TicketsWanted(Request):
    channel: Key
    count: Annotated[int, Field(ge=1, le=TICKETS_AT_ONCE_MAX)]
    sheet: SheetName | None = None


class TicketsVoided(Request):
    """Which to withdraw: one, or with `number` left out all of the sheet that were not used."""

    sheet: SheetName
    number: TicketNumber | None = None
    reason: Reason = ""


class TicketReleased(Request):
    """The use of which ticket to undo, and who vouches why."""

    sheet: SheetName
    number: TicketNumber
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class NewTicket(Document):
    number: int
    secret: str
    url: str
    qr: str = Field(description="An SVG as a data URL, with four modules of quiet zone.")


class NewTickets(Document):
    """The only time that the secrets are shown."""

    sheet: str
    channel: str
    tickets: list[NewTicket]


class TicketSheet(Document):
    sheet: str
    channel: str
    made: int
    used: int
    void: int
    last: int
    created_at_ms: int


class TicketSheets(Document):
    sheets: list[TicketSheet]
    voided: int | None = None
