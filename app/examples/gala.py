"""A year of 汉江创客英雄汇 as figures: 600 nominees, 59 in the preliminary, ten on stage, and how they were voted for.

Pure: the same seed gives the same document. Everybody in it is made up.
"""

import csv
from io import StringIO
from random import Random
from typing import Any

from app.examples import names

NOMINEES, PRELIMINARY, FINALISTS = 600, 59, 10
SHOW = {"slug": "hanjiang-heroes", "name": "汉江创客英雄汇"}
SEASON = {"season": "2021", "name": "第六届"}
THEMES = ("高质量发展", "优化营商环境", "乡村振兴", "基层治理")
UNITS = (
    "市直机关工委",
    "市总工会",
    "团市委",
    "市妇联",
    "高新区",
    "东津新区",
    "枣阳市",
    "宜城市",
    "南漳县",
    "保康县",
    "谷城县",
    "老河口市",
)
COLUMNS = ("编号", "姓名", "职务", "单位", "领域", "推荐单位", "口号")
POLL_VOTERS = 900
VOTES_PER_DAY = 3
GALA_VIEWERS = 1_200
PANEL = 31


def gala(seed: int = 2021) -> dict[str, Any]:
    """Return the year of a seed. `nominees` are rows under COLUMNS."""
    chance = Random(seed)  # noqa: S311 - example data, the same for the same seed
    people = names.people(chance, NOMINEES)
    rows = [
        [
            f"n{number:03}",
            each["name"],
            each["title"],
            each["organisation"],
            chance.choice(THEMES),
            chance.choice(UNITS),
            f"扎根基层{chance.randint(5, 30)}年",
        ]
        for number, each in enumerate(people, 1)
    ]
    keys = sorted(chance.sample([row[0] for row in rows], PRELIMINARY))
    # No two the same, so that the first ten are ten.
    poll = dict(zip(keys, _falling(chance, PRELIMINARY, 20, 90), strict=True))
    finalists = sorted(poll, key=lambda key: -poll[key])[:FINALISTS]
    return {
        "seed": seed,
        "show": SHOW,
        "season": SEASON,
        "columns": list(COLUMNS),
        "nominees": rows,
        "preliminary": keys,
        "poll": {"title": "我最期待见面的榜样", "votes": poll},
        "windows": [_window(chance) for _ in finalists],
        "final": {
            "web": _ballot(chance, GALA_VIEWERS),
            "panel": _ballot(chance, PANEL),
        },
        "viewers": GALA_VIEWERS,
    }


def nominees_csv(document: dict[str, Any]) -> str:
    """Return the nominees as the file that an office sends."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(document["columns"])
    writer.writerows(document["nominees"])
    return written.getvalue()


def _falling(chance: Random, count: int, least: int, most: int) -> list[int]:
    """Draw different numbers, in no order."""
    return chance.sample(range(least, most), count)


def _window(chance: Random) -> dict[str, int]:
    """Draw how many vote for the one on stage, how many pass, and the likes."""
    voted = chance.randint(700, 1_000)
    support = int(voted * chance.uniform(0.6, 0.95))
    return {"votes": support, "pass": voted - support, "likes": chance.randint(9_000, 16_000)}


def _ballot(chance: Random, voters: int) -> list[int]:
    """Share voters among the finalists, in the order of the stage."""
    weights = [chance.uniform(0.5, 1.6) for _ in range(FINALISTS)]
    shares = [int(voters * each / sum(weights)) for each in weights]
    shares[0] += voters - sum(shares)
    return shares
