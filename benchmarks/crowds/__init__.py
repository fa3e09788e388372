"""What the generator can be: one crowd a module. Each takes commands as dictionaries and answers with figures."""

from collections.abc import Callable
from typing import Any, Protocol

from benchmarks.crowds.evening import EveningCrowd
from benchmarks.crowds.likers import Likers
from benchmarks.crowds.listeners import Listeners
from benchmarks.crowds.overlays import Overlays
from benchmarks.crowds.pollers import Pollers
from benchmarks.crowds.probe import Probe
from benchmarks.crowds.voters import HttpVoters, SocketVoters
from benchmarks.loop import Loop


class Crowd(Protocol):
    def do(self, command: dict[str, Any]) -> dict[str, Any]: ...


CROWDS: dict[str, Callable[[Loop], Crowd]] = {
    "listeners": Listeners,
    "http-voters": HttpVoters,
    "socket-voters": SocketVoters,
    "pollers": Pollers,
    "likers": Likers,
    "probe": Probe,
    "evening": EveningCrowd,
    "overlays": Overlays,
}
