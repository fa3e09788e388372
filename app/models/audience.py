"""What the report draws: votes and likes by the second, people present by the minute."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Timeline(SQLModel, table=True):
    """What was committed in one second (`at_s`, Unix) of a run for one choice."""

    run_id: int = Field(foreign_key="run.id", primary_key=True)
    at_s: int = Field(primary_key=True, sa_type=BigInteger)
    choice: str = Field(primary_key=True, max_length=32)
    votes: int
    likes: int


class AudienceMinute(SQLModel, table=True):
    """The greatest number of people on line in a minute, and the unique ones seen until its end."""

    __tablename__ = "audience_minute"

    session_id: int = Field(foreign_key="arena_session.id", primary_key=True)
    minute_ms: int = Field(primary_key=True, sa_type=BigInteger)
    online: int
    online_at_ms: int = Field(sa_type=BigInteger)
    seen: int
