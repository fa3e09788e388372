"""The read-out: spoken numbers, both languages, the console's own sentences, never a figure that is hidden."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.lifecycle import Phase
from app.domain.session import may_see_tally
from app.feeds.readout import readout
from app.feeds.table import is_sealed
from tests.feeds.documents import documents

SIBLING = Path(__file__).parents[2] / "app" / "pages" / "console" / "readout.js"
DRIVER = """
import { readout } from %s;
const cases = JSON.parse(await new Promise((done) => {
  let text = ""; process.stdin.on("data", (part) => { text += part; }).on("end", () => done(text));
}));
console.log(JSON.stringify(cases.map(([d, language]) => readout(d.session, d.round, d.tally, language))));
"""


def bout(phase: str, red: int, blue: int, **changes: Any) -> dict[str, Any]:
    total = red + blue
    tally = {
        "choices": [
            {"key": "red", "name": "王伟", "votes": red, "pct": 55 if total else 0},
            {"key": "blue", "name": "杨玭", "votes": blue, "pct": 45 if total else 0},
        ],
        "votes": total, "likes": 2_000, "turnout": total, "tie": red == blue > 0, "by": "votes", "corrections": 0,
        "leader": None if red == blue else "red" if red > blue else "blue",
        "held": {"ballots": 0, "votes": {"red": 0, "blue": 0}},
    }  # fmt: skip
    round_ = {
        "number": 2, "phase": phase, "title": "", "question": "谁更好", "duration_ms": 120_000, "visibility": "live",
        "choices": [{"key": each["key"], "name": each["name"]} for each in tally["choices"]],
        "sealed": False, "certified_at_ms": None,
    }  # fmt: skip
    session = {"code": "K7M2QP", "title": "先锋擂台", "status": "live", "rehearsal": False, "deciding": True}
    return {"view": "public", "session": session, "round": round_, "tally": tally, **changes}


def scored(phase: str, red: str, blue: str, deciding: bool) -> dict[str, Any]:
    """A bout whose channels have weights: red has more votes, the scores are as given."""
    document = bout(phase, 12, 10)
    document["session"]["deciding"] = deciding
    for choice, text in zip(document["tally"]["choices"], (red, blue), strict=True):
        choice |= {"score": int(text.replace(".", "")), "score_text": text}
    tie = red == blue
    leader = None if tie else "red" if float(red) > float(blue) else "blue"
    document["tally"] |= {"by": "score", "leader": leader, "tie": tie}
    return document


def test_the_lead_is_said_in_words() -> None:
    assert readout(bout("open", 1_234, 1_232), "zh", False) == (
        "“第二回合”正在投票。问题是：谁更好。目前王伟领先，得票一千二百三十四票，领先两票，点赞合计两千次。"
    )
    assert readout(bout("open", 1_234, 1_233), "en", False) == (
        "“Round two” is open. The question: 谁更好. 王伟 leads with one thousand two hundred and thirty-four votes, "
        "one ahead, with two thousand likes in all."
    )


def test_the_result_is_said_in_words() -> None:
    assert readout(bout("revealed", 10, 12), "zh", False) == (
        "“第二回合”结果揭晓：杨玭十二票，占百分之四十五；王伟十票，占百分之五十五。共有二十二人投票，点赞两千次。"
        "观众投票决定胜负，杨玭胜出！"
    )
    assert readout(bout("revealed", 11, 11), "zh", False).endswith("票数相同，打成平手！")
    assert ". Twenty-two took part, with two thousand likes. It is a tie!" in readout(
        bout("revealed", 11, 11), "en", False
    )


def test_where_votes_do_not_decide_nobody_is_said_to_have_won() -> None:
    for document in (bout("revealed", 10, 12), bout("revealed", 11, 11), scored("revealed", "46.80", "53.20", False)):
        document["session"]["deciding"] = False
        said = readout(document, "zh", False)
        assert said.endswith("观众投票仅供参考，不决定胜负。")
        assert not re.search("胜出|获胜|平手", said)
        spoken = readout(document, "en", False)
        assert spoken.endswith("Audience votes show popularity and do not decide.")
        assert not re.search(r"\bwins\b|\bwinner\b", spoken)
    assert "观众更支持杨玭。" in readout(bout("revealed", 10, 12, session=_popular()), "zh", False)
    assert "目前杨玭人气领先" in readout(bout("open", 10, 12, session=_popular()), "zh", False)


def _popular() -> dict[str, Any]:
    session: dict[str, Any] = bout("open", 0, 0)["session"]
    return session | {"deciding": False}


def test_where_channels_have_weights_the_score_is_said_beside_the_votes() -> None:
    assert readout(scored("revealed", "46.80", "53.20", True), "zh", False) == (
        "“第二回合”结果揭晓：杨玭加权得分五十三点二分，得票十票；王伟加权得分四十六点八分，得票十二票。"
        "共有二十二人投票，点赞两千次。观众投票决定胜负，杨玭胜出！"
    )
    assert "杨玭 53.20 points by weighted score, 10 votes" in readout(
        scored("locked", "46.80", "53.20", True), "en", True
    )
    assert "得分持平" in readout(scored("open", "50.00", "50.00", True), "zh", False)


def test_held_ballots_and_corrections_are_said_with_the_result() -> None:
    document = bout("revealed", 10, 12)
    document["tally"] |= {"held": {"ballots": 2, "votes": {"red": 2, "blue": 0}}, "corrections": 1}
    assert "更正后的结果" in readout(document, "zh", False)
    assert "另有两张选票待核，没有计入。" in readout(document, "zh", False)
    assert "The corrected result" in readout(document, "en", False)
    assert "Held for review and not counted: two ballots." in readout(document, "en", False)


def test_a_sealed_count_is_announced_as_such() -> None:
    document = bout("locked", 10, 12, tally=None)
    document["round"]["sealed"] = True
    assert "封存计票" in readout(document, "zh", False)
    assert "sealed" in readout(document, "en", False)


def test_before_the_round_the_host_hears_who_how_long_and_the_code() -> None:
    assert readout(bout("draft", 0, 0, tally=None), "zh", False) == (
        "接下来是“第二回合”，请为王伟和杨玭投票，投票时间两分钟。扫屏幕上的二维码就能参与，短码 K 7 M 2 Q P 。"
    )


@given(documents(), st.sampled_from(["zh", "en"]), st.booleans())
def test_what_the_public_may_not_see_is_not_said_to_whoever_asks(
    document: dict[str, Any], language: Any, digits: bool
) -> None:
    round_ = document["round"]
    public = round_ is None or may_see_tally(
        "public", round_["visibility"], Phase(round_["phase"]), False, is_sealed(round_)
    )
    if not public and document["tally"] is not None:
        assert readout(document, language, digits) == readout(document | {"tally": None}, language, digits)


@given(documents())
def test_in_words_there_is_no_digit_but_of_names_and_the_code(document: dict[str, Any]) -> None:
    for part in (document["session"], document["round"] or {}, *document["contestants"]):
        for field in ("title", "question", "name", "code"):
            part[field] = "X" if part.get(field) else ""
    for choice in [
        *(document["round"] or {"choices": []})["choices"],
        *(document["tally"] or {"choices": []})["choices"],
    ]:
        choice["name"] = "X"
    for language in ("zh", "en"):
        assert not re.search(r"\d", readout(document, language, False))


@given(documents(view="staff"), st.sampled_from(["zh", "en"]))
def test_the_crew_is_told_what_the_public_is_told(document: dict[str, Any], language: Any) -> None:
    tally = document["tally"] if document["staff"]["publicly_visible"] else None
    public = document | {"view": "public", "staff": None, "tally": tally}
    assert readout(document, language, False) == readout(public, language, False)


@pytest.mark.skipif(not shutil.which("node"), reason="needs node")
def test_the_console_says_the_same_sentences() -> None:
    counts = ((12, 10), (10, 12), (5, 5), (1, 0), (0, 0))
    found = [bout(phase, red, blue) for phase in Phase for red, blue in counts]
    found += [bout(phase, 12, 10, tally=None) for phase in Phase]
    found += [each | {"session": each["session"] | {"status": "ended"}} for each in found[:1]]
    pairs = (("46.80", "53.20"), ("50.00", "50.00"), ("100.00", "0.00"))
    found += [scored(phase, *pair, deciding) for phase in Phase for pair in pairs for deciding in (True, False)]

    @settings(max_examples=150, database=None)
    @given(documents())
    def collect(document: dict[str, Any]) -> None:
        found.append(document)

    collect()
    cases = [(document, language) for document in found for language in ("zh", "en")]
    driver = DRIVER % json.dumps(SIBLING.as_uri())
    command = ["node", "--input-type=module", "-e", driver]
    said = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=True)
    ours = [readout(document, language, True) for document, language in cases]
    assert ours == json.loads(said.stdout)
