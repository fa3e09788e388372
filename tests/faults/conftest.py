"""What the faults share: which run they belong to, a service to kill, a disk to break, and the book of figures."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import listen
from app.settings import Settings
from tests.conftest import make_tokens
from tests.faults.disk import LoopDisk, may_mount
from tests.faults.figures import Figures
from tests.test_kill import Nursery

HERE = Path(__file__).parent
WANTED = "FAULTS"
"""Set by `make faults`: without it only what is marked `ordinary` runs."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "ordinary: a fault that is cheap and needs no root; runs always")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get(WANTED):
        return
    left_out = [each for each in items if HERE in each.path.parents and not each.get_closest_marker("ordinary")]
    if left_out:
        items[:] = [each for each in items if each not in set(left_out)]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(autouse=True)
def all_phones_share_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let them join without a proof of work, in processes too; test_one_address.py sets the usual limit."""
    monkeypatch.setenv("ARENA_JOIN_FREE_PER_MINUTE", "1000000")


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    return Figures(request.node.nodeid)


@pytest.fixture
def staff(settings: Settings) -> str:
    """The token of one who may do all."""
    return make_tokens(settings, int(time.time() * 1000))["admin"]


@pytest.fixture
def free_port() -> int:
    with listen("127.0.0.1", 0) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def nursery(settings: Settings, free_port: int) -> Iterator[Nursery]:
    """Where services are started that are to be killed."""
    made = Nursery(settings, free_port)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LoopDisk]:
    """A small file system of its own, mounted; its size in MiB may be given as the fixture's parameter."""
    if not may_mount():
        pytest.skip("needs root and a loop device, to mount a file system of its own")
    made = LoopDisk(tmp_path / "image", tmp_path / "disk", getattr(request, "param", 64))
    made.mount()
    try:
        yield made
    finally:
        made.unmount()
