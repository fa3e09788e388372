"""The season of fifteen issues, as figures: who met whom, how many took part, voted and liked, and the visits after it.

Pure: the same seed gives the same document. The totals are those of the report: fifteen broadcasts, more than 400,000
likes, more than 20,000 who looked on, sixteen lessons, 47 people in one of them. The first bout is the real one; all
other people are made up.
"""

from random import Random
from typing import Any

from app.examples import names

ISSUES = 15
SHOW = {"slug": "pioneer-arena", "name": "先锋擂台"}
SEASON = {"season": "2017", "name": "2017 年度"}
FIRST_MS = 1_487_815_200_000
"""10:00 in Zhangjiagang on 23 February 2017."""
WEEK_MS = 7 * 86_400_000
CHANNELS = [
    {"key": "web", "name": "网页", "delay_ms": 0},
    {"key": "wechat", "name": "微信视频", "delay_ms": 0},
    {"key": "radio", "name": "电台", "delay_ms": 0},
]
SHARES = {"wechat": 0.6, "web": 0.25, "radio": 0.15}
TOPICS = (
    ("服务群众", "绿色发展"), ("社会治理", "文明引领"), ("富民强村", "创新驱动"), ("基层民主", "聚焦转型"),
    ("企业党建", "创新驱动"), ("乡村振兴", "绿色发展"), ("志愿服务", "文明引领"), ("园区发展", "聚焦转型"),
    ("医者仁心", "文明引领"), ("法治同行", "聚焦转型"), ("美丽乡村", "绿色发展"), ("匠心传承", "创新驱动"),
    ("邻里守望", "文明引领"), ("青年先锋", "创新驱动"), ("不忘初心", "文明引领"),
)  # fmt: skip
FIRST_BOUT = [
    {"name": "王伟", "title": "党委副书记", "organisation": "澳洋医院", "sector": "民营医院"},
    {"name": "杨玭", "title": "党支部书记、会长", "organisation": "张家港市公益组织联合会", "sector": "社会组织"},
]
HOLDERS = "rbrrbrrrbbrbrrb"
"""Which side wins each issue. Red is the holder: one run of four wins, the rest shorter."""
TAUGHT_ELSEWHERE = 47
"""How many were taught in the machinery park of 南丰 on 31 August."""


def season(seed: int = 2017) -> dict[str, Any]:
    """Return the season of a seed."""
    chance = Random(seed)  # noqa: S311 - example data, the same for the same seed
    challengers = names.people(chance, ISSUES - 1)
    issues: list[dict[str, Any]] = []
    holder, challenger = FIRST_BOUT
    for i, won in enumerate(HOLDERS):
        if i:
            challenger = challengers[i - 1]
        issues.append(_issue(chance, i, holder, challenger, won))
        holder = holder if won == "r" else challenger
    return {
        "seed": seed,
        "show": SHOW,
        "season": SEASON,
        # Nobody but the audience is there to say who holds the arena.
        "deciding": True,
        "channels": CHANNELS,
        "shares": SHARES,
        "issues": issues,
        "visits": _visits(chance),
        "totals": {
            "broadcasts": len(issues),
            "viewers": sum(each["viewers"] for each in issues),
            "likes": sum(sum(round_["likes"].values()) for each in issues for round_ in each["rounds"]),
            "votes": sum(sum(round_["votes"].values()) for each in issues for round_ in each["rounds"]),
        },
    }


def _issue(chance: Random, i: int, holder: dict[str, str], challenger: dict[str, str], won: str) -> dict[str, Any]:
    # The programme grew: from a thousand who took part to seventeen hundred, and each liked more.
    viewers = int(1_000 + 52 * i + chance.uniform(-30, 30))
    topic, path = TOPICS[i]
    # Who wins the issue wins both rounds, or one clearly and loses the other by little.
    split = chance.random() < 0.4
    shares = [chance.uniform(0.515, 0.62), chance.uniform(0.47, 0.495) if split else chance.uniform(0.505, 0.6)]
    rounds = []
    for title, dimension, likes_each, share in (
        ("观点PK", "views", 9.8 + 0.1 * i, shares[0]),
        ("成效PK", "results", 7.1 + 0.25 * i, shares[1]),
    ):
        red = share if won == "r" else 1 - share
        voted = int(viewers * chance.uniform(0.74, 0.9))
        liked = int(viewers * likes_each * chance.uniform(0.97, 1.03))
        lean = min(0.75, max(0.25, red + chance.uniform(-0.08, 0.08)))
        votes, likes = round(voted * red), round(liked * lean)
        rounds.append(
            {
                "title": title,
                "dimension": dimension,
                "votes": {"red": votes, "blue": voted - votes},
                "likes": {"red": likes, "blue": liked - likes},
            }
        )
    return {
        "number": i + 1,
        "title": f"先锋擂台 第{i + 1}期",
        "topic": f"{topic} · {path}",
        "starts_at_ms": FIRST_MS + i * 2 * WEEK_MS,
        "contestants": [
            {"key": "red", **holder, "role": "holder" if i else ""},
            {"key": "blue", **challenger, "role": "challenger" if i else ""},
        ],
        "viewers": viewers,
        "rounds": rounds,
    }


def _visits(chance: Random) -> list[dict[str, Any]]:
    """Draw the requests: sixteen were answered by a lesson, one was declined, one is still to come."""
    outcomes = ["delivered"] * 16 + ["declined", "scheduled"]
    visits = []
    for i, outcome in enumerate(outcomes):
        town, kind = names.place(chance), chance.choice(("机关", "村企", "园区", "教育"))
        taught = TAUGHT_ELSEWHERE if i == 11 else chance.randint(28, 90)
        visits.append(
            {
                "issue": i * (ISSUES - 1) // (len(outcomes) - 1) + 1,
                "contestant": chance.choice(("red", "blue")),
                "organisation": "南丰镇机械园区党委" if i == 11 else f"{town}镇{kind}党委",
                "district": "南丰镇" if i == 11 else f"{town}镇",
                "topic": "请书记来讲一课",
                "people": taught,
                "name": names.person(chance),
                "phone": f"0512-5800 {1000 + i}",
                "outcome": outcome,
                "place": "党员活动中心",
                "weeks_after": chance.randint(1, 4),
                "taught": taught,
            }
        )
    return visits
