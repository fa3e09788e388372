"""Time as the arena knows it: Unix milliseconds, UTC, and the audience's day in Shanghai.

Code that needs the time is given a clock. A clock never goes back while the process lives.
"""

import time
from typing import Protocol

DAY_MS = 86_400_000
# China has kept one zone without summer time since 1991, so the audience's midnight needs no zone table.
SHANGHAI_OFFSET_MS = 8 * 3_600_000


class Clock(Protocol):
    def now_ms(self) -> int:
        """Return Unix milliseconds, UTC."""
        ...


class SystemClock:
    """The machine's clock read once, then carried on by the monotonic one.

    A step of the wall clock during a broadcast (a late time server, a hand on the settings) therefore moves no
    deadline.
    """

    def __init__(self) -> None:
        self._origin_ms = time.time_ns() // 1_000_000 - time.monotonic_ns() // 1_000_000

    def now_ms(self) -> int:
        return self._origin_ms + time.monotonic_ns() // 1_000_000

    def set_to(self, now_ms: int) -> None:
        """Go by another clock from here on: processes on several machines take the time of their database."""
        self._origin_ms += now_ms - self.now_ms()

    def go_on_from(self, last_ms: int) -> None:
        """Begin no earlier than what was written down last: a start whose wall clock is behind would date ballots
        before a lock that they came after. More than a day behind, it was the earlier clock that was wrong.
        """
        behind_ms = last_ms - self.now_ms()
        if 0 < behind_ms <= DAY_MS:
            self._origin_ms += behind_ms


def shanghai_day(now_ms: int) -> str:
    """Name the day in Asia/Shanghai as days since 1970, the slot of a daily vote."""
    return str((now_ms + SHANGHAI_OFFSET_MS) // DAY_MS)


def next_shanghai_midnight_ms(now_ms: int) -> int:
    """Return when the audience's next day begins."""
    return ((now_ms + SHANGHAI_OFFSET_MS) // DAY_MS + 1) * DAY_MS - SHANGHAI_OFFSET_MS
