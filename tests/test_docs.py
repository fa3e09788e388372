"""The documents say what the code does: error codes, close codes, settings, commands, roles, defaults."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from app.domain import errors
from app.domain.errors import ArenaError
from app.domain.roles import CAN, Role, Verb
from app.domain.session import SCENES, Visibility
from app.live.close_codes import CloseCode
from app.main import create_app
from app.schemas.session import RoundFields
from app.settings import Settings

ROOT = Path(__file__).parents[1]
API = (ROOT / "docs" / "api.md").read_text()
PROGRAMME = (ROOT / "docs" / "programme.md").read_text()
README = (ROOT / "README.md").read_text()

# What no class of the domain stands for: the framework's own refusal, and a fault.
OF_THE_FRAMEWORK = {("method_not_allowed", 405), ("internal_error", 500)}


def table(text: str, *header: str) -> list[list[str]]:
    """Return the rows of the one table with this header, cell by cell."""
    start = re.search(r"^\| *" + r" *\| *".join(map(re.escape, header)) + r" *\|$", text, re.MULTILINE)
    assert start, f"no table {header}"
    rows = []
    for line in text[start.end() :].lstrip("\n").splitlines()[1:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def refusals(kind: type[ArenaError] = ArenaError) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for each in kind.__subclasses__():
        if each.__module__ == errors.__name__:
            found |= {(each.code, each.status)} | refusals(each)
    return found


def test_error_table_is_the_codes_own() -> None:
    listed = set()
    for status, cell in table(API, "status", "codes"):
        # What stands in brackets, or after a colon or `with`, is about the code before it.
        plain = re.sub(r"\(.*?\)", "", cell).split(":")[0].split(" with ")[0]
        listed |= {(code, int(status)) for code in re.findall(r"`(\w+)`", plain)}
    assert listed == refusals() | OF_THE_FRAMEWORK


def test_close_code_table_is_the_codes_own() -> None:
    listed = [
        (int(number), reason.split(":")[0], reconnect.startswith("yes"))
        for number, reason, reconnect in table(API, "close code", "reason", "reconnect")
    ]
    assert listed == [(each.number, each.reason, each.reconnect) for each in CloseCode]


def test_numbers_of_close_codes_are_different_and_allowed() -> None:
    numbers = [each.number for each in CloseCode]
    assert len(set(numbers)) == len(numbers)
    # Those a service may send: two of the protocol's, the rest from the range for applications.
    assert all(number in (1001, 1009) or 4000 <= number <= 4999 for number in numbers)


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_named_in_the_readme_with_its_default(name: str) -> None:
    rows = [row for row in table(README, "variable", "default", "meaning") if f"`ARENA_{name.upper()}`" in row[0]]
    assert len(rows) == 1
    names, defaults = (re.findall(r"`(.*?)`", cell) for cell in rows[0][:2])
    default = Settings.model_fields[name].default
    if isinstance(default, int):
        # Two settings in a row have their defaults in the same order; a word such as "none" stands for no value.
        assert defaults[names.index(f"ARENA_{name.upper()}")] == str(default)


def test_readme_names_no_setting_that_is_not_there() -> None:
    known = {f"ARENA_{name.upper()}" for name in Settings.model_fields}
    for path in (ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))):
        named = set(re.findall(r"\bARENA_[A-Z_]*[A-Z]\b", path.read_text()))
        assert named - {"ARENA_TOKEN", "ARENA_TEST_BROWSER"} <= known, path.name


def test_table_of_rules_is_the_schemas_own() -> None:
    listed = {}
    for names, default, _ in table(API, "field", "default", "meaning"):
        for name in re.findall(r"`(\w+)`", names):
            listed[name] = default.strip("`").strip('"')
    assert list(listed) == list(RoundFields.model_fields)
    for name, field in RoundFields.model_fields.items():
        assert listed[name] == json.dumps(field.default).strip('"'), name


@pytest.mark.parametrize("word", [*SCENES, *get_args(Visibility)])
def test_every_scene_and_visibility_is_explained(word: str) -> None:
    assert f"`{word}`" in API


def test_list_of_verbs_is_the_codes_own() -> None:
    listed = re.search(r"^Verbs: `([a-z ]+)`", API, re.MULTILINE)
    assert listed
    assert sorted(listed[1].split()) == sorted(Verb)


def test_table_of_roles_is_the_codes_own() -> None:
    header = ["", "producer", "director", "scrutineer", "overlay"]
    rows = {row[0]: row[1:] for row in table(API, *header)}
    means: dict[str, Verb] = {
        "make and edit": Verb.EDIT,
        "reveal; overlay scene": Verb.REVEAL,
        "certify, void, rerun": Verb.VOID,
        "propose, confirm, withdraw": Verb.CORRECT,
        "read the audit log": Verb.AUDIT,
        "answer requests for visits": Verb.VISITS,
        "make and revoke access tokens": Verb.TOKENS,
        "read the staff": Verb.READ,
    }
    assert len(rows) == len(means)
    for words, verb in means.items():
        cells = next(cells for row, cells in rows.items() if row.startswith(words))
        assert [bool(cell) for cell in cells] == [verb in CAN[Role(role)] for role in header[1:]], words


def test_every_path_of_the_interface_is_documented(settings: Settings) -> None:
    spelled = re.sub(r"\{(\w+)\}", "{}", API + PROGRAMME).replace("…", "/sessions/{}")
    # A path may be written from its last common part on, as in `…/rounds/{number}` or ` · /pause`.
    for path in create_app(settings).openapi()["paths"]:
        bare = re.sub(r"\{\w+\}", "{}", path).removeprefix("/api/v1")
        ways = ("/sessions/{}", "/sessions/{}/rounds/{}", "/sessions/{}/visits/{}", "/shows/{}/seasons/{}", "/shows/{}")
        endings = {bare, *(bare.removeprefix(way) for way in ways)}
        assert any(re.search(re.escape(ending) + "[`? ]", spelled) for ending in endings), path
