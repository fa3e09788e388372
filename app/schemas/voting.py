"""Joining, ballots and likes as requests and documents."""

from typing import Annotated, Any

from pydantic import Field, StrictInt

from app.domain.ballot import NONCE_LENGTH_MAX
from app.domain.session import CHOICES_MAX, Identity
from app.domain.work import CHALLENGE_LENGTH, SOLUTION_LENGTH_MAX
from app.schemas import Document, Request
from app.schemas.session import Key

CHOICE_LENGTH_MAX = 64
RUN_MAX = 100_000
ChoiceName = Annotated[str, Field(max_length=CHOICE_LENGTH_MAX)]


class Work(Request):
    """What a phone did for a challenge: SHA-256 over both begins with as many zero bits as were asked."""

    challenge: Annotated[str, Field(max_length=CHALLENGE_LENGTH)]
    solution: Annotated[str, Field(max_length=SOLUTION_LENGTH_MAX, pattern=r"^[ -~]*$")]


class Join(Request):
    channel: Key | None = None
    ticket: Annotated[str, Field(max_length=64, description="As printed; however it is typed.")] = ""
    nonce: Annotated[str, Field(max_length=NONCE_LENGTH_MAX, description="The same for a retry with a ticket.")] = ""
    work: Work | None = None


RunNumber = Annotated[
    int | None, Field(ge=1, le=RUN_MAX, description="The run it is meant for; refused where that is over.")
]


class Vote(Request):
    choices: Annotated[list[ChoiceName], Field(max_length=CHOICES_MAX, examples=[["red"]])]
    nonce: Annotated[str, Field(max_length=NONCE_LENGTH_MAX, pattern=r"^[ -~]*$")] = ""
    run: RunNumber = None


class Likes(Request):
    # Strict: 137 is a count, "137" and true are mistakes.
    totals: Annotated[dict[ChoiceName, StrictInt], Field(max_length=CHOICES_MAX, examples=[{"red": 137}])]
    run: RunNumber = None


def plain_vote(said: Any) -> tuple[list[str], str, int | None] | None:
    """Return choices, nonce and run of a vote that fits `Vote` as it stands, or None where `Vote` must judge it."""
    if type(said) is not dict:
        return None
    choices, nonce, run = said.get("choices"), said.get("nonce", ""), said.get("run")
    if type(choices) is not list or len(choices) > CHOICES_MAX or not _is_run(run):
        return None
    if type(nonce) is not str or len(nonce) > NONCE_LENGTH_MAX or not nonce.isascii() or not nonce.isprintable():
        return None
    for choice in choices:
        if type(choice) is not str or not _is_name(choice):
            return None
    return None if nonce != nonce.strip() else (choices, nonce, run)


def plain_likes(said: Any) -> tuple[dict[str, int], int | None] | None:
    """Return totals and run of likes that fit `Likes` as they stand, or None where `Likes` must judge them."""
    if type(said) is not dict:
        return None
    totals, run = said.get("totals"), said.get("run")
    if type(totals) is not dict or len(totals) > CHOICES_MAX or not _is_run(run):
        return None
    for choice, total in totals.items():
        if type(total) is not int or not _is_name(choice):
            return None
    return totals, run


def _is_run(run: Any) -> bool:
    return run is None or (type(run) is int and 1 <= run <= RUN_MAX)


def _is_name(choice: str) -> bool:
    # White space at an end is cut off by the model, and control characters are refused by it.
    return len(choice) <= CHOICE_LENGTH_MAX and choice.isprintable() and choice == choice.strip()


class Receipt(Document):
    receipt: str
    session: str
    round: int
    run: int
    choices: list[str]
    revision: int
    accepted_at_ms: int
    votes_left: int
    resets_at_ms: int | None
    changeable: bool
    channel: str
    repeat: bool


class Liked(Document):
    round: int
    run: int
    totals: dict[str, int]
    clipped: bool


class About(Document):
    icp: str
    privacy_contact: str
    purge_days: int
    wechat: bool = Field(description="Whether signing in by WeChat is set up.")


class Joined(Document):
    token: str
    channel: str
    identity: Identity
    session: str
    delay_ms: int
    expires_at_ms: int
    server_time_ms: int


class OwnBallot(Document):
    receipt: str
    choices: list[str]
    revision: int
    accepted_at_ms: int


class OwnState(Document):
    """What one phone has done in the current round."""

    channel: str
    delay_ms: int
    round: int | None
    run: int | None
    phase: str | None
    accepting: bool
    cutoff_ms: int | None
    ballots: list[OwnBallot]
    votes_left: int
    resets_at_ms: int | None
    likes: dict[str, int]
    server_time_ms: int
