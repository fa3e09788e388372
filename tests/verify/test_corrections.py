"""Corrections, signatures and the audit log: what `arena verify` finds of each in the export of a real round."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import cli
from app.domain import ledger
from app.domain.signature import SigningKey
from app.settings import Settings
from app.verify import Unreadable, Verification, verify_audit, verify_ledger
from tests.conftest import FakeClock, running
from tests.verify.conftest import Book

CHANNELS = [{"key": "web", "name": "网页", "weight": 40}, {"key": "panel", "name": "评审团", "weight": 60}]
FORGER = SigningKey(b"f" * 32)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Book, Book]]:
    """The ledger of a sealed round with held ballots and two corrections, and the audit log of its session."""
    clock = FakeClock()
    settings = Settings(
        _env_file=None, data_dir=tmp_path_factory.mktemp("papers"), host="127.0.0.1", port=0, tick_ms=20
    )
    with running(settings, clock) as service:
        producer, scrutineer, director = (service.crew(role) for role in ("producer", "scrutineer", "director"))
        rules = {"sealed": True, "quarantine": ["too_soon"], "changeable": True}
        code = producer.make(channels=CHANNELS, rounds=[rules], deciding=True)
        producer.do(code, "open")
        phones = [service.phone(code, channel) for channel in ("web", "web", "panel", "panel", "web")]
        clock.forward(1_000)
        for phone, side in zip(phones, ("red", "red", "blue", "red", "blue"), strict=True):
            clock.forward(1_000)
            phone.vote(side)
            phone.like(**{side: 4})
        phones[1].vote("blue")
        bot = service.phone(code, "web")
        bot.vote("red")
        clock.forward(1_000)
        bot.vote("blue")
        clock.forward(1_000)
        producer.do(code, "lock")
        scrutineer.do(code, "certify")
        path = f"/api/v1/sessions/{code}/rounds/1/corrections"
        for kind, subject in (("release_held", "too_soon"), ("void_channel", "web")):
            clock.forward(1_000)
            body = {"kind": kind, "subject": subject, "reason": "核查"}
            proposal = producer.client.post(path, json=body).json()
            assert scrutineer.client.post(f"{path}/{proposal['id']}/confirm").status_code == 200
        director.do(code, "reveal")
        book = service.client().get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()
        log = scrutineer.client.get(f"/api/v1/sessions/{code}/audit/export").json()
        yield book, log


def problems(found: Verification) -> str:
    return "\n".join(each.sentence for each in found.problems)


def test_a_corrected_round_and_its_log_hold(papers: tuple[Book, Book]) -> None:
    book, log = papers
    found = verify_ledger(book, book["result"]["digest"], book["key"])
    assert found.problems == []
    assert "观众投票决定胜负" in found.title
    assert [each["record"]["kind"] for each in book["corrections"]] == ["release_held", "void_channel"]
    assert [len(row) for row in book["ballots"]] == [8] * 6 + [9] * 2
    assert (book["result"]["held"]["too_soon"]["ballots"], book["result"]["turnout"]) == (2, 5)
    assert (book["corrections"][0]["record"]["turnout"], book["corrections"][1]["record"]["turnout"]) == (6, 2)
    checked = verify_audit(log, [book], log["key"], log["entries"][3]["digest"])
    assert checked.problems == []
    assert len(checked.checks) == 5


def resigned(book: Book) -> None:
    """Do what a forger can who has another key: chain and sign all anew."""
    digest = book["result"]["digest"]
    for each in book["corrections"]:
        each["digest"] = digest = ledger.fold(digest, each["record"])
        each["signature"] = FORGER.sign_digest(digest)
    book["key"], book["signature"] = FORGER.public, FORGER.sign_digest(book["result"]["digest"])


def record(book: Book, number: int) -> dict[str, Any]:
    found: dict[str, Any] = book["corrections"][number - 1]["record"]
    return found


TAMPERINGS: dict[str, tuple[Callable[[Book], Any], str]] = {
    "votes": (lambda book: record(book, 1)["votes"].update(red=99), "Correction 1 was changed"),
    "votes, forged": (lambda book: (record(book, 1)["votes"].update(red=99), resigned(book)), "announces votes"),
    "turnout, forged": (lambda book: (record(book, 2).update(turnout=9), resigned(book)), "announces turnout"),
    "held, forged": (lambda book: (record(book, 2).update(held={"unseen": {}}), resigned(book)), "announces held"),
    "likes, forged": (lambda book: (record(book, 2)["likes"].update(red=1), resigned(book)), "announces likes"),
    "likes of a channel, forged": (
        lambda book: (record(book, 2)["channels"]["panel"]["likes"].update(red=9), resigned(book)),
        "other likes of a channel",
    ),
    "a channel's votes, forged": (
        lambda book: (record(book, 2)["channels"]["web"]["votes"].update(red=0), resigned(book)),
        "other figures of the channel",
    ),
    "a channel left out, forged": (
        lambda book: (record(book, 2)["channels"].pop("web"), resigned(book)), "leaves out the channel",
    ),
    "one more voided, forged": (
        lambda book: (record(book, 2).update(voided=["panel", "web"]), resigned(book)), "leaves out more",
    ),
    "another kind, forged": (lambda book: (record(book, 2).update(kind="add_votes"), resigned(book)), "does not know"),
    "no reason, forged": (lambda book: (record(book, 1).update(reason=" "), resigned(book)), "gives no reason"),
    "first removed": (lambda book: book["corrections"].pop(0), "stands at place 1"),
    "swapped": (lambda book: book["corrections"].reverse(), "stands at place 1"),
    "of another round, forged": (lambda book: (record(book, 1).update(round=2), resigned(book)), "another session"),
    "no list": (lambda book: book.update(corrections={}), "no list"),
    "no record": (lambda book: book["corrections"][0].pop("record"), "not the form of a correction"),
    "odd record": (lambda book: record(book, 1).update(extra={"\ud800": 1}), "no digest can cover"),
    "odd channels, forged": (lambda book: (record(book, 1).update(channels=[]), resigned(book)), "no channels"),
    "signature of a correction": (
        lambda book: book["corrections"][1].update(signature="00" * 64), "signature of the correction 2",
    ),
    "signature of the result": (lambda book: book.update(signature=None), "signature of the result"),
    "no key": (lambda book: book.pop("key"), "names no key"),
    "a held ballot let through": (lambda book: book["ballots"][6].pop(), "not held as"),
    "a ballot held": (lambda book: book["ballots"][0].append("too_soon"), "was changed, removed"),
    "held by no rule": (lambda book: book["ballots"][6].__setitem__(8, "先"), "rule that holds it"),
    "deciding": (lambda book: book.update(deciding=False), "whether the audience decides"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_tampered_correction_is_found(name: str, papers: tuple[Book, Book]) -> None:
    change, sentence = TAMPERINGS[name]
    book = copy.deepcopy(papers[0])
    change(book)
    found = verify_ledger(book, key=papers[0]["key"])
    assert not found.holds
    assert sentence in problems(found), problems(found)


def test_a_forged_whole_is_told_by_its_key(papers: tuple[Book, Book]) -> None:
    book = copy.deepcopy(papers[0])
    resigned(book)
    assert verify_ledger(book).problems == []
    assert "somebody else signed it" in problems(verify_ledger(book, key=papers[0]["key"]))
    assert any("--key" in each for each in verify_ledger(book).unproved)


LOG_TAMPERINGS: dict[str, tuple[Callable[[Book], Any], str]] = {
    "actor": (lambda log: log["entries"][1].update(actor="somebody"), "was changed"),
    "after": (lambda log: log["entries"][2].update(after=None), "was changed"),
    "removed": (lambda log: log["entries"].pop(1), "was changed"),
    "last removed": (lambda log: log["entries"].pop(), "does not end with"),
    "added": (lambda log: log["entries"].insert(1, log["entries"][0]), "was changed"),
    "swapped": (lambda log: log["entries"].reverse(), "stands after"),
    "odd": (lambda log: log["entries"].append(7), "not the form of an entry"),
    "field added": (lambda log: log["entries"][0].update(note=""), "not the form of an entry"),
    "signature": (lambda log: log.update(signature="00" * 64), "signature of the head"),
    "number": (lambda log: log["entries"][0].update(id=10**9), "stands after entry 1000000000"),
    "odd value": (lambda log: log["entries"][0].update(after={"\ud800": 1}), "was changed"),
}


@pytest.mark.parametrize("name", LOG_TAMPERINGS)
def test_a_tampered_log_is_found(name: str, papers: tuple[Book, Book]) -> None:
    change, sentence = LOG_TAMPERINGS[name]
    log = copy.deepcopy(papers[1])
    change(log)
    assert sentence in problems(verify_audit(log, [papers[0]]))


def test_a_log_that_knows_another_lock_or_other_corrections_is_found(papers: tuple[Book, Book]) -> None:
    book, log = papers
    other = copy.deepcopy(book)
    other["result"]["digest"] = "ab" * 32
    assert "no lock with the digest" in problems(verify_audit(log, [other]))
    fewer = copy.deepcopy(book)
    fewer["corrections"].pop()
    assert "made before the last" in problems(verify_audit(log, [fewer]))
    fewer["corrections"][0]["digest"] = "ab" * 32
    assert "other than" in problems(verify_audit(log, [fewer])).replace("others than", "other than")
    assert "noted" in problems(verify_audit(log, head="ab" * 32))
    assert "somebody else" in problems(verify_audit(log, key=FORGER.public))


@pytest.mark.parametrize("change", [{"format": "x"}, {"entries": {}}, {"session": 1}, {"head": None}], ids=str)
def test_what_is_no_log_is_not_readable(change: Book, papers: tuple[Book, Book]) -> None:
    with pytest.raises(Unreadable):
        verify_audit({**papers[1], **change})


def test_the_command_takes_logs_and_ledgers_in_any_order(papers: tuple[Book, Book], tmp_path: Path) -> None:
    names = []
    for name, document in zip(("book", "log"), papers, strict=True):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
        names.append(str(tmp_path / f"{name}.json"))
    for order in (names, names[::-1]):
        result = CliRunner().invoke(cli.app, ["verify", *order, "--key", papers[0]["key"]])
        assert result.exit_code == 0, result.output
        assert "Round 1, run 1: locked and corrected as the log says." in result.output
    papers_changed = copy.deepcopy(papers[1])
    papers_changed["entries"].pop()
    (tmp_path / "log.json").write_text(json.dumps(papers_changed))
    assert CliRunner().invoke(cli.app, ["verify", *names]).exit_code == 1
