"""A target that records what automations send, and a service that may call it."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Running
from tests.recording import Target, recording


@pytest.fixture
def target() -> Iterator[Target]:
    with recording() as recorder:
        yield recorder


@pytest.fixture
def service(start: Callable[..., Running], target: Target) -> Running:
    return start(automation_targets=("127.0.0.1",))
