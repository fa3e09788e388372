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

import orjson
import typer
import uvicorn
from alembic.util import CommandError
from fastapi import FastAPI
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from app.crowd import CrowdError, CrowdOptions, print_report, progress_bar, simulate
from app.crowd.options import VOTERS_MAX
from app.demo import DemoError, DemoOptions, reachable_url, run_bout
from app.domain.clock import Clock, SystemClock
from app.domain.errors import ArenaError
from app.domain.lifecycle import Phase
from app.domain.roles import Role
from app.live.protocol import SocketProtocol
from app.logs import configure_logs
from app.main import create_app
from app.services import reports
from app.services.arena import Arena
from app.services.identity import add_token
from app.settings import Settings
from app.storage.backup import BackupError, back_up, database_file
from app.storage.backup import restore as restore_database
from app.storage.engine import Database
from app.storage.writer import Transaction
from app.verify import Unreadable, read_export, told, verify_ledger

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Pioneer Arena 先锋擂台: live PK sessions.")
token_app = typer.Typer(no_args_is_help=True, help="Access tokens of the crew.")
app.add_typer(token_app, name="token")

MESSAGE_BYTES_MAX = 4_096
STALLED_MS_MAX = 20_000
SHUTDOWN_SECONDS_MAX = 10

_LOCAL = ("0.0.0.0", "127.0.0.1", "::", "::1")  # noqa: S104 - named, not bound to


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; overrides ARENA_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port; overrides ARENA_PORT.")] = None,
) -> None:
    """Serve the arena until it is told to stop."""
    configure_logs()
    settings = _settings(host=host, port=port)
    try:
        server = ArenaServer(server_config(settings))
        listener = listen(settings.host, settings.port)
    except (ValueError, OSError, RuntimeError) as error:
        _refuse(str(error))
    with listener:
        _open_database(settings).close()
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
        settings = _settings(host=host, port=port, data_dir=Path(directory), database_url="")
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
            _refuse(str(error))
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
    settings = _settings()
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
        _refuse(str(error))
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
    settings = _settings()
    try:
        token = _make_token(settings, role, name, session, hours)
    except ArenaError as error:
        _refuse(str(error))
    base = settings.public_url or f"http://localhost:{settings.port}"
    typer.echo(f"{base}/console#token={token}" if link else token)


@app.command()
def migrate() -> None:
    """Bring the database's tables to the newest version. `arena serve` does so by itself."""
    _open_database(_settings()).close()
    typer.echo("The tables are at the newest version.")


@app.command()
def verify(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Exports of the ledger; - for standard input.")],
    digest: Annotated[
        list[str] | None, typer.Option(help="The digest published at the lock; once for each file, in their order.")
    ] = None,
) -> None:
    """Recount exports of the ledger, with no service and no database.

    Exit code 0: all hold. 1: one was changed. 2: one cannot be read.
    """
    if digest and len(digest) != len(files):
        raise typer.BadParameter("Give --digest once for each file, or not at all.")
    codes = set()
    for i, name in enumerate(files):
        try:
            found = verify_ledger(read_export(name), digest[i] if digest else None)
        except Unreadable as error:
            typer.echo(f"arena: {name}: {error}", err=True)
            codes.add(2)
            continue
        typer.echo("\n".join(told(name, found)))
        codes.add(0 if found.holds else 1)
    # Worse than a file that nobody can read is one that was changed.
    raise typer.Exit(1 if 1 in codes else max(codes))


@app.command()
def export(
    code: Annotated[str, typer.Option(help="The session's code.")],
    number: Annotated[int | None, typer.Option("--round", min=1, help="Else the last that has a result.")] = None,
    run: Annotated[int | None, typer.Option(min=1, help="An earlier run; else the present one.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write it; else standard output.")] = None,
) -> None:
    """Write a round's ledger for `arena verify`, straight from the database. Works beside a running service."""
    settings = _settings()
    if not database_file(settings.url).is_file():
        _refuse(f"There is no database at {settings.url}; set ARENA_DATA_DIR.")
    database = _open_database(settings)
    try:
        with database.reader.connect() as connection:
            ledger, phase = reports.export(connection, code.upper(), number, run)
    except ArenaError as error:
        _refuse(error.detail)
    finally:
        database.close()
    content = orjson.dumps(ledger.model_dump())
    try:
        if out is None:
            typer.echo(content.decode())
        else:
            out.write_bytes(content)
    except OSError as error:
        _refuse(f"{out} cannot be written ({error.strerror}).")
    if phase is not Phase.REVEALED:
        typer.echo(f"arena: this run is {phase}, not revealed; keep the file to yourself.", err=True)


@app.command()
def backup(target: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Copy the database to FILE while the service runs, and check the copy. An earlier FILE is replaced."""
    settings = _settings()
    try:
        copy = back_up(database_file(settings.url), target)
    except (BackupError, RuntimeError) as error:
        _refuse(str(error))
    typer.echo(f"{target}: {copy.bytes:,} bytes, {copy.sessions:,} sessions, {copy.ballots:,} ballots; checked.")
    typer.echo(f"Not in it: {settings.data_dir / 'secret'}, without which phones come back as new voters.")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Put the present database aside.")] = False,
) -> None:
    """Put a backup in the database's place, while no service runs."""
    target = database_file(_settings().url)
    try:
        copy = restore_database(source, target, force=force)
    except (BackupError, RuntimeError) as error:
        _refuse(str(error))
    typer.echo(f"{target}: {copy.sessions:,} sessions, {copy.ballots:,} ballots; checked.")
    if copy.replaced is not None:
        typer.echo(f"What stood there before is kept at {copy.replaced}.")


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
        forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1"),
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
    database = _open_database(settings)
    with database.writer.begin() as connection:
        transaction = Transaction(connection, SystemClock().now_ms())
        _, token, _ = add_token(transaction, role, name, session, hours, "command line")
    database.close()
    return token


def _open_database(settings: Settings) -> Database:
    """Open the database and bring its tables to the newest version, or refuse with a sentence."""
    try:
        database = Database(settings.url)
        database.migrate()
    except (ValueError, RuntimeError) as error:
        _refuse(str(error))
    except CommandError as error:
        _refuse(f"The database {settings.url} was made by another release of the arena ({error}); use that one.")
    except (OSError, SQLAlchemyError) as error:
        reason = getattr(error, "orig", None) or getattr(error, "strerror", None) or error
        _refuse(f"Cannot use the database {settings.url} ({reason}); look at the disk, or set ARENA_DATA_DIR.")
    return database


def _settings(**given: object) -> Settings:
    try:
        settings = Settings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
        settings.refuse_impossible()
    except ValidationError as error:
        wrong = [f"ARENA_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()]
        _refuse("; ".join(wrong) + ".")
    except SettingsError:
        _refuse('A list is written as JSON: ARENA_ALLOWED_ORIGINS=["https://example.com"].')
    except ValueError as error:
        _refuse(str(error))
    return settings


def _end_well(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def _refuse(sentence: str) -> NoReturn:
    typer.echo(f"arena: {sentence}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
