"""The tables, one concept a file. Importing this package fills `SQLModel.metadata`, which Alembic compares with."""

from sqlmodel import SQLModel

# Every constraint has a name that follows from what it constrains, so that migrations can speak of it.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

from app.models.air import AirEntry  # noqa: E402
from app.models.audience import AudienceMinute, Timeline  # noqa: E402
from app.models.audit import AuditEntry  # noqa: E402
from app.models.automation import AutomationRow  # noqa: E402
from app.models.ballot import Ballot, LedgerBatch  # noqa: E402
from app.models.card import CardFormula  # noqa: E402
from app.models.cluster import Presence, RunningTally, Snapshot  # noqa: E402
from app.models.contestant import ContestantRow, Portrait  # noqa: E402
from app.models.correction import CorrectionRow, Proposal  # noqa: E402
from app.models.external import ExternalSource, ExternalTally  # noqa: E402
from app.models.like import LikeTotal  # noqa: E402
from app.models.origin import Origin  # noqa: E402
from app.models.person import Person  # noqa: E402
from app.models.round import RoundRow, Run  # noqa: E402
from app.models.season import Entry, Move, Season, SeasonSession, SessionPerson  # noqa: E402
from app.models.session import ArenaSession  # noqa: E402
from app.models.show import Show  # noqa: E402
from app.models.ticket import Ticket  # noqa: E402
from app.models.token import AccessToken  # noqa: E402
from app.models.visit import Visit  # noqa: E402

__all__ = [
    "AccessToken",
    "AirEntry",
    "ArenaSession",
    "AudienceMinute",
    "AuditEntry",
    "AutomationRow",
    "Ballot",
    "CardFormula",
    "ContestantRow",
    "CorrectionRow",
    "Entry",
    "ExternalSource",
    "ExternalTally",
    "LedgerBatch",
    "LikeTotal",
    "Move",
    "Origin",
    "Person",
    "Portrait",
    "Presence",
    "Proposal",
    "RoundRow",
    "Run",
    "RunningTally",
    "Season",
    "SeasonSession",
    "SessionPerson",
    "Show",
    "Snapshot",
    "Ticket",
    "Timeline",
    "Visit",
]
