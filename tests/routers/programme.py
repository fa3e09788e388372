"""What the tests of seasons share: a show with a season, people, bouts that were played."""

from dataclasses import dataclass
from typing import Any

import httpx2

from tests.conftest import Running
from tests.players import Crew, Phone

SHOW = "pioneer-arena"
ROOT = f"/api/v1/shows/{SHOW}"
SEASON = f"{ROOT}/seasons/2017"


@dataclass
class Programme:
    """A running service with a show and its season 2017."""

    service: Running
    crew: Crew

    @property
    def client(self) -> httpx2.Client:
        return self.crew.client

    def post(self, path: str, body: dict[str, Any], status: int = 201) -> dict[str, Any]:
        answer = self.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def get(self, path: str, client: httpx2.Client | None = None, **params: Any) -> dict[str, Any]:
        answer = (client or self.client).get(path, params=params)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def enter(self, *names: str, **fields: Any) -> list[str]:
        """Enter people who are called so; returns their keys."""
        made = [self.post(f"{SEASON}/entries", {"person": {"name": name}, **fields}) for name in names]
        return [each["person"]["key"] for each in made]

    def put(self, code: str, **fields: Any) -> dict[str, Any]:
        """Put a session into the season."""
        answer = self.client.put(f"/api/v1/sessions/{code}/season", json={"season": "2017", **fields})
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def session(self, *names: str, **fields: Any) -> str:
        """Make a session of people who are called so, in which votes decide."""
        contestants = [{"name": name, "organisation": f"{name}的单位"} for name in names]
        rules: dict[str, Any] = {
            "kind": "pk" if len(names) == 2 else "gala", "deciding": True, "rounds": [{}], **fields,
        }  # fmt: skip
        return self.crew.make(contestants=contestants, **rules)

    def play(self, code: str, votes: dict[str, int], likes: dict[str, int] | None = None, number: int = 1) -> None:
        """Open a round, let phones vote and like, and lock it."""
        self.crew.do(code, "open", number=number)
        for key, count in votes.items():
            for _ in range(count):
                assert Phone.joined(self.service.client(), code).vote(key, number=number).status_code == 200
        if likes:
            answer = Phone.joined(self.service.client(), code).like(number, **likes)
            assert answer.json()["totals"] == likes
        self.crew.do(code, "lock", number=number)

    def end(self, code: str) -> None:
        assert self.client.patch(f"/api/v1/sessions/{code}", json={"status": "ended"}).status_code == 200

    def bout(
        self, names: tuple[str, str], votes: tuple[int, int], likes: tuple[int, int] = (0, 0), **fields: Any
    ) -> str:
        """Play a bout of one round in the season, to the end."""
        code = self.session(*names, **fields)
        self.put(code, make_people=True)
        given = {key: like for key, like in zip(("red", "blue"), likes, strict=True) if like}
        self.play(code, dict(zip(("red", "blue"), votes, strict=True)), given)
        self.crew.do(code, "reveal")
        return code

    def standings(self, client: httpx2.Client | None = None) -> dict[str, Any]:
        return self.get(f"{SEASON}/standings", client)

    def audit(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.get("/api/v1/audit", limit=500)["entries"]
        return entries


def programme_of(service: Running) -> Programme:
    made = Programme(service, service.crew())
    made.post("/api/v1/shows", {"name": "先锋擂台", "slug": SHOW})
    made.post(f"{ROOT}/seasons", {"season": "2017", "name": "2017 年度"})
    return made


def board(document: dict[str, Any], what: str) -> list[tuple[int, str, int]]:
    """Return a board with the people's names."""
    people = document["people"]
    return [(each["rank"], people[each["person"]]["name"], each["figure"]) for each in document["boards"][what]]
