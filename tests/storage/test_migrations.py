"""The migrations: up from nothing, the same as the models, down and up again, every constraint named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlmodel import SQLModel

import app.models
from alembic import command
from app.storage.engine import Database
from tests.servers import Servers

assert app.models

MIGRATIONS = Path(__file__).parents[2] / "alembic"


@pytest.fixture
def database(tmp_path: Path, servers: Servers) -> Iterator[Database]:
    with servers.database("template0") as (url, _):
        opened = Database(url or f"sqlite:///{tmp_path / 'arena.db'}")
        yield opened
        opened.close()


def alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def tables(database: Database) -> set[str]:
    with database.reader.connect() as connection:
        return set(inspect(connection).get_table_names()) - {"alembic_version"}


def schema(database: Database) -> dict[str, str]:
    statement = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    if database.shared:
        statement = (
            "SELECT table_name || '.' || column_name AS name, concat_ws(' ', data_type, character_maximum_length, "
            "is_nullable, column_default) AS sql FROM information_schema.columns WHERE table_schema = 'public' "
            "UNION ALL SELECT tgrelid::regclass || ' ' || tgname, pg_get_triggerdef(oid) FROM pg_trigger "
            "WHERE NOT tgisinternal UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE connamespace = 'public'::regnamespace UNION ALL SELECT indexname, indexdef FROM pg_indexes "
            "WHERE schemaname = 'public'"
        )
    with database.reader.connect() as connection:
        return {row.name: row.sql for row in connection.execute(text(statement))}


def test_upgrade_from_nothing_makes_every_table(database: Database) -> None:
    database.migrate()
    assert tables(database) == set(SQLModel.metadata.tables)


def test_upgrade_of_the_newest_changes_nothing(database: Database) -> None:
    database.migrate()
    before = schema(database)
    database.next_epoch(1_795_176_000_000)
    database.migrate()
    assert schema(database) == before
    assert database.next_epoch(1_795_176_000_000) == 1_795_176_001


def test_models_and_migrations_say_the_same(database: Database) -> None:
    database.migrate()
    with database.writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences: list[Any] = compare_metadata(context, SQLModel.metadata)
        command.check(alembic(connection))
    assert differences == []


def test_downgrade_to_nothing_and_up_again_gives_the_same_tables(database: Database) -> None:
    database.migrate()
    before = schema(database)
    with database.writer.connect() as connection:
        command.downgrade(alembic(connection), "base")
    assert tables(database) == set()
    database.migrate()
    assert schema(database) == before


def test_there_is_one_line_of_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


def test_every_constraint_and_index_has_a_name_that_says_what_it_is(database: Database) -> None:
    database.migrate()
    with database.reader.connect() as connection:
        inspector = inspect(connection)
        for table in sorted(SQLModel.metadata.tables):
            assert inspector.get_pk_constraint(table)["name"] == f"pk_{table}"
            for unique in inspector.get_unique_constraints(table):
                assert unique["name"] == f"uq_{table}_{'_'.join(unique['column_names'])}"
            for key in inspector.get_foreign_keys(table):
                columns = "_".join(key["constrained_columns"])
                assert key["name"] == f"fk_{table}_{columns}_{key['referred_table']}"
            # PostgreSQL also lists the indexes that its unique constraints make.
            for index in (each for each in inspector.get_indexes(table) if "duplicates_constraint" not in each):
                assert index["name"] == f"ix_{table}_{'_'.join(filter(None, index['column_names']))}"
            for check in inspector.get_check_constraints(table):
                assert str(check["name"]).startswith(f"ck_{table}_")


def test_one_ballot_a_voter_slot_and_revision_is_the_databases_own_promise(database: Database) -> None:
    database.migrate()
    with database.reader.connect() as connection:
        uniques = {tuple(each["column_names"]) for each in inspect(connection).get_unique_constraints("ballot")}
    assert {("run_id", "voter", "slot", "revision"), ("receipt",)} <= uniques
