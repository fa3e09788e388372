"""`readout` (口播稿): the present state as sentences that a radio host can say.

The same sentences as the console's app/pages/console/readout.js; a test holds the two together. It never speaks a
figure that the public may not see, whoever asks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.feeds.feed import Document, Feed, Language, Options
from app.feeds.numerals import chinese, chinese_count, english
from app.feeds.table import one_line, publicly_visible

Values = Mapping[str, Any]
SAID_MAX = 3
"""How many choices of a result are named."""


@dataclass(frozen=True, slots=True)
class Numerals:
    """How numbers are written: what is counted, what is numbered, shares of 100."""

    count: Callable[[int], str]
    ordinal: Callable[[int], str]
    percent: Callable[[int], str]


def readout(document: Document, language: Language, digits: bool) -> str:
    """Return what the host says now."""
    session, round_ = document["session"], document["round"]
    speaker: _Chinese | _English = _Chinese(digits) if language == "zh" else _English(digits)
    if session["status"] == "ended":
        return speaker.ended(session["title"])
    if round_ is None:
        return speaker.empty(session["title"])
    name = round_["title"] or speaker.round(round_["number"])
    tally = document["tally"] if publicly_visible(document) else None
    match round_["phase"]:
        case "draft":
            return speaker.draft(session["code"], name, round_)
        case "open":
            return speaker.open(name, round_["question"], tally)
        case "paused":
            return speaker.paused(name)
        case "closing":
            return speaker.closing(name)
        case "locked" | "revealed":
            return speaker.locked(name) if tally is None else speaker.result(name, tally)
        case "void":
            return speaker.void(name)
        case phase:
            raise AssertionError(f"unknown phase {phase}")


class _Chinese:
    def __init__(self, digits: bool) -> None:
        percent: Callable[[int], str] = lambda n: f"百分之{chinese(n)}"  # noqa: E731
        self._say = Numerals(str, str, lambda n: f"{n}%") if digits else Numerals(chinese_count, chinese, percent)

    def round(self, number: int) -> str:
        return f"第{self._say.ordinal(number)}回合"

    def ended(self, title: str) -> str:
        return f"{title}到此结束，感谢大家的参与。"

    def empty(self, title: str) -> str:
        return f"欢迎收看{title}。"

    def draft(self, code: str, name: str, round_: Values) -> str:
        names = _list(round_["choices"], "、", "和")
        time = "" if round_["duration_ms"] is None else f"，投票时间{self._span(round_['duration_ms'])}"
        return f"接下来是“{name}”，请为{names}投票{time}。扫屏幕上的二维码就能参与，短码 {' '.join(code)} 。"

    def open(self, name: str, question: str, tally: Values | None) -> str:
        ask = f"问题是：{question}" if question else ""
        head = f"“{name}”正在投票。{ask}{'。' if ask and not ask.endswith(('。', '？', '！')) else ''}"
        if tally is None or tally["votes"] == 0:
            return f"{head}请大家拿起手机，点赞、投票。"
        first, *others = _by_votes(tally)
        if tally["leader"] is None:
            return f"{head}目前票数持平，请大家继续投票。"
        lead = first["votes"] - others[0]["votes"] if others else first["votes"]
        count = self._say.count
        return (
            f"{head}目前{first['name']}领先，得票{count(first['votes'])}票，领先{count(lead)}票，"
            f"点赞合计{count(tally['likes'])}次。"
        )

    def paused(self, name: str) -> str:
        return f"“{name}”投票暂停，请稍候，已经投出的票都算数。"

    def closing(self, name: str) -> str:
        return f"“{name}”投票通道正在关闭，我们等最后几秒的票到齐。"

    def locked(self, name: str) -> str:
        return f"“{name}”投票已经截止，结果马上揭晓。"

    def void(self, name: str) -> str:
        return f"“{name}”本轮投票作废，我们将另行安排，请留意。"

    def result(self, name: str, tally: Values) -> str:
        if tally["votes"] == 0:
            return f"“{name}”没有收到投票。"
        say, ranked = self._say, _by_votes(tally)
        counts = "；".join(
            f"{each['name']}{say.count(each['votes'])}票，占{say.percent(each['pct'])}" for each in ranked[:SAID_MAX]
        )
        end = "票数相同，打成平手" if tally["leader"] is None else f"{ranked[0]['name']}胜出"
        people, likes = say.count(tally["turnout"]), say.count(tally["likes"])
        return f"“{name}”结果揭晓：{counts}。共有{people}人投票，点赞{likes}次。{end}！"

    def _span(self, ms: int) -> str:
        minutes, rest = divmod((ms + 500) // 1000, 60)
        seconds = f"{self._say.count(rest)}秒"
        if minutes == 0:
            return seconds
        said = self._say.count(minutes)
        return f"{said}分钟" if rest == 0 else f"{said}分{seconds}"


class _English:
    def __init__(self, digits: bool) -> None:
        self._number: Callable[[int], str] = str if digits else english

    def round(self, number: int) -> str:
        return f"Round {self._number(number)}"

    def ended(self, title: str) -> str:
        return f"That was {title}. Thank you for taking part."

    def empty(self, title: str) -> str:
        return f"Welcome to {title}."

    def draft(self, code: str, name: str, round_: Values) -> str:
        names = _list(round_["choices"], ", ", " or ")
        time = "" if round_["duration_ms"] is None else f" You have {self._span(round_['duration_ms'])}."
        return (
            f"Next comes “{name}”: vote for {names}.{time} "
            f"Scan the code on the screen; the short code is {' '.join(code)}."
        )

    def open(self, name: str, question: str, tally: Values | None) -> str:
        ask = f" The question: {question}{'' if question.endswith(('.', '?', '!')) else '.'}" if question else ""
        head = f"“{name}” is open.{ask}"
        if tally is None or tally["votes"] == 0:
            return f"{head} Take your phones: like and vote."
        first, *others = _by_votes(tally)
        if tally["leader"] is None:
            return f"{head} It is level at the top. Keep voting."
        lead = self._number(first["votes"] - others[0]["votes"] if others else first["votes"])
        votes, likes = self._count(first["votes"], "vote"), self._count(tally["likes"], "like")
        return f"{head} {first['name']} leads with {votes}, {lead} ahead, with {likes} in all."

    def paused(self, name: str) -> str:
        return f"Voting on “{name}” is paused. Votes already cast stand."

    def closing(self, name: str) -> str:
        return f"Voting on “{name}” is closing; the last votes are coming in."

    def locked(self, name: str) -> str:
        return f"Voting on “{name}” has closed. The result comes in a moment."

    def void(self, name: str) -> str:
        return f"This vote on “{name}” is void. We will tell you what comes next."

    def result(self, name: str, tally: Values) -> str:
        if tally["votes"] == 0:
            return f"Nobody voted on “{name}”."
        ranked = _by_votes(tally)
        counts = "; ".join(
            f"{each['name']} {self._count(each['votes'], 'vote')}, {self._number(each['pct'])} per cent"
            for each in ranked[:SAID_MAX]
        )
        end = "It is a tie" if tally["leader"] is None else f"{ranked[0]['name']} wins"
        people = self._number(tally["turnout"])
        likes = self._count(tally["likes"], "like")
        # The number begins its sentence.
        return f"The result of “{name}”: {counts}. {people[0].upper()}{people[1:]} took part, with {likes}. {end}!"

    def _count(self, number: int, noun: str) -> str:
        return f"{self._number(number)} {noun}{'' if number == 1 else 's'}"

    def _span(self, ms: int) -> str:
        minutes, rest = divmod((ms + 500) // 1000, 60)
        parts = [self._count(n, unit) for n, unit in ((minutes, "minute"), (rest, "second")) if n]
        return " ".join(parts) or self._count(0, "second")


def _by_votes(tally: Values) -> list[Values]:
    return sorted(tally["choices"], key=lambda choice: -int(choice["votes"]))


def _list(choices: Sequence[Values], comma: str, last: str) -> str:
    names = [str(each["name"]) for each in choices]
    return "".join(names) if len(names) < 2 else f"{comma.join(names[:-1])}{last}{names[-1]}"


def render(document: Document, options: Options) -> bytes:
    return one_line(readout(document, options.language, options.digits)).encode()


FEED = Feed("readout", "text/plain", "What the host says now (口播稿)", render, "spoken")
