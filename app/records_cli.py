"""Commands about what is kept: verify, export, sign, backup, restore, purge.

And how every command reads its settings, opens the database and refuses.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer
from alembic.util import CommandError
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import SQLAlchemyError

from app.domain.clock import SystemClock
from app.domain.errors import ArenaError
from app.domain.ledger import AUDIT_FORMAT
from app.domain.lifecycle import Phase
from app.domain.signature import SigningKey
from app.services import results
from app.services.identity import COMMAND_LINE
from app.services.purge import purge_session, unpurged
from app.services.visits import purge_visit
from app.settings import Settings
from app.storage import visits
from app.storage.backup import BackupError, back_up, note_backup
from app.storage.backup import restore as restore_database
from app.storage.engine import Database
from app.storage.move import MoveError, move
from app.storage.scrub import ScrubError, scrub_database, scrub_wanted_since_ms
from app.storage.sqlite import database_file
from app.storage.writer import Transaction
from app.verify import Unreadable, read_export, told, verify_audit, verify_ledger

records = typer.Typer()


def purge_database(settings: Settings, database: Database, *, code: str | None, now: bool, dry_run: bool) -> list[str]:
    """Purge what is due, or one session at once, and scrub the file. Visits go on their dates. Returns what to tell.

    Raises:
        ArenaError, ScrubError
    """
    now_ms = SystemClock().now_ms()
    with database.reader.connect() as connection:
        waiting = unpurged(connection, settings.purge_days)
        asked = [each for each in visits.due_for_purge(connection, now_ms) if code in (None, each[0])]
        marked = scrub_wanted_since_ms(connection) is not None
    chosen = [each for each in waiting if code is None or each.code == code]
    due = [each for each in chosen if now or each.purge_at_ms <= now_ms]
    told = [f"{each.code}: due on {_day(each.purge_at_ms)}." for each in chosen if each not in due]
    if dry_run:
        told += [f"{each.code}: would be purged; its date is {_day(each.purge_at_ms)}." for each in due]
        return told + [f"{each}: visit {number} would be purged; its date has come." for each, number in asked]
    codes = [code] if code is not None and now else [each.code for each in due]
    for each in codes:
        with database.writer.begin() as connection:
            purge_session(Transaction(connection, now_ms), COMMAND_LINE, each)
        told.append(f"{each}: purged. No ballot of it can be led back to a phone any more.")
    for each, number in asked:
        with database.writer.begin() as connection:
            purge_visit(Transaction(connection, now_ms), COMMAND_LINE, each, number)
        told.append(f"{each}: visit {number} purged. Who asked for it is written nowhere any more.")
    if codes or asked or marked:
        scrub_database(database)
        told.append("The database was written anew. Backups made before still hold the key or the names: destroy them.")
    return told or ["Nothing has ended that is not purged."]


@records.command()
def verify(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Exports of ledgers or of the audit log; - for standard input.")
    ],
    digest: Annotated[
        list[str] | None, typer.Option(help="The digest published at the lock; once for each file, in their order.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The service's public key, noted before; see /api/v1/keys.")] = None,
) -> None:
    """Recount exports of ledgers, with no service and no database. An audit log is compared with them.

    Exit code 0: all hold. 1: one was changed. 2: one cannot be read. 3: one is of a rehearsal, and no result.
    """
    if digest and len(digest) != len(files):
        raise typer.BadParameter("Give --digest once for each file, or not at all.")
    codes = set()
    ledgers: list[dict[str, Any]] = []
    documents: list[tuple[str, dict[str, Any], str | None]] = []
    for i, name in enumerate(files):
        try:
            documents.append((name, read_export(name), digest[i] if digest else None))
        except Unreadable as error:
            typer.echo(f"arena: {name}: {error}", err=True)
            codes.add(2)
    # Logs come last: they are compared with the ledgers that were found to be such.
    for name, document, published in sorted(documents, key=lambda each: each[1].get("format") == AUDIT_FORMAT):
        try:
            if document.get("format") == AUDIT_FORMAT:
                found = verify_audit(document, ledgers, key, published)
            else:
                found = verify_ledger(document, published, key)
                ledgers.append(document)
        except Unreadable as error:
            typer.echo(f"arena: {name}: {error}", err=True)
            codes.add(2)
            continue
        typer.echo("\n".join(told(name, found)))
        codes.add(1 if not found.holds else 0 if found.rehearsal_of is None else 3)
    # Worse than a file that nobody can read is one that was changed; then one that is taken for a result and is none.
    raise typer.Exit(next(each for each in (1, 3, 2, 0) if each in codes))


@records.command()
def export(
    code: Annotated[str, typer.Option(help="The session's code.")],
    number: Annotated[int | None, typer.Option("--round", min=1, help="Else the last that has a result.")] = None,
    run: Annotated[int | None, typer.Option(min=1, help="An earlier run; else the present one.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write it; else standard output.")] = None,
) -> None:
    """Write a round's ledger for `arena verify`, straight from the database. Works beside a running service."""
    settings = read_settings()
    _require_there(settings)
    database = open_database(settings)
    try:
        with database.reader.connect() as connection:
            ledger, phase = results.export(connection, _signing_key(settings), code.upper(), number, run)
    except ArenaError as error:
        refuse(error.detail)
    finally:
        database.close()
    content = orjson.dumps(ledger)
    try:
        if out is None:
            typer.echo(content.decode())
        else:
            out.write_bytes(content)
    except OSError as error:
        refuse(f"{out} cannot be written ({error.strerror}).")
    if phase is not Phase.REVEALED:
        typer.echo(f"arena: this run is {phase}, not revealed; keep the file to yourself.", err=True)


@records.command()
def sign(
    key_file: Annotated[Path, typer.Option("--key", help="The source's private key; made where there is none.")],
    statement: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="The statement; - for standard input.")
    ] = None,
) -> None:
    """Sign a tally that others counted, for import. Without FILE print the public key, to name the source with."""
    try:
        if not key_file.exists():
            with os.fdopen(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(os.urandom(32).hex())
        key = SigningKey(bytes.fromhex(key_file.read_text().strip()))
    except (OSError, ValueError) as error:
        refuse(f"The key file {key_file} cannot be used: {error}.")
    if statement is None:
        typer.echo(key.public)
        return
    try:
        document = read_export(statement)
    except Unreadable as error:
        refuse(f"{statement}: {error}")
    typer.echo(orjson.dumps({"statement": document, "signature": key.sign_statement(document)}).decode())


def _signing_key(settings: Settings) -> SigningKey:
    try:
        return SigningKey.derived(settings.signing_secret())
    except (OSError, ValueError) as error:
        refuse(str(error))


@records.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE")],
    noted: Annotated[
        bool, typer.Option("--noted", help="Only note that FILE is a backup made by other means, such as pg_dump.")
    ] = False,
) -> None:
    """Copy the database to FILE while the service runs, and check the copy. An earlier FILE is replaced.

    That it was made is noted in the data directory, where `arena preflight` looks.
    """
    settings = read_settings()
    if noted:
        if not target.is_file() or not target.stat().st_size:
            refuse(f"There is no backup at {target}; make it first.")
        _note_backup(settings, target, int(target.stat().st_mtime * 1000))
        return
    _require_file(settings)
    try:
        copy = back_up(database_file(settings.url), target)
    except (BackupError, RuntimeError) as error:
        refuse(str(error))
    typer.echo(f"{target}: {copy.bytes:,} bytes, {copy.sessions:,} sessions, {copy.ballots:,} ballots; checked.")
    _note_backup(settings, target, SystemClock().now_ms())
    typer.echo(f"Not in it: {settings.data_dir / 'secret'}, without which phones come back as new voters.")


def _note_backup(settings: Settings, target: Path, at_ms: int) -> None:
    try:
        note_backup(settings.data_dir, target, at_ms)
    except BackupError as error:
        refuse(str(error))


@records.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Put the present database aside.")] = False,
) -> None:
    """Put a backup in the database's place, while no service runs."""
    settings = read_settings()
    _require_file(settings)
    target = database_file(settings.url)
    try:
        copy = restore_database(source, target, force=force)
    except (BackupError, RuntimeError) as error:
        refuse(str(error))
    typer.echo(f"{target}: {copy.sessions:,} sessions, {copy.ballots:,} ballots; checked.")
    if copy.replaced is not None:
        typer.echo(f"What stood there before is kept at {copy.replaced}.")


@records.command()
def copy(
    source: Annotated[str, typer.Option("--from", help="The database to read, as ARENA_DATABASE_URL names it.")],
    target: Annotated[str, typer.Option("--to", help="An empty database to fill.")],
) -> None:
    """Carry everything over to another database, while no service has either, and count it all again there."""
    settings = read_settings()
    databases: list[Database] = []
    try:
        for url in (source, target):
            databases.append(open_database(settings.model_copy(update={"database_url": url})))
            databases[-1].serve_alone()
        moved = move(*databases)
        key = _signing_key(settings)
        with databases[1].reader.connect() as connection:
            for document in results.every_export(connection, key):
                found = verify_ledger(document)
                if not found.holds:
                    refuse("\n".join(told("The copy does not hold", found)))
                typer.echo(f"{document['session']} round {document['round']} run {document['run']}: holds.")
    except (MoveError, RuntimeError, ArenaError) as error:
        refuse(str(error))
    finally:
        for each in databases:
            each.close()
    typer.echo(
        f"Copied {moved.sessions:,} sessions, {moved.ballots:,} ballots, {moved.rows:,} rows; {moved.runs:,} runs "
        "counted again from their ballots and likes: the same."
    )
    typer.echo(f"The secret is not in it: set ARENA_SECRET to what {settings.data_dir / 'secret'} holds.")


def _require_file(settings: Settings) -> None:
    if not settings.url.startswith("sqlite:///"):
        refuse("A PostgreSQL is backed up by its own pg_dump and pg_basebackup; `arena copy` carries it to a file.")


def _require_there(settings: Settings) -> None:
    if settings.url.startswith("sqlite:///") and not database_file(settings.url).is_file():
        refuse(f"There is no database at {settings.shown_url}; set ARENA_DATA_DIR.")


def open_database(settings: Settings) -> Database:
    """Open the database and bring its tables to the newest version, or refuse with a sentence."""
    try:
        database = Database(settings.url)
        database.migrate()
    except (ValueError, RuntimeError) as error:
        refuse(str(error))
    except CommandError as error:
        refuse(f"The database {settings.shown_url} was made by another release of the arena ({error}); use that one.")
    except (OSError, SQLAlchemyError) as error:
        reason = getattr(error, "orig", None) or getattr(error, "strerror", None) or error
        refuse(f"Cannot use the database {settings.shown_url} ({reason}); look at the disk, or set ARENA_DATA_DIR.")
    return database


def read_settings(**given: object) -> Settings:
    try:
        settings = Settings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
        settings.refuse_impossible()
    except ValidationError as error:
        wrong = [f"ARENA_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors()]
        refuse("; ".join(wrong) + ".")
    except SettingsError:
        refuse('A list is written as JSON: ARENA_ALLOWED_ORIGINS=["https://example.com"].')
    except ValueError as error:
        refuse(str(error))
    return settings


def refuse(sentence: str) -> NoReturn:
    typer.echo(f"arena: {sentence}", err=True)
    raise typer.Exit(1)


@records.command()
def purge(
    code: Annotated[str | None, typer.Option(help="Only this session.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Before its date; needs --code.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is due.")] = False,
) -> None:
    """Destroy the voter keys of sessions past their date, and the names in visits past theirs.

    A running service does so by itself.
    """
    if now and code is None:
        raise typer.BadParameter("--now needs --code.")
    settings = read_settings()
    _require_there(settings)
    database = open_database(settings)
    try:
        for line in purge_database(settings, database, code=code.upper() if code else None, now=now, dry_run=dry_run):
            typer.echo(line)
    except ArenaError as error:
        refuse(error.detail)
    except ScrubError as error:
        refuse(str(error))
    finally:
        database.close()


def _day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
