"""The database that the tests run on: SQLite, or a real PostgreSQL with or without a real Redis."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import redis

from app.storage.engine import Database
from deploy.servers import Postgres, Redis

POSTGRESQL = os.environ.get("ARENA_TEST_DATABASE") == "postgresql"
WITH_REDIS = os.environ.get("ARENA_TEST_REDIS") == "1"

of_sqlite = pytest.mark.skipif(POSTGRESQL, reason="is about the files of SQLite")
of_one_process = pytest.mark.skipif(WITH_REDIS, reason="is about what one process does alone")


@dataclass
class Servers:
    postgres: Postgres | None = None
    redis: Redis | None = None

    @classmethod
    @contextlib.contextmanager
    def as_asked(cls) -> Iterator["Servers"]:
        asked = cls(Postgres(durable=False) if POSTGRESQL else None, Redis() if WITH_REDIS else None)
        with contextlib.ExitStack() as started:
            if asked.postgres is not None:
                started.callback(asked.postgres.stop)
                asked.postgres.start()
                template = Database(asked.postgres.url())
                template.migrate()
                template.close()
            if asked.redis is not None:
                started.callback(asked.redis.stop)
                asked.redis.start()
            yield asked

    @contextlib.contextmanager
    def database(self, template: str = "arena") -> Iterator[tuple[str, str]]:
        """Give a migrated database without a row to one test, or with `template0` one without a table: the addresses
        of it and of Redis; empty ones for SQLite.
        """
        if self.postgres is None:
            yield "", ""
            return
        name = f"t_{secrets.token_hex(6)}"
        self.postgres.sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        if self.redis is not None:
            with redis.Redis.from_url(self.redis.url) as asked:
                asked.flushall()
        yield self.postgres.url(name), self.redis.url if self.redis else ""
        self.postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")
