"""Ways to change an export, from one letter to a forgery with every hash made anew.

Each takes an honest copy and changes it in place. `line` is the ballot at fault, where there is one; `thorough` ones
agree with themselves, so that only the published digest tells them from the original.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.domain import ledger
from app.domain.ledger import LedgerLine
from app.domain.signature import SigningKey

Book = dict[str, Any]
SEQ, RECEIPT, VOTER, SLOT, REVISION, CHOICES, CHANNEL, AT_MS = range(8)
LOOSE = "A" * 26
"""A receipt of good form that no ballot has."""


@dataclass(frozen=True)
class Tampering:
    change: Callable[[Book], None]
    line: int | None
    book: str
    thorough: bool


TAMPERINGS: list[Tampering] = []


def tamper(
    line: int | None = None, book: str = "changeable", thorough: bool = False
) -> Callable[[Callable[[Book], None]], None]:
    def add(change: Callable[[Book], None]) -> None:
        TAMPERINGS.append(Tampering(change, line, book, thorough))

    return add


def row(book: Book, seq: int) -> list[Any]:
    found: list[Any] = book["ballots"][seq - 1]
    return found


def lines_of(book: Book) -> list[LedgerLine]:
    return [LedgerLine(*each[:5], tuple(each[5]), *each[6:]) for each in book["ballots"]]


def renumber(book: Book) -> None:
    for seq, each in enumerate(book["ballots"], 1):
        each[SEQ] = seq


def one_batch_each(book: Book) -> None:
    book["batches"] = [
        {"number": each[SEQ], "last_seq": each[SEQ], "head": "", "committed_at_ms": each[AT_MS]}
        for each in book["ballots"]
    ]


def rechain(book: Book) -> None:
    """Make every head anew, and the digest from the last."""
    lines, head, start = lines_of(book), ledger.CHAIN_START, 0
    for batch in book["batches"]:
        head = batch["head"] = ledger.extend(head, lines[start : batch["last_seq"]])
        start = batch["last_seq"]
    book["result"]["chain_head"] = head
    seal(book)


def seal(book: Book) -> None:
    """Make the digest anew and sign it, with another key: the service's own is in no file."""
    figures = {key: value for key, value in book["result"].items() if key not in ("chain_head", "digest")}
    book["result"]["digest"] = digest = ledger.fold(book["result"]["chain_head"], figures)
    book["key"], book["signature"] = FORGER.public, FORGER.sign_digest(digest)


FORGER = SigningKey(b"f" * 32)


def recount(book: Book) -> None:
    """Announce what the ballots now give."""
    lines, result = lines_of(book), book["result"]
    result["votes"], result["turnout"] = ledger.recount(lines, book["choices"])
    result["ballots"] = len(lines)
    for key, (votes, turnout) in ledger.recount_channels(lines, book["choices"]).items():
        result["channels"].setdefault(key, {"likes": dict.fromkeys(book["choices"], 0)})
        result["channels"][key] |= {"votes": votes, "turnout": turnout}


def forge(book: Book) -> None:
    renumber(book)
    one_batch_each(book)
    recount(book)
    rechain(book)


# One field of one ballot.


@tamper(line=3)
def choice_changed(book: Book) -> None:
    row(book, 3)[CHOICES] = ["blue"]


@tamper(line=11)
def choice_changed_within_a_batch_of_many(book: Book) -> None:
    row(book, 11)[CHOICES] = ["red"]


@tamper(line=3)
def choice_changed_and_tally_with_it(book: Book) -> None:
    row(book, 3)[CHOICES] = ["blue"]
    recount(book)
    seal(book)


@tamper(line=3)
def choice_unknown(book: Book) -> None:
    row(book, 3)[CHOICES] = ["green"]


@tamper(line=3)
def choice_removed(book: Book) -> None:
    row(book, 3)[CHOICES] = []


@tamper(line=3)
def choice_not_in_a_list(book: Book) -> None:
    row(book, 3)[CHOICES] = "red"


@tamper(line=3)
def choice_of_no_text(book: Book) -> None:
    row(book, 3)[CHOICES] = [{"red": 1}]


@tamper(line=1, book="daily")
def choice_named_twice(book: Book) -> None:
    row(book, 1)[CHOICES] = ["c1", "c1"]


@tamper(line=1, book="daily")
def choices_turned_round(book: Book) -> None:
    row(book, 1)[CHOICES] = ["c3", "c1"]
    rechain(book)


@tamper(line=1, book="daily")
def choice_of_several_added(book: Book) -> None:
    row(book, 1)[CHOICES] = ["c1", "c2", "c3"]
    recount(book)
    rechain(book)


@tamper(line=4)
def channel_changed(book: Book) -> None:
    row(book, 4)[CHANNEL] = "web"


@tamper(line=4)
def channel_of_no_form(book: Book) -> None:
    row(book, 4)[CHANNEL] = "Web site"


@tamper(line=6)
def time_changed(book: Book) -> None:
    row(book, 6)[AT_MS] += 1


@tamper(line=6)
def time_changed_and_its_batch_with_it(book: Book) -> None:
    row(book, 6)[AT_MS] += 1
    book["batches"][5]["committed_at_ms"] += 1


@tamper(line=6)
def time_as_text(book: Book) -> None:
    row(book, 6)[AT_MS] = str(row(book, 6)[AT_MS])


@tamper(line=6)
def time_as_a_fraction(book: Book) -> None:
    row(book, 6)[AT_MS] = float(row(book, 6)[AT_MS])


@tamper(line=6)
def time_beyond_any_number(book: Book) -> None:
    row(book, 6)[AT_MS] = 10**30


@tamper(line=14)
def ballot_after_the_lock(book: Book) -> None:
    row(book, 14)[AT_MS] = book["locked_at_ms"] + 1
    book["batches"][-1]["committed_at_ms"] = book["locked_at_ms"] + 1
    rechain(book)


@tamper(line=2)
def receipt_forged(book: Book) -> None:
    row(book, 2)[RECEIPT] = LOOSE


@tamper(line=2)
def receipt_too_short(book: Book) -> None:
    row(book, 2)[RECEIPT] = row(book, 2)[RECEIPT][:-1]


@tamper(line=2)
def receipt_in_small_letters(book: Book) -> None:
    row(book, 2)[RECEIPT] = row(book, 2)[RECEIPT].lower()


@tamper(line=4)
def receipt_of_another_ballot(book: Book) -> None:
    row(book, 4)[RECEIPT] = row(book, 2)[RECEIPT]
    rechain(book)


@tamper(line=3)
def voter_renamed(book: Book) -> None:
    row(book, 3)[VOTER] = "0" * 24


@tamper(line=3)
def voter_of_no_form(book: Book) -> None:
    row(book, 3)[VOTER] = "王伟"


@tamper(line=5)
def voter_renamed_so_that_both_revisions_count(book: Book) -> None:
    row(book, 5)[VOTER] = "0" * 24
    row(book, 7)[VOTER] = "1" * 24
    recount(book)
    rechain(book)


@tamper(line=4)
def second_vote_of_the_same_voter(book: Book) -> None:
    row(book, 4)[VOTER] = row(book, 3)[VOTER]
    recount(book)
    rechain(book)


@tamper(line=5)
def revision_left_out(book: Book) -> None:
    row(book, 5)[REVISION] = 4
    rechain(book)


@tamper(line=1)
def revision_zero(book: Book) -> None:
    row(book, 1)[REVISION] = 0


@tamper(line=7)
def revision_raised_so_that_an_old_mind_counts(book: Book) -> None:
    row(book, 5)[REVISION], row(book, 7)[REVISION] = 3, 2
    recount(book)
    rechain(book)


@tamper(line=8)
def revision_that_repeats_the_one_before(book: Book) -> None:
    row(book, 8)[CHOICES] = row(book, 2)[CHOICES]
    recount(book)
    rechain(book)


@tamper(line=5)
def changed_vote_where_the_rules_say_none(book: Book) -> None:
    book["rules"]["changeable"] = False


@tamper(line=4)
def slot_of_another_kind(book: Book) -> None:
    row(book, 4)[SLOT] = "20000/1"
    rechain(book)


@tamper(line=4)
def slot_of_no_form(book: Book) -> None:
    row(book, 4)[SLOT] = "twice"


@tamper(line=3, book="daily")
def vote_of_the_day_left_out(book: Book) -> None:
    row(book, 3)[SLOT] = row(book, 3)[SLOT].split("/")[0] + "/3"
    rechain(book)


@tamper(line=6, book="daily")
def vote_moved_to_another_day(book: Book) -> None:
    day = int(row(book, 6)[SLOT].split("/")[0])
    row(book, 6)[SLOT] = f"{day - 2}/1"
    rechain(book)


@tamper(line=3, book="daily")
def more_votes_of_a_day_than_the_rules_give(book: Book) -> None:
    book["rules"]["votes_per_day"] = 1


# Whole ballots.


@tamper(line=4)
def two_neighbours_swapped(book: Book) -> None:
    ballots = book["ballots"]
    ballots[3], ballots[4] = ballots[4], ballots[3]


@tamper(line=2)
def two_swapped_and_renumbered(book: Book) -> None:
    ballots = book["ballots"]
    ballots[1], ballots[5] = ballots[5], ballots[1]
    renumber(book)


@tamper(line=1)
def all_turned_round(book: Book) -> None:
    book["ballots"].reverse()


@tamper(line=1)
def first_dropped(book: Book) -> None:
    del book["ballots"][0]


@tamper(line=6)
def middle_dropped(book: Book) -> None:
    del book["ballots"][5]


@tamper(line=6)
def middle_dropped_and_renumbered(book: Book) -> None:
    del book["ballots"][5]
    renumber(book)


@tamper()
def last_dropped(book: Book) -> None:
    del book["ballots"][-1]


@tamper()
def last_dropped_with_its_batch(book: Book) -> None:
    del book["ballots"][-1]
    del book["batches"][-1]
    recount(book)
    seal(book)


@tamper(line=10)
def one_dropped_from_a_batch_of_many(book: Book) -> None:
    del book["ballots"][9]


@tamper()
def all_dropped(book: Book) -> None:
    book["ballots"].clear()


@tamper(line=6)
def duplicated(book: Book) -> None:
    book["ballots"].insert(6, list(row(book, 6)))


@tamper(line=15)
def duplicated_with_a_number_of_its_own(book: Book) -> None:
    book["ballots"].append([15, *row(book, 14)[1:]])


@tamper(line=15)
def added_without_a_batch(book: Book) -> None:
    book["ballots"].append([15, LOOSE, "0" * 24, "once", 1, ["red"], "web", row(book, 14)[AT_MS]])


@tamper(line=5)
def added_in_the_middle_and_renumbered(book: Book) -> None:
    book["ballots"].insert(4, [5, LOOSE, "0" * 24, "once", 1, ["red"], "web", row(book, 4)[AT_MS]])
    renumber(book)


@tamper()
def added_with_a_batch_of_its_own(book: Book) -> None:
    batch = book["batches"][-1]
    line = LedgerLine(15, LOOSE, "0" * 24, "once", 1, ("red",), "web", batch["committed_at_ms"])
    book["ballots"].append(json.loads(line.canonical()))
    head = ledger.extend(batch["head"], [line])
    book["batches"].append({**batch, "number": batch["number"] + 1, "last_seq": 15, "head": head})


@tamper(line=7)
def field_missing(book: Book) -> None:
    del row(book, 7)[CHANNEL]


@tamper(line=7)
def line_that_is_no_ballot(book: Book) -> None:
    book["ballots"][6] = None


@tamper(line=7)
def number_repeated(book: Book) -> None:
    row(book, 8)[SEQ] = 7


@tamper(line=8)
def number_as_truth(book: Book) -> None:
    row(book, 8)[SEQ] = True
