"""The log of the air as it was seen."""

from app.schemas import Document


class AirLine(Document):
    """`kind` is a command (`scene`, `take`, `clear`, `panic`, `panic_released`: then `actor` did it, and `scene` is the
    programme's from then on), or what an overlay told: `seen`, `left` (it was closed), `silent` (it was given up).
    """

    number: int
    at_ms: int
    kind: str
    actor: str
    overlay: str
    name: str
    scene: str
    epoch: int | None
    version: int | None
    behind_ms: int | None
    stale_ms: int | None
    visible: bool | None
    fps: float | None


class AirLog(Document):
    entries: list[AirLine]
    full: bool
    """No more sights of overlays are kept; commands are."""
