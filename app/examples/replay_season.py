"""Replays the season of fifteen issues through the public API, at full speed, and recounts every like."""

import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

from app.examples.played import PlayedSession, parts_of
from app.examples.season import season as season_of
from app.examples.service import CrewLine, Fleet, ReplayOptions, lines_of

DAY_MS = 86_400_000


@dataclass(slots=True)
class SeasonReport:
    """What came of it. `likes` and `votes` are recounted from the ledgers; `card` is what the service shows."""

    seconds: float = 0.0
    requests: int = 0
    broadcasts: int = 0
    viewers: int = 0
    likes: int = 0
    votes: int = 0
    codes: list[str] = field(default_factory=list)
    card: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def summary(self) -> str:
        visits = self.card["visits"]
        return (
            f"{self.broadcasts} 期 · {self.viewers:,} 人参与 · {self.likes:,} 赞 · {self.votes:,} 票 · "
            f"送课 {visits['delivered']} 次 {visits['taught']:,} 人 · {self.requests:,} 个请求 · {self.seconds:.0f} 秒"
        )


async def replay_season(options: ReplayOptions, document: dict[str, Any] | None = None) -> SeasonReport:
    """Replay a season; without a document the example's own.

    Raises:
        ReplayError: the service refuses a call, or cannot be reached.
    """
    document = document or season_of()
    report = SeasonReport()
    began = time.monotonic()
    async with lines_of(options) as (crew, fleet):
        await _begin(crew, document)
        for issue in document["issues"]:
            played = await _issue(crew, fleet, document, issue, report)
            options.tell(
                f"{issue['title']}  {issue['contestants'][0]['name']} 对 {issue['contestants'][1]['name']}  "
                f"{played.likes:,} 赞 · {played.votes:,} 票"
            )
        await _visits(crew, document, report)
        await _check_card(crew, document, report)
    report.requests = fleet.requests
    report.seconds = time.monotonic() - began
    return report


async def _begin(crew: CrewLine, document: dict[str, Any]) -> None:
    slug = document["show"]["slug"]
    await crew.call("POST", "/shows", document["show"], known=409)
    await crew.call("POST", f"/shows/{slug}/seasons", document["season"])


async def _issue(
    crew: CrewLine, fleet: Fleet, document: dict[str, Any], issue: dict[str, Any], report: SeasonReport
) -> PlayedSession:
    chance = Random(f"{document['seed']}/{issue['number']}")  # noqa: S311 - the same phones for the same seed
    rounds = [{"title": each["title"], "dimension": each["dimension"]} for each in issue["rounds"]]
    made = await crew.call(
        "POST",
        "/sessions",
        {
            "show": document["show"]["slug"],
            **{key: issue[key] for key in ("number", "title", "topic", "starts_at_ms", "contestants")},
            **{key: document[key] for key in ("deciding", "channels")},
            "rounds": rounds,
        },
    )
    played = PlayedSession(crew, fleet, made["code"])
    body = {"season": document["season"]["season"], "make_people": True}
    await crew.call("PUT", f"{played.path}/season", body)
    channels = chance.choices(list(document["shares"]), list(document["shares"].values()), k=issue["viewers"])
    tokens = await played.join([{"channel": each} for each in channels])
    for number, each in enumerate(issue["rounds"], 1):
        parts = parts_of(chance, tokens, each["votes"], each["likes"])
        await played.play(number, parts, look=number == 1)
        await played.command(number, "reveal")
    await played.end()
    for number, each in enumerate(issue["rounds"], 1):
        report.problems += await played.recount(number, each["votes"], each["likes"])
    report.broadcasts += 1
    report.viewers += issue["viewers"]
    report.likes += played.likes
    report.votes += played.votes
    report.codes.append(played.code)
    return played


async def _visits(crew: CrewLine, document: dict[str, Any], report: SeasonReport) -> None:
    """Ask for each visit as an organisation does, and let the crew answer."""
    personal = ("contestant", "organisation", "district", "topic", "people", "name", "phone")
    for visit in document["visits"]:
        path = f"/sessions/{report.codes[visit['issue'] - 1]}/visits"
        await crew.call("POST", path, {key: visit[key] for key in personal})
        number = max(each["id"] for each in (await crew.call("GET", path))["visits"])
        if visit["outcome"] == "declined":
            await crew.call("POST", f"{path}/{number}/decline", {"reason": "本月行程已满"})
            continue
        issue = document["issues"][visit["issue"] - 1]
        starts_at_ms = issue["starts_at_ms"] + visit["weeks_after"] * 7 * DAY_MS
        await crew.call("POST", f"{path}/{number}/accept")
        await crew.call("POST", f"{path}/{number}/schedule", {"starts_at_ms": starts_at_ms, "place": visit["place"]})
        if visit["outcome"] == "delivered":
            await crew.call("POST", f"{path}/{number}/deliver", {"taught": visit["taught"]})


async def _check_card(crew: CrewLine, document: dict[str, Any], report: SeasonReport) -> None:
    """Hold the card against the ledgers."""
    slug = document["show"]["slug"]
    season = document["season"]["season"]
    report.card = card = await crew.call("GET", f"/shows/{slug}/card?season={season}")
    delivered = [each for each in document["visits"] if each["outcome"] == "delivered"]
    for what, shown, counted in (
        ("broadcasts", card["broadcasts"], report.broadcasts),
        ("likes", card["likes"], report.likes),
        ("votes", card["votes"], report.votes),
        ("viewers", card["views"]["unique"], report.viewers),
        ("visits", card["visits"]["delivered"], len(delivered)),
        ("people taught", card["visits"]["taught"], sum(each["taught"] for each in delivered)),
    ):
        if shown != counted:
            report.problems.append(f"the card shows {shown} {what}; counted again they are {counted}")
