"""The words of the feeds in both languages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.feeds.feed import Language
from app.feeds.table import one_line


@dataclass(frozen=True, slots=True)
class Words:
    phases: Mapping[str, str]
    hidden: str
    sealed: str
    deciding: str
    popularity: str
    corrected: str
    score: Callable[[str], str]
    held: Callable[[int], str]
    votes: Callable[[str], str]
    turnout: Callable[[int], str]
    round: Callable[[int], str]


WORDS: Mapping[Language, Words] = {
    "zh": Words(
        {
            "draft": "即将开始",
            "open": "投票中",
            "paused": "投票暂停",
            "closing": "即将截止",
            "locked": "投票截止",
            "revealed": "结果揭晓",
            "void": "本轮作废",
        },
        "票数暂不公布",
        "封存计票",
        "观众投票决定胜负",
        "观众投票仅供参考，不决定胜负",
        "更正后",
        lambda score: f"加权得分{score}",
        lambda ballots: f"另有{ballots}票待核",
        lambda votes: f"{votes}票",
        lambda people: f"{people}人已投票",
        lambda number: f"第{number}回合",
    ),
    "en": Words(
        {
            "draft": "coming up",
            "open": "voting open",
            "paused": "voting paused",
            "closing": "voting closes",
            "locked": "voting closed",
            "revealed": "result",
            "void": "void",
        },
        "votes not public yet",
        "sealed count",
        "audience votes decide",
        "audience popularity, does not decide",
        "corrected",
        lambda score: f"weighted score {score}",
        lambda ballots: f"{ballots} held for review",
        lambda votes: f"{votes} {'vote' if votes == '1' else 'votes'}",
        lambda people: f"{people} voted",
        lambda number: f"Round {number}",
    ),
}

REHEARSAL = "彩排 REHEARSAL"
"""In both languages: whoever reads it on the picture must see at once that nothing counts."""


def round_name(round_: Mapping[str, Any], language: Language) -> str:
    """Return a round's title, or its number where it has none."""
    return one_line(round_["title"]) or WORDS[language].round(round_["number"])
