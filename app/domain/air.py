"""What is on air and what is next: preview and programme apart, take, clear, and panic.

Pure: a state and a command in, the next state out. The same command again gives the same state back. A preview never
follows the round by itself: a take that was meant for one picture would then put another on air where a producer locks
in between.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.errors import PanicOn
from app.domain.session import Scene


class AirCommand(StrEnum):
    TAKE = "take"
    CLEAR = "clear"
    PANIC = "panic"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Air:
    """`scene` is the programme's. `panicked_at_ms` is when somebody pulled the brake, None while nobody has."""

    scene: Scene
    preview: Scene
    panicked_at_ms: int | None = None


def cut(air: Air, scene: Scene) -> Air:
    """Put a scene on air.

    Raises:
        PanicOn: everything is held blank. What is blank already may be asked for.
    """
    if scene != air.scene and air.panicked_at_ms is not None:
        raise PanicOn(
            "Everything is held blank by panic; release it first, then take what is wanted.",
            panicked_at_ms=air.panicked_at_ms,
        )
    return replace(air, scene=scene)


def prepare(air: Air, scene: Scene) -> Air:
    """Set what is next. In panic too: so that something stands ready for its end."""
    return replace(air, preview=scene)


def apply(air: Air, what: AirCommand, now_ms: int) -> Air:
    """Carry out a command. A panic takes the scene off for good: its release puts nothing on air by itself.

    Raises:
        PanicOn: a take while everything is held blank.
    """
    match what:
        case AirCommand.TAKE:
            return cut(air, air.preview)
        case AirCommand.CLEAR:
            return cut(air, "blank")
        case AirCommand.PANIC:
            return air if air.panicked_at_ms is not None else replace(air, scene="blank", panicked_at_ms=now_ms)
    return replace(air, panicked_at_ms=None)
