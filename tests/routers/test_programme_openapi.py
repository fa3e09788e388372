"""Schemathesis over the calls of seasons, standings and visits, where there is something to call: a show, a season,
people, sessions and a visit in each state.
"""

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
import schemathesis
from schemathesis.config import SchemathesisConfig

from app.domain.clock import SystemClock
from app.main import create_app
from app.settings import Settings
from tests.conftest import running
from tests.routers.programme import SEASON, Programme, programme_of
from tests.test_openapi import CHECKS

pytestmark = pytest.mark.edge

EXAMPLES = 8
ROLES = ("admin", "admin", "admin", "producer", "director", "scrutineer", "overlay", "nobody")
VISIT = {"contestant": "red", "organisation": "某园区", "name": "某", "phone": "0512-12345"}
OURS = r"/shows/\{show\}/|/season$|/visits|/ranking$"

schema = schemathesis.openapi.from_dict(
    create_app(Settings(_env_file=None)).openapi(),
    config=SchemathesisConfig.from_dict(
        {
            "seed": 2017,
            "generation": {
                "max-examples": EXAMPLES,
                "deterministic": True,
                "database": "none",
                "with-security-parameters": False,
            },
        }
    ),
).include(path_regex=OURS)


@dataclass
class Stage:
    programme: Programme
    line: requests.Session
    codes: list[str] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    path: Path = tmp_path_factory.mktemp("programme")
    settings = Settings(
        _env_file=None, data_dir=path, host="127.0.0.1", port=0, tick_ms=20, join_free_per_minute=1_000_000
    )
    with running(settings, SystemClock()) as service, requests.Session() as line:
        line.trust_env = False
        made = Stage(programme_of(service), line)
        programme = made.programme
        programme.enter("甲", "乙", "丙", stage="final")
        made.codes.append(programme.bout(("甲", "乙"), (2, 1), (5, 3)))
        made.codes.append(programme.session("甲", "乙", "丙", kind="poll"))
        gala = programme.post(f"{SEASON}/gala", {"stage": "final"})["code"]
        programme.play(gala, {"c1": 1}, number=4)
        made.codes.append(gala)
        for _ in range(4):
            answer = programme.client.post(f"/api/v1/sessions/{made.codes[0]}/visits", json=VISIT)
            made.receipts.append(answer.json()["receipt"])
        commands = (("accept", {}), ("schedule", {"starts_at_ms": 10**12, "place": "某处"}))
        for number, (what, body) in enumerate(commands, 2):
            programme.post(f"/api/v1/sessions/{made.codes[0]}/visits/{number}/{what}", body, 200)
        yield made


@schema.parametrize()
def test_every_answer_of_the_programme_is_one_that_is_announced(case: schemathesis.Case, stage: Stage) -> None:
    sent = repr((case.method, case.path, case.path_parameters, case.query, case.body))
    chance = random.Random(zlib.crc32(sent.encode(errors="replace")))
    known = {
        "show": "pioneer-arena",
        "season": "2017",
        "code": chance.choice(stage.codes),
        "person": chance.choice(("p1", "p2")),
        "receipt": chance.choice(stage.receipts),
        "number": chance.choice((1, 2, 3, 4)),
    }
    for name, value in known.items():
        if name in case.path_parameters and chance.random() < 0.85:
            case.path_parameters[name] = value
    role = chance.choice(ROLES)
    token = stage.programme.service.tokens.get(role)
    case.headers.pop("Authorization", None)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = case.call(base_url=stage.programme.service.base_url, session=stage.line, headers=headers, timeout=20)
    case.validate_response(response, checks=CHECKS, headers=headers)
