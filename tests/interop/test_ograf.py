"""The OGraf package: its manifest is valid, its files are whole, and it is served to renderers of any origin."""

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import jsonschema
import pytest

from app.main import VERSION
from app.routers.ograf import ARCHIVE, MANIFEST, package
from tests.conftest import Running
from tests.players import problem

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "app" / "pages"
RULES = json.loads((HERE / "ograf_graphics.schema.json").read_text())
ELSEWHERE = {"Origin": "https://renderer.example"}


@pytest.fixture
def manifest() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((PAGES / "ograf" / MANIFEST).read_text())
    return document


def errors(document: dict[str, Any]) -> list[str]:
    jsonschema.Draft202012Validator.check_schema(RULES)
    return [error.json_path for error in jsonschema.Draft202012Validator(RULES).iter_errors(document)]


def test_item_18_ograf_manifest_is_valid(manifest: dict[str, Any]) -> None:
    assert errors(manifest) == []
    assert MANIFEST.endswith(".ograf.json")
    assert manifest["version"] == VERSION
    assert (manifest["supportsRealTime"], manifest["supportsNonRealTime"]) == (True, False)
    assert {"base", "code", "token", "lang", "scene"} <= manifest["schema"]["properties"].keys()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("$schema", "https://ograf.ebu.io/v2/schema.json"),
        ("id", "a/b"),
        ("id", None),
        ("main", "/graphic.js"),
        ("main", "../graphic.js"),
        ("supportsRealTime", "yes"),
        ("stepCount", "1"),
        ("vendor", 1),
        ("customActions", [{"id": "next"}]),
        ("schema", {"type": "object", "properties": {"a": {"type": "string", "gddType": "select"}}}),
    ],
)
def test_rules_refuse_what_ograf_refuses(manifest: dict[str, Any], key: str, value: Any) -> None:
    assert errors({**manifest, key: value} if value is not None else {k: manifest[k] for k in manifest if k != key})


def test_package_holds_all_that_it_imports_and_nothing_that_leaves_it() -> None:
    files = package()
    assert {MANIFEST, "ograf/graphic.js", "ograf/air.js", "overlay/board_pk.js", "lib/connection.js"} <= files.keys()
    for name, file in files.items():
        text = file.read_text()
        for path in re.findall(r'^(?:import|export)\b[^;"=(]*"([^"]+)";', text, re.MULTILINE):
            assert path.startswith("."), name
            assert (file.parent / path).resolve() in files.values(), (name, path)
        if name.endswith(".css"):
            assert not re.search(r"url\(|@import", text), name
        # Nothing in it names an address of its own: it runs on machines that see the arena alone.
        assert not re.search(r"https?://(?!www\.w3\.org/|10\.0\.0\.5|ograf\.ebu\.io/|\$\{)[a-z0-9]", text), name


def test_unpacked_modules_load_by_themselves(arena: Running, tmp_path: Path) -> None:
    packed = arena.client().get(f"/ograf/{ARCHIVE}").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert all(not PurePosixPath(name).is_absolute() and ".." not in name for name in archive.namelist())
        archive.extractall(tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    manifest = json.loads((tmp_path / MANIFEST).read_text())
    script = (
        "globalThis.HTMLElement = class {};"
        f"const {{default: Graphic}} = await import('./{manifest['main']}');"
        "const needed = ['load', 'dispose', 'playAction', 'stopAction', 'updateAction', 'customAction'];"
        "if (!(Graphic.prototype instanceof HTMLElement)) throw new Error('no element');"
        "for (const name of needed) if (typeof Graphic.prototype[name] !== 'function') throw new Error(name);"
    )
    (tmp_path / "load.mjs").write_text(script)
    done = subprocess.run([node(), "load.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_served_files_are_those_of_the_zip(arena: Running) -> None:
    client = arena.client()
    answer = client.get(f"/ograf/{ARCHIVE}", headers=ELSEWHERE)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert f'filename="{ARCHIVE}"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == list(package())
        for name in archive.namelist():
            one = client.get(f"/ograf/{name}", headers=ELSEWHERE)
            assert one.content == archive.read(name), name
            assert one.headers["access-control-allow-origin"] == "*"
            assert one.headers["content-type"].endswith("; charset=utf-8")
    again = client.get(f"/ograf/{ARCHIVE}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head(f"/ograf/{ARCHIVE}").headers["content-length"] == str(len(answer.content))
    assert client.head(f"/ograf/{MANIFEST}").status_code == 200


@pytest.mark.parametrize("path", ["overlay/main.js", "overlay/index.html", "../cli.py", "console/main.js", "", "x"])
def test_nothing_but_the_package_is_served_there(arena: Running, path: str) -> None:
    problem(arena.client().get(f"/ograf/{path.replace('..', '%2e%2e')}"), 404, "not_found")


def test_fields_become_settings_and_documents() -> None:
    done = subprocess.run(
        [node(), "--test", str(HERE / "ograf_fields.test.mjs")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout


def node() -> str:
    """Return Node from beside this Python, where the development lock puts it, or the machine's own."""
    own = Path(sys.executable).parent / "node"
    return str(own) if own.exists() else shutil.which("node") or pytest.skip("needs Node")
