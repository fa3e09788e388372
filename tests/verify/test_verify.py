"""`arena verify` holds on what the service exports, and finds every kind of tampering, naming the ballot at fault."""

import copy
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import cli
from app.verify import Unreadable, Verification, read_export, told, verify_ledger
from tests.verify.conftest import Book
from tests.verify.tampering import Tampering, forge, lines_of, row
from tests.verify.tampering_whole import ALL as TAMPERINGS


def saved(path: Path, book: Book, name: str = "book.json") -> str:
    file = path / name
    file.write_text(json.dumps(book, ensure_ascii=False))
    return str(file)


def tampered(tampering: Tampering, books: dict[str, Book]) -> tuple[Book, str]:
    """Return the changed copy as it comes back from a file, and the digest that had been published."""
    honest = books[tampering.book]
    book = copy.deepcopy(honest)
    tampering.change(book)
    assert json.dumps(book) != json.dumps(honest)
    return json.loads(json.dumps(book)), honest["result"]["digest"]


def sentences(found: Verification) -> str:
    return "\n".join(told("book.json", found))


@pytest.mark.parametrize("name", ["changeable", "daily"])
def test_export_of_a_real_round_holds(name: str, books: dict[str, Book]) -> None:
    book = books[name]
    found = verify_ledger(book, book["result"]["digest"])
    assert found.problems == []
    assert found.holds
    assert len(found.checks) == 17


def test_exports_under_test_have_all_that_can_be_tampered_with(books: dict[str, Book]) -> None:
    changeable, daily = books["changeable"], books["daily"]
    lines = lines_of(changeable)
    assert [line.seq for line in lines] == list(range(1, 15))
    assert changeable["result"]["votes"] == {"red": 4, "blue": 7}
    assert {line.channel for line in lines} == {"web", "wechat"}
    assert max(line.revision for line in lines) == 3
    assert len(changeable["batches"]) < len(lines)  # at least one of several ballots
    assert daily["result"]["votes"] == {"c1": 3, "c2": 3, "c3": 3}
    assert len({row(daily, seq)[3] for seq in range(1, 7)}) == 4  # two days with two votes
    assert (changeable["likes"], changeable["result"]["ballots"]) == (changeable["result"]["likes"], 14)
    assert "not ballots" in changeable["likes_note"]


def test_fifty_kinds_of_tampering_and_more_are_tried() -> None:
    assert len({each.change.__name__ for each in TAMPERINGS}) == len(TAMPERINGS) >= 50


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda each: each.change.__name__)
def test_tampered_copy_is_found_and_the_ballot_named(tampering: Tampering, books: dict[str, Book]) -> None:
    book, digest = tampered(tampering, books)
    alone = verify_ledger(book)
    assert alone.holds == tampering.thorough
    found = verify_ledger(book, digest)
    assert not found.holds
    assert "账目不符" in sentences(found)
    if tampering.line is not None:
        named = {problem.line: problem.sentence for problem in alone.problems}
        assert tampering.line in named, alone.problems
        assert str(tampering.line) in named[tampering.line]


@pytest.mark.parametrize("tampering", [each for each in TAMPERINGS if each.thorough], ids=lambda e: e.change.__name__)
def test_without_the_published_digest_it_says_what_is_not_proved(tampering: Tampering, books: dict[str, Book]) -> None:
    book, digest = tampered(tampering, books)
    text = sentences(verify_ledger(book))
    assert "can compute every hash anew" in text
    assert book["result"]["digest"] in text
    assert "published" in verify_ledger(book, digest).problems[-1].sentence


def test_one_changed_choice_in_a_batch_is_told_as_that_ballot_and_no_other(books: dict[str, Book]) -> None:
    book = copy.deepcopy(books["changeable"])
    row(book, 11)[5] = ["red"]
    chain = next(check for check in verify_ledger(book).checks if "head before" in check.sentence)
    assert [(problem.line, "committed with blue" in problem.sentence) for problem in chain.problems] == [(11, True)]


def test_problems_without_end_are_told_shortly(books: dict[str, Book]) -> None:
    book = copy.deepcopy(books["changeable"])
    book["ballots"] = [None] * 5_000
    text = sentences(verify_ledger(book))
    assert len(text.splitlines()) < 120
    assert "and 4980 more" in text


def test_export_without_rules_and_lock_time_is_judged_without_them(books: dict[str, Book]) -> None:
    book = {key: value for key, value in books["daily"].items() if key not in ("rules", "locked_at_ms", "likes")}
    assert verify_ledger(book).holds


def test_empty_round_holds(books: dict[str, Book]) -> None:
    book = copy.deepcopy(books["changeable"])
    book["ballots"] = []
    book["result"]["channels"] = {}
    book["result"]["likes"] = book["likes"] = {"red": 0, "blue": 0}
    forge(book)
    assert verify_ledger(book).problems == []


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('{"format": "arena-ledger-1", "ballots": [[1, "AB', id="truncated"),
        pytest.param("", id="empty"),
        pytest.param("[]", id="list"),
        pytest.param("\x00\x01", id="no text"),
        pytest.param('{"format": "arena-ledger-1", "format": "arena-ledger-1"}', id="key twice"),
        pytest.param('{"format": NaN}', id="no number"),
        pytest.param("[" * 100_000, id="deep"),
        pytest.param('{"n": ' + "9" * 5_000 + "}", id="long number"),
    ],
)
def test_what_is_no_json_of_an_export_is_not_readable(content: str, tmp_path: Path) -> None:
    file = tmp_path / "book.json"
    file.write_text(content)
    with pytest.raises(Unreadable):
        read_export(str(file))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "arena-ledger-2"},
        {"format": None},
        {"ballots": {}},
        {"batches": None},
        {"choices": []},
        {"choices": ["red", "red"]},
        {"choices": ["\ud800"]},
        {"session": "\ud800"},
        {"round": True},
        {"result": []},
        {"result": {}},
    ],
    ids=str,
)
def test_another_format_is_not_readable(change: Book, books: dict[str, Book]) -> None:
    with pytest.raises(Unreadable):
        verify_ledger({**books["changeable"], **change})


@pytest.mark.parametrize("odd", [None, True, -1, 1.5, 10**40, "\ud800", [], {}, [[]], {"\ud800": 10**40}], ids=repr)
def test_odd_values_anywhere_are_found_and_raise_nothing(odd: object, books: dict[str, Book]) -> None:
    book = books["changeable"]
    for key in book["result"].keys() - {"chain_head", "digest"}:
        if book["result"][key] == odd:
            continue
        changed = copy.deepcopy(book)
        changed["result"][key] = odd
        sentences(verify_ledger(changed)).encode()
        assert not verify_ledger(changed).holds, key
    for place in range(8):
        changed = copy.deepcopy(book)
        row(changed, 3)[place] = odd
        assert 3 in {problem.line for problem in verify_ledger(changed).problems}, place
    for key in book["batches"][0]:
        changed = copy.deepcopy(book)
        changed["batches"][2][key] = odd
        assert not verify_ledger(changed).holds, key


def test_too_large_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.verify.export_file.FILE_BYTES_MAX", 10)
    file = tmp_path / "book.json"
    file.write_text('{"a": "0123456789"}')
    with pytest.raises(Unreadable, match="512 MiB"):
        read_export(str(file))


class TestCommand:
    def run(self, *arguments: str, stdin: str | None = None) -> tuple[int, str]:
        result = CliRunner().invoke(cli.app, ["verify", *arguments], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result.exit_code, result.output

    def test_says_that_it_holds_and_what_it_checked(self, tmp_path: Path, books: dict[str, Book]) -> None:
        book = books["changeable"]
        code, text = self.run(
            saved(tmp_path, book), "--digest", book["result"]["digest"].upper(), "--key", book["key"].upper()
        )
        assert code == 0
        assert text.startswith("先锋擂台 · 计票核对 · 账目相符")
        assert text.count("  ok   ") == 17
        assert "It holds." in text
        assert "--digest" not in text
        assert "--key" not in text

    def test_says_what_is_wrong_with_exit_code_1(self, tmp_path: Path, books: dict[str, Book]) -> None:
        book = copy.deepcopy(books["changeable"])
        row(book, 3)[5] = ["blue"]
        code, text = self.run(saved(tmp_path, book))
        assert code == 1
        assert "Ballot 3 was changed: batch 3 was committed with red there." in text
        assert "Ballots at fault: 3." in text

    def test_unreadable_file_has_exit_code_2_and_a_changed_one_beside_it_1(
        self, tmp_path: Path, books: dict[str, Book]
    ) -> None:
        good = saved(tmp_path, books["daily"])
        bad = saved(tmp_path, {**books["daily"], "run": 9}, "bad.json")
        missing = str(tmp_path / "none.json")
        assert self.run(good, good)[0] == 0
        assert self.run(good, missing)[0] == 2
        assert self.run(missing, bad, good)[0] == 1
        assert self.run(str(tmp_path))[0] == 2

    def test_reads_standard_input(self, books: dict[str, Book]) -> None:
        assert self.run("-", stdin=json.dumps(books["daily"]))[0] == 0

    def test_wants_a_digest_for_each_file_or_none(self, tmp_path: Path, books: dict[str, Book]) -> None:
        good = saved(tmp_path, books["daily"])
        assert self.run(good, good, "--digest", "0" * 64)[0] == 2
        assert self.run(good, "--digest", "0" * 64)[0] == 1
