"""Every format says what the document says, whatever the names are, and nothing of a tally that is hidden."""

import csv
import json
import re
from email.utils import parsedate_to_datetime
from io import StringIO
from typing import Any
from xml.etree import ElementTree as xml

import pytest
from hypothesis import given, settings

from app.domain.lifecycle import Phase
from app.feeds import feeds
from app.feeds.feed import Options
from app.feeds.rows_csv import csv_cell
from app.feeds.rss_xml import NAMESPACE
from app.feeds.table import CHOICE_FIELDS, as_text, one_line, rows
from tests.feeds.documents import documents

FEEDS = {feed.name: feed for feed in feeds()}
ITEM_10 = ("epoch", "version", "server_time_ms", "phase", "closes_at_ms")
ON_AIR = (Phase.OPEN, Phase.PAUSED, Phase.CLOSING)


def rendered(name: str, document: dict[str, Any], **options: Any) -> Any:
    content = FEEDS[name].render(document, Options(**options))
    return json.loads(content) if name.endswith(".json") else content.decode()


def read_csv(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline="")))


def read_xml(text: str) -> xml.Element:
    return xml.fromstring(text.encode())


@given(documents())
def test_interop_01_rows_are_flat_one_a_choice_in_the_rounds_order(document: dict[str, Any]) -> None:
    table = rendered("rows.json", document)
    round_ = document["round"]
    assert [row["key"] for row in table] == [
        each["key"] for each in (round_["choices"] if round_ else document["contestants"])
    ]
    assert [row["position"] for row in table] == list(range(1, len(table) + 1))
    for row in table:
        assert all(isinstance(value, (str, int)) for value in row.values())


@given(documents())
def test_interop_02_flat_map_has_every_figure_of_every_choice_under_a_name_of_its_own(document: dict[str, Any]) -> None:
    found = rendered("flat.json", document)
    table = rows(document)
    assert found["choices"] == len(table)
    for row in table:
        names = (f"choice_choice_{row['key']}", f"choice_{row['key']}", str(row["key"]))
        assert any(all(found.get(f"{name}_{field}") == row[field] for field in CHOICE_FIELDS) for name in names)
    # As many entries as the map's own and the choices' together: nothing took another's place.
    own = {key for key in rendered("flat.json", document | {"tally": None}) if key in FLAT_KEYS}
    assert own == FLAT_KEYS
    assert len(found) == len(FLAT_KEYS) + len(CHOICE_FIELDS) * len(table)


FLAT_KEYS = {
    "epoch", "version", "server_time_ms", "view", "visible", "public", "phase", "closes_at_ms", "locks_at_ms",
    "remaining_ms", "round_number", "round_run", "round_title", "round_question", "turnout", "session_code",
    "session_number", "session_title", "session_topic", "session_status", "show", "scene", "votes", "likes", "tie",
    "leader_key", "leader_name", "leader_votes", "leader_votes_text", "leader_pct", "leader_pct_text", "lead_votes",
    "choices", "audience_online", "audience_unique", "deciding", "by", "sealed", "certified_at_ms", "held",
    "corrections", "rehearsal",
    "leader_score", "leader_score_text", "lead_score", "held_votes", "stale_after_ms", "panic",
}  # fmt: skip


@given(documents())
@settings(max_examples=200)
def test_interop_03_csv_and_xml_say_what_the_rows_say(document: dict[str, Any]) -> None:
    table = rows(document)
    header, *lines = read_csv(rendered("rows.csv", document))
    assert header == list(table[0])
    root = read_xml(rendered("rows.xml", document))
    assert (root.tag, {each.tag for each in root}) == ("rows", {"row"})
    for row, line, element in zip(table, lines, root, strict=True):
        for key, cell, value in zip(row, line, element, strict=True):
            expected = as_text(row[key])
            assert cell in (expected, f"'{expected}")
            assert (value.tag, value.text or "", value.attrib, len(value)) == (key, expected, {}, 0)


@given(documents())
def test_csv_never_holds_a_formula_nor_a_line_break_within_a_cell(document: dict[str, Any]) -> None:
    text = rendered("rows.csv", document)
    for cell in (cell for line in read_csv(text) for cell in line):
        assert not re.match(r"\s*[=+\-@＝＋－＠]", cell), cell
    assert len(text.splitlines()) == 1 + len(rows(document))


# The same texts as in tests/pages/report_csv.test.mjs: the service and the page guard alike.
@pytest.mark.parametrize(
    "name", ["=1+1", "+1", "-1", "@x", "＝1+1", "＋1", "－1", "＠x", " =1", "\u3000＝1", "\n@x", "\tx", "\rx"]
)
def test_a_name_that_looks_like_a_formula_cannot_run(name: str) -> None:
    assert csv_cell(name) == f"'{name}"


@pytest.mark.parametrize("name", ["", "王伟", "a=1", "1+1", " x", "'=1"])
def test_any_other_name_is_written_as_it_is(name: str) -> None:
    assert csv_cell(name) == name
    assert csv_cell(-5) == "-5"


@given(documents())
def test_interop_08_keys_are_plain_never_missing_and_nothing_is_null(document: dict[str, Any]) -> None:
    table, found = rendered("rows.json", document), rendered("flat.json", document)
    assert {tuple(row) for row in table} == {tuple(table[0])}
    assert all(re.fullmatch(r"[a-z0-9_]+", key) for key in [*table[0], *found])
    assert None not in [*found.values(), *(value for row in table for value in row.values())]


@given(documents())
def test_interop_09_integer_and_text_of_each_figure_and_percentages_sum_to_100(document: dict[str, Any]) -> None:
    table = rendered("rows.json", document)
    for row in table:
        for figure in ("votes", "pct", "likes"):
            assert type(row[figure]) is int
            assert isinstance(row[f"{figure}_text"], str)
            assert bool(row[f"{figure}_text"]) == row["visible"]
    assert sum(row["pct"] for row in table) == (100 if any(row["votes"] for row in table) else 0)
    goes_by = "score" if table[0]["by"] == "score" else "votes"
    best = [row[goes_by] for row in table if row["rank"] == 1]
    assert bool(best) == any(row[goes_by] for row in table)
    assert all(figure == max(row[goes_by] for row in table) for figure in best)


@given(documents())
def test_score_stands_beside_the_votes_where_channels_have_weights(document: dict[str, Any]) -> None:
    table, found = rendered("rows.json", document), rendered("flat.json", document)
    scored = document["tally"] is not None and document["tally"]["by"] == "score"
    assert {row["by"] for row in table} == {document["tally"]["by"] if document["tally"] else ""}
    for row in table:
        assert type(row["score"]) is int
        assert bool(row["score_text"]) == scored
        assert not scored or row["score_text"] == f"{row['score'] // 100}.{row['score'] % 100:02}"
    assert sum(row["score"] for row in table) in ((0, 10_000) if scored else (0,))
    assert found["lead_votes" if scored else "lead_score"] == 0
    if scored:
        assert all(row["score_text"] in rendered("text", document) for row in table)


@given(documents())
def test_every_feed_with_room_says_whether_the_votes_decide(document: dict[str, Any]) -> None:
    deciding = document["session"]["deciding"]
    assert {row["deciding"] for row in rendered("rows.json", document)} == {deciding}
    assert rendered("flat.json", document)["deciding"] is deciding
    channel = read_xml(rendered("rss.xml", document))[0]
    assert channel.findtext(f"{{{NAMESPACE}}}deciding") == str(deciding).lower()
    if document["round"]:
        for language, words in (("zh", ("决定胜负", "不决定胜负")), ("en", ("votes decide", "does not decide"))):
            assert words[0 if deciding else 1] in rendered("text", document, language=language)


@given(documents())
def test_held_ballots_are_told_apart(document: dict[str, Any]) -> None:
    held = (document["round"] or {"held": 0})["held"]
    table = rendered("rows.json", document)
    assert {row["held"] for row in table} == {held}
    if document["tally"]:
        assert sum(row["held_votes"] for row in table) == held == rendered("flat.json", document)["held_votes"]
    assert ("待核" in rendered("text", document)) == bool(held)


@given(documents())
def test_interop_10_every_payload_says_when_and_in_which_phase_it_was_made(document: dict[str, Any]) -> None:
    round_ = document["round"] or {}
    expected = {key: document.get(key, round_.get(key)) for key in ITEM_10}
    expected = {key: "" if value is None else value for key, value in expected.items()}
    for row in (*rendered("rows.json", document), rendered("flat.json", document)):
        assert {key: row[key] for key in ITEM_10} == expected
    texts = {key: str(value) for key, value in expected.items()}
    header, *lines = read_csv(rendered("rows.csv", document))
    for line in lines:
        assert dict(zip(header, line, strict=True)).items() >= texts.items()
    for element in read_xml(rendered("rows.xml", document)):
        assert {key: element.findtext(key) for key in ITEM_10} == texts
    channel = read_xml(rendered("rss.xml", document))[0]
    assert {key: channel.findtext(f"{{{NAMESPACE}}}{key}") for key in ITEM_10} == texts


@given(documents())
def test_text_and_readout_are_one_line_that_names_the_round(document: dict[str, Any]) -> None:
    for name in ("text", "readout"):
        for language in ("zh", "en"):
            said = rendered(name, document, language=language)
            assert said
            assert len(said.splitlines()) <= 1
            assert said == one_line(said)
    if document["round"] and document["tally"]:
        line = rendered("text", document)
        assert all(one_line(choice["name"]) in line for choice in document["tally"]["choices"])


@given(documents())
def test_rss_has_an_item_for_the_state_and_one_for_each_visible_choice(document: dict[str, Any]) -> None:
    for base in ("http://arena.example", 'http://"<&'):
        root = read_xml(rendered("rss.xml", document, base=base))
        assert (root.tag, root.get("version"), [each.tag for each in root]) == ("rss", "2.0", ["channel"])
        channel = root[0]
        assert channel.findtext("link") == f"{base}/v/K7M2QP"
        assert channel.findtext("title") is not None
        assert channel.findtext("description") is not None
        items = channel.findall("item")
        assert len(items) == 1 + (len(document["tally"]["choices"]) if document["tally"] else 0)
        guids = [item.findtext("guid") for item in items]
        assert len(set(guids)) == len(guids)
        assert items[0].findtext("title") == rendered("text", document)
        for item in items:
            assert parsedate_to_datetime(item.findtext("pubDate") or "").timestamp() == 1_795_176_000


@given(documents(view="staff", phases=ON_AIR))
def test_a_hidden_tally_leaves_every_key_with_zero_or_nothing(document: dict[str, Any]) -> None:
    hidden = document | {"tally": None, "view": "public", "staff": None}
    shown, blank = rendered("rows.json", document), rendered("rows.json", hidden)
    for before, after in zip(shown, blank, strict=True):
        assert before.keys() == after.keys()
        assert {after[key] for key in ("votes", "pct", "likes", "rank", "score", "held_votes", "corrections")} == {0}
        assert {after[key] for key in ("votes_text", "pct_text", "likes_text", "score_text", "by")} == {""}
        assert (after["visible"], after["leader"], after["tie"], after["public"]) == (False, False, False, False)
    assert rendered("flat.json", document).keys() == rendered("flat.json", hidden).keys()
    # What does not follow from the rest of the document cannot be read from a feed: other figures, the same bytes.
    for feed in feeds():
        other = hidden | {"totals": {"likes": 1, "votes": 1}}
        assert feed.render(hidden, Options()) == feed.render(other, Options())


def test_every_format_is_found_by_its_own_file() -> None:
    assert set(FEEDS) == {
        "flat.json", "readout", "rows.csv", "rows.json", "rows.xml", "rss.xml", "text", "tile.png",
    }  # fmt: skip
