"""Access tokens, the bearer's own state, and the audit log."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.domain.roles import Role, Verb
from app.schemas import Document, Request
from app.schemas.session import Code


class TokenCreate(Request):
    role: Role
    name: Annotated[str, Field(max_length=80)] = ""
    session: Code | None = None
    hours: Annotated[int, Field(ge=1, le=24 * 400)] | None = None


class TokenMade(Document):
    """`token` is shown this once; only a hash is kept."""

    id: int
    token: str
    role: Role
    name: str
    session: str | None
    expires_at_ms: int | None


class TokenSummary(Document):
    id: int
    role: Role
    name: str
    session: str | None
    created_at_ms: int
    expires_at_ms: int | None
    revoked_at_ms: int | None


class TokenList(Document):
    tokens: list[TokenSummary]


class Me(Document):
    kind: Literal["access", "device"]
    role: Role | None
    name: str | None
    can: list[Verb]
    session: str | None
    channel: str | None
    expires_at_ms: int | None


class AuditLine(Document):
    id: int
    at_ms: int
    actor: str
    role: str
    action: str
    round: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    detail: str
    token_id: int
    digest: str


class AuditExport(Document):
    """All entries of one session. Each digest is SHA-256 of the digest before it, a line feed, and the entry without
    `id` and `digest` as canonical JSON; the first follows sixty-four zeros.
    """

    format: str
    session: str
    entries: list[AuditLine]
    head: str
    signature: str
    key: str


class AuditLog(Document):
    entries: list[AuditLine]
