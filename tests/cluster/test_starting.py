"""What cannot go well together is refused at the start, each in one sentence that says what to set."""

import os
from collections.abc import Callable

import pytest
import uvicorn
from typer.testing import CliRunner

from app import cli
from tests.cluster.conftest import Cluster
from tests.test_cli import Done, refused

PASSWORD = "geheim-wort-17"
SECRET = "s" * 32
Arena = Callable[..., Done]


@pytest.fixture
def arena(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Arena:
    """Run `arena …` to its end in this process, beside what the cluster runs. Nothing is served."""
    for name in [name for name in os.environ if name.startswith("ARENA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(cli, "configure_logs", lambda: None)

    def serves(_server: uvicorn.Server, **_options: object) -> None:
        raise AssertionError("it serves")

    monkeypatch.setattr(uvicorn.Server, "run", serves)

    def run(*arguments: str, **variables: str) -> Done:
        environment = {"ARENA_DATA_DIR": str(cluster.settings.data_dir), "ARENA_PORT": "0", **variables}
        result = CliRunner().invoke(cli.app, arguments, env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        # What the services of this process log meanwhile is not the command's.
        own = [line for line in result.stdout.splitlines(keepends=True) if not line.startswith("[")]
        return Done(result.exit_code, "".join(own), result.stderr)

    return run


def with_password(url: str) -> str:
    return url.replace("postgres@", f"postgres:{PASSWORD}@")


def test_settings_that_do_not_fit_together_are_refused(cluster: Cluster, arena: Arena) -> None:
    postgresql = {"ARENA_DATABASE_URL": with_password(cluster.settings.database_url)}
    several = "ARENA_DATABASE_URL=postgresql+psycopg://", "ARENA_REDIS_URL=redis://", "ARENA_WORKERS=1"
    refused(arena("serve", "--workers", "2"), *several)
    refused(arena("serve", ARENA_WORKERS="2"), *several)
    refused(arena("serve", "--workers", "2", **postgresql), *several)
    refused(arena("serve", "--workers", "2", ARENA_REDIS_URL=cluster.redis.url), *several)
    refused(arena("serve", ARENA_REDIS_URL=cluster.redis.url), "ARENA_REDIS_URL", "ARENA_DATABASE_URL")
    refused(arena("serve", ARENA_DATABASE_URL="mysql://arena@127.0.0.1/arena"), "mysql", "postgresql+psycopg://")
    assert not (cluster.settings.data_dir / "arena.db").exists()


def test_second_process_on_one_sqlite_file_is_refused(cluster: Cluster, arena: Arena) -> None:
    service = cluster.start(database_url="", redis_url="")
    refused(arena("serve"), "arena.db", "ARENA_DATABASE_URL", "ARENA_REDIS_URL")
    service.stop()
    with pytest.raises(AssertionError, match="it serves"):
        arena("serve")


def test_processes_on_one_postgresql_are_refused_unless_all_have_redis(cluster: Cluster, arena: Arena) -> None:
    own = {"ARENA_DATABASE_URL": with_password(cluster.settings.database_url)}
    shared = {**own, "ARENA_REDIS_URL": cluster.redis.url}
    alone = cluster.start(redis_url="")
    for done in (arena("serve", **own), arena("serve", **shared)):
        refused(done, "Redis" if done.err.count("without Redis") else "ARENA_REDIS_URL")
        assert PASSWORD not in done.err
    alone.stop()
    together = cluster.start()
    refused(arena("serve", **own), "ARENA_REDIS_URL")
    with pytest.raises(AssertionError, match="it serves"):
        arena("serve", **shared)
    together.stop()
    with pytest.raises(AssertionError, match="it serves"):
        arena("serve", **own)


def test_process_that_signs_with_another_secret_than_the_others_is_refused(cluster: Cluster, arena: Arena) -> None:
    service = cluster.start()
    shared = {"ARENA_DATABASE_URL": cluster.settings.database_url, "ARENA_REDIS_URL": cluster.redis.url}
    done = arena("serve", ARENA_SECRET=SECRET, **shared)
    refused(done, "ARENA_SECRET")
    assert SECRET not in done.err
    own = (cluster.settings.data_dir / "secret").read_text()
    with pytest.raises(AssertionError, match="it serves"):
        arena("serve", ARENA_SECRET=own, ARENA_DATA_DIR=str(cluster.settings.data_dir / "other"), **shared)
    assert service.client().get("/readyz").status_code == 200


def test_password_of_a_database_that_does_not_answer_is_not_told(cluster: Cluster, arena: Arena) -> None:
    away = f"postgresql+psycopg://arena:{PASSWORD}@127.0.0.1:1/arena"
    none = with_password(cluster.settings.database_url).rsplit("/", 1)[0] + "/no_such_database"
    for url, word in ((away, "127.0.0.1:1"), (none, "no_such_database")):
        for done in (
            arena("serve", ARENA_DATABASE_URL=url),
            arena("token", "create", "--role", "admin", ARENA_DATABASE_URL=url),
            arena("copy", "--from", cluster.settings.database_url, "--to", url),
        ):
            assert (done.code, done.out) == (1, "")
            assert done.err.startswith("arena: ")
            assert word in done.err
            assert PASSWORD not in done.err
            assert "Traceback" not in done.err
