"""What is said over the WebSocket. What a client says is one union, keyed on `type`; other types are tolerated
and ignored.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from app.schemas import Document, Request
from app.schemas.problem import Problem
from app.schemas.voting import Liked, Likes, Receipt, Vote

ID_LENGTH_MAX = 64
ROUNDS_MAX = 1_000
MessageId = Annotated[str, Field(max_length=ID_LENGTH_MAX)]


class HelloMessage(Request):
    type: Literal["hello"]
    token: Annotated[str, Field(max_length=512)] = ""
    role: Annotated[str, Field(max_length=32)] = ""
    """What the client is: `overlay` is not counted among the people on line."""


class VoteMessage(Vote):
    type: Literal["vote"]
    id: MessageId
    round: Annotated[int, Field(ge=1, le=ROUNDS_MAX)]


class LikeMessage(Likes):
    type: Literal["like"]
    id: MessageId | None = None
    round: Annotated[int, Field(ge=1, le=ROUNDS_MAX)]


class PingMessage(Request):
    type: Literal["ping"]
    id: MessageId | None = None
    t: Annotated[float, Field(ge=0, le=2**53)] | None = None


class HeartbeatMessage(Request):
    type: Literal["heartbeat"]
    client: Annotated[str, Field(max_length=32)] = "overlay"
    scene: Annotated[str, Field(max_length=16)] = ""
    version: Annotated[int, Field(ge=0, le=2**53)] | None = None
    epoch: Annotated[int, Field(ge=0, le=2**53)] | None = None
    fps: Annotated[float, Field(ge=0, le=1000)] | None = None
    id: Annotated[str, Field(max_length=40)] = ""
    """The overlay's own, the same after a reload: so that who comes back is not taken for another."""
    name: Annotated[str, Field(max_length=40)] = ""
    visible: bool = True
    """False where its host has hidden it: then it may sleep."""
    stale_ms: Annotated[int, Field(ge=0, le=2**53)] = 0
    """For how long it has shown an old tally since it last told of itself."""
    bus: Literal["programme", "preview"] = "programme"
    leaving: bool = False
    """It is being closed: its silence is no fault."""


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
