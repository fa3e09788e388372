"""`arena …` as an operator types it: processes, their exit codes, and what stands on which stream."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from typer.testing import CliRunner

from app import cli
from app.cli import listen
from app.settings import Settings
from app.storage.engine import Database
from tests.conftest import Process
from tests.players import problem

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `arena …` to its end in this process, in the test's own data directory. Nothing is served."""
    for name in [name for name in os.environ if name.startswith("ARENA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(cli, "configure_logs", lambda: None)

    def serves(_server: uvicorn.Server, **_options: Any) -> None:
        raise AssertionError("it serves")

    monkeypatch.setattr(uvicorn.Server, "run", serves)

    def arena(*arguments: str, **variables: str) -> Done:
        environment = {"ARENA_DATA_DIR": str(settings.data_dir), **variables}
        result = CliRunner().invoke(cli.app, arguments, env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    return arena


def run_process(settings: Settings, *arguments: str, **variables: str) -> Done:
    """Run `arena …` as the shell does."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ARENA_")}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env={**environment, "ARENA_DATA_DIR": str(settings.data_dir), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def me(process: Process, token: str) -> httpx2.Response:
    return httpx2.get(
        f"{process.base_url}/api/v1/me",
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
        trust_env=False,
        verify=False,
    )


def refused(done: Done, *words: str) -> None:
    """Assert exit code 1 and one sentence on standard error, with no traceback and no frame around it."""
    assert done.code == 1, done
    assert done.out == ""
    lines = done.err.splitlines()
    assert len(lines) == 1, done.err
    assert lines[0].startswith("arena: ")
    assert lines[0].endswith("."), lines[0]
    for word in words:
        assert word in lines[0]


def test_token_stands_alone_on_standard_output_and_works_beside_a_running_service(run: Run, process: Process) -> None:
    process.start()
    done = run_process(process.settings, "token", "create", "--role", "director", "--name", "导播间")
    assert done.code == 0, done.err
    assert done.err == ""
    assert re.fullmatch(r"arena_director_[\w-]{32}\n", done.out)
    token = done.out.strip()
    answer = me(process, token)
    assert answer.status_code == 200
    assert (answer.json()["role"], answer.json()["name"]) == ("director", "导播间")
    assert me(process, token + "x").status_code == 401

    admin = run("token", "create", "--role", "admin", "--hours", "2").out.strip()
    headers = {"Authorization": f"Bearer {admin}"}
    with httpx2.Client(base_url=process.base_url, headers=headers, trust_env=False, verify=False) as client:
        contestants = [{"name": "王伟"}, {"name": "杨玭"}]
        code = client.post("/api/v1/sessions", json={"code": "cli1", "contestants": contestants}).json()["code"]
        bound = run("token", "create", "--role", "producer", "--session", code.lower()).out.strip()
        listed = client.get("/api/v1/tokens").json()["tokens"]
        assert [(each["role"], each["session"]) for each in listed] == [
            ("producer", "CLI1"),
            ("admin", None),
            ("director", None),
        ]
    assert me(process, bound).json()["session"] == "CLI1"
    with httpx2.Client(base_url=process.base_url, trust_env=False, verify=False) as client:
        client.headers["Authorization"] = f"Bearer {bound}"
        problem(client.post("/api/v1/sessions", json={"contestants": contestants}), 403, "wrong_session")


def test_link_signs_in_at_the_console(run: Run) -> None:
    done = run("token", "create", "--role", "producer", "--link", ARENA_PORT="8123")
    assert done.code == 0
    assert re.fullmatch(r"http://localhost:8123/console#token=arena_producer_[\w-]{32}\n", done.out), done.out
    public = run("token", "create", "--role", "admin", "--link", ARENA_PUBLIC_URL="https://vote.example.com/")
    assert public.out.startswith("https://vote.example.com/console#token=arena_admin_")


def test_only_a_hash_of_a_token_is_kept(run: Run, settings: Settings) -> None:
    token = run("token", "create", "--role", "admin").out.strip()
    for path in settings.data_dir.iterdir():
        content = path.read_bytes()
        assert token.encode() not in content
        assert token.removeprefix("arena_admin_").encode() not in content


def test_token_for_a_session_that_is_not_there_is_refused(run: Run) -> None:
    refused(run("token", "create", "--role", "producer", "--session", "NOBODY"), "NOBODY")


def test_unknown_role_is_refused_with_the_roles_there_are(run: Run) -> None:
    done = run("token", "create", "--role", "king")
    assert done.code == 2
    assert done.out == ""
    assert "scrutineer" in done.err


def test_migrate_makes_the_tables_and_may_be_repeated(run: Run, settings: Settings) -> None:
    for _ in range(2):
        done = run("migrate")
        assert (done.code, done.err) == (0, "")
    database = Database(settings.url)
    with database.reader.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM ballot").scalar() == 0
    database.close()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ARENA_WORKERS": "2"}, ["ARENA_WORKERS=1"]),
        ({"ARENA_DATABASE_URL": "mysql://root@localhost/arena"}, ["ARENA_DATABASE_URL", "sqlite:///"]),
        ({"ARENA_SECRET": "hush"}, ["ARENA_SECRET", "32"]),
        ({"ARENA_PORT": "http"}, ["ARENA_PORT"]),
        ({"ARENA_PORT": "70000"}, ["ARENA_PORT"]),
        ({"ARENA_WORKERS": "0"}, ["ARENA_WORKERS"]),
        ({"ARENA_TICK_MS": "1", "ARENA_SOCKETS_MAX": "0"}, ["ARENA_TICK_MS", "ARENA_SOCKETS_MAX"]),
        ({"ARENA_ALLOWED_ORIGINS": "https://example.com"}, ["ARENA_ALLOWED_ORIGINS"]),
        ({"ARENA_HOST": "203.0.113.7"}, ["203.0.113.7", "ARENA_PORT"]),
        ({"ARENA_HOST": "no.such.host.invalid"}, ["no.such.host.invalid"]),
        ({"ARENA_DATA_DIR": "/dev/null/arena"}, ["/dev/null/arena"]),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_service_that_cannot_run_says_in_one_sentence_why(
    run: Run, variables: dict[str, str], words: list[str]
) -> None:
    # Any free port: on the usual one an arena may run.
    refused(run("serve", **{"ARENA_PORT": "0", **variables}), *words)


def test_short_secret_is_not_repeated(run: Run) -> None:
    assert "hush-hush" not in run("serve", ARENA_SECRET="hush-hush").err


@pytest.mark.parametrize("command", [("token", "create", "--role", "admin"), ("migrate",)], ids=["token", "migrate"])
@pytest.mark.parametrize(
    "variables",
    [
        {"ARENA_DATABASE_URL": "mysql://root@localhost/arena"},
        {"ARENA_DATA_DIR": "/dev/null/arena"},
        {"ARENA_DATABASE_URL": "sqlite:////dev/null"},
    ],
    ids=["mysql", "directory", "no database"],
)
def test_other_commands_say_so_too(run: Run, command: tuple[str, ...], variables: dict[str, str]) -> None:
    refused(run(*command, **variables))


def test_port_in_use_is_named(run: Run) -> None:
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        refused(run("serve", ARENA_PORT=str(port)), str(port), "--port")


@pytest.mark.slow
def test_refusal_is_the_same_in_a_process_of_its_own(settings: Settings) -> None:
    refused(run_process(settings, "serve", ARENA_WORKERS="2"), "ARENA_WORKERS=1")


def test_database_of_a_newer_release_is_refused(run: Run, settings: Settings) -> None:
    run("migrate")
    database = Database(settings.url)
    with database.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '20990101_later'")
    database.close()
    refused(run("serve", ARENA_PORT="0"), "20990101_later", "another release")


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_service_told_to_stop_ends_well_and_soon(process: Process, how: signal.Signals) -> None:
    process.start()
    secret = process.settings.data_dir / "secret"
    made = secret.read_text()
    assert len(made) >= 32
    assert secret.stat().st_mode & 0o077 == 0
    child = process.child
    assert child is not None
    child.send_signal(how)
    began = time.monotonic()
    assert child.wait(30) == 0
    assert time.monotonic() - began < 10
    assert process.settings.signing_secret() == made  # the next service takes the same


def test_help_names_every_command(run: Run) -> None:
    done = run("--help")
    assert done.code == 0
    for name in ("serve", "demo", "simulate", "token", "migrate"):
        assert name in done.out


def test_the_limit_of_open_files_is_raised_as_far_as_it_may_be() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1_024, hard), hard))
    try:
        cli.raise_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
