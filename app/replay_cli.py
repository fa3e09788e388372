"""What `arena replay` reads, says and hears: the history from the database, where it plays, keys in the terminal."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import typer
from sqlalchemy.exc import SQLAlchemyError

from app.domain.clock import SHANGHAI_OFFSET_MS
from app.domain.errors import ArenaError, InvalidRequest
from app.domain.replay import span_text
from app.records_cli import refuse
from app.services.history import History, Reel, read_history
from app.services.replay import Player
from app.settings import Settings
from app.storage.engine import read_only
from app.storage.history import played_sessions

STEP_MS = 10_000
KEYS = "space pause/resume 暂停 · ← → 10 s · + - speed 速度 · 0 beginning 重头"
# An arrow comes as three bytes at once.
_LEFT, _RIGHT = b"\x1b[D", b"\x1b[C"
_KEY_BYTES_MAX = 8


def opened_history(settings: Settings, code: str) -> History:
    """Read a session's history, or refuse with a sentence."""
    try:
        with read_only(settings.url) as connection:
            history = read_history(connection, code)
    except ArenaError as error:
        refuse(f"{error.detail} `arena replay --list` says what can be played.")
    except (ValueError, RuntimeError) as error:
        refuse(str(error))
    except SQLAlchemyError as error:
        refuse(f"Cannot read the database {settings.shown_url} ({getattr(error, 'orig', None) or error}).")
    return history


def list_played(settings: Settings) -> None:
    """Print which sessions can be played, the last ones first."""
    try:
        with read_only(settings.url) as connection:
            rows = played_sessions(connection)
    except (ValueError, RuntimeError) as error:
        refuse(str(error))
    except SQLAlchemyError as error:
        refuse(f"Cannot read the database {settings.shown_url} ({getattr(error, 'orig', None) or error}).")
    for row in rows:
        length = span_text(row.last_at_ms - row.opened_at_ms)
        typer.echo(
            f"{row.code:<12} {_shanghai(row.opened_at_ms)}  {length:>8}  "
            f"{row.runs} 轮 runs  {row.ballots:,} 票 ballots  {row.title}"
        )
    if not rows:
        typer.echo("No round was ever opened here; there is nothing to play.")


def tell_where(history: History, where: str, token: str, speed: float) -> None:
    """Say what is played and where, and what does not add up."""
    reel = Reel(history)
    reel.wind_to(history.ends_at_ms)
    length = span_text(history.ends_at_ms - history.begins_at_ms)
    typer.echo(
        f"重播 REPLAY {history.code} {history.title} · {_shanghai(history.begins_at_ms)} · {length} · ×{speed:g}"
    )
    typer.echo(f"  图文 overlay  {where}/overlay/{history.code}   (?badge=off: without the mark)")
    typer.echo(f"  手机 phone    {where}/v/{history.code}")
    typer.echo(f"  计票 tally    {where}/api/v1/sessions/{history.code}/tally")
    typer.echo(f"  控制 controls {where}/api/v1/replay · POST …/pause …/resume …/seek?to=0:10:00 …/speed?to=8")
    typer.echo(f"                with Authorization: Bearer {token}")
    if sys.stdin.isatty():
        typer.echo(f"  按键 keys     {KEYS}")
    for sentence in reel.differing:
        typer.echo(f"arena: {sentence}", err=True)


@contextmanager
def terminal_keys(player: Player) -> Iterator[None]:
    """Let keys of the terminal control a player; where there is no terminal, nothing listens."""
    if not sys.stdin.isatty():
        yield
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()

    def heard() -> None:
        if on_key(player, os.read(descriptor, _KEY_BYTES_MAX)):
            at = "‖" if player.paused else f"×{player.speed:g}"
            typer.echo(f"  {span_text(player.position_ms)} / {span_text(player.length_ms)}  {at}")

    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, heard)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def on_key(player: Player, key: bytes) -> bool:
    """Do what a key asks. Say whether it asks anything; a speed out of bounds stays as it was."""
    acts: dict[bytes, Callable[[], None]] = {
        b" ": player.resume if player.paused else player.pause,
        _LEFT: lambda: player.seek(player.position_ms - STEP_MS),
        _RIGHT: lambda: player.seek(player.position_ms + STEP_MS),
        b"+": lambda: player.set_speed(player.speed * 2),
        b"-": lambda: player.set_speed(player.speed / 2),
        b"0": lambda: player.seek(0),
    }
    if key not in acts:
        return False
    try:
        acts[key]()
    except InvalidRequest as error:
        typer.echo(f"arena: {error.detail}", err=True)
    return True


def _shanghai(at_ms: int) -> str:
    return f"{datetime.fromtimestamp((at_ms + SHANGHAI_OFFSET_MS) / 1000, UTC):%Y-%m-%d %H:%M:%S}"
