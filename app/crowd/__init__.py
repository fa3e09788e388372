"""A simulated crowd: real HTTP and WebSocket clients of a running service, and a check of its counts.

`simulate` runs it, `print_report` shows what it found, `check_history` holds a history against a ledger. It
uses the public API only and imports nothing of the service. `simulate.py` owns the tasks, `phones.py` the
connections, `player.py` what a voter does, `check.py` and `history.py` the pure checks.
"""

from app.crowd.history import Event, LedgerRow, check_history, read_history, write_history
from app.crowd.options import CrowdError, CrowdOptions, Progress
from app.crowd.report import CrowdReport, print_report, progress_bar
from app.crowd.simulate import loop_factory, simulate

__all__ = [
    "CrowdError",
    "CrowdOptions",
    "CrowdReport",
    "Event",
    "LedgerRow",
    "Progress",
    "check_history",
    "loop_factory",
    "print_report",
    "progress_bar",
    "read_history",
    "simulate",
    "write_history",
]
