"""One write to a non-blocking socket, with the interpreter's lock held.

`os.write` lets go of the lock for each system call. While the writer's thread computes it takes the lock each time, and
gives it back up to 5 ms later: on two cores a loop of writes and reads beside a busy thread was slowed from 60,000 a
second to 1,000 (29 November 2026, Python 3.11). A write that cannot block has no reason to let go.
"""

import ctypes
import os
from collections.abc import Callable


def _let_go(fd: int, data: bytes, length: int) -> int:
    try:
        return os.write(fd, data)
    except OSError:
        return -1


def _of_the_c_library() -> Callable[[int, bytes, int], int]:
    try:
        # PyDLL, unlike CDLL, keeps the lock. No argument types are set: to check them costs more than the call.
        return ctypes.PyDLL(None).write
    except (OSError, AttributeError, TypeError):  # a system without it
        return _let_go


write_now = _of_the_c_library()
"""Write bytes of a length to a descriptor; return how many were taken, -1 where none were, for whatever reason."""
