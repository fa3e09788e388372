"""Writing past the transport: what is taken, what is not, and that nobody takes the lock meanwhile."""

import _ctypes
import socket
import sys
from collections.abc import Callable
from typing import Any

import pytest

from app.live.line import _let_go, write_now


@pytest.mark.parametrize("write", [write_now, _let_go], ids=["holding", "letting go"])
def test_a_write_says_how_much_was_taken_and_never_raises(write: Callable[[int, bytes, int], int]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        assert write(ours.fileno(), b"a\0b", 3) == 3
        assert theirs.recv(10) == b"a\0b"
        big = b"x" * 10_000_000
        assert 0 < write(ours.fileno(), big, len(big)) < len(big)
        assert write(ours.fileno(), b"more", 4) == -1
        theirs.close()
        assert write(ours.fileno(), b"more", 4) == -1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the C library may not be at hand")
def test_the_interpreters_lock_is_held_while_it_is_written() -> None:
    held: Any = write_now
    assert held._flags_ & _ctypes.FUNCFLAG_PYTHONAPI, "else a thread that computes takes a turn at each write"
