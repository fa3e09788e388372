"""docs/examples.md and docs/client.md: every block is run as it stands, against a live service."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import Running
from tests.interop.test_ograf import node
from tests.players import votes_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "examples.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PEOPLE = [{"name": "王伟"}, {"name": "杨玭"}]


def block(language: str, mark: str) -> str:
    """Return the one block of a language that has a mark."""
    (found,) = [text for kind, text in BLOCKS if kind == language and mark in text]
    return found


def run(command: list[str], text: str, arena: Running, folder: Path, **more: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"ARENA": arena.base_url, "TOKEN": arena.admin_token, **more}
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, cwd=folder, env=environment, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_block_has_a_test() -> None:
    assert [(kind, text.split("\n", 1)[0]) for kind, text in BLOCKS] == [
        ("sh", 'export ARENA="${ARENA:-http://localhost:8000}"'),
        ("sh", 'api="$ARENA/api/v1"'),
        ("sh", 'curl -fsS -H "Authorization: Bearer $TOKEN" -X POST "$ARENA/api/v1/sessions/$CODE/overlay/result"'),
        ("python", "import json"),
        ("python", "import json"),
        ("js", 'const { ARENA, CODE, FRAMES = "0" } = process.env;'),
        ("js", "const { ARENA, TOKEN, CODE } = process.env;"),
        ("html", '<div id="picture" style="position: relative; width: 1280px; height: 720px"></div>'),
    ]


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl_makes_a_session_and_brings_it_to_its_result(arena: Running, tmp_path: Path) -> None:
    shell = ["sh", "-eu"]
    settings = block("sh", "export ARENA")
    said = run(shell, settings + block("sh", "rounds/1/reveal"), arena, tmp_path, CODE="DEMO01")
    assert '"digest":' in said
    crew = arena.crew()
    assert crew.round("DEMO01")["phase"] == "revealed"
    assert votes_of(crew.tally("DEMO01")) == {"red": 1, "blue": 0}
    said = run(shell, settings + block("sh", "flat.json"), arena, tmp_path, CODE="DEMO01")
    assert '"scene":"result"' in said
    assert '"red_votes":1' in said
    assert zipfile.is_zipfile(tmp_path / "pioneer-arena.zip")


def test_first_block_makes_a_token_where_none_is_given(arena: Running, tmp_path: Path) -> None:
    """The service and the command line share their data directory, as on a real machine."""
    script = block("sh", "export ARENA") + 'curl -fsS -H "Authorization: Bearer $TOKEN" "$ARENA/api/v1/me"'
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    said = run(["sh", "-eu"], script, arena, tmp_path, TOKEN="", ARENA_DATA_DIR=str(arena.data_dir), PATH=beside)
    assert json.loads(said)["role"] == "admin"


def test_python_steps_on_and_follows(arena: Running, tmp_path: Path) -> None:
    code = arena.crew().make(contestants=PEOPLE, rounds=[{"title": "观点PK"}])
    said = run([sys.executable, "-"], block("python", "/next"), arena, tmp_path, CODE=code)
    assert said.splitlines() == ["next: open round 1", "1 观点PK open"]
    arena.phone(code).vote("blue")
    said = run([sys.executable, "-"], block("python", "Last-Event-ID"), arena, tmp_path, CODE=code, FRAMES="1")
    assert "{'王伟': 0, '杨玭': 1}" in said


def test_javascript_follows_and_commands(arena: Running, tmp_path: Path) -> None:
    code = arena.crew().make(contestants=PEOPLE, rounds=[{}])
    arena.crew().do(code, "open")
    arena.phone(code).vote("red")
    module = [node(), "--input-type=module", "-"]
    assert "王伟 1 : 杨玭 0" in run(module, block("js", "new WebSocket"), arena, tmp_path, CODE=code, FRAMES="1")
    assert run(module, block("js", "overlay/board"), arena, tmp_path, CODE=code) == "board\n"
