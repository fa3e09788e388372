"""How the feeds' documents are drawn: on a busy machine an example may take its time, which is no fault of a feed."""

from hypothesis import HealthCheck, settings

settings.register_profile("feeds", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("feeds")
