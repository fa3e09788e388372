"""The machine: its cores, its limits, and what the operating system says that a process has taken.

CPU is counted from /proc, the process's live descendants included, so Linux only. Servers are pinned to one core, load
generators to another.
"""

import os
import platform
import resource
import time
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_FIRST_FIELD = 3
"""The number, in proc(5), of the first field after the command's closing bracket."""
_UTIME, _STIME, _RSS = 14 - _FIRST_FIELD, 15 - _FIRST_FIELD, 24 - _FIRST_FIELD


def cores() -> tuple[int, int]:
    """Return the server's core and the generator's; the same where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[min(1, len(allowed) - 1)]


def pin_to_servers_core() -> None:
    os.sched_setaffinity(0, {cores()[0]})


def pin_to_generators_core() -> None:
    os.sched_setaffinity(0, {cores()[1]})


def raise_open_files() -> int:
    """Raise the limit of open files as far as it may be; return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def family(pid: int) -> list[int]:
    """List a process and its live descendants."""
    found = [pid]
    for each in found:
        with suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU that a process and its live descendants have taken."""
    ticks = 0
    for each in family(pid):
        with suppress(OSError):
            fields = _stat(each)
            ticks += int(fields[_UTIME]) + int(fields[_STIME])
    return ticks / _TICKS


def resident_kb(pid: int) -> int:
    """Return the resident memory of a process and its live descendants."""
    pages = 0
    for each in family(pid):
        with suppress(OSError):
            pages += int(_stat(each)[_RSS])
    return pages * _PAGE_KB


def first_in_line() -> None:
    """Let this process run before all others of its core, where it may: a probe must not wait for the load."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))


def described() -> str:
    """Describe the machine in half a sentence."""
    memory_gib = os.sysconf("SC_PHYS_PAGES") * _PAGE_KB / 1024 / 1024
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    number = len(os.sched_getaffinity(0))
    return f"{number} cores, {memory_gib:.0f} GiB, {system}, Linux {platform.release().split('-')[0]}"


class Usage:
    """What processes take between `Usage(...)` and `taken()`."""

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._before = [cpu_s(pid) for pid in pids]
        self._began = time.monotonic()

    def taken(self) -> tuple[float, list[float]]:
        """Return the seconds that have passed, and each process's seconds of CPU."""
        seconds = time.monotonic() - self._began
        return seconds, [cpu_s(pid) - was for pid, was in zip(self._pids, self._before, strict=True)]
