"""Problems (RFC 9457): the one form of every error."""

from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import ArenaError


class Problem(BaseModel):
    """Some problems carry more fields, such as `allowed`, `phase`, `receipt`, `totals` or `errors`."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/round_not_open"])
    title: str = Field(examples=["The round is not open"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["The round is locked; votes are no longer taken."])
    instance: str = Field(examples=["/api/v1/sessions/K7M2QP/rounds/1/vote"])
    code: str = Field(examples=["round_not_open"])


def problem_fields(error: ArenaError, instance: str) -> dict[str, object]:
    """Return a refusal as the members of a problem document."""
    return {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        "code": error.code,
        **error.extra,
    }
