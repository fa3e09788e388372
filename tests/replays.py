"""A replay as `arena replay` serves it: the real application on a real port, in a thread of its own."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from app.cli import config_of, listen
from app.domain.clock import SystemClock
from app.replay import create_replay_app
from app.routers.replay import replay_socket_protocol
from app.services.history import read_history
from app.services.replay import Player
from app.settings import Settings
from app.storage.engine import read_only
from tests.conftest import START_SECONDS_MAX, PromptServer

TOKEN = "printed-at-the-start"


@dataclass
class Replaying:
    base_url: str
    player: Player
    client: httpx2.Client

    def control(self, act: str, **params: Any) -> httpx2.Response:
        return self.client.post(f"/api/v1/replay/{act}", params=params, headers={"Authorization": f"Bearer {TOKEN}"})


@contextlib.contextmanager
def replaying(settings: Settings, code: str, **options: Any) -> Iterator[Replaying]:
    with read_only(settings.url) as connection:
        history = read_history(connection, code)
    app = create_replay_app(settings, SystemClock(), history, TOKEN, **options)
    config = config_of(settings, app, replay_socket_protocol(app))
    config.loop = "asyncio"
    server = PromptServer(config)
    with listen("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), name="arena-replay")
        thread.start()
        deadline = time.monotonic() + START_SECONDS_MAX
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started, "the replay did not start"
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with httpx2.Client(base_url=base_url, timeout=20, trust_env=False, verify=False) as client:
                yield Replaying(base_url, app.state.arena.player, client)
        finally:
            server.should_exit = True
            thread.join(START_SECONDS_MAX)
            assert not thread.is_alive(), "the replay did not stop"
