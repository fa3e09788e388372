"""Hot statements: compiled once from the tables, then handed to the driver as text and tuples.

SQLAlchemy's execution costs more than what these few statements do, and each vote passes by them. Everything else
goes by SQLAlchemy. What a driver raises is raised as SQLAlchemy would, parameters left out: ballots stay out of logs.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError


class Statement:
    """One hot statement. `build` is given the dialect's name; `names` are the parameters in the order of the tuples."""

    def __init__(self, build: Callable[[str], Any], *names: str, inserts: bool = False) -> None:
        self._build = build
        self._names = names
        self._inserts = inserts
        self._texts: dict[str, str] = {}

    def rows(self, connection: Connection, *values: Any) -> list[Any]:
        """Run it once and return its rows."""
        found: list[Any] = self._run(connection, values, _fetch)
        return found

    def run(self, connection: Connection, *values: Any) -> None:
        """Run it once, for what it changes."""
        self._run(connection, values, _execute)

    def each(self, connection: Connection, rows: Sequence[Iterable[Any]]) -> None:
        """Run it for each of the rows."""
        self._run(connection, rows, _execute_many)

    def text(self, dialect: Dialect) -> str:
        """Return it as the driver is given it."""
        found = self._texts.get(dialect.name)
        if found is None:
            # Of this dialect, but with parameters by their place on every driver.
            kind: Any = type(dialect)
            by_place = kind(paramstyle="qmark" if dialect.name == "sqlite" else "format")
            keys = list(self._names) if self._inserts else None
            compiled = self._build(dialect.name).compile(dialect=by_place, column_keys=keys)
            assert tuple(compiled.positiontup) == self._names, compiled.positiontup
            found = self._texts[dialect.name] = str(compiled)
        return found

    def _run(self, connection: Connection, values: Any, do: Callable[[Any, str, Any], Any]) -> Any:
        text = self.text(connection.dialect)
        cursor = connection.connection.cursor()
        try:
            return do(cursor, text, values)
        except Exception as error:
            base = connection.dialect.loaded_dbapi.Error
            if not isinstance(error, base):
                raise
            gone = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
            if gone:
                connection.invalidate(error)
            raise DBAPIError.instance(
                text, None, error, base, hide_parameters=True, connection_invalidated=gone, dialect=connection.dialect
            ) from error
        finally:
            cursor.close()


def _fetch(cursor: Any, text: str, values: Any) -> Any:
    cursor.execute(text, values)
    return cursor.fetchall()


def _execute(cursor: Any, text: str, values: Any) -> None:
    cursor.execute(text, values)


def _execute_many(cursor: Any, text: str, rows: Any) -> None:
    cursor.executemany(text, rows)
