"""`arena preflight`: asks the running service, and prints what it found."""

import time
from typing import Annotated, Any, NoReturn

import httpx2
import orjson
import typer

from app.domain.clock import SystemClock
from app.domain.errors import ArenaError
from app.domain.roles import Role
from app.records_cli import open_database, read_settings
from app.services.identity import COMMAND_LINE, add_token, drop_token
from app.services.preflight import ASKER
from app.settings import Settings
from app.storage.writer import Transaction

ANSWER_SECONDS_MAX = 8
_EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - named, not bound to
_MARKS = {"green": ("✓", "green"), "amber": ("!", "yellow"), "red": ("✗", "red")}

preflight = typer.Typer()


@preflight.command("preflight")
def check(
    code: Annotated[str, typer.Argument(help="The session's code.")],
    url: Annotated[str | None, typer.Option(help="Where the service is; else ARENA_HOST and ARENA_PORT.")] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="ARENA_TOKEN", help="Any access token; without one, one is made for a moment here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the service's answer as it came.")] = False,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "en",
) -> None:
    """Check everything before the show: people, times, clocks, disk, database, address, overlays, tokens, backup.

    Exit code 0: nothing is red. 1: something is, or the service does not answer. 2: it was not asked rightly.
    """
    if lang not in ("zh", "en"):
        raise typer.BadParameter("zh or en.", param_hint="--lang")
    settings = read_settings()
    host = "localhost" if settings.host in _EVERYWHERE else settings.host
    base = (url or f"http://{f'[{host}]' if ':' in host else host}:{settings.port}").rstrip("/")
    if token is None and url is not None:
        _misused("Give --token or ARENA_TOKEN: a service elsewhere takes none that is made here.")
    found = _asked(base, code.upper(), token) if token else _asked_by_own(settings, base, code.upper())
    if as_json:
        typer.echo(orjson.dumps(found).decode())
    else:
        for each in found["findings"]:
            mark, colour = _MARKS[each["level"]]
            typer.secho(f"{mark} {each['level']:<5}  {each['check']:<16}  {each[lang]}", fg=colour)
        typer.echo(f"{code.upper()}: {found['level']}, checked in {found['took_ms']} ms.")
    if found["level"] == "red":
        raise typer.Exit(1)


def _asked_by_own(settings: Settings, base: str, code: str) -> dict[str, Any]:
    """Ask with a token that is made for this, and revoked after."""
    database = open_database(settings)
    try:
        with database.writer.begin() as connection:
            transaction = Transaction(connection, SystemClock().now_ms())
            token_id, token, _ = add_token(transaction, COMMAND_LINE, Role.OVERLAY, ASKER, code, 1)
        try:
            return _asked(base, code, token)
        finally:
            with database.writer.begin() as connection:
                drop_token(Transaction(connection, SystemClock().now_ms()), COMMAND_LINE, token_id)
    except ArenaError as error:
        _misused(error.detail)
    finally:
        database.close()


def _asked(base: str, code: str, token: str) -> dict[str, Any]:
    try:
        answer = httpx2.get(
            f"{base}/api/v1/sessions/{code}/preflight",
            params={"asked_at_ms": time.time_ns() // 1_000_000},
            headers={"Authorization": f"Bearer {token}"},
            timeout=ANSWER_SECONDS_MAX,
            trust_env=False,
            verify=base.startswith("https"),
        )
        answered: dict[str, Any] = answer.json()
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        typer.echo(
            f"arena: No arena answers at {base} ({type(error).__name__}); start it, or name it by --url.", err=True
        )
        raise typer.Exit(1) from None
    if answer.status_code >= 500:
        typer.echo(f"arena: {answered.get('detail', answer.status_code)}", err=True)
        raise typer.Exit(1)
    if answer.status_code != 200:
        _misused(str(answered.get("detail", answer.status_code)))
    return answered


def _misused(sentence: str) -> NoReturn:
    typer.echo(f"arena: {sentence}", err=True)
    raise typer.Exit(2)
