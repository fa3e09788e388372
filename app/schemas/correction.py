"""Corrections, external tallies and the keys that sign."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.schemas import Document, Request
from app.schemas.session import EARLIEST_MS, LATEST_MS, Key

COUNT_MAX = 2**53 - 1

CorrectionKind = Literal["void_channel", "release_held"]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
PublicKey = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="An Ed25519 public key, hexadecimal.")]


class CorrectionWanted(Request):
    """`subject` is the channel to void, or the rule whose held ballots are to count."""

    kind: CorrectionKind
    subject: Key
    reason: Reason

    model_config = {
        "json_schema_extra": {
            "examples": [{"kind": "void_channel", "subject": "web", "reason": "刷票：一家公司的机器投了八千票"}]
        }
    }


class CorrectionDocument(Document):
    """A confirmed correction. `digest` follows from the one before it and from what is announced with it."""

    number: int
    kind: str
    subject: str
    reason: str
    proposed_by: str
    proposed_at_ms: int
    confirmed_by: str
    confirmed_at_ms: int
    digest: str
    signature: str


class ProposalDocument(Document):
    id: int
    kind: str
    subject: str
    reason: str
    proposed_by: str
    proposed_at_ms: int


class HeldRule(Document):
    rule: str
    ballots: int


class Corrections(Document):
    corrections: list[CorrectionDocument]
    proposals: list[ProposalDocument]
    held: list[HeldRule]


class SourceWanted(Request):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    public_key: PublicKey


class Evidence(Request):
    """Where the figures come from: words, an address, the SHA-256 of a file that is kept elsewhere."""

    text: Annotated[str, Field(max_length=500)] = ""
    url: Annotated[str, Field(max_length=500, pattern=r"^(https?://[^\s<>\"]+)?$")] = ""
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


class Statement(Request):
    """What a source signs. The signature covers the object's canonical JSON: keys sorted, no white space, UTF-8."""

    session: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,12}$")]
    round: Annotated[int, Field(ge=1, le=100_000)]
    source: Key
    unit: Literal["votes", "likes"]
    taken_at_ms: Annotated[int, Field(ge=EARLIEST_MS, le=LATEST_MS)]
    figures: Annotated[dict[Key, Annotated[int, Field(ge=0, le=COUNT_MAX)]], Field(min_length=1, max_length=64)]
    evidence: Evidence = Evidence()


class ExternalWanted(Request):
    # As it came, for the signature covers what was sent; `Statement` says what must be in it.
    statement: dict[str, Any]
    signature: Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class SourceDocument(Document):
    key: str
    name: str
    public_key: str


class ExternalTallyDocument(Document):
    id: int
    source: str
    name: str
    round: int
    unit: str
    taken_at_ms: int
    imported_at_ms: int
    imported_by: str
    figures: dict[str, int]
    evidence: Evidence
    statement: dict[str, Any]
    public_key: str
    signature: str


class ExternalTallies(Document):
    """What others counted. It stands beside our own counts and is in none of them."""

    sources: list[SourceDocument]
    tallies: list[ExternalTallyDocument]


class Keys(Document):
    """The key with which this service signs results and corrections. Note it before the programme."""

    algorithm: Literal["Ed25519"]
    public_key: str
