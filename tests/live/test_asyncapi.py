"""The AsyncAPI document: valid against the published schema, and what is really said is what it describes."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from app.main import VERSION
from app.routers.asyncapi import ASKED, SAID, asyncapi_document
from app.schemas.messages import KNOWN_TYPES
from tests.conftest import Running
from tests.players import Line

PUBLISHED = Path(__file__).parents[1] / "pages/node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"


def schema_of(kind: str) -> Draft202012Validator:
    document = asyncapi_document(VERSION)
    payload = document["components"]["messages"][kind]["payload"]
    return Draft202012Validator({**payload, "components": document["components"]})


def test_it_is_served_and_valid_against_the_published_schema(arena: Running) -> None:
    answer = arena.client().get("/asyncapi.json")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    document = answer.json()
    assert document == json.loads(json.dumps(asyncapi_document(VERSION)))
    if not PUBLISHED.exists():
        pytest.skip("the published schema comes with the pages' tests: make test installs it")
    published = Draft7Validator(json.loads(PUBLISHED.read_text()))
    assert [each.message[:200] for each in published.iter_errors(document)] == []
    broken = {**document, "operations": {"listen": {"action": "hear"}}}
    assert list(published.iter_errors(broken)), "the schema that it is checked against finds faults"


def test_it_has_every_type_that_is_understood_and_every_reference_leads_somewhere() -> None:
    document = asyncapi_document(VERSION)
    assert set(document["channels"]["session"]["messages"]) == KNOWN_TYPES | {
        "tally", "welcome", "receipt", "liked", "pong", "problem",
    }  # fmt: skip
    assert len(ASKED) == len(KNOWN_TYPES)
    assert len(document["components"]["messages"]) == len(ASKED) + len(SAID)

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [each for part in value.values() for each in references(part)]
        return [each for part in value for each in references(part)] if isinstance(value, list) else []

    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_what_the_service_says_is_what_the_document_describes(arena: Running) -> None:
    admin = arena.crew()
    code = admin.make()
    admin.do(code, "open")
    phone = arena.phone(code)
    heard: list[dict[str, Any]] = []
    for token in (phone.token, arena.admin_token):
        with Line.opened(arena.ws_url, code) as line:
            line.say(type="hello", token=token)
            line.say(type="vote", id="1", round=1, choices=["red"])
            line.say(type="vote", id="2", round=1, choices=["green"])
            line.say(type="like", round=1, totals={"red": 3})
            line.say(type="like", id="l", round=1, totals={"red": 3})
            line.say(type="like", round=9, totals={"red": 3})
            line.say(type="ping")
            line.say(type="ping", id="p", t=17.5)
            wanted = {"receipt", "liked"} if token == phone.token else {"problem"}

            def all_came(said: dict[str, Any], wanted: set[str] = wanted) -> bool:
                heard.append(said)
                return wanted <= {each["type"] for each in heard}

            line.hear_if(all_came)
            heard.extend(line.everything())
    # Answers come as they are ready: ask once more, so that each kind was heard.
    with Line.opened(arena.ws_url, code) as line:
        heard.append(line.hear("tally"))
        line.say(type="hello", token=phone.token)
        heard.append(line.hear("welcome"))
        line.say(type="vote", id="x", round=1, choices=["green"])
        heard.append(line.hear("problem"))
        line.say(type="ping", t=17.5)
        heard.append(line.hear("pong"))
    assert {each["type"] for each in heard} == {"tally", "welcome", "receipt", "liked", "pong", "problem"}
    for each in heard:
        schema_of(each["type"]).validate(each)
    with pytest.raises(Exception, match="is a required property"):
        schema_of("pong").validate({"type": "pong"})
