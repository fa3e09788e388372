"""The page docs/automations.md: each recipe is made and fired, and what arrives is compared."""

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.domain.trigger import Trigger
from tests.conftest import Running
from tests.recording import Target, path, udp

pytestmark = pytest.mark.edge

PAGE = Path(__file__).parents[2] / "docs" / "automations.md"


def recipes() -> list[dict[str, Any]]:
    return [
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    ]


@pytest.mark.parametrize("recipe", recipes(), ids=lambda each: each["name"])
def test_recipe_of_the_page_does_what_it_says(service: Running, target: Target, recipe: dict[str, Any]) -> None:
    crew = service.crew("producer")
    code = crew.make()
    phones = [service.phone(code) for _ in range(3)]
    action = recipe["action"]
    with udp() as listener:
        if action["kind"] == "osc":
            action |= {"host": "127.0.0.1", "port": listener.getsockname()[1]}
        else:
            action["url"] = re.sub(r"^https?://[^/]+", target.url, action["url"])
        answer = crew.client.post(path(code), json=recipe)
        assert answer.status_code == 201, answer.text
        crew.do(code, "open")
        for phone, choice in zip(phones, ("red", "red", "blue"), strict=True):
            assert phone.vote(choice).status_code == 200
        name = recipe["name"]
        if name == "milestone":
            liking = [service.phone(code) for _ in range(8)]
            for each in liking:
                assert each.like(blue=140).status_code == 200
            assert listener.recv(1000) == b"/arena/likes\0\0\0\0,is\0\0\0\x03\xe8blue\0\0\0\0"
            return
        if name == "vMix red":
            call = target.last(lambda call: call.query["Value"] == "2")
            assert (call.method, call.path) == ("GET", "/api/")
            assert call.query == {"Function": "SetText", "Input": "Score", "SelectedName": "Red.Text", "Value": "2"}
        elif name == "H2R votes":
            call = target.last(lambda call: " 2 : 1 " in call.json["text"])
            assert (call.method, call.path) == ("POST", "/api/ABCD/updateVariableText/1")
            assert call.json == {"text": "王伟 2 : 1 杨玭"}
            assert call.headers["Content-Type"] == "application/json"
        elif name == "Singular":
            call = target.last(lambda call: call.json["votes"] == 3)
            flat = service.client().get(f"/api/v1/sessions/{code}/feeds/flat.json").json()
            assert (call.method, call.path) == ("PUT", "/datastreams/PRIVATE_TOKEN")
            passing = {"server_time_ms", "version", "audience_online", "audience_unique"}
            assert {k: v for k, v in call.json.items() if k not in passing} == {
                k: v for k, v in flat.items() if k not in passing
            }
        elif name == "vMix result in":
            service.crew().do(code, "lock", "reveal")
            assert target.wait(1)[0].query == {"Function": "OverlayInput1In", "Input": "Result"}
        else:
            assert name == "locked"
            crew.do(code, "lock")
            call = target.wait(1)[0]
            assert call.headers["Authorization"] == "Bearer SECRET"
            assert call.json | {"event": ""} == {
                "event": "", "session": code, "round": 1, "turnout": 3, "title": "观点PK",
            }  # fmt: skip
            assert call.json["event"] == call.headers["X-Arena-Event"]


def test_page_names_every_trigger_and_the_commands_of_the_page_work(service: Running, target: Target) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [each for each in Trigger if f"`{each}`" not in page] == []
    crew = service.crew()
    code = crew.make()
    body = re.search(r"-d '(\{.*?\})'", page, re.DOTALL)
    assert body
    wanted = json.loads(body[1])
    wanted["action"]["url"] = wanted["action"]["url"].replace("http://192.168.1.20:8088", target.url)
    answer: httpx2.Response = crew.client.post(path(code), json=wanted)
    assert crew.client.post(path(code, answer.json()["id"], "test")).json()["ok"] is True
