"""`arena rehearse` plays a crowd against a session's rehearsal; `arena rehearsal …` makes one and purges it."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import httpx2
import typer
from rich.console import Console

from app.crowd import CrowdError, CrowdOptions, loop_factory, print_report, progress_bar, simulate
from app.crowd.options import VOTERS_MAX
from app.domain.clock import SystemClock
from app.domain.errors import ArenaError
from app.domain.rehearsal import Bursts, Race
from app.domain.session import Session
from app.records_cli import open_database, read_settings, refuse
from app.services.arena import required_session
from app.services.identity import COMMAND_LINE
from app.services.rehearsals import make_rehearsal, purge_rehearsal
from app.settings import Settings
from app.storage.writer import Transaction

rehearsals = typer.Typer()
_one = typer.Typer(no_args_is_help=True, help="Rehearsals 彩排: make one, purge it whole.")
rehearsals.add_typer(_one, name="rehearsal")
T = TypeVar("T")

CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="The session's code, or that of its rehearsal.")]
GIVES_WAY = 10
"""How much nicer a crowd is than the service that it plays against, on the same machine."""
ROUND_SECONDS_MAX = 30.0
"""Within so long all have voted in a round without a deadline."""


@rehearsals.command()
def rehearse(
    code: CodeArgument,
    voters: Annotated[int, typer.Option(min=2, max=VOTERS_MAX)] = 500,
    channels: Annotated[
        str, typer.Option(help="Voters by channel, in proportion: web=60,wechat=30,radio=10; else all, the first most.")
    ] = "",
    bursts: Annotated[Bursts, typer.Option(help="When people vote in a round.")] = "steady",
    race: Annotated[Race, typer.Option(help="How each round ends.")] = "even",
    seconds: Annotated[float, typer.Option(min=1, help="How long the crowd stays.")] = 120,
    likes_rate: Annotated[float | None, typer.Option(min=0, help="Likes a second; else one a voter.")] = None,
    url: Annotated[str | None, typer.Option(help="Where the service is; else ARENA_PORT on this machine.")] = None,
    token: Annotated[
        str | None, typer.Option(envvar="ARENA_TOKEN", help="To make the rehearsal by --url; to check hidden tallies.")
    ] = None,
    seed: int = 1,
) -> None:
    """Play a crowd against a session's rehearsal, which is made where there is none. You open and lock its rounds.

    It never plays in a session that is no rehearsal. Exit code 1 where something acknowledged was not counted once.
    """
    console = Console()
    settings = read_settings()
    shares = _shares(channels)
    base_url = url or f"http://127.0.0.1:{settings.port}"
    rehearsal = _made_by_service(base_url, token, code.upper()) if url else _in_database(settings, _made, code).code
    console.print(f"彩排 REHEARSAL {rehearsal}: {base_url}/v/{rehearsal} · /overlay/{rehearsal}", highlight=False)
    os.nice(GIVES_WAY)
    play_crowd(
        console,
        lambda: CrowdOptions(
            base_url=base_url, code=rehearsal, voters=voters, seconds=seconds, seed=seed, token=token, race=race,
            likes_rate=float(voters) if likes_rate is None else likes_rate, channels=shares, bursts=bursts,
            # The crew may vote too, by phones of their own.
            round_s=min(seconds, ROUND_SECONDS_MAX), rehearsal=True, alone=False,
        ),
    )  # fmt: skip


def play_crowd(console: Console, options: Callable[[], CrowdOptions]) -> None:
    """Play a crowd and print its report. Ends the command with 1 where something was not counted once, or where the
    options or the service refuse.
    """
    try:
        wanted = options()
        with progress_bar(console, wanted.seconds) as progress, asyncio.Runner(loop_factory=loop_factory()) as runner:
            report = runner.run(simulate(wanted, progress=progress))
    except CrowdError as error:
        refuse(str(error))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    print_report(console, report)
    if not report.ok:
        raise typer.Exit(1)


@_one.command("make")
def make(code: CodeArgument) -> None:
    """Make a session's rehearsal and print its code. Works beside a running service."""
    typer.echo(_in_database(read_settings(), _made, code).code)


@_one.command("purge")
def purge(code: CodeArgument) -> None:
    """Delete a rehearsal with everything of it. Works beside a running service, which lets go of it in a second."""
    purged = _in_database(read_settings(), _purged, code)
    typer.echo(f"{code.upper()} has no rehearsal." if purged is None else f"The rehearsal {purged} is gone, whole.")


def _in_database(settings: Settings, change: Callable[[Transaction, str], T], code: str) -> T:
    """Run a change straight in the database, or refuse with its sentence."""
    database = open_database(settings)
    try:
        with database.writer.begin() as connection:
            return change(Transaction(connection, SystemClock().now_ms()), code.upper())
    except ArenaError as error:
        refuse(error.detail)
    finally:
        database.close()


def _made(transaction: Transaction, code: str) -> Session:
    session = required_session(transaction.connection, code)
    return session if session.rehearsal else make_rehearsal(transaction, COMMAND_LINE, code)[0]


def _purged(transaction: Transaction, code: str) -> str | None:
    return purge_rehearsal(transaction, COMMAND_LINE, code)


def _made_by_service(base_url: str, token: str | None, code: str) -> str:
    """Return the rehearsal's code from a service that may be elsewhere."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    path = f"/api/v1/sessions/{code}"
    body: Any = {}
    try:
        with httpx2.Client(base_url=base_url, headers=headers, timeout=10, trust_env=False) as client:
            answer = client.get(path)
            if answer.status_code == 200 and answer.json()["rehearsal"]:
                return code
            if answer.status_code == 200:
                answer = client.put(f"{path}/rehearsal")
            with contextlib.suppress(ValueError):
                body = answer.json()
    except httpx2.TransportError:
        refuse(f"Nobody answers at {base_url}; is the service running?")
    if answer.status_code not in (200, 201):
        refuse(f"No rehearsal could be made: {body.get('detail', answer.status_code)}")
    return str(body["session"]["code"])


def _shares(text: str) -> dict[str, float] | None:
    parts = [each.partition("=") for each in text.split(",") if each]
    try:
        found = {key.strip(): float(share) for key, _, share in parts}
    except ValueError:
        found = {"": -1.0}
    if any(not key or share < 0 for key, share in found.items()) or (found and not any(found.values())):
        raise typer.BadParameter("--channels is written as web=60,wechat=30,radio=10.")
    return found or None
