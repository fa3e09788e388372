"""`arena preflight` as an operator types it, beside a running service."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from app import cli
from app.settings import Settings
from tests.conftest import Running
from tests.servers import of_sqlite

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(arena: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Typed:
    for name in [name for name in os.environ if name.startswith("ARENA_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, **variables: str) -> tuple[int, str, str]:
        environment = {
            "ARENA_DATA_DIR": str(settings.data_dir),
            "ARENA_DATABASE_URL": settings.database_url,
            "ARENA_PORT": arena.base_url.rsplit(":", 1)[1],
            **variables,
        }
        result = CliRunner().invoke(cli.app, ["preflight", *arguments], env=environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


def test_it_prints_what_the_service_says_and_ends_with_1_on_red(arena: Running, typed: Typed) -> None:
    code = arena.crew().make()
    ended, out, err = typed(code.lower())
    assert (ended, err) == (1, "")
    lines = out.splitlines()
    assert len(lines) == 18
    assert any(line.startswith("✗ red    backup ") and "arena backup" in line for line in lines)
    assert any(line.startswith("✓ green  contestants ") for line in lines)
    assert lines[-1].startswith(f"{code}: red, checked in ")
    assert "没有备份记录" in typed(code, "--lang", "zh")[1]


def test_json_is_the_services_own_answer(arena: Running, typed: Typed) -> None:
    crew = arena.crew()
    code = crew.make()
    ended, out, _ = typed(code, "--json", "--token", arena.tokens["overlay"])
    found: dict[str, Any] = json.loads(out)
    asked = crew.client.get(f"/api/v1/sessions/{code}/preflight").json()
    assert ended == 1
    assert found["level"] == "red"
    assert [each["check"] for each in found["findings"]] == [each["check"] for each in asked["findings"]]
    clock = next(each for each in found["findings"] if each["check"] == "console_clock")
    assert clock["level"] == "green"


def test_the_token_that_it_makes_is_revoked_and_counts_for_nobody(arena: Running, typed: Typed) -> None:
    crew = arena.crew()
    code = crew.make()
    for row in crew.client.get("/api/v1/tokens").json()["tokens"]:
        if row["role"] in ("overlay", "admin") and row["name"] != "test admin":
            crew.client.delete(f"/api/v1/tokens/{row['id']}")
    out = typed(code)[1]
    assert next(line for line in out.splitlines() if "token_overlay" in line).startswith("! amber")
    own = [each for each in crew.client.get("/api/v1/tokens").json()["tokens"] if each["name"] == "preflight"]
    assert len(own) == 1
    assert own[0]["revoked_at_ms"] is not None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("NOSUCH",), "No session has the code NOSUCH"),
        (("NOSUCH", "--token", "arena_x"), "not known"),
        ((), "Missing argument"),
        (("NOSUCH", "--lang", "fr"), "zh or en"),
        (("NOSUCH", "--url", "http://127.0.0.1:9"), "Give --token"),
    ],
)
def test_what_is_not_asked_rightly_ends_with_2(typed: Typed, arguments: tuple[str, ...], says: str) -> None:
    ended, out, err = typed(*arguments)
    assert (ended, out, says in err) == (2, "", True), err


def test_where_no_service_answers_it_ends_with_1_and_says_where_it_looked(typed: Typed) -> None:
    ended, out, err = typed("NOSUCH", "--url", "http://127.0.0.1:9", "--token", "arena_x")
    assert (ended, out) == (1, "")
    assert "No arena answers at http://127.0.0.1:9 (ConnectError)" in err


@of_sqlite
def test_arena_backup_is_seen_by_the_service(arena: Running, typed: Typed, settings: Settings) -> None:
    code = arena.crew().make()
    assert next(line for line in typed(code)[1].splitlines() if " backup " in line).startswith("✗ red")
    environment = {"ARENA_DATA_DIR": str(settings.data_dir)}
    target = settings.data_dir / "copy.db"
    assert CliRunner().invoke(cli.app, ["backup", str(target)], env=environment).exit_code == 0
    assert next(line for line in typed(code)[1].splitlines() if " backup " in line).startswith("✓ green")


def test_a_backup_by_other_means_is_noted_with_its_own_time(arena: Running, typed: Typed, settings: Settings) -> None:
    code = arena.crew().make()
    dump = settings.data_dir / "arena.dump"
    environment = {"ARENA_DATA_DIR": str(settings.data_dir)}

    def noted() -> int:
        return CliRunner().invoke(cli.app, ["backup", "--noted", str(dump)], env=environment).exit_code

    assert noted() == 1  # there is none
    dump.write_text("")
    assert noted() == 1  # it is empty
    dump.write_text("x")
    assert noted() == 0
    assert next(line for line in typed(code)[1].splitlines() if " backup " in line).startswith("✓ green")
    os.utime(dump, (1_700_000_000, 1_700_000_000))
    assert noted() == 0
    assert next(line for line in typed(code)[1].splitlines() if " backup " in line).startswith("✗ red")
