"""`arena …`: the command line."""

import asyncio
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, cast

import typer
import uvicorn
from fastapi import FastAPI
from rich.console import Console

from app.crowd import CrowdError, CrowdOptions, print_report, progress_bar, simulate
from app.crowd.options import VOTERS_MAX
from app.demo import DemoError, DemoOptions, reachable_url, run_bout
from app.domain.clock import Clock, SystemClock
from app.domain.errors import ArenaError
from app.domain.roles import Role
from app.live.http_guard import GuardedHttp
from app.live.protocol import SocketProtocol
from app.logs import configure_logs
from app.main import create_app
from app.records_cli import open_database, read_settings, records, refuse
from app.services.arena import Arena
from app.services.identity import COMMAND_LINE, add_token
from app.settings import Settings
from app.storage.writer import Transaction

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Pioneer Arena 先锋擂台: live PK sessions.")
token_app = typer.Typer(no_args_is_help=True, help="Access tokens of the crew.")
app.add_typer(token_app, name="token")

MESSAGE_BYTES_MAX = 4_096
STALLED_MS_MAX = 20_000
SENDING_BYTES_MAX = 131_072
SHUTDOWN_SECONDS_MAX = 10

_LOCAL = ("0.0.0.0", "127.0.0.1", "::", "::1")  # noqa: S104 - named, not bound to


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; overrides ARENA_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; overrides ARENA_PORT.")] = None,
) -> None:
    """Serve the arena until it is told to stop."""
    configure_logs()
    settings = read_settings(host=host, port=port)
    try:
        server = ArenaServer(server_config(settings))
        listener = listen(settings.host, settings.port)
    except (ValueError, OSError, RuntimeError) as error:
        refuse(str(error))
    with listener:
        open_database(settings).close()
        # uvicorn repeats the signal that ended it once it has shut down; being told to stop is no failure.
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, _end_well)
        address = f"http://{'localhost' if settings.host in _LOCAL else settings.host}:{settings.port}"
        typer.echo(
            f"先锋擂台 Pioneer Arena serves at {settings.public_url or address} · console: /console · API: /docs"
        )
        server.run(sockets=[listener])
    if not server.started:
        raise typer.Exit(1)


@app.command()
def demo(
    code: Annotated[str, typer.Option(help="The session's code.")] = "PK2017",
    voters: Annotated[int, typer.Option(min=1, max=19_000)] = 200,
    port: Annotated[
        int | None, typer.Option(help="Port; overrides ARENA_PORT. A taken one is left for a free one.")
    ] = None,
    leave: Annotated[bool, typer.Option("--exit", help="End after the bout instead of serving on.")] = False,
) -> None:
    """Serve an arena of its own, and run the first bout with a simulated crowd. Nothing of it is kept."""
    configure_logs()
    with tempfile.TemporaryDirectory(prefix="arena-demo-") as directory:
        # Phones in the same network shall be able to scan the code, so it listens on all addresses.
        host = os.environ.get("ARENA_HOST", "0.0.0.0")  # noqa: S104
        settings = read_settings(
            # Its crowd comes from one address, and shall not have to work for it.
            host=host, port=port, data_dir=Path(directory), database_url="", join_free_per_minute=1_000_000
        )  # fmt: skip
        try:
            listener = listen(host, settings.port)
        except OSError:
            listener = listen(host, 0)
        own_port = listener.getsockname()[1]
        token = _make_token(settings, Role.ADMIN, "demo", None, 24)
        base_url = f"http://127.0.0.1:{own_port}" if host in _LOCAL else reachable_url(host, own_port)
        public_url = settings.public_url or reachable_url(host, own_port)
        options = DemoOptions(base_url, token, public_url, code, voters=voters, leave=leave)
        server = ArenaServer(server_config(settings.model_copy(update={"public_url": public_url})))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="arena-demo")
        thread.start()
        try:
            report = asyncio.run(run_bout(options))
        except KeyboardInterrupt:
            raise typer.Exit(0) from None
        except DemoError as error:
            refuse(str(error))
        finally:
            server.should_exit = True
            thread.join()
        if not report.ok:
            raise typer.Exit(1)


@app.command("simulate")
def simulate_crowd(
    code: Annotated[str, typer.Option(help="The session to play in.")],
    voters: Annotated[int, typer.Option(min=1, max=VOTERS_MAX)] = 200,
    likes_rate: Annotated[float, typer.Option(min=0, help="Likes a second over the whole crowd.")] = 200,
    seconds: Annotated[float, typer.Option(min=0.1)] = 20,
    url: Annotated[
        str | None, typer.Option(help="Where the service is; without it ARENA_PORT on this machine.")
    ] = None,
    token: Annotated[str | None, typer.Option(envvar="ARENA_TOKEN", help="To check hidden tallies in the end.")] = None,
    websocket_share: Annotated[
        float, typer.Option(min=0, max=1, help="How many take the WebSocket; others poll.")
    ] = 0.8,
    seed: int = 1,
    history: Annotated[Path | None, typer.Option(help="Write each request and its outcome as JSON lines.")] = None,
    others: Annotated[
        bool, typer.Option("--others", help="Other people vote meanwhile, so tallies may hold more.")
    ] = False,
) -> None:
    """Play a crowd as real clients of a running service, then check that everything acknowledged is counted once.

    Exit code 1 where it is not.
    """
    console = Console()
    settings = read_settings()
    try:
        options = CrowdOptions(
            base_url=url or f"http://127.0.0.1:{settings.port}",
            code=code.upper(),
            voters=voters,
            likes_rate=likes_rate,
            seconds=seconds,
            token=token,
            websocket_share=websocket_share,
            seed=seed,
            history=history,
            alone=not others,
        )
        with progress_bar(console, seconds) as progress, asyncio.Runner(loop_factory=loop_factory()) as runner:
            report = runner.run(simulate(options, progress=progress))
    except CrowdError as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    print_report(console, report)
    if not report.ok:
        raise typer.Exit(1)


@token_app.command("create")
def token_create(
    role: Annotated[Role, typer.Option(help="What its bearer may do.")],
    name: Annotated[str, typer.Option(help="Who it is for; stands in the audit log.")] = "",
    session: Annotated[str | None, typer.Option(help="Only for the session with this code.")] = None,
    hours: Annotated[int | None, typer.Option(min=1, help="Expires after so many hours.")] = None,
    link: Annotated[bool, typer.Option("--link", help="Print the console's sign-in link instead.")] = False,
) -> None:
    """Make an access token and print it, alone, on standard output. Works beside a running service."""
    settings = read_settings()
    try:
        token = _make_token(settings, role, name, session, hours)
    except ArenaError as error:
        refuse(str(error))
    base = settings.public_url or f"http://localhost:{settings.port}"
    typer.echo(f"{base}/console#token={token}" if link else token)


@app.command()
def migrate() -> None:
    """Bring the database's tables to the newest version. `arena serve` does so by itself."""
    open_database(read_settings()).close()
    typer.echo("The tables are at the newest version.")


class ArenaServer(uvicorn.Server):
    """Tells every listener that the service is going down before uvicorn closes the connections: an event stream would
    not end by itself, and a socket would be told a code of uvicorn's own.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        arena: Arena | None = getattr(cast(FastAPI, self.config.app).state, "arena", None)
        if arena is not None:
            arena.hub.cut_all()
        await super().shutdown(sockets)


def server_config(settings: Settings, clock: Clock | None = None) -> uvicorn.Config:
    """Return how uvicorn is run: no access log (it would hold tokens), no compression of frames, small messages."""
    return uvicorn.Config(
        create_app(settings, clock),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies),
        http=GuardedHttp,
        ws=SocketProtocol,
        ws_max_size=MESSAGE_BYTES_MAX,
        ws_per_message_deflate=False,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
        timeout_keep_alive=30,
        backlog=4096,
        h11_max_incomplete_event_size=65_536,
        server_header=False,
    )


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loops where it is installed: a crowd of thousands shares the machine with the service."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket. A peer that takes nothing for 20 s is dropped by the kernel: a stalled phone must not
    outlive its ping timeout with our bytes in its buffer."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # Else the kernel keeps up to 4 MiB for each phone that has stopped reading, which no figure of the process shows.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENDING_BYTES_MAX)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_MS_MAX)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise OSError(
            f"Cannot listen on {host}:{port} ({error.strerror}); choose another with --port or ARENA_PORT."
        ) from None
    return listener


def _make_token(settings: Settings, role: Role, name: str, session: str | None, hours: int | None) -> str:
    database = open_database(settings)
    with database.writer.begin() as connection:
        transaction = Transaction(connection, SystemClock().now_ms())
        _, token, _ = add_token(transaction, COMMAND_LINE, role, name, session, hours)
    database.close()
    return token


def _end_well(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


app.add_typer(records)

if __name__ == "__main__":
    app()
