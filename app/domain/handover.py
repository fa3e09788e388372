"""What somebody who pressed on an older view is told: what was done since, and by whom. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

_DONE = {
    "open": "opened",
    "pause": "paused",
    "resume": "resumed",
    "lock": "locked",
    "reveal": "revealed",
    "certify": "certified",
    "void": "voided",
    "rerun": "reset",
    "round_added": "added",
    "round_changed": "edited",
    "round_removed": "removed",
}


@dataclass(frozen=True, slots=True)
class Act:
    """One act on a round; `revision` is the session's that it made."""

    revision: int
    action: str
    round: int
    actor: str
    role: str
    at_ms: int

    def document(self) -> dict[str, Any]:
        return asdict(self)


def told(acts: Sequence[Act], now_ms: int) -> str:
    """Say the newest act as a sentence, with who did it and how long ago; `acts` newest first."""
    if not acts:
        return "The session was put back to an earlier state since; look at it, and press again if it is still wanted."
    act = acts[0]
    who = act.role if act.actor in ("", act.role) else f"{act.role} {act.actor}"
    if act.action == "deadline":
        done = f"The clock moved round {act.round} on"
    else:
        done = f"The {who} {_DONE.get(act.action, act.action)} round {act.round}"
    ago_s = max(0, now_ms - act.at_ms) / 1000
    return f"{done} {ago_s:.1f} s ago, so nothing was done; look at the state, and press again if it is still wanted."
