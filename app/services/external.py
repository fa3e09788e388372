"""Tallies that others counted, such as SMS: signed by who counted, kept apart, in no count of ours."""

from pydantic import ValidationError
from sqlalchemy import Row

from app.domain.errors import Conflict, InvalidStatement
from app.domain.roles import Verb
from app.domain.session import Session, may_see_tally
from app.domain.signature import statement_holds
from app.schemas.correction import (
    ExternalTallies,
    ExternalTallyDocument,
    ExternalWanted,
    SourceDocument,
    SourceWanted,
    Statement,
)
from app.services.arena import Arena, required_session
from app.services.identity import Bearer, Crew, audit, may_read
from app.storage import corrections as stored
from app.storage.writer import Transaction

SOURCES_MAX = 32
TALLIES_MAX = 2_000


async def put_source(arena: Arena, actor: Crew, code: str, key: str, wanted: SourceWanted) -> SourceDocument:
    """Name who may hand in tallies for a session, and the key that proves it. For the scrutineer, not the producer."""
    actor.require(Verb.CERTIFY, code)
    await arena.live(code)
    await arena.write(_put_source, actor, code, key, wanted)
    return SourceDocument(key=key, name=wanted.name, public_key=wanted.public_key)


async def take(arena: Arena, actor: Crew, code: str, wanted: ExternalWanted) -> ExternalTallies:
    """Import a signed statement; the same again changes nothing.

    Raises:
        InvalidStatement: its form, its source, its choices or its signature.
    """
    actor.require(Verb.CORRECT, code)
    await arena.live(code)
    try:
        statement = Statement.model_validate(wanted.statement)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidStatement(f"The statement's {where} is not as it should be: {first['msg']}.") from None
    await arena.write(_take, actor, code, wanted, statement)
    return await external(arena, actor, code)


async def external(arena: Arena, bearer: Bearer, code: str) -> ExternalTallies:
    """Return what was imported: to the public of rounds whose own tally it may see, to the crew all but what is
    sealed.
    """
    session = await arena.session(code)
    sources, rows = await arena.read(
        lambda connection: (
            stored.sources_of(connection, session.id),
            stored.external_tallies_of(connection, session.id),
        )
    )
    names = {each.key: each.name for each in sources}
    staff = may_read(bearer, code)
    return ExternalTallies(
        sources=[SourceDocument(key=each.key, name=each.name, public_key=each.public_key) for each in sources],
        tallies=[
            _document(row, names.get(row.source, row.source)) for row in rows if _visible(session, row.round, staff)
        ],
    )


def _visible(session: Session, number: int, staff: bool) -> bool:
    round_ = session.round(number)
    if round_ is None:
        return staff
    view = "staff" if staff else "public"
    return may_see_tally(view, round_.visibility, round_.run.phase, False, round_.seal_unbroken)  # type: ignore[arg-type]


def _put_source(transaction: Transaction, actor: Crew, code: str, key: str, wanted: SourceWanted) -> None:
    session = required_session(transaction.connection, code)
    sources = {each.key: each for each in stored.sources_of(transaction.connection, session.id)}
    if key not in sources and len(sources) >= SOURCES_MAX:
        raise Conflict(f"A session has at most {SOURCES_MAX} sources.")
    before = sources.get(key)
    if before is not None and (before.name, before.public_key) == (wanted.name, wanted.public_key):
        return
    stored.put_source(transaction.connection, session.id, key, wanted.name, wanted.public_key)
    audit(
        transaction,
        actor,
        "source_named",
        session_id=session.id,
        before=None if before is None else {"name": before.name, "public_key": before.public_key},
        after={"key": key, **wanted.model_dump()},
    )


def _take(transaction: Transaction, actor: Crew, code: str, wanted: ExternalWanted, statement: Statement) -> None:
    session = required_session(transaction.connection, code)
    round_ = session.round(statement.round)
    if statement.session != code or round_ is None:
        raise InvalidStatement("The statement is of another session, or of a round that this one does not have.")
    if unknown := sorted(statement.figures.keys() - set(round_.keys)):
        raise InvalidStatement(f"Round {round_.number} has no choice “{unknown[0]}”; it has {', '.join(round_.keys)}.")
    sources = {each.key: each for each in stored.sources_of(transaction.connection, session.id)}
    source = sources.get(statement.source)
    if source is None:
        raise InvalidStatement(f"The source “{statement.source}” is not named in this session; name it first.")
    if not statement_holds(source.public_key, wanted.statement, wanted.signature):
        raise InvalidStatement(f"The signature is not that of {source.name}'s key; ask for the file again.")
    tallies = stored.external_tallies_of(transaction.connection, session.id)
    if any(each.signature == wanted.signature for each in tallies):
        return
    if len(tallies) >= TALLIES_MAX:
        raise Conflict(f"A session takes at most {TALLIES_MAX} external tallies.")
    stored.add_external_tally(
        transaction.connection,
        session_id=session.id,
        source=source.key,
        round=statement.round,
        taken_at_ms=statement.taken_at_ms,
        imported_at_ms=transaction.now_ms,
        imported_by=actor.name or str(actor.role),
        statement=wanted.statement,
        public_key=source.public_key,
        signature=wanted.signature,
    )
    after = {"source": source.key, "figures": statement.figures, "signature": wanted.signature}
    audit(transaction, actor, "external_tally", session_id=session.id, round=statement.round, after=after)


def _document(row: Row[tuple[object, ...]], name: str) -> ExternalTallyDocument:
    statement = Statement.model_validate(row.statement)
    return ExternalTallyDocument(
        id=row.id,
        source=row.source,
        name=name,
        round=row.round,
        unit=statement.unit,
        taken_at_ms=row.taken_at_ms,
        imported_at_ms=row.imported_at_ms,
        imported_by=row.imported_by,
        figures=statement.figures,
        evidence=statement.evidence,
        statement=row.statement,
        public_key=row.public_key,
        signature=row.signature,
    )
