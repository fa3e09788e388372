"""The replays, small: every call against a real service, every count taken again from the ledgers."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from app.examples import ReplayError, ReplayOptions, replay_gala, replay_season
from app.examples.gala import gala
from app.examples.season import season
from tests.conftest import Running


def small_season() -> dict[str, Any]:
    """Return three issues of the season with a tenth of everything."""
    document = season()
    document["issues"] = document["issues"][:3]
    for issue in document["issues"]:
        issue["viewers"] //= 10
        for round_ in issue["rounds"]:
            for figures in (round_["votes"], round_["likes"]):
                for key in figures:
                    figures[key] //= 10
    document["visits"] = [{**each, "issue": i % 3 + 1} for i, each in enumerate(document["visits"][14:])]
    return document


def options_of(arena: Running, said: list[str] | None = None) -> ReplayOptions:
    tell = (said if said is not None else []).append
    return ReplayOptions(arena.base_url, arena.admin_token, connections=8, tell=tell)


def test_season_is_replayed_and_every_like_is_counted_again(arena: Running) -> None:
    document, said = small_season(), list[str]()
    report = asyncio.run(replay_season(options_of(arena, said), document))
    assert report.problems == []
    played = sum(sum(each["likes"].values()) for issue in document["issues"] for each in issue["rounds"])
    assert report.likes == report.card["likes"] == played
    with arena.app.state.arena.database.reader.connect() as connection:
        assert connection.scalar(text("SELECT sum(total) FROM like_total")) == played
    assert (report.broadcasts, report.card["broadcasts"], len(said)) == (3, 3, 3)
    assert report.viewers == report.card["views"]["unique"]
    assert f"3 期 · {report.viewers:,} 人参与 · {played:,} 赞" in report.summary
    assert (report.card["visits"]["delivered"], report.card["visits"]["asked"]) == (2, 4)
    standings = arena.client().get("/api/v1/shows/pioneer-arena/seasons/2017/standings").json()
    # Red held in the first issue and lost the second; its winner kept the arena in the third.
    names = standings["people"]
    assert [names[each["holder"]]["name"] for each in standings["arena"]["bouts"]] == ["王伟", "蔡浩", "蔡浩"]
    assert standings["arena"]["run"] == 2


@pytest.mark.slow
def test_gala_is_replayed_from_six_hundred_to_one(arena: Running) -> None:
    document = gala()
    document["viewers"] = 60
    document["poll"]["votes"] = {key: votes // 8 + i for i, (key, votes) in enumerate(
        sorted(document["poll"]["votes"].items(), key=lambda pair: pair[1])
    )}  # fmt: skip
    document["preliminary"] = list(document["poll"]["votes"])[:59]
    for window in document["windows"]:
        window.update(votes=40, **{"pass": 10}, likes=600)
    document["final"]["web"] = [20, 5, 5, 5, 5, 5, 5, 4, 3, 3]
    report = asyncio.run(replay_gala(options_of(arena), document))
    assert report.problems == []
    assert (report.nominees, report.finalists, report.likes) == (600, 10, 6_000)
    season_path = "/api/v1/shows/hanjiang-heroes/seasons/2021"
    stages = {each["stage"]: each["entries"] for each in arena.client().get(season_path).json()["stages"]}
    assert stages == {"nominated": 541, "preliminary": 49, "final": 10, "withdrawn": 0}
    assert report.winner
    assert "海选 600 人 · 决赛 10 人 · 6,000 赞" in report.summary


def test_refusal_ends_the_replay_with_a_sentence(arena: Running) -> None:
    overlay = ReplayOptions(arena.base_url, arena.tokens["overlay"])
    with pytest.raises(ReplayError, match="wrong_role"):
        asyncio.run(replay_season(overlay, small_season()))
