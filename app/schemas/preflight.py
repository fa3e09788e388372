"""What the preflight found."""

from pydantic import Field

from app.domain.preflight_rounds import Level
from app.schemas import Document


class PreflightFinding(Document):
    check: str = Field(description="What was looked at; docs/preflight.md lists them.")
    level: Level = Field(description="red: do not go on air before it is mended.")
    zh: str
    en: str


class Preflight(Document):
    code: str
    level: Level = Field(description="The worst of all.")
    checked_at_ms: int
    took_ms: int
    findings: list[PreflightFinding]
