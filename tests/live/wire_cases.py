"""What a WebSocket server must do with what may come (RFC 6455), as a table, in the sections of the Autobahn suite.

That suite runs on Python 2 only, so its cases are told here anew, each by the rule that it tests. A case is what is
sent, in which pieces, what must be heard, and with which code the connection ends.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from app.live.frames import apply_mask

Frame = tuple[int, bytes]
WHOLE, EACH = 0, -1
"""Sent in one go; each frame by itself; a number above: in pieces of so many bytes."""
KIB, MIB = 1 << 10, 1 << 20


@dataclass(frozen=True)
class Case:
    name: str
    sent: tuple[bytes, ...]
    heard: tuple[Frame, ...]
    ends: int = 1000
    """The code of the close frame that is heard last; 0 where it bears none."""
    pieces: int = WHOLE
    closes: bool = True
    """Whether the client says good-bye with 1000 when it has heard everything."""

    @property
    def section(self) -> str:
        return self.name.split(".")[0]


def client(opcode: int, payload: bytes = b"", fin: bool = True, rsv: int = 0, masks: bool = True) -> bytes:
    """Build a frame as a client sends it, or as it must not."""
    length = len(payload)
    bit = 0x80 if masks else 0
    if length < 126:
        size = bytes([bit | length])
    elif length < 65_536:
        size = bytes([bit | 126]) + struct.pack("!H", length)
    else:
        size = bytes([bit | 127]) + struct.pack("!Q", length)
    mask = os.urandom(4) if masks else b""
    body = apply_mask(payload, mask) if masks else payload
    return bytes([fin << 7 | rsv << 4 | opcode]) + size + mask + body


def text(payload: bytes | str, **changes: bool | int) -> bytes:
    return client(1, payload.encode() if isinstance(payload, str) else payload, **changes)  # type: ignore[arg-type]


def close(code: int | None = 1000, reason: bytes = b"") -> bytes:
    return client(8, b"" if code is None else struct.pack("!H", code) + reason)


def fragments(opcode: int, *payloads: bytes) -> tuple[bytes, ...]:
    last = len(payloads) - 1
    return tuple(client(0 if i else opcode, each, fin=i == last) for i, each in enumerate(payloads))


def cases() -> list[Case]:
    return [
        *_framing(), *_pings(), *_reserved_bits(), *_opcodes(), *_fragmentation(), *_utf8(), *_closing(), *_limits(),
        *_auto_fragmentation(),
    ]  # fmt: skip


def _echoed(name: str, opcode: int, payload: bytes, pieces: int = WHOLE) -> Case:
    return Case(name, (client(opcode, payload),), ((opcode, payload),), pieces=pieces)


def _violates(name: str, *sent: bytes, heard: tuple[Frame, ...] = (), code: int = 1002, pieces: int = WHOLE) -> Case:
    return Case(name, sent, heard, code, pieces, closes=False)


def _framing() -> Iterator[Case]:
    for kind, opcode, octet in (("1.1", 1, b"*"), ("1.2", 2, b"\xfe")):
        for i, length in enumerate((0, 125, 126, 127, 128, 65_535, 65_536), 1):
            yield _echoed(f"{kind}.{i} {length} bytes", opcode, octet * length)
        yield _echoed(f"{kind}.8 65536 bytes in pieces of 997", opcode, octet * 65_536, 997)


def _pings() -> Iterator[Case]:
    for i, (payload, pieces) in enumerate(
        ((b"", WHOLE), (b"Hello", WHOLE), (b"\x00\xff\xfe\xfd", WHOLE), (b"\xfe" * 125, WHOLE)), 1
    ):
        yield Case(f"2.{i} ping of {len(payload)}", (client(9, payload),), ((10, payload),), pieces=pieces)
    yield _violates("2.5 ping of 126", client(9, b"\xfe" * 126))
    yield Case("2.6 ping byte by byte", (client(9, b"\xfe" * 125),), ((10, b"\xfe" * 125),), pieces=1)
    yield Case("2.7 pong unasked", (client(10),), ())
    yield Case("2.8 pong unasked with a payload", (client(10, b"unasked"),), ())
    yield Case("2.9 pong unasked, then a ping", (client(10, b"unasked"), client(9, b"asked")), ((10, b"asked"),))
    ten = tuple(b"payload-%d" % i for i in range(10))
    for name, pieces in (("2.10 ten pings", WHOLE), ("2.11 ten pings byte by byte", 1)):
        yield Case(name, tuple(client(9, each) for each in ten), tuple((10, each) for each in ten), pieces=pieces)


def _reserved_bits() -> Iterator[Case]:
    hello = (1, b"Hello")
    yield _violates("3.1 text with 1", text("Hello", rsv=1))
    for i, pieces in ((2, WHOLE), (3, EACH), (4, 1)):
        sent = text("Hello"), text("Hello", rsv=i), client(9)
        yield _violates(f"3.{i} text, then with {i}", *sent, heard=(hello,), pieces=pieces)
    yield _violates("3.5 binary with 5", client(2, b"\x00\xff", rsv=5))
    yield _violates("3.6 ping with 6", client(9, b"Hello", rsv=6))
    yield _violates("3.7 close with 7", client(8, rsv=7))
    yield _violates("3.8 text without a mask", text("Hello", masks=False))
    yield _violates("3.9 empty text without a mask", text("", masks=False))
    yield _violates("3.10 a length with its highest bit set", b"\x81\xff" + b"\xff" * 8 + b"mask")


def _opcodes() -> Iterator[Case]:
    for kind, first in (("4.1", 3), ("4.2", 11)):
        for i in range(5):
            opcode = first + i
            pieces = (WHOLE, WHOLE, WHOLE, EACH, 1)[i]
            if i < 2:
                yield _violates(f"{kind}.{i + 1} opcode {opcode}", client(opcode, b"Hello" * i))
            else:
                sent = text("Hello"), client(opcode, b"x" * (i % 2)), client(9)
                yield _violates(
                    f"{kind}.{i + 1} opcode {opcode} after a text", *sent, heard=((1, b"Hello"),), pieces=pieces
                )


def _fragmentation() -> Iterator[Case]:
    yield _violates("5.1 ping in fragments", *fragments(9, b"one", b"two"))
    yield _violates("5.2 pong in fragments", *fragments(10, b"one", b"two"))
    two = fragments(1, b"fragment1", b"fragment2")
    both: Frame = (1, b"fragment1fragment2")
    for i, pieces in enumerate((WHOLE, EACH, 1)):
        yield Case(f"5.{3 + i} text in two", two, (both,), pieces=pieces)
        yield Case(
            f"5.{6 + i} text in two, a ping between", (two[0], client(9, b"ping"), two[1]), ((10, b"ping"), both),
            pieces=pieces,
        )  # fmt: skip
        for k, fin in ((9, True), (12, False)):
            yield _violates(
                f"5.{k + i} continuation of nothing, final {fin}", client(0, b"lost", fin=fin), text("Hello"),
                pieces=pieces,
            )  # fmt: skip
    yield _violates("5.15 text in two, then a continuation", *two, client(0, b"lost", fin=False), heard=(both,))
    for i, fin in ((16, False), (17, True)):
        yield _violates(f"5.{i} continuation before a text, final {fin}", client(0, b"lost", fin=fin), *two)
    yield _violates("5.18 two beginnings", text("one", fin=False), text("two"))
    five = fragments(1, *(b"fragment%d" % i for i in range(1, 6)))
    pings = tuple(client(9, b"pongme %d" % i) for i in (1, 2))
    sent = five[0], five[1], pings[0], five[2], five[3], pings[1], five[4]
    heard = (10, b"pongme 1"), (10, b"pongme 2"), (1, b"fragment1fragment2fragment3fragment4fragment5")
    for i, pieces in ((19, WHOLE), (20, EACH)):
        yield Case(f"5.{i} text in five, pings between", sent, heard, pieces=pieces)
    yield Case("5.21 binary in three", fragments(2, b"\xff", b"", b"\x00"), ((2, b"\xff\x00"),))
    yield _violates("5.22 binary within a text", text("one", fin=False), client(2, b"two"))


def _utf8() -> Iterator[Case]:
    yield _echoed("6.1.1 empty", 1, b"")
    yield Case("6.1.2 three empty fragments", fragments(1, b"", b"", b""), ((1, b""),))
    yield Case("6.1.3 the middle one not", fragments(1, b"", b"middle", b""), ((1, b"middle"),))
    words = "Hello-µ@ßöäüàá-κόσμε-先锋擂台-😀".encode()
    yield _echoed("6.2.1 in one", 1, words)
    yield Case("6.2.2 cut within a letter", fragments(1, words[:7], words[7:]), ((1, words),))
    yield Case("6.2.3 a fragment a byte", fragments(1, *(words[i : i + 1] for i in range(len(words)))), ((1, words),))
    yield _echoed("6.2.4 byte by byte", 1, words, 1)
    good, bad, more = "κόσμε".encode(), b"\xf4\x90\x80\x80", b"edited"
    yield _violates("6.4.1 at once, in the second fragment", *fragments(1, good, bad, more)[:2], code=1007)
    yield _violates(
        "6.4.2 at once, on the last byte that can be", *fragments(1, good, b"\xf4\x90", more)[:2], code=1007
    )
    whole = text(good + bad + more)
    head = len(whole) - len(good + bad + more)
    yield _violates("6.4.3 at once, in an unfinished frame", whole[: head + len(good) + 2], code=1007)
    yield _violates("6.4.4 the same byte by byte", whole[: head + len(good) + 2], code=1007, pieces=1)
    cut = fragments(1, good + b"\xe5", b"\x85" + b"\xff" + more)
    yield _violates("6.4.5 the same, in an unfinished continuation", cut[0], cut[1][: 6 + 2], code=1007)
    for kind, sequences in (("6.5", _valid()), ("6.6", _invalid())):
        for i, (name, octets) in enumerate(sequences, 1):
            single = fragments(1, *(octets[j : j + 1] for j in range(len(octets))))
            for way, sent in (("", (text(octets),)), (", a fragment a byte", single)):
                label = f"{kind}.{i} {name}{way}"
                if kind == "6.5":
                    yield Case(label, sent, ((1, octets),))
                else:
                    yield _violates(label, *sent, code=1007)


def _valid() -> Iterator[tuple[str, bytes]]:
    for point in (0x0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x10FFFF):
        yield f"U+{point:04X}", chr(point).encode()
    for plane in range(17):
        yield f"noncharacters of plane {plane}", (chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF)).encode()


def _invalid() -> Iterator[tuple[str, bytes]]:
    for first in (0x80, 0xBF):
        yield f"lone continuation {first:X}", bytes([first])
    for length in range(2, 8):
        yield f"{length} lone continuations", (b"\x80\xbf" * 4)[:length]
    yield "all continuations", bytes(range(0x80, 0xC0))
    for first in range(0xC0, 0x100):
        yield f"beginning {first:X} and a space", bytes([first]) + b" "
    for name, octets in (
        ("C2", "c2"), ("E0 A0", "e0a0"), ("F0 90 80", "f09080"), ("DF", "df"), ("EF BF", "efbf"),
        ("F4 8F BF", "f48fbf"),
    ):  # fmt: skip
        yield f"cut short {name}", b"ok" + bytes.fromhex(octets)
    for name, octets in (
        ("slash in two", "c0af"), ("slash in three", "e080af"), ("slash in four", "f08080af"),
        ("slash in five", "f8808080af"), ("slash in six", "fc80808080af"), ("U+007F in two", "c1bf"),
        ("U+07FF in three", "e09fbf"), ("U+FFFF in four", "f08fbfbf"), ("U+1FFFFF in five", "f887bfbfbf"),
        ("U+3FFFFFF in six", "fc83bfbfbfbf"), ("NUL in two", "c080"), ("NUL in three", "e08080"),
        ("NUL in four", "f0808080"), ("NUL in five", "f880808080"), ("NUL in six", "fc8080808080"),
    ):  # fmt: skip
        yield f"overlong {name}", bytes.fromhex(octets)
    for octets in ("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"):
        yield f"surrogate {octets.upper()}", bytes.fromhex(octets)
    for high in ("eda080", "edadbf", "edae80", "edafbf"):
        for low in ("edb080", "edbfbf"):
            yield f"surrogates {high.upper()} {low.upper()}", bytes.fromhex(high + low)
    for name, octets in (
        ("U+110000", "f4908080"), ("first of five", "f888808080"), ("first of six", "fc8480808080"), ("FE", "fe"),
        ("FF", "ff"), ("FE FE FF FF", "fefeffff"),
    ):  # fmt: skip
        yield f"beyond Unicode {name}", bytes.fromhex(octets)


def _closing() -> Iterator[Case]:
    hello = (1, b"Hello")
    yield Case("7.1.1 a text, then good-bye", (text("Hello"),), (hello,))
    for i, more in ((2, close()), (3, client(9)), (4, text("late"))):
        yield Case(f"7.1.{i} something after good-bye", (close(), more), (), closes=False)
    yield Case("7.1.5 good-bye within a text", (text("one", fin=False), close(), client(0, b"two")), (), closes=False)
    yield Case(
        "7.1.6 a large text, good-bye, a ping",
        (text(b"x" * 60_000), close(), client(9)),
        ((1, b"x" * 60_000),),
        closes=False,
    )
    yield Case("7.3.1 no code", (close(None),), (), 0, closes=False)
    yield _violates("7.3.2 half a code", client(8, b"\x03"))
    yield Case("7.3.3 a code", (close(),), (), closes=False)
    yield Case("7.3.4 a code and a reason", (close(1000, "再见".encode()),), (), closes=False)
    yield Case("7.3.5 a reason of 123", (close(1000, b"*" * 123),), (), closes=False)
    yield _violates("7.3.6 a reason of 124", close(1000, b"*" * 124))
    yield _violates("7.5.1 a reason that is no UTF-8", close(1000, b"\xce\xba\xe1\xbd\xb9\xed\xa0\x80"), code=1007)
    allowed = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)
    for i, code in enumerate(allowed, 1):
        yield Case(f"7.7.{i} code {code}", (close(code),), (), code, closes=False)
    for i, code in enumerate((0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535), 1):
        yield _violates(f"7.9.{i} code {code}", close(code))
        yield _violates(f"7.9.{i} code {code} with a reason", close(code, b"reason"))


def _limits() -> Iterator[Case]:
    for kind, opcode, octet in (("text", 1, b"*"), ("binary", 2, b"\xfe")):
        section = 1 if opcode == 1 else 2
        for i, size in enumerate((64 * KIB, 256 * KIB, MIB, 4 * MIB), 1):
            yield _echoed(f"9.{section}.{i} {kind} of {size >> 10} KiB", opcode, octet * size)
        for i, size in enumerate((64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB), 1):
            payload = octet * MIB
            parts = fragments(opcode, *(payload[j : j + size] for j in range(0, MIB, size)))
            yield Case(f"9.{section + 2}.{i} {kind} of 1 MiB in fragments of {size}", parts, ((opcode, payload),))
        for i, size in enumerate((64, 128, 256, 512, 1024, 2048), 1):
            yield _echoed(f"9.{section + 4}.{i} {kind} of 256 KiB in pieces of {size}", opcode, octet * 256 * KIB, size)
        for i, size in enumerate((0, 16, 64, 256, 1024, 4096), 1):
            many = tuple(client(opcode, octet * size) for _ in range(1000))
            yield Case(
                f"9.{section + 6}.{i} 1000 {kind} of {size}", many, ((opcode, octet * size),) * 1000, pieces=EACH
            )


def _auto_fragmentation() -> Iterator[Case]:
    payload = b"*" * 65_536
    parts = fragments(1, *(payload[i : i + 1300] for i in range(0, 65_536, 1300)))
    yield Case("10.1.1 text of 65536 in fragments of 1300", parts, ((1, payload),), pieces=EACH)
