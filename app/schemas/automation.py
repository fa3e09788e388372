"""Automations over the wire. Values of headers go in and never come out."""

import ipaddress
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from app.domain.template import parsed
from app.domain.trigger import Trigger
from app.schemas import Document, Request

MASK = "•••"
EVERY_MS_MIN, EVERY_MS_DEFAULT = 200, 1_000
URL_LENGTH_MAX, BODY_LENGTH_MAX, VALUE_LENGTH_MAX = 2_000, 8_000, 1_000
HEADERS_MAX = 16

# Written so narrowly that there are no two ways to read which host is meant: no user, no backslash, no placeholder.
_URL = re.compile(
    r"(https?)://([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?(?:[/?][^\s\\#\x00-\x1f\x7f]*)?", re.I
)
_PLACE = re.compile(r"\{\{.*?\}\}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
# What the connection itself is made of; a value of the producer's could split one request into two.
_OWN_HEADERS = frozenset(
    {
        "host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive", "expect",
        "proxy-authorization",
    }
)  # fmt: skip

Target = tuple[str, int]


def url_target(url: str) -> Target:
    """Return host and port of an address, whose path and query may hold placeholders.

    Raises:
        ValueError: it is no address that can be called, with a sentence.
    """
    start = re.match(r"[^/?]*//[^/?]*", url)
    written_out = start[0] if start else ""
    found = _URL.fullmatch(written_out + _PLACE.sub("x", url[len(written_out) :]))
    if found is None:
        raise ValueError(
            "must be an address such as http://host:8088/path, its host written out, without user, spaces and #"
        )
    scheme, host, port = found[1].lower(), found[2].strip("[]").lower(), found[3]
    number = int(port) if port else 443 if scheme == "https" else 80
    if not 1 <= number <= 65_535:
        raise ValueError("must have a port from 1 to 65535")
    return host, number


def target_text(target: Target) -> str:
    host, port = target
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _template(value: str) -> str:
    parsed(value)
    return value


def _url(value: str) -> str:
    url_target(value)
    return _template(value)


def _host(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError("must be a host's name or address alone")
    if ":" in value:
        ipaddress.IPv6Address(value)
    return value.lower()


def _headers(value: dict[str, str]) -> dict[str, str]:
    for name, text in value.items():
        if not _HEADER.fullmatch(name) or name.lower() in _OWN_HEADERS:
            raise ValueError("name a header that may be set, such as Authorization or Content-Type")
        if not text.isprintable():
            raise ValueError("a header's value is one line")
        _template(text)
    if len({name.lower() for name in value}) != len(value):
        raise ValueError("two headers have the same name")
    return value


def _osc_argument(value: Any) -> Any:
    return _template(value) if isinstance(value, str) else value


HeaderValue = Annotated[str, Field(max_length=VALUE_LENGTH_MAX)]
OscArgument = Annotated[
    bool
    | Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
    | Annotated[float, Field(ge=-3.4e38, le=3.4e38, allow_inf_nan=False)]
    | Annotated[str, Field(max_length=200)],
    AfterValidator(_osc_argument),
]


class HttpAction(Request):
    """One HTTP request. `url`, header values and `body` may hold `{{dotted.path}}`."""

    kind: Literal["http"]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    url: Annotated[str, Field(max_length=URL_LENGTH_MAX), AfterValidator(_url)]
    headers: Annotated[dict[str, HeaderValue], Field(max_length=HEADERS_MAX), AfterValidator(_headers)] = {}
    body: Annotated[str, Field(max_length=BODY_LENGTH_MAX), AfterValidator(_template)] = ""

    @property
    def target(self) -> Target:
        return url_target(self.url)


class OscAction(Request):
    """One OSC message by UDP. Texts in `args` may hold `{{dotted.path}}`; one that is nothing else keeps its type."""

    kind: Literal["osc"]
    host: Annotated[str, AfterValidator(_host)]
    port: Annotated[int, Field(ge=1, le=65_535)]
    address: Annotated[str, Field(max_length=200, pattern=r"^(/[A-Za-z0-9_.:;@$%&=+!~-]+)+$")]
    args: Annotated[list[OscArgument], Field(max_length=16)] = []

    @property
    def target(self) -> Target:
        return self.host, self.port


Action = Annotated[HttpAction | OscAction, Field(discriminator="kind")]
EveryMs = Annotated[int, Field(ge=EVERY_MS_MIN, le=3_600_000)]
Milestone = Annotated[int, Field(ge=1, le=1_000_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]


class AutomationFields(Request):
    """An automation. `every_ms` is for `tally_changed` alone, `milestone` for `likes_milestone`, which needs it."""

    name: Name
    trigger: Trigger
    every_ms: EveryMs | None = None
    milestone: Milestone | None = None
    action: Action
    enabled: bool = True

    @model_validator(mode="after")
    def _fits_its_trigger(self) -> Self:
        if self.trigger is Trigger.LIKES_MILESTONE and self.milestone is None:
            raise ValueError("likes_milestone needs a milestone: the number of likes whose multiples count")
        return self


class AutomationChanges(Request):
    """What to change; `action` is replaced whole, and a header whose value is `•••` keeps the one it had."""

    name: Name | None = None
    trigger: Trigger | None = None
    every_ms: EveryMs | None = None
    milestone: Milestone | None = None
    action: Action | None = None
    enabled: bool | None = None


class HttpActionDocument(Document):
    kind: Literal["http"]
    method: str
    url: str
    headers: dict[str, str] = Field(description="Names alone; every value is •••.")
    body: str


class OscActionDocument(Document):
    kind: Literal["osc"]
    host: str
    port: int
    address: str
    args: list[bool | int | float | str]


class AutomationState(Document):
    """How it went since the service started."""

    fired: int = Field(description="How often its trigger came.")
    delivered: int
    failures: int = Field(description="Tries that failed.")
    dropped: int = Field(description="Given up: the tries used up, too old, or too many waiting.")
    pending: int
    last_fired_at_ms: int | None
    last_delivered_at_ms: int | None
    last_status: int | None = Field(description="Of the last answer; null without one, and for OSC.")
    last_error: str = Field(description="Why the last try failed; empty where it did not.")
    missing: list[str] = Field(description="Paths of its templates that led to nothing the last time.")
    paused_until_ms: int | None = Field(description="Its target failed too often and is left alone until then.")


class AutomationDocument(Document):
    id: int
    name: str
    trigger: Trigger
    every_ms: int | None
    milestone: int | None
    action: HttpActionDocument | OscActionDocument = Field(discriminator="kind")
    enabled: bool
    target: str = Field(description="host:port")
    allowed: bool = Field(description="Whether the service's settings let this target be called.")
    state: AutomationState


class AutomationList(Document):
    automations: list[AutomationDocument]
    targets: list[str] = Field(description="What may be called, for who may edit; else empty.")


class AutomationTested(Document):
    """What happened when it was fired once by hand."""

    ok: bool
    status: int | None
    error: str
    took_ms: int
    missing: list[str]
    sent: str = Field(description="The address with its values, or the OSC message; without headers.")
    body: str
