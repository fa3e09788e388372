"""`readout` (口播稿): the present state as sentences that a radio host can say.

The same sentences as the console's app/pages/console/readout.js; a test holds the two together. It never speaks a
figure that the public may not see, whoever asks, and names a winner only where the audience's votes decide.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.feeds.feed import Document, Feed, Language, Options
from app.feeds.numerals import chinese, chinese_count, chinese_decimal, english, english_decimal
from app.feeds.table import is_sealed, one_line, publicly_visible, weight_of

Values = Mapping[str, Any]
SAID_MAX = 3
"""How many choices of a result are named."""
_REHEARSAL: Mapping[Language, str] = {"zh": "这是彩排，不算数。", "en": "This is a rehearsal; nothing counts. "}


@dataclass(frozen=True, slots=True)
class Numerals:
    """How numbers are written: what is counted, what is numbered, shares of 100, scores such as `53.20`."""

    count: Callable[[int], str]
    ordinal: Callable[[int], str]
    percent: Callable[[int], str]
    decimal: Callable[[str], str]


def readout(document: Document, language: Language, digits: bool) -> str:
    """Return what the host says now; in a rehearsal with the warning first."""
    mark = _REHEARSAL[language] if document["session"]["rehearsal"] else ""
    speaker: _Chinese | _English = _Chinese(digits) if language == "zh" else _English(digits)
    return mark + _said(document, speaker)


def _said(document: Document, speaker: "_Chinese | _English") -> str:
    session, round_ = document["session"], document["round"]
    if session["status"] == "ended":
        return speaker.ended(session["title"])
    if round_ is None:
        return speaker.empty(session["title"])
    name = round_["title"] or speaker.round(round_["number"])
    tally = document["tally"] if publicly_visible(document) else None
    deciding = session["deciding"]
    match round_["phase"]:
        case "draft":
            return speaker.draft(session["code"], name, round_)
        case "open":
            return speaker.open(name, round_["question"], tally, deciding)
        case "paused":
            return speaker.paused(name)
        case "closing":
            return speaker.closing(name)
        case "locked" | "revealed":
            return speaker.locked(name, is_sealed(round_)) if tally is None else speaker.result(name, tally, deciding)
        case "void":
            return speaker.void(name)
        case phase:
            raise AssertionError(f"unknown phase {phase}")


class _Chinese:
    def __init__(self, digits: bool) -> None:
        percent: Callable[[int], str] = lambda n: f"百分之{chinese(n)}"  # noqa: E731
        in_digits = Numerals(str, str, lambda n: f"{n}%", str)
        self._say = in_digits if digits else Numerals(chinese_count, chinese, percent, chinese_decimal)

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

    def open(self, name: str, question: str, tally: Values | None, deciding: bool) -> str:
        ask = f"问题是：{question}" if question else ""
        head = f"“{name}”正在投票。{ask}{'。' if ask and not ask.endswith(('。', '？', '！')) else ''}"
        if tally is None or not (tally["leader"] or tally["tie"]):
            return f"{head}请大家拿起手机，点赞、投票。"
        first, second = _ranked(tally)[:2]
        scored = tally["by"] == "score"
        if tally["tie"]:
            return f"{head}目前{'得分' if scored else '票数'}持平，请大家继续投票。"
        count = self._say.count
        leads = f"{first['name']}{'' if deciding else '人气'}领先"
        if scored:
            how = f"加权得分{self._say.decimal(first['score_text'])}分，得票{count(first['votes'])}票"
        else:
            how = f"得票{count(first['votes'])}票，领先{count(first['votes'] - second['votes'])}票"
        return f"{head}目前{leads}，{how}，点赞合计{count(tally['likes'])}次。"

    def paused(self, name: str) -> str:
        return f"“{name}”投票暂停，请稍候，已经投出的票都算数。"

    def closing(self, name: str) -> str:
        return f"“{name}”投票通道正在关闭，我们等最后几秒的票到齐。"

    def locked(self, name: str, sealed: bool) -> str:
        end = "本轮封存计票，监票员核票之后揭晓" if sealed else "结果马上揭晓"
        return f"“{name}”投票已经截止，{end}。"

    def void(self, name: str) -> str:
        return f"“{name}”本轮投票作废，我们将另行安排，请留意。"

    def result(self, name: str, tally: Values, deciding: bool) -> str:
        if tally["votes"] == 0:
            return f"“{name}”没有收到投票。"
        say, ranked = self._say, _ranked(tally)
        counts = "；".join(each["name"] + self._figures(each, tally) for each in ranked[:SAID_MAX])
        head = "更正后的结果" if tally["corrections"] else "结果揭晓"
        people, likes, apart = say.count(tally["turnout"]), say.count(tally["likes"]), tally["held"]["ballots"]
        held = f"另有{say.count(apart)}张选票待核，没有计入。" if apart else ""
        end = self._end(ranked[0]["name"], tally, deciding)
        return f"“{name}”{head}：{counts}。共有{people}人投票，点赞{likes}次。{held}{end}"

    def _figures(self, choice: Values, tally: Values) -> str:
        votes = f"{self._say.count(choice['votes'])}票"
        if tally["by"] == "score":
            return f"加权得分{self._say.decimal(choice['score_text'])}分，得票{votes}"
        return f"{votes}，占{self._say.percent(choice['pct'])}"

    def _end(self, first: str, tally: Values, deciding: bool) -> str:
        level = "得分相同" if tally["by"] == "score" else "票数相同"
        if deciding:
            won = f"观众投票决定胜负，{first}胜出！" if tally["leader"] else ""
            return f"{level}，打成平手！" if tally["tie"] else won
        favoured = f"观众更支持{first}。" if tally["leader"] else ""
        return f"{f'{level}，不分高下。' if tally['tie'] else favoured}观众投票仅供参考，不决定胜负。"

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
        self._decimal: Callable[[str], str] = str if digits else english_decimal

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

    def open(self, name: str, question: str, tally: Values | None, deciding: bool) -> str:
        ask = f" The question: {question}{'' if question.endswith(('.', '?', '!')) else '.'}" if question else ""
        head = f"“{name}” is open.{ask}"
        if tally is None or not (tally["leader"] or tally["tie"]):
            return f"{head} Take your phones: like and vote."
        if tally["tie"]:
            return f"{head} It is level at the top. Keep voting."
        first, second = _ranked(tally)[:2]
        votes, likes = self._count(first["votes"], "vote"), self._count(tally["likes"], "like")
        leads = f"{first['name']} leads{'' if deciding else ' in popularity'}"
        if tally["by"] == "score":
            how = f"by weighted score with {self._decimal(first['score_text'])} points and {votes}"
        else:
            how = f"with {votes}, {self._number(first['votes'] - second['votes'])} ahead"
        return f"{head} {leads} {how}, with {likes} in all."

    def paused(self, name: str) -> str:
        return f"Voting on “{name}” is paused. Votes already cast stand."

    def closing(self, name: str) -> str:
        return f"Voting on “{name}” is closing; the last votes are coming in."

    def locked(self, name: str, sealed: bool) -> str:
        end = "The count is sealed until the scrutineer has certified it" if sealed else "The result comes in a moment"
        return f"Voting on “{name}” has closed. {end}."

    def void(self, name: str) -> str:
        return f"This vote on “{name}” is void. We will tell you what comes next."

    def result(self, name: str, tally: Values, deciding: bool) -> str:
        if tally["votes"] == 0:
            return f"Nobody voted on “{name}”."
        ranked = _ranked(tally)
        counts = "; ".join(f"{each['name']} {self._figures(each, tally)}" for each in ranked[:SAID_MAX])
        head = "The corrected result" if tally["corrections"] else "The result"
        people, apart = self._number(tally["turnout"]), tally["held"]["ballots"]
        likes = self._count(tally["likes"], "like")
        held = f" Held for review and not counted: {self._count(apart, 'ballot')}." if apart else ""
        end = self._end(ranked[0]["name"], tally, deciding)
        # The number begins its sentence.
        return f"{head} of “{name}”: {counts}. {people[0].upper()}{people[1:]} took part, with {likes}.{held}{end}"

    def _figures(self, choice: Values, tally: Values) -> str:
        votes = self._count(choice["votes"], "vote")
        if tally["by"] == "score":
            return f"{self._decimal(choice['score_text'])} points by weighted score, {votes}"
        return f"{votes}, {self._number(choice['pct'])} per cent"

    def _end(self, first: str, tally: Values, deciding: bool) -> str:
        if deciding:
            won = f" Audience votes decide: {first} wins!" if tally["leader"] else ""
            return " It is a tie!" if tally["tie"] else won
        favoured = f" The audience favours {first}." if tally["leader"] else ""
        return f"{' It is level.' if tally['tie'] else favoured} Audience votes show popularity and do not decide."

    def _count(self, number: int, noun: str) -> str:
        return f"{self._number(number)} {noun}{'' if number == 1 else 's'}"

    def _span(self, ms: int) -> str:
        minutes, rest = divmod((ms + 500) // 1000, 60)
        parts = [self._count(n, unit) for n, unit in ((minutes, "minute"), (rest, "second")) if n]
        return " ".join(parts) or self._count(0, "second")


def _ranked(tally: Values) -> list[Values]:
    return sorted(tally["choices"], key=lambda choice: -weight_of(tally, choice))


def _list(choices: Sequence[Values], comma: str, last: str) -> str:
    names = [str(each["name"]) for each in choices]
    return "".join(names) if len(names) < 2 else f"{comma.join(names[:-1])}{last}{names[-1]}"


def render(document: Document, options: Options) -> bytes:
    return one_line(readout(document, options.language, options.digits)).encode()


FEED = Feed("readout", "text/plain", "What the host says now (口播稿)", render, "spoken")
