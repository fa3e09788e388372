"""The tables as SQLAlchemy Core sees them. Hot statements are Core: no object a row."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

import app.models as models

assert models  # importing it fills the metadata

_tables = SQLModel.metadata.tables

ACCESS_TOKEN = _tables["access_token"]
AIR_ENTRY = _tables["air_entry"]
AUDIENCE_MINUTE = _tables["audience_minute"]
AUDIT_ENTRY = _tables["audit_entry"]
AUTOMATION = _tables["automation"]
BALLOT = _tables["ballot"]
CARD_FORMULA = _tables["card_formula"]
CONTESTANT = _tables["contestant"]
CORRECTION = _tables["correction"]
ENTRY = _tables["entry"]
EXTERNAL_SOURCE = _tables["external_source"]
EXTERNAL_TALLY = _tables["external_tally"]
LEDGER_BATCH = _tables["ledger_batch"]
LIKE_TOTAL = _tables["like_total"]
MOVE = _tables["move"]
ORIGIN = _tables["origin"]
PERSON = _tables["person"]
PORTRAIT = _tables["portrait"]
PRESENCE = _tables["presence"]
PROPOSAL = _tables["proposal"]
ROUND = _tables["round"]
RUN = _tables["run"]
RUNNING_TALLY = _tables["running_tally"]
SEASON = _tables["season"]
SEASON_SESSION = _tables["season_session"]
SESSION = _tables["arena_session"]
SESSION_PERSON = _tables["session_person"]
SHOW = _tables["show"]
SNAPSHOT = _tables["snapshot"]
TICKET = _tables["ticket"]
TIMELINE = _tables["timeline"]
VISIT = _tables["visit"]


def upsert(dialect: str, table: Table) -> Any:
    """Return an INSERT that knows ON CONFLICT, in a dialect."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
