"""Runs the migrations on the connection that the service hands over, or on ARENA_DATABASE_URL for `alembic` by hand."""

from sqlalchemy import Connection
from sqlmodel import SQLModel

import app.models
from alembic import context
from app.settings import Settings
from app.storage.engine import Database

assert app.models


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    database = Database(Settings().url)
    with database.writer.connect() as own:
        run(own)
    database.close()
