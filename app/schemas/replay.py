"""What a replay says about itself."""

from app.schemas import Document


class ReplayState(Document):
    """`at_ms` is the moment of then that is shown; `position` and `length` count from the beginning."""

    code: str
    title: str
    at_ms: int
    position_ms: int
    position: str
    length_ms: int
    length: str
    speed: float
    paused: bool
    loop: bool
    skip_quiet: bool
