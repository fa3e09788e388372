"""The tables as SQLAlchemy Core sees them. Hot statements are Core: no object a row."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

import app.models as models

assert models  # importing it fills the metadata

_tables = SQLModel.metadata.tables

ACCESS_TOKEN = _tables["access_token"]
AUDIENCE_MINUTE = _tables["audience_minute"]
AUDIT_ENTRY = _tables["audit_entry"]
AUTOMATION = _tables["automation"]
BALLOT = _tables["ballot"]
CONTESTANT = _tables["contestant"]
CORRECTION = _tables["correction"]
EXTERNAL_SOURCE = _tables["external_source"]
EXTERNAL_TALLY = _tables["external_tally"]
LEDGER_BATCH = _tables["ledger_batch"]
LIKE_TOTAL = _tables["like_total"]
ORIGIN = _tables["origin"]
PORTRAIT = _tables["portrait"]
PROPOSAL = _tables["proposal"]
ROUND = _tables["round"]
RUN = _tables["run"]
SESSION = _tables["arena_session"]
SHOW = _tables["show"]
TICKET = _tables["ticket"]
TIMELINE = _tables["timeline"]


def upsert(dialect: str, table: Table) -> Any:
    """Return an INSERT that knows ON CONFLICT, in a dialect."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
