"""Example data from a seed, and its replay against a running service through the public API.

`season.py` and `gala.py` make plain documents that stand in examples/; `replay_season` and `replay_gala` play them at
full speed and recount everything from the ledgers. Whoever calls owns the service.
"""

from app.examples.replay_gala import GalaReport, replay_gala
from app.examples.replay_season import SeasonReport, replay_season
from app.examples.service import ReplayError, ReplayOptions

__all__ = ["GalaReport", "ReplayError", "ReplayOptions", "SeasonReport", "replay_gala", "replay_season"]
