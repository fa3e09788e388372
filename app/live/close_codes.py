"""Why the service closes a WebSocket, and whether to come back. The table of docs/api.md is this one."""

from enum import Enum


class CloseCode(Enum):
    """Number, reason, and whether a client should reconnect."""

    GOING_DOWN = (1001, "the service is going down", True)
    TOO_BIG = (1009, "a message over 4 KiB", False)
    NOT_UNDERSTOOD = (4400, "not understood", False)
    TOKEN_INVALID = (4401, "token invalid or expired", False)
    ORIGIN_REFUSED = (4403, "origin refused", False)
    NO_SUCH_SESSION = (4404, "no such session", False)
    TOO_SLOW = (4408, "too slow to read", True)
    TOO_MANY_MESSAGES = (4429, "too many messages", True)
    FULL = (4503, "full", True)

    def __init__(self, number: int, reason: str, reconnect: bool) -> None:
        self.number = number
        self.reason = reason
        self.reconnect = reconnect
