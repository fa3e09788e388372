"""`arena …`: the command line."""

import asyncio
import gc
import os
import resource
import secrets
import signal
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn, cast

import typer
import uvicorn
from fastapi import FastAPI
from rich.console import Console

from app.crowd import CrowdOptions
from app.crowd.options import VOTERS_MAX
from app.demo import DemoError, DemoOptions, reachable_url, run_bout
from app.domain.clock import Clock, SystemClock
from app.domain.errors import ArenaError
from app.domain.replay import span_ms
from app.domain.roles import Role
from app.examples import GalaReport, ReplayError, ReplayOptions, SeasonReport, replay_gala, replay_season
from app.live.arriving import first_protocol
from app.logs import configure_logs
from app.main import create_app
from app.preflight_cli import preflight
from app.records_cli import open_database, read_settings, records, refuse
from app.rehearsal_cli import play_crowd, rehearsals
from app.replay import create_replay_app
from app.replay_cli import list_played, opened_history, tell_where, terminal_keys
from app.routers.front import FrontedApp, http_protocol
from app.routers.replay import replay_socket_protocol
from app.routers.socket import Conversation, socket_protocol
from app.services.arena import Arena
from app.services.identity import COMMAND_LINE, add_token
from app.settings import Settings
from app.storage.writer import Transaction
from app.workers import Workers

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Pioneer Arena 先锋擂台: live PK sessions.")
token_app = typer.Typer(no_args_is_help=True, help="Access tokens of the crew.")
app.add_typer(token_app, name="token")

STALLED_MS_MAX = 20_000
SENDING_BYTES_MAX = 131_072
SHUTDOWN_SECONDS_MAX = 10
NEW_OBJECTS_MAX = 10_000
"""So many before the collector looks at what is new. With Python's 700 it looks through a thousand waiting votes, none
of which is garbage, again and again: a tenth of what they cost."""

_LOCAL = ("0.0.0.0", "127.0.0.1", "::", "::1")  # noqa: S104 - named, not bound to


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; overrides ARENA_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; overrides ARENA_PORT.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes, each on the next port; overrides ARENA_WORKERS.")
    ] = None,
    shared_port: Annotated[
        bool, typer.Option("--shared-port", help="All workers on the one port, which the kernel shares out.")
    ] = False,
) -> None:
    """Serve the arena until it is told to stop."""
    configure_logs()
    raise_open_files()
    settings = read_settings(host=host, port=port, workers=workers)
    if settings.workers > 1:
        open_database(settings).close()
        raise typer.Exit(Workers(settings, shared_port=shared_port).run())
    try:
        server = ArenaServer(server_config(settings))
        server.alone = True
        listener = listen(settings.host, settings.port, shared=shared_port)
    except (ValueError, OSError, RuntimeError) as error:
        refuse(str(error))
    with listener:
        _require_free(settings)
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
    season: Annotated[bool, typer.Option("--season", help="Replay a season of fifteen issues instead.")] = False,
    gala: Annotated[bool, typer.Option("--gala", help="Replay 600 nominees and the gala of ten instead.")] = False,
) -> None:
    """Serve an arena of its own, and run the first bout with a simulated crowd. Nothing of it is kept."""
    configure_logs()
    raise_open_files()
    with tempfile.TemporaryDirectory(prefix="arena-demo-") as directory:
        # Phones in the same network shall be able to scan the code, so it listens on all addresses.
        host = os.environ.get("ARENA_HOST", "0.0.0.0")  # noqa: S104
        settings = read_settings(
            # Its crowd comes from one address, and shall not have to work for it.
            host=host, port=port, data_dir=Path(directory), database_url="", redis_url="", workers=1,
            join_free_per_minute=1_000_000,
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
            report = asyncio.run(_replayed(options, gala=gala) if season or gala else run_bout(options))
        except KeyboardInterrupt:
            raise typer.Exit(0) from None
        except (DemoError, ReplayError) as error:
            refuse(str(error))
        finally:
            server.should_exit = True
            thread.join()
        if not report.ok:
            raise typer.Exit(1)


async def _replayed(options: DemoOptions, *, gala: bool) -> GalaReport | SeasonReport:
    """Replay the example season or gala, tell where to look, and serve on unless told to leave."""
    told = ReplayOptions(options.base_url, options.token, tell=typer.echo)
    report = await (replay_gala(told) if gala else replay_season(told))
    typer.echo(report.summary)
    for line in report.problems or ["与选票账本逐项核对一致。 All of it agrees with the ledgers."]:
        typer.echo(line)
    if not options.leave:
        typer.echo(f"控制台 Console: {options.public_url}/console#token={options.token}")
        typer.echo("擂台继续运行，按 Ctrl-C 结束。 The arena keeps running; Ctrl-C ends it.")
        await asyncio.Event().wait()
    return report


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
    settings = read_settings()
    play_crowd(
        Console(),
        lambda: CrowdOptions(
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
        ),
    )


@app.command()
def replay(
    code: Annotated[str | None, typer.Argument(help="The session's code.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Say what can be played.")] = False,
    speed: Annotated[float, typer.Option(help="How many times as fast as it was.")] = 1,
    start: Annotated[str, typer.Option("--from", help="Where to begin, as in 0:10:00.")] = "0",
    loop: Annotated[bool, typer.Option("--loop", help="At the end begin again.")] = False,
    skip_quiet: Annotated[bool, typer.Option("--skip-quiet", help="Leave out where nothing happens.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on; overrides ARENA_HOST.")] = None,
    port: Annotated[int, typer.Option(help="Port; not that of the service.")] = 8100,
) -> None:
    """Play a past session again, to test graphics: the same addresses on another port, and nothing of it counts.

    The database is read once at the start, and never written.
    """
    configure_logs()
    settings = read_settings(host=host).model_copy(update={"port": port})
    if listed or code is None:
        list_played(settings)
        return
    history = opened_history(settings, code.upper())
    token = secrets.token_urlsafe(12)
    try:
        application = create_replay_app(
            settings,
            SystemClock(),
            history,
            token,
            speed=speed,
            start_ms=span_ms(start),
            loop=loop,
            skip_quiet=skip_quiet,
            beside=terminal_keys,
        )
        listener = listen(settings.host, port)
    except ArenaError as error:
        refuse(error.detail)
    except OSError as error:
        refuse(str(error))
    with listener:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, _end_well)
        where = f"http://{'localhost' if settings.host in _LOCAL else settings.host}:{listener.getsockname()[1]}"
        tell_where(history, where, token, speed)
        ArenaServer(config_of(settings, application, replay_socket_protocol(application))).run(sockets=[listener])


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

    alone = False
    """Whether the process is for this service only. Then what is there at the start is taken from the collector's
    sight: to look through it holds the loop for 160 ms each time, and nothing of it is ever garbage.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.alone:
            gc.collect()
            gc.freeze()
            gc.set_threshold(NEW_OBJECTS_MAX, 10, 10)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        arena: Arena | None = getattr(cast(FastAPI, self.config.app).state, "arena", None)
        if arena is not None:
            arena.hub.cut_all()
        await super().shutdown(sockets)


def server_config(settings: Settings, clock: Clock | None = None) -> uvicorn.Config:
    """Return how uvicorn is run: our own protocols, and no access log (it would hold tokens)."""
    app = create_app(settings, clock)
    return config_of(settings, app, socket_protocol(app))


def config_of(settings: Settings, app: FrontedApp, sockets: type[Conversation]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies),
        http=first_protocol(http_protocol(app), sockets),
        ws=sockets,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
        timeout_keep_alive=30,
        backlog=4096,
        h11_max_incomplete_event_size=65_536,
        server_header=False,
    )


def raise_open_files() -> None:
    """Raise the process's limit of open files as far as it may: each phone is one. Else 1,000 would be the end."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems name a hard limit that they do not grant
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Open the listening socket. A peer that takes nothing for 20 s is dropped by the kernel: a stalled phone must not
    outlive its ping timeout with our bytes in its buffer."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
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


def _require_free(settings: Settings) -> None:
    """Say at once, in a sentence, that another process serves this database or signs with another secret."""
    database = open_database(settings)
    try:
        database.serve_alone(others=bool(settings.redis_url))
        if database.shared:
            database.require_secret(settings.signing_secret())
    except (RuntimeError, ValueError) as error:
        refuse(str(error))
    finally:
        database.close()


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
app.add_typer(preflight)
app.add_typer(rehearsals)

if __name__ == "__main__":
    app()
