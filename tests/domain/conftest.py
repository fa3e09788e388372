"""How Hypothesis searches the pure rules: random on each run, and with no time limit an example.

Cores are shared, so a slow example is no failure. `--hypothesis-profile` cannot name these, since this file is read
after the options are; `ARENA_PROPERTY_EXAMPLES=2000` searches longer.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "domain",
    deadline=None,
    max_examples=int(os.environ.get("ARENA_PROPERTY_EXAMPLES", "30")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("domain")
