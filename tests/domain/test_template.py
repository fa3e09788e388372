"""Templates: what a placeholder becomes in each place, and that nothing but values is ever filled in."""

import json
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.template import PLACES_MAX, TemplateError, fill, look_up, parsed, value_of

DOCUMENT: dict[str, Any] = {
    "session": {"title": '先锋 "擂台" & <一>', "number": 1, "topic": "", "deciding": False},
    "round": None,
    "tally": {"choices": [{"key": "red", "votes": 12}, {"key": "blue", "votes": 10}], "leader": None, "share": 0.5},
    "totals": (3, 4),
    "flat": {"red_votes": 12, "red_votes_text": "1.2万", "trap": "{{session.title}}"},
}


def filled(template: str, mode: Any = "plain") -> str:
    return fill(template, DOCUMENT, mode, 10_000).text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("no placeholder, {one} brace }} and }", "no placeholder, {one} brace }} and }"),
        ("{{flat.red_votes}}", "12"),
        ("红 {{ flat.red_votes_text }}:{{tally.choices.blue.votes}}", "红 1.2万:10"),
        ("{{tally.choices.0.votes}} {{tally.choices.1.key}} {{totals.1}}", "12 blue 4"),
        ("{{session.deciding}} {{tally.share}} {{tally.leader}}|", "false 0.5 |"),
        ("{{session.title}}", '先锋 "擂台" & <一>'),
    ],
)
def test_placeholder_becomes_the_value_at_its_path(template: str, text: str) -> None:
    assert fill(template, DOCUMENT, "plain", 10_000).text == text
    assert fill(template, DOCUMENT, "plain", 10_000).missing == ()


@pytest.mark.parametrize(
    "path",
    [
        "nothing", "session.none", "session.title.0", "round.phase", "tally.choices.green.votes", "tally.choices.2",
        "tally.choices.999999", "totals.red", "tally", "tally.choices",
    ],
)  # fmt: skip
def test_path_to_nothing_becomes_empty_and_is_named_once(path: str) -> None:
    found = fill(f"<{{{{{path}}}}}{{{{{path}}}}}>", DOCUMENT, "plain", 10_000)
    assert (found.text, found.missing) == ("<>", (path,))


def test_value_is_percent_encoded_in_an_address() -> None:
    assert filled("/a?v={{session.title}}", "url").isascii()
    assert unquote(filled("{{session.title}}", "url")) == DOCUMENT["session"]["title"]
    assert "&" not in filled("{{session.title}}", "url")


def test_value_is_escaped_inside_a_json_string_and_a_json_value_outside_one() -> None:
    body = (
        '{"a": "x {{session.title}} {{none}}", "{{flat.red_votes}}": {{flat.red_votes}},'
        ' "q\\"{{none}}": {{session.title}}}'
    )
    assert json.loads(filled(body, "json")) == {
        "a": f"x {DOCUMENT['session']['title']} ",
        "12": 12,
        'q"': DOCUMENT["session"]["title"],
    }


@pytest.mark.parametrize("path", ["flat", "tally.choices", "round", "session.deciding", "tally.share"])
def test_whole_part_of_the_document_can_stand_as_json(path: str) -> None:
    found = fill(f'{{"data":{{{{{path}}}}}}}', DOCUMENT, "json", 10_000)
    assert json.loads(found.text) == {"data": look_up(DOCUMENT, path.split("."))}
    assert found.missing == ()


def test_path_to_nothing_leaves_json_whole() -> None:
    found = fill('{"a": {{none}}, "b": "{{tally}}"}', DOCUMENT, "json", 10_000)
    assert json.loads(found.text) == {"a": "", "b": ""}
    assert found.missing == ("none", "tally")


def test_value_is_escaped_in_xml() -> None:
    text = filled("<a b='{{session.title}}'>{{session.title}}</a>", "xml")
    element = ElementTree.fromstring(text)
    assert element.text == element.get("b") == DOCUMENT["session"]["title"]


def test_value_is_never_filled_in_again() -> None:
    assert filled("{{flat.trap}}") == "{{session.title}}"


@pytest.mark.parametrize(
    "template",
    [
        "{{", "{{a", "{{}}", "{{ }}", "{{a b}}", "{{a..b}}", "{{.a}}", "{{a.}}", "{{{a}}}", "{{a()}}", "{{a['b']}}",
        "{{__import__('os')}}", "{{a|b}}", "{{票}}", "{{a.b.c.d.e.f.g.h.i}}", "{{" + "a" * 65 + "}}",
    ],
)  # fmt: skip
def test_what_is_no_path_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        parsed(template)


def test_number_of_placeholders_is_bounded() -> None:
    assert len(parsed("{{a}}" * PLACES_MAX)) == 2 * PLACES_MAX + 1
    with pytest.raises(TemplateError, match="more than 100"):
        parsed("{{a}}" * (PLACES_MAX + 1))


def test_text_is_bounded() -> None:
    assert fill("1234{{flat.red_votes}}", DOCUMENT, "plain", 6).text == "123412"
    with pytest.raises(TemplateError, match="longer than 5 characters"):
        fill("1234{{flat.red_votes}}", DOCUMENT, "plain", 5)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{flat.red_votes}}", 12), ("{{tally.share}}", 0.5), ("{{session.deciding}}", False), ("{{round}}", None),
        ("{{none}}", None), (" {{flat.red_votes}}", None), ("{{flat.red_votes}}x", None), ("12", None),
        ("{{flat.red_votes}}{{flat.red_votes}}", None),
    ],
)  # fmt: skip
def test_template_that_is_one_placeholder_has_a_value(template: str, value: Any) -> None:
    assert value_of(template, DOCUMENT) == value


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@given(TEXTS)
def test_whatever_a_value_holds_it_stays_one_value(text: str) -> None:
    document = {"v": text}
    assert json.loads(fill('{"a": "<{{v}}>", "b": {{v}}}', document, "json", 10_000).text) == {
        "a": f"<{text}>",
        "b": text,
    }
    address = fill("http://h/?a={{v}}&b=1", document, "url", 10_000).text
    assert unquote(address.removeprefix("http://h/?a=").removesuffix("&b=1")) == text
    assert address.count("&") == 1
    assert fill("{{v}}", document, "plain", 10_000).text == text


@given(st.text('{}ab."\\ ', max_size=60))
def test_every_text_is_a_template_or_refused(text: str) -> None:
    try:
        found = fill(text, {"a": {"b": "x"}}, "json", 10_000)
    except TemplateError:
        assert "{{" in text
    else:
        assert "{{" not in text or found.text != text
