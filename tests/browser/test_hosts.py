"""The overlay as its hosts run it: OBS, CasparCG, SPX, OGraf. Real votes in a real service, figures off the picture."""

import io
import json
import re
import socket
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.domain.clock import SystemClock
from app.routers.ograf import package
from app.settings import Settings
from tests.browser.conftest import WAIT_MS, by
from tests.browser.pictures import BOUT
from tests.conftest import Running, running
from tests.players import eventually

ROOT = Path(__file__).parents[2]
SCREEN = {"width": 1920, "height": 1080}
# As large as telling the figures apart needs: drawing in software takes most of the time.
SMALL = {"width": 960, "height": 540}
FIGURES = {
    "votes-red": "3",
    "votes-blue": "1",
    "pct-red": "75%",
    "pct-blue": "25%",
    "likes-red": "8",
    "likes-blue": "2",
}
expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One service for all: each test has a session of its own."""
    settings = Settings(
        _env_file=None, data_dir=tmp_path_factory.mktemp("hosts"), port=0, tick_ms=20, join_free_per_minute=1_000_000
    )
    with running(settings, SystemClock()) as service:
        yield service


@pytest.fixture
def code(arena: Running) -> str:
    """A session whose first round is open: 3 votes to 1, 8 likes to 2."""
    crew = arena.crew()
    code = crew.make(**BOUT)
    crew.do(code, "open")
    for side in ("red", "red", "red", "blue"):
        assert arena.phone(code).vote(side).status_code == 200
    assert arena.phone(code).like(red=8, blue=2).status_code == 200
    return code


@pytest.fixture
def host(context: Callable[..., BrowserContext]) -> Page:
    return context(viewport=SMALL).new_page()


def shows(page: Page, **changed: str) -> None:
    """Assert the figures, as text and as what is drawn of them."""
    for testid, figure in (FIGURES | {key.replace("_", "-"): value for key, value in changed.items()}).items():
        expect(by(page, testid).first).to_contain_text(figure)
    expect(by(page, "board")).to_be_visible()


def is_clear(page: Page, x: int = 480, y: int = 150) -> None:
    """Assert that the camera's picture shows through at a place: the dot there has no ground."""
    clip = {"x": x, "y": y, "width": 1, "height": 1}
    picture = page.screenshot(omit_background=True, clip=clip, type="png")  # type: ignore[arg-type]
    packed, at = b"", len(b"\x89PNG\r\n\x1a\n")
    while at < len(picture):
        size, kind = int.from_bytes(picture[at : at + 4]), picture[at + 4 : at + 8]
        packed += picture[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += 12 + size
    assert zlib.decompress(packed)[1:] == bytes(4), "red, green, blue, alpha"


def of_obs(page: Page, event: str, **detail: bool) -> None:
    page.evaluate("([name, detail]) => dispatchEvent(new CustomEvent(name, {detail}))", [event, detail])


def test_item_15_obs_shows_the_figures_over_a_clear_ground(arena: Running, code: str, host: Page) -> None:
    host.set_viewport_size(SCREEN)  # type: ignore[arg-type]
    host.add_init_script("window.obsstudio = {pluginVersion: '2.24.0'}")
    host.goto(f"{arena.base_url}/overlay/{code}?scene=board")
    expect(host.locator("html")).to_have_attribute("data-host", "obs")
    shows(host)
    is_clear(host)
    box = host.locator(".stage").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (1920, 1080)
    host.set_viewport_size({"width": 800, "height": 600})

    def fits() -> bool:
        # The page is told of its new size a moment after the window has it.
        box = host.locator(".stage").bounding_box()
        assert box is not None
        return (round(box["width"]), round(box["height"]), round(box["x"]), round(box["y"])) == (800, 450, 0, 75)

    eventually(fits)


def test_item_16_obs_hides_shuts_down_and_refreshes_a_source(arena: Running, code: str, host: Page) -> None:
    host.add_init_script("window.obsstudio = {pluginVersion: '2.24.0'}")
    host.goto(f"{arena.base_url}/overlay/{code}?scene=board")
    shows(host)
    of_obs(host, "obsSourceActiveChanged", active=False)
    of_obs(host, "obsSourceVisibleChanged", visible=False)
    arena.phone(code).vote("blue")
    of_obs(host, "obsSourceVisibleChanged", visible=True)
    shows(host, votes_blue="2", pct_red="60%", pct_blue="40%")
    host.goto("about:blank")  # "Shutdown source when not visible" destroys the page.
    arena.phone(code).vote("blue")
    host.goto(f"{arena.base_url}/overlay/{code}?scene=board")
    shows(host, votes_blue="3", pct_red="50%", pct_blue="50%")
    host.reload()
    shows(host, votes_blue="3", pct_red="50%", pct_blue="50%")


# As CasparCG evaluates the calls, with its own window.remove in place before the page's scripts.
REMOVE = "window.remove = function () { return 'of CasparCG'; }"
LEGACY = (
    '<templateData><componentData id="f0"><data id="text" value="lower_third"/></componentData>'
    '<componentData id="f5"><data id="text" value="blue"/></componentData></templateData>'
)


def called(page: Page, call: str, argument: str | None = None) -> None:
    """Call a global as CG UPDATE, PLAY, NEXT and STOP do: with one string, or nothing."""
    page.evaluate("([name, text]) => text === null ? window[name]() : window[name](text)", [call, argument])


def test_item_17_casparcg_plays_the_template(arena: Running, code: str, host: Page) -> None:
    host.add_init_script(REMOVE)
    host.goto(f"{arena.base_url}/overlay/{code}?wait=1")
    stage = by(host, "stage")
    expect(stage).to_have_attribute("data-version", re.compile(r"\d"))
    called(host, "update", '{"f0":"board"}')
    expect(stage).to_have_attribute("data-scene", "blank")
    called(host, "play")
    shows(host)
    is_clear(host)
    called(host, "update", LEGACY)
    expect(stage).to_have_attribute("data-scene", "lower_third")
    expect(by(host, "lower-third")).to_contain_text("杨玭")
    called(host, "next")
    expect(stage).to_have_attribute("data-scene", "board")
    called(host, "stop")
    expect(stage).to_have_attribute("data-scene", "blank")
    assert host.evaluate("window.remove()") == "of CasparCG"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder as a tool's own server does, from another origin than the arena."""

    class Quiet(SimpleHTTPRequestHandler):
        extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


SPX_KEYS = {
    "description", "playserver", "playchannel", "playlayer", "webplayout", "out", "dataformat", "steps", "uicolor",
}  # fmt: skip
FIELD_KEYS = {"field", "ftype", "title", "value"}


def test_item_18_spx_reads_the_definition_and_fills_the_fields(arena: Running, code: str, host: Page) -> None:
    with served(ROOT / "app" / "pages") as spx:
        html = (ROOT / "app" / "pages" / "overlay" / "spx.html").read_text()
        # SPX reads the file's text, and what stands between the braces as JSON.
        found = re.search(r"window\.SPXGCTemplateDefinition = (\{.*?\n\});", html, re.DOTALL)
        assert found
        definition = json.loads(found[1])
        host.goto(f"{spx}/overlay/spx.html")
        assert host.evaluate("window.SPXGCTemplateDefinition") == definition
        settings = {key: value for key, value in definition.items() if key != "DataFields"}
        assert all(isinstance(value, str) for value in settings.values())
        assert settings.keys() == SPX_KEYS
        assert (settings["dataformat"], settings["out"]) == ("json", "manual")
        fields = definition["DataFields"]
        assert [each["field"] for each in fields] == [f"f{number}" for number in range(len(fields))]
        for each in fields:
            assert each.keys() >= FIELD_KEYS
            assert each["ftype"] in ("textfield", "dropdown")
            assert ("items" in each) == (each["ftype"] == "dropdown")
        filled = {each["field"]: each["value"] for each in fields}
        called(host, "update", json.dumps(filled | {"f0": "board", "f1": code, "f4": arena.base_url}))
        called(host, "play")
        shows(host)
        is_clear(host)
        called(host, "update", json.dumps(filled | {"f0": "", "f1": code, "f4": arena.base_url, "f3": "en"}))
        arena.crew().client.post(f"/api/v1/sessions/{code}/overlay/result")
        expect(by(host, "stage")).to_have_attribute("data-scene", "result")
        called(host, "stop")
        expect(by(host, "stage")).to_have_attribute("data-scene", "blank")


# A renderer in one line: the class is defined, put into the page, loaded, and then asked to act.
RENDERER = """<!doctype html><meta charset="utf-8"><style>body { margin: 0; color: lime; font: 99px serif }</style>
<div id="layer" style="position: absolute; inset: 0"></div>"""
LOAD = """async ([module, data]) => {
  const Graphic = (await import(module)).default;
  if (!customElements.get("a-graphic")) customElements.define("a-graphic", Graphic);
  window.graphic = document.createElement("a-graphic");
  document.querySelector("#layer").replaceChildren(window.graphic);
  const before = window.graphic.shadowRoot.childElementCount;
  const renderCharacteristics = {resolution: {width: 1920, height: 1080}, frameRate: 50};
  const answer = await window.graphic.load({data, renderType: "realtime", renderCharacteristics});
  return [before, answer];
}"""


def act(page: Page, action: str, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = page.evaluate("([action, params]) => window.graphic[action](params)", [action, params])
    return answer


@contextmanager
def renderer(folder: Path, arena: Running) -> Iterator[str]:
    """Unpack the served zip beside a renderer's page; yield that page's address."""
    packed = arena.client().get("/ograf/pioneer-arena.zip").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(folder)
    (folder / "renderer.html").write_text(RENDERER)
    with served(folder) as address:
        yield f"{address}/renderer.html"


def main_of(folder: Path) -> str:
    (manifest,) = folder.glob("*.ograf.json")
    return f"./{json.loads(manifest.read_text())['main']}"


def test_item_18_an_ograf_renderer_plays_the_unpacked_package(
    arena: Running, code: str, host: Page, tmp_path: Path
) -> None:
    crew = arena.crew()
    crew.client.post(f"/api/v1/sessions/{code}/overlay/board")
    with renderer(tmp_path, arena) as address:
        host.goto(address)
        painted, loaded = host.evaluate(LOAD, [main_of(tmp_path), {"base": arena.base_url, "code": code}])
        assert (painted, loaded) == (0, {"statusCode": 200})
        stage = by(host, "stage")
        expect(stage).to_have_attribute("data-scene", "blank")
        assert act(host, "playAction") == {"statusCode": 200, "currentStep": 0}
        expect(stage).to_have_attribute("data-stage", "rest")
        shows(host)
        is_clear(host)
        arena.phone(code).vote("blue")
        shows(host, votes_blue="2", pct_red="60%", pct_blue="40%")
        # Partial: the rest stays, and the session is followed on.
        assert act(host, "updateAction", data={"scene": "lower_third", "lang": "en"}) == {"statusCode": 200}
        expect(by(host, "lower-third")).to_contain_text("王伟")
        assert act(host, "customAction", id="next", payload=None) == {"statusCode": 200}
        expect(by(host, "phase")).to_contain_text("Voting open")
        shows(host, votes_blue="2", pct_red="60%", pct_blue="40%")
        other = crew.make(**BOUT)
        crew.do(other, "open")
        arena.phone(other).vote("blue")
        act(host, "updateAction", data={"code": other, "scene": "board"})
        empty = {"votes_red": "0", "votes_blue": "1", "pct_red": "0%", "pct_blue": "100%"}
        shows(host, **empty, likes_red="0", likes_blue="0")
        said = act(host, "updateAction", data={"lang": "de", "code": "../x"})
        assert said == {"statusCode": 200, "statusMessage": "Not understood and left as it was: lang, code."}
        off = act(host, "playAction")
        assert (off["statusCode"], off["currentStep"]) == (200, None), "one step: playing on goes to the end"
        expect(stage).to_have_attribute("data-scene", "blank")
        assert act(host, "playAction", goto=0, skipAnimation=True)["currentStep"] == 0
        assert stage.get_attribute("data-stage") == "rest"
        assert act(host, "stopAction", skipAnimation=True) == {"statusCode": 200}
        assert stage.get_attribute("data-scene") == "blank"
        assert act(host, "customAction", id="dance", payload={})["statusCode"] == 400
        hub = arena.app.state.arena.hub
        assert hub.sockets == 1
        assert crew.tally(other)["audience"]["online"] == 0, "a graphic is nobody in the audience"
        assert act(host, "dispose") == {"statusCode": 200}
        eventually(lambda: hub.sockets == 0)
        assert act(host, "playAction")["statusCode"] == 409
        assert host.evaluate("window.graphic.shadowRoot.childElementCount") == 0


def test_item_18_ograf_without_a_code_draws_its_data_and_asks_nobody(
    arena: Running, host: Page, tmp_path: Path
) -> None:
    data = {"round_title": "观点PK", "red_name": "王伟", "red_votes": 30, "blue_name": "杨玭", "blue_votes": 10}
    with renderer(tmp_path, arena) as address:
        host.goto(address)
        asked: list[str] = []
        host.on("request", lambda request: asked.append(request.url))
        host.on("websocket", lambda line: asked.append(line.url))
        host.evaluate(LOAD, [main_of(tmp_path), data])
        act(host, "playAction", skipAnimation=True)
        figures = {"votes_red": "30", "votes_blue": "10"}
        shows(host, **figures, likes_red="0", likes_blue="0")
        expect(by(host, "board")).to_contain_text("王伟")
        act(host, "updateAction", data={"blue_votes": "30", "phase": "locked"})
        shows(host, votes_red="30", votes_blue="30", pct_red="50%", pct_blue="50%", likes_red="0", likes_blue="0")
        expect(by(host, "phase")).to_contain_text("投票截止")
        # flat.json as it is: hidden figures stay hidden though a token brought them.
        act(host, "updateAction", data={**data, "public": False, "red_portrait_url": "/api/v1/portraits/x"})
        expect(by(host, "board").locator("[data-figures=hidden]").first).to_be_visible()
        own = {address.replace("renderer.html", name) for name in package()}
        assert {url for url in asked if url.startswith(("http", "ws"))} <= own


def test_item_18_the_served_package_plays_in_a_page_of_another_origin(
    arena: Running, code: str, host: Page, tmp_path: Path
) -> None:
    (tmp_path / "renderer.html").write_text(RENDERER)
    with served(tmp_path) as address:
        host.goto(f"{address}/renderer.html")
        data = {"base": arena.base_url, "code": code, "token": arena.tokens["overlay"], "scene": "board"}
        _, loaded = host.evaluate(LOAD, [f"{arena.base_url}/ograf/ograf/graphic.js", data])
        assert loaded == {"statusCode": 200}
        act(host, "playAction")
        shows(host)
        arena.phone(code).vote("blue")
        shows(host, votes_blue="2", pct_red="60%", pct_blue="40%")


# One grey dot, the smallest PNG there is.
DOT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def test_an_ograf_graphic_waits_for_its_arena_and_fetches_portraits_there(
    arena: Running, host: Page, tmp_path: Path
) -> None:
    crew = arena.crew()
    people = [{**person, "portrait_url": DOT} for person in BOUT["contestants"]]
    code = crew.make(**{**BOUT, "contestants": people})
    with socket.create_server(("127.0.0.1", 0)) as closed, renderer(tmp_path, arena) as address:
        dead = f"http://127.0.0.1:{closed.getsockname()[1]}"
        closed.close()
        host.goto(address)
        _, loaded = host.evaluate(LOAD, [main_of(tmp_path), {"base": dead, "code": code, "scene": "lower_third"}])
        assert loaded == {"statusCode": 200, "statusMessage": "The arena has not answered yet; trying on."}
        assert act(host, "playAction") == {"statusCode": 200, "currentStep": 0}
        expect(by(host, "stage")).to_have_attribute("data-scene", "blank")
        act(host, "updateAction", data={"base": arena.base_url})
        portrait = by(host, "lower-third").locator(".portrait img").first
        expect(portrait).to_be_visible()
        assert (portrait.get_attribute("src") or "").startswith(f"{arena.base_url}/api/v1/portraits/")


def fenced(name: str, language: str) -> str:
    """Return the first block of a language in a page of docs/."""
    found = re.search(rf"^```{language}\n(.*?)^```$", (ROOT / "docs" / name).read_text(), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_the_examples_page_draws_the_board(arena: Running, code: str, host: Page, tmp_path: Path) -> None:
    html = fenced("examples.md", "html").replace("ARENA", arena.base_url).replace('"CODE"', f'"{code}"')
    (tmp_path / "page.html").write_text(f"<!doctype html><meta charset=utf-8>{html}")
    with served(tmp_path) as address:
        host.goto(f"{address}/page.html")
        shows(host)
        box = by(host, "stage").bounding_box()
        assert box is not None
        assert (round(box["width"]), round(box["height"])) == (1280, 720)


def test_the_client_librarys_example_follows_a_session(
    arena: Running, code: str, context: Callable[..., BrowserContext]
) -> None:
    page = context(bypass_csp=True).new_page()
    page.goto(f"{arena.base_url}/overlay/{code}")
    example = fenced("client.md", "js").replace("K7M2QP", code)
    page.add_script_tag(type="module", content=f"const draw = (state) => {{ window.drawn = state; }};{example}")
    page.wait_for_function("window.drawn?.tally?.tally?.votes === 4 && window.drawn.connection.status === 'live'")
    arena.phone(code).vote("blue")
    page.wait_for_function("window.drawn.tally.tally.votes === 5")
