"""docs/programme.md says what the code does: its examples are valid, its paths, columns and bounds are ours."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from app.domain.roster import HEADERS
from app.domain.season import Stage
from app.domain.stars import DEFAULT, MEASURES
from app.domain.visit import OPEN_DAYS, State
from app.main import create_app
from app.schemas.card import Card
from app.schemas.gala import GalaCreate
from app.schemas.season import SeasonDocument, SessionSeason
from app.schemas.standings import Ranking, StandingsDocument
from app.schemas.visit import OwnVisit, VisitDocument, VisitWanted
from app.services import imports, visits
from app.settings import Settings

pytestmark = pytest.mark.edge

TEXT = (Path(__file__).parents[2] / "docs" / "programme.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
MODELS = [SeasonDocument, SessionSeason, GalaCreate, StandingsDocument, Ranking, Card]


@pytest.mark.parametrize(("model", "example"), list(zip(MODELS, EXAMPLES, strict=True)))
def test_example_is_a_document_of_its_kind(model: type[BaseModel], example: dict[str, Any]) -> None:
    model.model_validate(example)
    assert example.keys() == model.model_fields.keys()


def test_every_path_is_documented() -> None:
    spelled = re.sub(r"\{(\w+)\}", "{}", TEXT)
    for path in create_app(Settings(_env_file=None)).openapi()["paths"]:
        bare = re.sub(r"\{\w+\}", "{}", path).removeprefix("/api/v1")
        if re.search(r"^/shows/|/season$|visits|/ranking$", bare):
            last = "…" + bare[bare.rindex("/") :]
            assert any(re.search(re.escape(each) + "[`? ]", spelled) for each in (bare, last)), path


def test_columns_of_an_import_are_the_codes_own() -> None:
    rows = re.findall(r"^\| `(\w+)`(?: \(needed\))? \| (`[^|]*) \|$", TEXT, re.MULTILINE)
    assert {column: tuple(re.findall(r"`(.*?)`", headers)) for column, headers in rows} == HEADERS


@pytest.mark.parametrize("word", [*MEASURES, *State, *Stage, *(rule.name for rule in DEFAULT)])
def test_every_measure_state_and_stage_is_named(word: str) -> None:
    assert f"`{word}`" in TEXT or word in ("网红指数", "潜力指数", "传播力指数")
    assert word in TEXT


def test_thresholds_are_those_of_the_code() -> None:
    for rule in DEFAULT:
        assert " · ".join(f"{each:,}" for each in rule.thresholds) in TEXT


def test_bounds_are_those_of_the_code() -> None:
    assert f"{imports.ROWS_MAX:,} rows" in TEXT
    assert f"{visits.VISITS_MAX} open ones" in TEXT
    assert f"{OPEN_DAYS} days after its last change" in TEXT


@pytest.mark.parametrize("model", [OwnVisit, VisitDocument, VisitWanted])
def test_every_field_of_a_visit_is_named(model: type[BaseModel]) -> None:
    part = TEXT[TEXT.index("## Visits") :]
    for name in model.model_fields:
        assert f'"{name}"' in part, name
