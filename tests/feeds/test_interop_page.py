"""docs/interop.md: its commands run, its recipe sends, its table names tests that are there."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from app.feeds import feeds
from tests.conftest import Process, Running, make_tokens
from tests.players import counted

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "interop.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_table_names_tests_that_are_there() -> None:
    names = re.findall(r"`(test_interop_\w+)`", PAGE)
    assert {int(name.split("_")[2]) for name in names} == set(range(1, 12))
    written = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    for name in names:
        assert written.count(f"def {name}(") == 1, name
    assert set(re.findall(r"def (test_interop_\d\d_\w+)\(", written)) == set(names)


def test_table_of_feeds_is_the_codes_own() -> None:
    assert set(re.findall(r"^\| `([\w.]+)` \|", PAGE, re.MULTILINE)) == {feed.name for feed in feeds()}


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_commands_run(arena: Running, tmp_path: Path) -> None:
    code = arena.crew().make()
    (commands,) = blocks("sh")
    assert commands.count("curl ") == len(commands.splitlines())
    script = commands.replace("http://localhost:8000", arena.base_url).replace("CODE", code)
    script = script.replace("TOKEN", arena.tokens["overlay"])
    done = subprocess.run(["sh", "-e"], input=script, capture_output=True, text=True, cwd=tmp_path, env=_environment())
    assert done.returncode == 0, done.stderr
    assert "王伟" in done.stdout
    assert (tmp_path / "tile.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "rows.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert json.loads((tmp_path / "tally.schema.json").read_text())["title"] == "TallyDocument"


def test_recipe_keeps_a_template_up_to_date(arena: Running, tmp_path: Path) -> None:
    crew = arena.crew()
    code = crew.make(title='先"锋\\')
    crew.do(code, "open")
    (source,) = blocks("python")
    script = tmp_path / "poller.py"
    script.write_text(source)
    with socket.create_server(("127.0.0.1", 0)) as caspar:
        caspar.settimeout(15)
        environment = _environment() | {
            "ARENA": arena.base_url,
            "CODE": code,
            "CASPAR": f"127.0.0.1:{caspar.getsockname()[1]}",
        }
        poller = subprocess.Popen([sys.executable, str(script)], env=environment)
        try:
            assert _updated(caspar)["session_title"] == '先"锋\\'
            arena.phone(code).vote("red")
            counted(lambda: crew.tally(code), {"red": 1, "blue": 0})
            while _updated(caspar)["red_votes"] != 1:
                pass
        finally:
            poller.kill()
            poller.wait(10)


def _updated(caspar: socket.socket) -> dict[str, object]:
    """Take one command as CasparCG does: quoted, with a backslash before quotes and backslashes."""
    line, _ = caspar.accept()
    with line:
        line.settimeout(15)
        said = b""
        while not said.endswith(b"\r\n"):
            said += line.recv(65_536)
        line.sendall(b"202 CG OK\r\n")
    found = re.fullmatch(r'CG 1-20 UPDATE 0 "(.*)"\r\n', said.decode(), re.DOTALL)
    assert found
    document: dict[str, object] = json.loads(re.sub(r"\\(.)", r"\1", found[1]))
    return document


def _environment() -> dict[str, str]:
    """The machine's own, without a proxy between this machine and itself."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def test_interop_05_a_token_in_the_address_is_in_no_log(process: Process, tmp_path: Path) -> None:
    token = make_tokens(process.settings, 1_795_176_000_000)["overlay"]
    process.log = tmp_path / "log"
    process.start()
    path = "/api/v1/sessions/NOBODY/feeds/rows.json"
    for params in ({"token": token}, {"token": token, "lang": "fr"}, {"token": f"{token}x"}):
        httpx2.get(f"{process.base_url}{path}", params=params, timeout=5, trust_env=False, verify=False)
    process.end()
    written = process.log.read_text()
    assert written
    assert token.removeprefix("arena_overlay_") not in written
