"""Replays the year of the gala: 600 nominees from a file, a poll of 59, ten on stage, the final ballot with a panel."""

import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

from app.examples.gala import FINALISTS, PANEL, VOTES_PER_DAY, nominees_csv
from app.examples.gala import gala as gala_of
from app.examples.played import PlayedSession, parts_of
from app.examples.service import CrewLine, Fleet, ReplayError, ReplayOptions, lines_of

CHANNELS = [
    {"key": "web", "name": "网络观众", "weight": 40},
    {"key": "panel", "name": "大众评审", "weight": 60, "identity": "ticket"},
]


@dataclass(slots=True)
class GalaReport:
    """What came of it; `votes` and `likes` are the gala's own, recounted from its ledgers."""

    seconds: float = 0.0
    requests: int = 0
    nominees: int = 0
    finalists: int = 0
    poll: str = ""
    code: str = ""
    votes: int = 0
    likes: int = 0
    winner: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def summary(self) -> str:
        return (
            f"海选 {self.nominees} 人 · 决赛 {self.finalists} 人 · {self.likes:,} 赞 · {self.votes:,} 票 · "
            f"{self.requests:,} 个请求 · {self.seconds:.0f} 秒"
        )


async def replay_gala(options: ReplayOptions, document: dict[str, Any] | None = None) -> GalaReport:
    """Replay a gala's year; without a document the example's own.

    Raises:
        ReplayError: the service refuses a call, or cannot be reached.
    """
    document = document or gala_of()
    report = GalaReport()
    began = time.monotonic()
    async with lines_of(options) as (crew, fleet):
        season = await _nominate(crew, document, report)
        options.tell(f"海选 {report.nominees} 人，预赛 {len(document['preliminary'])} 人")
        await _poll(crew, fleet, document, season, report)
        options.tell(f"网络投票结束，{report.finalists} 人进入决赛")
        await _gala(crew, fleet, document, season, report, options)
        options.tell(f"总决赛 {report.code}：{report.winner}")
    report.requests = fleet.requests
    report.seconds = time.monotonic() - began
    return report


async def _nominate(crew: CrewLine, document: dict[str, Any], report: GalaReport) -> str:
    """Load the nominees, and move who goes on to the preliminary; returns the season's path."""
    slug = document["show"]["slug"]
    await crew.call("POST", "/shows", document["show"], known=409)
    await crew.call("POST", f"/shows/{slug}/seasons", document["season"])
    season = f"/shows/{slug}/seasons/{document['season']['season']}"
    loaded = await crew.send(f"{season}/import", nominees_csv(document).encode("utf-8-sig"))
    report.nominees = loaded["added"]
    body = {"people": document["preliminary"], "to": "preliminary", "reason": "评审推荐"}
    await crew.call("POST", f"{season}/moves", body)
    return season


async def _poll(crew: CrewLine, fleet: Fleet, document: dict[str, Any], season: str, report: GalaReport) -> None:
    """Let everybody vote for who shall be on stage, and move the first ten."""
    chance = Random(f"{document['seed']}/poll")  # noqa: S311 - the same phones for the same seed
    people = {row[0]: row for row in document["nominees"]}
    contestants = [
        {"key": key, "name": people[key][1], "title": people[key][2], "organisation": people[key][3]}
        for key in document["preliminary"]
    ]
    made = await crew.call(
        "POST",
        "/sessions",
        {
            "show": document["show"]["slug"],
            "kind": "poll",
            "title": document["poll"]["title"],
            "deciding": True,
            "contestants": contestants,
            "rounds": [{"title": "网络投票", "votes_per_day": VOTES_PER_DAY, "duration_ms": 3 * 86_400_000}],
        },
    )
    played = PlayedSession(crew, fleet, made["code"])
    report.poll = played.code
    body = {"season": document["season"]["season"], "stage": "preliminary"}
    await crew.call("PUT", f"{played.path}/season", body)
    votes = document["poll"]["votes"]
    tokens = await played.join([{"channel": "web"}] * sum(votes.values()))
    await played.play(1, parts_of(chance, tokens, votes, {}))
    await played.command(1, "reveal")
    await played.end()
    report.problems += await played.recount(1, votes, {})
    body = {"session": played.code, "top": FINALISTS, "to": "final", "reason": "网络投票前十"}
    moved = await crew.call("POST", f"{season}/moves/by-rank", body)
    report.finalists = len(moved["moved"])
    wanted = sorted(votes, key=lambda key: -votes[key])[:FINALISTS]
    if [each["person"] for each in moved["ranking"]] != wanted:
        report.problems.append("the first ten of the poll are not those who were voted for most")


async def _gala(
    crew: CrewLine, fleet: Fleet, document: dict[str, Any], season: str, report: GalaReport, options: ReplayOptions
) -> None:
    chance = Random(f"{document['seed']}/gala")  # noqa: S311 - the same phones for the same seed
    made = await crew.call(
        "POST",
        f"{season}/gala",
        {"stage": "final", "title": "汉江创客英雄汇 总决赛", "number": 6, "deciding": True, "channels": CHANNELS},
    )
    played = PlayedSession(crew, fleet, made["code"])
    report.code = played.code
    sheet = await crew.call("POST", f"{played.path}/tickets", {"channel": "panel", "count": PANEL})
    tokens = await played.join([{"channel": "web"}] * document["viewers"])
    panel = await played.join([{"ticket": each["secret"]} for each in sheet["tickets"]])
    keys = [each["key"] for each in made["contestants"]]
    for number, (key, window) in enumerate(zip(keys, document["windows"], strict=True), 1):
        votes, likes = {key: window["votes"], "pass": window["pass"]}, {key: window["likes"]}
        await played.play(number, parts_of(chance, tokens, votes, likes), look=number == 1)
        await played.command(number, "reveal")
        report.problems += await played.recount(number, votes, likes)
        name = made["contestants"][number - 1]["name"]
        options.tell(f"{number}. {name}  {window['votes']:,} 票 · {window['likes']:,} 赞")
    await _final(played, chance, document, keys, tokens, panel, report)
    result = await crew.call("GET", f"{played.path}/rounds/{len(keys) + 1}/result")
    leader = result["tally"]["leader"]
    report.winner = next((each["name"] for each in made["contestants"] if each["key"] == leader), "")
    report.votes, report.likes = played.votes, played.likes
    if not report.winner:
        raise ReplayError("The final ballot has no leader; the example's figures are to have one.")


async def _final(
    played: PlayedSession,
    chance: Random,
    document: dict[str, Any],
    keys: list[str],
    tokens: list[str],
    panel: list[str],
    report: GalaReport,
) -> None:
    """Let the audience and the panel cast the last ballot."""
    number = len(keys) + 1
    audience = dict(zip(keys, document["final"]["web"], strict=True))
    jury = dict(zip(keys, document["final"]["panel"], strict=True))
    parts = parts_of(chance, tokens, audience, {}) | parts_of(chance, panel, jury, {})
    await played.play(number, parts)
    await played.command(number, "reveal")
    await played.end()
    both = {key: audience[key] + jury[key] for key in keys}
    report.problems += await played.recount(number, both, {})
