"""Single-use tickets: one person's right to vote by a channel, printed as a QR code."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Ticket(SQLModel, table=True):
    """`digest` is of the ticket's secret, which stands nowhere else than on paper. `used_nonce` is a hash of the
    randomness of the phone that used it, so that a retry of that phone is answered.
    """

    id: int | None = Field(default=None, primary_key=True)
    session_id: int = Field(foreign_key="arena_session.id", index=True)
    channel: str = Field(max_length=32)
    sheet: str = Field(max_length=60)
    number: int
    digest: str = Field(max_length=64, unique=True, repr=False)
    created_at_ms: int = Field(sa_type=BigInteger)
    used_at_ms: int | None = Field(default=None, sa_type=BigInteger)
    used_nonce: str = Field(default="", max_length=64, repr=False)
    voided_at_ms: int | None = Field(default=None, sa_type=BigInteger)
