"""A replay over the wire: the service's own addresses, and nothing that counts."""

from collections.abc import Iterator

import pytest

from app.settings import Settings
from tests.conftest import Running
from tests.players import Line, eventually, problem, votes_of
from tests.replays import TOKEN, Replaying, replaying
from tests.services.test_replay import contents

pytestmark = pytest.mark.edge

END = 10**9


@pytest.fixture
def code(arena: Running) -> str:
    """A session with one round that real phones voted in, revealed."""
    crew = arena.crew()
    code = crew.make(rounds=[{"title": "观点", "duration_ms": 600_000}])
    crew.do(code, "open")
    for choice in ("red", "red", "blue"):
        assert arena.phone(code).vote(choice).status_code == 200
    assert arena.phone(code).like(red=7).status_code == 200
    crew.do(code, "lock", "reveal")
    return code


@pytest.fixture
def replay(code: str, settings: Settings) -> Iterator[Replaying]:
    with replaying(settings, code, start_ms=END) as running:
        yield running


def test_the_end_is_told_by_every_way_and_marked(replay: Replaying, arena: Running, code: str) -> None:
    real = arena.client().get(f"/api/v1/sessions/{code}/tally").json()
    base = f"/api/v1/sessions/{code}"
    for _ in range(3):  # by the long road, prepared, and in the parser's callback
        polled = replay.client.get(f"{base}/tally")
        assert polled.json()["tally"] == real["tally"]
        assert polled.json()["session"]["replay"]["speed"] == 1.0
    assert replay.client.get(f"{base}/tally", headers={"If-None-Match": polled.headers["ETag"]}).status_code == 304
    with Line.opened(replay.base_url.replace("http", "ws"), code) as line:
        assert votes_of(line.hear("tally")) == {"red": 2, "blue": 1}
    with replay.client.stream("GET", f"{base}/events") as stream:
        data = next(each for each in stream.iter_lines() if each.startswith("data: "))
    assert '"replay":{' in data
    for name in ("rows.json", "flat.json", "rows.csv", "rows.xml", "text", "rss.xml"):
        live = arena.client().get(f"{base}/feeds/{name}")
        assert replay.client.get(f"{base}/feeds/{name}").status_code == live.status_code
    assert "王伟" in replay.client.get(f"{base}/feeds/text").text
    for path in (f"/overlay/{code}", f"/v/{code}", f"{base}/qr.svg", base, "/healthz", "/api/v1/about"):
        assert replay.client.get(path).status_code == 200
    assert replay.client.get("/api/v1/sessions/OTHER1/tally").json()["code"] == "session_not_found"


def test_a_replayed_document_keeps_to_the_contract(replay: Replaying, code: str) -> None:
    from app.schemas.tally import TallyDocument

    TallyDocument.model_validate(replay.client.get(f"/api/v1/sessions/{code}/tally").json())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/join", {}),
        ("PUT", "/rounds/1/vote", {"choices": ["red"]}),
        ("PUT", "/rounds/1/likes", {"totals": {"red": 1}}),
        ("POST", "/rounds/1/open", None),
        ("POST", "/next", None),
        ("POST", "/overlay/board", None),
        ("PATCH", "", {"title": "x"}),
        ("GET", "/report", None),
        ("GET", "/rounds/1/result", None),
        ("GET", "/rounds/1/ledger", None),
        ("GET", "/me", None),
    ],
)
def test_nothing_counts_and_records_are_elsewhere(
    replay: Replaying, arena: Running, code: str, method: str, path: str, body: object
) -> None:
    phone = arena.phone(code)
    for token in (None, phone.token, arena.admin_token):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = replay.client.request(method, f"/api/v1/sessions/{code}{path}", json=body, headers=headers)
        assert f"This is a replay of {code}" in problem(response, 409, "replay_only")["detail"]


def test_a_socket_hears_that_nothing_counts(replay: Replaying, arena: Running, code: str) -> None:
    with Line.opened(replay.base_url.replace("http", "ws"), code, token=arena.phone(code).token) as line:
        line.say(type="vote", id="1", round=1, choices=["red"])
        assert line.hear("problem", id="1")["code"] == "replay_only"
        line.say(type="like", id="2", round=1, totals={"red": 9})
        assert line.hear("problem", id="2")["code"] == "replay_only"
        line.say(type="hello", role="overlay")
        line.say(type="heartbeat", client="overlay", scene="board", version=1, fps=50)
        assert line.everything() == []


def test_tokens_open_no_other_view(replay: Replaying, arena: Running, code: str) -> None:
    for token in (arena.admin_token, arena.phone(code).token, "nonsense"):
        shown = replay.client.get(f"/api/v1/sessions/{code}/tally", headers={"Authorization": f"Bearer {token}"})
        assert (shown.status_code, shown.json()["view"]) == (200, "public")
        in_address = replay.client.get(f"/api/v1/sessions/{code}/feeds/text?lang=en&token={token}")
        assert (in_address.status_code, "votes" in in_address.text) == (200, True)


def test_controls_need_the_printed_token(replay: Replaying) -> None:
    for act in ("pause", "resume", "seek?to=0", "speed?to=8"):
        problem(replay.client.post(f"/api/v1/replay/{act}"), 401, "token_missing")
        wrong = {"Authorization": "Bearer other"}
        problem(replay.client.post(f"/api/v1/replay/{act}", headers=wrong), 401, "token_invalid")
    assert replay.client.post(f"/api/v1/replay/pause?token={TOKEN}").status_code == 200


def test_it_stands_still_goes_elsewhere_and_goes_faster(replay: Replaying, code: str) -> None:
    with Line.opened(replay.base_url.replace("http", "ws"), code) as line:
        end = line.hear("tally")
        assert replay.control("pause").json()["paused"] is True
        state = replay.control("seek", to="0:00:00").json()
        assert (state["position_ms"], state["position"], state["paused"]) == (0, "0:00:00", True)
        beginning = line.hear_if(lambda said: said["type"] == "tally" and said["epoch"] > end["epoch"])
        assert (beginning["round"]["phase"], votes_of(beginning)) == ("draft", {"red": 0, "blue": 0})
        assert replay.control("speed", to=60).json()["speed"] == 60
        replay.control("resume")
        line.hear_if(lambda said: said["type"] == "tally" and said["round"]["phase"] == "revealed")
    assert replay.client.get("/api/v1/replay").json()["speed"] == 60
    problem(replay.control("seek", to="soon"), 422, "invalid_request")
    problem(replay.control("speed", to=0), 422, "invalid_request")


def test_the_database_is_as_it_was(code: str, arena: Running, settings: Settings) -> None:
    eventually(lambda: arena.client().get(f"/api/v1/sessions/{code}/tally").json()["tally"]["votes"] == 3)
    before = contents(settings)
    with replaying(settings, code, speed=60) as replay:
        replay.client.post(f"/api/v1/sessions/{code}/join", json={})
        eventually(
            lambda: (
                replay.client.get("/api/v1/replay").json()["position"]
                == replay.client.get("/api/v1/replay").json()["length"]
            )
        )
    assert contents(settings) == before
