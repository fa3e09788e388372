"""`arena export`: the same document as over HTTP, from the file, beside a running service."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app import cli
from app.settings import Settings
from tests.conftest import Running

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in [name for name in os.environ if name.startswith("ARENA_")]:
        monkeypatch.delenv(name)

    def arena(*arguments: str) -> Result:
        result = CliRunner().invoke(cli.app, arguments, env={"ARENA_DATA_DIR": str(settings.data_dir)})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return arena


def test_export_is_the_ledger_of_the_interface_and_holds(arena: Running, run: Run, tmp_path: Path) -> None:
    crew = arena.crew()
    code = crew.make()
    for number, choice in ((1, "red"), (2, "blue")):
        crew.do(code, "open", number=number)
        assert arena.phone(code).vote(choice, number=number).status_code == 200
        crew.do(code, "lock", number=number)
        out = tmp_path / f"{number}.json"
        locked = run("export", "--code", code.lower(), "--out", str(out))
        assert (locked.exit_code, locked.stdout) == (0, "")
        assert "not revealed" in locked.stderr
        served = crew.client.get(f"/api/v1/sessions/{code}/rounds/{number}/ledger").json()
        assert json.loads(out.read_text()) == served
        assert run("verify", str(out), "--digest", served["result"]["digest"]).exit_code == 0
        crew.do(code, "reveal", number=number)
    first = run("export", "--code", code, "--round", "1")
    assert json.loads(first.stdout) == json.loads((tmp_path / "1.json").read_text())
    assert first.stderr == ""


def test_earlier_run_is_exported_too(arena: Running, run: Run) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open", "lock", "rerun", "open", "lock", "reveal")
    assert json.loads(run("export", "--code", code, "--round", "1", "--run", "1").stdout)["run"] == 1
    assert json.loads(run("export", "--code", code).stdout)["run"] == 2


def test_what_is_not_there_is_refused_in_a_sentence(arena: Running, run: Run, tmp_path: Path) -> None:
    code = arena.crew().make()
    for arguments, word in (
        (["--code", "NOBODY"], "NOBODY"),
        (["--code", code], "draft"),
        (["--code", code, "--round", "9"], "no round 9"),
        (["--code", code, "--round", "1", "--run", "9"], "no run 9"),
    ):
        done = run("export", *arguments)
        assert (done.exit_code, done.stdout) == (1, "")
        assert word in done.stderr
    arena.crew().do(code, "open", "lock", "reveal")
    assert "cannot be written" in run("export", "--code", code, "--out", str(tmp_path / "no" / "x.json")).stderr


def test_export_makes_no_database(run: Run, settings: Settings) -> None:
    done = run("export", "--code", "NOBODY")
    assert done.exit_code == 1
    assert "ARENA_DATA_DIR" in done.stderr
    assert not settings.data_dir.exists()
