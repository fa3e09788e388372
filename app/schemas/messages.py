"""What is said over the WebSocket. What a client says is one union, keyed on `type`; other types are tolerated
and ignored.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from app.schemas import Document, Request
from app.schemas.problem import Problem
from app.schemas.voting import Liked, Likes, Receipt, Vote

MessageId = Annotated[str, Field(max_length=64)]


class HelloMessage(Request):
    type: Literal["hello"]
    token: Annotated[str, Field(max_length=512)] = ""
    role: Annotated[str, Field(max_length=32)] = ""
    """What the client is: `overlay` is not counted among the people on line."""


class VoteMessage(Vote):
    type: Literal["vote"]
    id: MessageId
    round: Annotated[int, Field(ge=1, le=1000)]


class LikeMessage(Likes):
    type: Literal["like"]
    id: MessageId | None = None
    round: Annotated[int, Field(ge=1, le=1000)]


class PingMessage(Request):
    type: Literal["ping"]
    id: MessageId | None = None
    t: Annotated[float, Field(ge=0, le=2**53)] | None = None


class HeartbeatMessage(Request):
    type: Literal["heartbeat"]
    client: Annotated[str, Field(max_length=32)] = "overlay"
    scene: Annotated[str, Field(max_length=16)] = ""
    version: Annotated[int, Field(ge=0, le=2**53)] | None = None
    fps: Annotated[float, Field(ge=0, le=1000)] | None = None


ClientMessage = HelloMessage | VoteMessage | LikeMessage | PingMessage | HeartbeatMessage
KNOWN_TYPES = frozenset({"hello", "vote", "like", "ping", "heartbeat"})
CLIENT_MESSAGE: TypeAdapter[Any] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="type")])


class WelcomeMessage(Document):
    """The answer to a hello that brought a token. A tally in the new view follows."""

    type: Literal["welcome"]
    kind: Literal["device", "access"]
    role: str | None
    channel: str | None
    delay_ms: Annotated[int | None, Field(description="Of a device: how much later its channel sees.")] = None
    server_time_ms: int


class ReceiptMessage(Receipt):
    """The answer to a vote, after its commit."""

    type: Literal["receipt"]
    id: str


class LikedMessage(Liked):
    """The answer to likes, after their commit. `id` only where the question had one."""

    type: Literal["liked"]
    id: str | None = None


class PongMessage(Document):
    """`id` and `t` only where the ping had them."""

    type: Literal["pong"]
    id: str | None = None
    t: float | None = None
    server_time_ms: int


class ProblemMessage(Problem):
    """A refusal, with the members of RFC 9457. `id` only where the question had one."""

    type: Literal["problem"]
    id: str | None = None
