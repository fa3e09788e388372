"""What a rehearsal's crowd may be asked: its size, its race, when it votes. Bounds and words, no I/O."""

from typing import Literal, get_args

Race = Literal["even", "lopsided", "tied"]
"""`even`: about half and half. `lopsided`: four of five for the first choice. `tied`: the first two end level."""
Bursts = Literal["steady", "waves", "spike"]
"""When people vote: all through the round, in four waves, or nearly all in its first second and a half."""
RACES: tuple[Race, ...] = get_args(Race)
BURSTS: tuple[Bursts, ...] = get_args(Bursts)

CODE_BEGINNING = "RH"
"""So that a rehearsal's code is known by its look."""
VOTERS_MAX = 500
"""Of a crowd that the service starts itself. The command line takes more: it may stand on another machine."""
SECONDS_MAX = 1_800
CROWDS_MAX = 2
"""Under way at once that one service has started."""
