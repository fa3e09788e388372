"""Schemathesis over the whole OpenAPI document: no fault, no answer that the document does not announce.

Every operation is called with data that fits its schema and with data that does not, by the roles and by phones, on
sessions in every phase. The one exception is the endless `/events`, which has its tests in tests/routers.
"""

import random
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from fastapi.routing import iter_route_contexts
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from app.domain.clock import SystemClock
from app.main import create_app
from app.settings import Settings
from tests.conftest import Running, running
from tests.players import Crew, Phone

EXAMPLES = 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
]
PHASES = ("draft", "open", "paused", "closing", "locked", "revealed", "void", "rerun", "ended", "daily", "hidden")
ROLES = ("admin", "admin", "admin", "producer", "director", "scrutineer", "overlay", "phone", "phone", "nobody")

schema = schemathesis.openapi.from_dict(
    create_app(Settings(_env_file=None)).openapi(),
    config=SchemathesisConfig.from_dict(
        {
            "seed": 2017,
            "generation": {
                "max-examples": EXAMPLES,
                "deterministic": True,
                "database": "none",
                # The bearer is chosen by the test.
                "with-security-parameters": False,
            },
        }
    ),
).exclude(path_regex="/events$")


@dataclass
class Stage:
    """A running service with a session in each phase, and somebody of each role in it."""

    service: Running
    crew: Crew
    line: requests.Session
    sessions: dict[str, tuple[str, str]]
    """By phase: a session's code and one of its phones' tokens."""
    answers: Counter[int]

    def set(self, phase: str) -> None:
        """Make a new session in a phase, where the last was used up."""
        rules: dict[str, Any] = {"rounds": [{"title": "一"}, {"title": "二"}]}
        if phase == "daily":
            rules = {"kind": "poll", "rounds": [{"votes_per_day": 2, "choices_max": 2}]}
        if phase == "hidden":
            rules = {"rounds": [{"visibility": "on_reveal", "changeable": True}]}
        if phase == "closing":
            rules["rounds"][0]["grace_ms"] = 60_000
        code = self.crew.make(**rules)
        crew = self.crew
        if phase != "draft":
            crew.do(code, "open")
        with httpx2.Client(base_url=self.service.base_url, trust_env=False, verify=False) as client:
            phone = Phone.joined(client, code)
            if phase != "draft":
                assert phone.vote("red" if phase != "daily" else "c1").status_code == 200
                assert phone.like(**{"red" if phase != "daily" else "c1": 3}).status_code == 200
        match phase:
            case "paused":
                crew.do(code, "pause")
            case "closing":
                crew.do(code, "lock")
            case "locked":
                crew.do(code, "lock")
            case "revealed":
                crew.do(code, "lock", "reveal", "certify")
            case "void":
                assert crew.say(code, "void", reason="试播").status_code == 200
            case "rerun":
                crew.do(code, "lock", "reveal", "rerun")
            case "ended":
                crew.do(code, "lock")
                assert crew.client.patch(f"/api/v1/sessions/{code}", json={"status": "ended"}).status_code == 200
        self.sessions[phase] = (code, phone.token)

    def spare_token(self) -> int:
        made = self.crew.client.post("/api/v1/tokens", json={"role": "overlay"})
        token_id: int = made.json()["id"]
        return token_id


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    path: Path = tmp_path_factory.mktemp("openapi")
    settings = Settings(
        _env_file=None, data_dir=path, host="127.0.0.1", port=0, tick_ms=20, join_free_per_minute=1_000_000
    )
    with running(settings, SystemClock()) as service, requests.Session() as line:
        line.trust_env = False
        made = Stage(service, service.crew(), line, {}, Counter())
        for phase in PHASES:
            made.set(phase)
        yield made
        print(dict(made.answers))


@schema.parametrize()
def test_every_answer_is_one_that_the_document_announces(case: schemathesis.Case, stage: Stage) -> None:
    # Who asks, and where, follows from the case itself, so that the same case asks the same again.
    sent = repr((case.method, case.path, case.path_parameters, case.query, case.body))
    chance = random.Random(zlib.crc32(sent.encode(errors="replace")))
    phase, role = chance.choice(PHASES), chance.choice(ROLES)
    code, phone = stage.sessions[phase]
    path = case.path_parameters
    if "code" in path and chance.random() < 0.85:
        path["code"] = code
    if "number" in path and chance.random() < 0.85:
        path["number"] = 1
    if "token_id" in path and (str(path["token_id"]) in "12345" or chance.random() < 0.5):
        path["token_id"] = stage.spare_token()  # the first five are those that the test itself uses
    token = {"phone": phone, "nobody": None}.get(role, stage.service.tokens.get(role))
    case.headers.pop("Authorization", None)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response = case.call(base_url=stage.service.base_url, session=stage.line, headers=headers, timeout=20)
    stage.answers[response.status_code] += 1
    case.validate_response(response, checks=CHECKS, headers=headers)
    if role != "phone" and case.method != "GET" and response.status_code < 300 and "code" in path:
        stage.set(phase)


def test_document_describes_every_route_but_pages_and_sockets(stage: Stage) -> None:
    described = {
        (path, method.upper())
        for path, methods in schema.raw_schema["paths"].items()
        for method in methods
        if method in ("get", "put", "post", "patch", "delete")
    }
    served = {
        (route.path, method)
        for route in iter_route_contexts(stage.service.app.routes)
        for method in route.methods or ()
        if method != "HEAD" and str(route.path).startswith(("/api/", "/healthz", "/readyz", "/metrics"))
    }
    assert described == served


def test_served_document_is_the_one_that_is_tested(stage: Stage) -> None:
    assert stage.crew.client.get("/openapi.json").json() == schema.raw_schema
