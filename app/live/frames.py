"""WebSocket frames (RFC 6455, 5) as bytes: built whole for sending, and judged by their head when they come in.

Pure: no connection is known here. What a server sends is never masked, what a client sends always is.
"""

from struct import Struct

try:
    from websockets.speedups import apply_mask as apply_mask
except ImportError:  # no C extension was built for this platform
    from websockets.utils import apply_mask as apply_mask

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN = 0x80
_RESERVED_BITS = 0x70
_MASKED = 0x80
_OPCODES = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
CONTROL_BYTES_MAX = 125

NORMAL, PROTOCOL_ERROR, NO_CODE, NOT_UTF8, TOO_BIG, TIMED_OUT = 1000, 1002, 1005, 1007, 1009, 1011
# What may stand in a close frame: the registered codes but those that only say what happened at one's own end
# (1004 to 1006, 1015), and the libraries' and applications' own.
_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015)})
_OWN_CLOSE_CODES = range(3000, 5000)
_NUMBER = Struct("!H")


class Violation(Exception):
    """The peer broke the protocol; the connection must end with this close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def frame(opcode: int, payload: bytes) -> bytes:
    """Build an unmasked, final frame (5.2)."""
    length = len(payload)
    first = FIN | opcode
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65_536:
        return bytes((first, 126)) + length.to_bytes(2, "big") + payload
    return bytes((first, 127)) + length.to_bytes(8, "big") + payload


def text_frame(payload: bytes) -> bytes:
    return frame(TEXT, payload)


def close_frame(code: int, reason: str = "") -> bytes:
    """Build a close frame. A reason that is too long is cut."""
    if code == NO_CODE:
        return frame(CLOSE, b"")
    text = reason.encode()[: CONTROL_BYTES_MAX - _NUMBER.size].decode(errors="ignore")
    return frame(CLOSE, _NUMBER.pack(code) + text.encode())


def judge_head(first: int, second: int, length: int, continues: bool) -> None:
    """Check the head of a frame from a client; `continues` says whether a message is in fragments.

    Raises:
        Violation: as 5.1 to 5.5 demand.
    """
    opcode = first & 0x0F
    if first & _RESERVED_BITS:
        raise Violation(PROTOCOL_ERROR, "reserved bits are set")
    if opcode not in _OPCODES:
        raise Violation(PROTOCOL_ERROR, "the opcode is reserved")
    if not second & _MASKED:
        raise Violation(PROTOCOL_ERROR, "a frame without a mask")
    if opcode & 0x08:
        if not first & FIN:
            raise Violation(PROTOCOL_ERROR, "a control frame in fragments")
        if length > CONTROL_BYTES_MAX:
            raise Violation(PROTOCOL_ERROR, "a control frame over 125 bytes")
    elif opcode == CONTINUATION and not continues:
        raise Violation(PROTOCOL_ERROR, "nothing is there to go on with")
    elif opcode != CONTINUATION and continues:
        raise Violation(PROTOCOL_ERROR, "a new message within another")
    if length >> 63:
        raise Violation(PROTOCOL_ERROR, "a length beyond all bounds")


def close_code_of(payload: bytes) -> int:
    """Return the code that a close frame brings, NO_CODE where it brings none.

    Raises:
        Violation: half a code, one that may not be sent, or a reason that is no UTF-8.
    """
    if not payload:
        return NO_CODE
    if len(payload) == 1:
        raise Violation(PROTOCOL_ERROR, "half a close code")
    code: int = _NUMBER.unpack_from(payload)[0]
    if code not in _CLOSE_CODES and code not in _OWN_CLOSE_CODES:
        raise Violation(PROTOCOL_ERROR, "a close code that may not be sent")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise Violation(NOT_UTF8, "the reason is no UTF-8") from None
    return code
