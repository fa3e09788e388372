"""What a client may say over the WebSocket. One union, keyed on `type`; other types are tolerated and ignored."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from app.schemas import Request
from app.schemas.voting import Likes, Vote

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
