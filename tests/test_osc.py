"""OSC in: the producer's commands over a real UDP socket, and what comes back."""

import builtins
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.live.calls import osc_message
from app.main import create_app
from app.settings import Settings
from tests.conftest import Running, make_tokens
from tests.players import eventually

osc_packet = pytest.importorskip("pythonosc.osc_packet")


class Desk:
    """A desk with buttons, and what it was told."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.02)
        self.port = port
        self.told: dict[str, Any] = {}
        self.messages = 0

    def press(self, address: str, *values: Any) -> None:
        self.socket.sendto(osc_message(address, values), ("127.0.0.1", self.port))

    def hear(self) -> dict[str, Any]:
        """Take in what has come."""
        while True:
            try:
                packet = osc_packet.OscPacket(self.socket.recv(2_000))
            except TimeoutError:
                return self.told
            for each in packet.messages:
                self.messages += 1
                (self.told[each.message.address],) = each.message.params

    def wait(self, address: str, value: Any) -> None:
        eventually(lambda: self.hear().get(address) == value)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def desks() -> Iterator[Callable[[int], Desk]]:
    made: list[Desk] = []

    def make(port: int) -> Desk:
        made.append(Desk(port))
        return made[-1]

    yield make
    for each in made:
        each.socket.close()


@pytest.fixture
def serve(start: Callable[..., Running], settings: Settings) -> Callable[[str], tuple[Running, int]]:
    def run(role: str) -> tuple[Running, int]:
        port = free_port()
        token = make_tokens(settings, int(time.time() * 1000))[role]
        return start(osc_port=port, osc_token=Settings(_env_file=None, osc_token=token).osc_token), port

    return run


def test_desk_runs_a_round_and_is_told(serve: Any, desks: Callable[[int], Desk]) -> None:
    service, port = serve("admin")
    crew = service.crew()
    code = crew.make()
    desk = desks(port)
    root = f"/arena/{code}"
    for command, phase in (("open", "open"), ("pause", "paused"), ("resume", "open")):
        desk.press(f"{root}/round/1/{command}", 1)
        desk.wait(f"{root}/phase", phase)
        assert crew.round(code)["phase"] == phase
    assert service.phone(code).vote("red").status_code == 200
    desk.wait(f"{root}/votes/red", 1)
    assert desk.told[f"{root}/pct/red"] == 100
    desk.press(f"{root}/overlay/qr")
    desk.wait(f"{root}/scene", "qr")
    desk.press(f"{root}/next")
    desk.wait(f"{root}/phase", "locked")
    desk.press(f"/arena/{code.lower()}/round/1/reveal", True)
    desk.wait(f"{root}/phase", "revealed")
    audit = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    assert "test admin" in {each["actor"] for each in audit}
    told = desk.messages
    time.sleep(0.3)
    desk.hear()
    assert desk.messages == told, "nothing is told again"
    # Another desk takes over.
    other = desks(port)
    other.press(f"{root}/state")
    other.wait(f"{root}/votes/red", 1)
    other.press(f"{root}/next", 1.0)
    other.wait(f"{root}/round", 2)
    desk.hear()
    assert desk.told[f"{root}/round"] == 1


def test_button_that_is_let_go_does_nothing(serve: Any, desks: Callable[[int], Desk]) -> None:
    service, port = serve("producer")
    code = service.crew().make()
    desk = desks(port)
    for value in (0, 0.0, False, ""):
        desk.press(f"/arena/{code}/round/1/open", value)
    desk.press(f"/arena/{code}/state")
    desk.wait(f"/arena/{code}/phase", "draft")


def test_role_is_that_of_the_token_as_it_is_now(serve: Any, desks: Callable[[int], Desk]) -> None:
    service, port = serve("director")
    code = service.crew().make()
    desk = desks(port)
    desk.press(f"/arena/{code}/round/1/open")
    eventually(lambda: "may not open" in desk.hear().get(f"/arena/{code}/error", ""))
    assert service.crew().round(code)["phase"] == "draft"
    desk.press(f"/arena/{code}/overlay/result")
    desk.wait(f"/arena/{code}/scene", "result")
    admin = service.crew().client
    tokens = admin.get("/api/v1/tokens").json()["tokens"]
    for each in tokens:
        if each["role"] == "director":
            admin.delete(f"/api/v1/tokens/{each['id']}")
    desk.press(f"/arena/{code}/overlay/blank")
    eventually(lambda: "may not open" not in desk.hear()[f"/arena/{code}/error"])
    assert admin.get(f"/api/v1/sessions/{code}").json()["overlay"]["scene"] == "result"


def test_hidden_figures_are_not_told(serve: Any, desks: Callable[[int], Desk]) -> None:
    service, port = serve("admin")
    code = service.crew().make(rounds=[{"title": "一", "visibility": "on_reveal"}])
    desk = desks(port)
    desk.press(f"/arena/{code}/round/1/open")
    desk.wait(f"/arena/{code}/phase", "open")
    assert service.phone(code).vote("red").status_code == 200
    desk.wait(f"/arena/{code}/turnout", 1)
    assert desk.told[f"/arena/{code}/votes/red"] == 0
    desk.press(f"/arena/{code}/round/1/lock")
    desk.wait(f"/arena/{code}/phase", "locked")
    desk.press(f"/arena/{code}/round/1/reveal")
    desk.wait(f"/arena/{code}/votes/red", 1)


def test_noise_and_what_cannot_be_hurt_nobody(serve: Any, desks: Callable[[int], Desk]) -> None:
    service, port = serve("admin")
    code = service.crew().make()
    desk = desks(port)
    for noise in (
        b"",
        b"\0",
        b"x" * 1_400,
        b"/",
        b"#bundle\0" + b"\xff" * 40,
        b"/a\0\0,i\0\0",
        b"/a\0\0,[[[",
        b"y" * 9_000,
    ):
        desk.socket.sendto(noise, ("127.0.0.1", port))
    for address in (
        "/arena",
        f"/arena/{code}/round/1/void",
        f"/arena/{code}/round/x/open",
        f"/arena/{code}/round/1/rerun",
    ):
        desk.press(address)
    for address, says in (
        ("/arena/NOSUCH/state", "No session"), (f"/arena/{code}/round/9/open", "no round 9"),
        (f"/arena/{code}/overlay/none", "no scene"), (f"/arena/{code}/round/1/reveal", "cannot reveal"),
    ):  # fmt: skip
        desk.press(address)
        eventually(lambda says=says: any(says in str(each) for each in desk.hear().values()))  # type: ignore[misc]
    assert service.crew().round(code)["phase"] == "draft"
    for _ in range(500):
        desk.press(f"/arena/{code}/state")
    desk.press(f"/arena/{code}/round/1/open")
    eventually(lambda: desk.press(f"/arena/{code}/round/1/open") or service.crew().round(code)["phase"] == "open")


def test_start_says_what_is_missing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = settings.model_copy(update={"osc_port": 9100})
    with pytest.raises(ValueError, match="without ARENA_OSC_TOKEN"):
        create_app(wanted)
    whole = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("pythonosc"):
            raise ImportError(name)
        return whole(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    token = Settings(_env_file=None, osc_token="arena_producer_x").osc_token
    with pytest.raises(ValueError, match="python-osc is not installed"):
        create_app(wanted.model_copy(update={"osc_token": token}))


def test_port_that_is_taken_keeps_no_service_from_starting(
    start: Callable[..., Running], settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        token = Settings(_env_file=None, osc_token="arena_producer_x").osc_token
        service = start(osc_port=taken.getsockname()[1], osc_token=token)
        assert service.client().get("/healthz").status_code == 200
    assert "no OSC" in "".join(capfd.readouterr())
