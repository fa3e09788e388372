"""More ways to change an export: its batches, its result, and forgeries with every hash made anew."""

from app.domain import ledger
from tests.verify.tampering import (
    AT_MS,
    CHOICES,
    LOOSE,
    RECEIPT,
    TAMPERINGS,
    Book,
    forge,
    lines_of,
    rechain,
    row,
    seal,
    tamper,
)

ALL = TAMPERINGS
"""Those of both modules, once this one is imported."""


# Batches.


@tamper(line=4)
def head_changed(book: Book) -> None:
    book["batches"][3]["head"] = "0" * 64


@tamper(line=3)
def heads_swapped(book: Book) -> None:
    batches = book["batches"]
    batches[2]["head"], batches[3]["head"] = batches[3]["head"], batches[2]["head"]


@tamper()
def head_of_no_form(book: Book) -> None:
    book["batches"][3]["head"] = "?"


@tamper(line=3)
def batches_merged(book: Book) -> None:
    del book["batches"][2]


@tamper(line=3)
def batches_merged_and_renumbered(book: Book) -> None:
    del book["batches"][2]
    for number, batch in enumerate(book["batches"], 1):
        batch["number"] = number


@tamper()
def batch_split(book: Book) -> None:
    lines, many = lines_of(book), next(i for i, each in enumerate(book["batches"]) if each["last_seq"] == 13)
    batch, before = book["batches"][many], book["batches"][many - 1]
    middle = ledger.extend(before["head"], lines[before["last_seq"] : 12])
    batch["head"] = ledger.extend(middle, lines[12:13])
    book["batches"].insert(many, {**batch, "last_seq": 12, "head": middle})
    for number, each in enumerate(book["batches"], 1):
        each["number"] = number


@tamper()
def batches_swapped(book: Book) -> None:
    batches = book["batches"]
    batches[2], batches[3] = batches[3], batches[2]


@tamper()
def last_batch_dropped(book: Book) -> None:
    del book["batches"][-1]


@tamper()
def all_batches_dropped(book: Book) -> None:
    book["batches"].clear()


@tamper()
def empty_batch_added(book: Book) -> None:
    batch = book["batches"][-1]
    book["batches"].append({**batch, "number": batch["number"] + 1, "head": (head := ledger.extend(batch["head"], []))})
    book["result"]["chain_head"] = head
    seal(book)


@tamper()
def batch_that_ends_far_beyond(book: Book) -> None:
    book["batches"][-1]["last_seq"] = 2**52


@tamper(line=2)
def time_of_a_batch_changed(book: Book) -> None:
    book["batches"][1]["committed_at_ms"] += 1


@tamper()
def batches_in_another_order_of_time(book: Book) -> None:
    row(book, 3)[AT_MS] = book["batches"][2]["committed_at_ms"] = book["batches"][0]["committed_at_ms"] - 1
    rechain(book)


# The result.


@tamper()
def votes_changed(book: Book) -> None:
    book["result"]["votes"]["red"] += 1


@tamper()
def votes_changed_and_sealed(book: Book) -> None:
    book["result"]["votes"]["red"] += 1
    seal(book)


@tamper()
def votes_swapped_and_sealed(book: Book) -> None:
    votes = book["result"]["votes"]
    votes["red"], votes["blue"] = votes["blue"], votes["red"]
    seal(book)


@tamper()
def votes_as_fractions(book: Book) -> None:
    book["result"]["votes"] = {key: float(each) for key, each in book["result"]["votes"].items()}
    seal(book)


@tamper()
def turnout_changed_and_sealed(book: Book) -> None:
    book["result"]["turnout"] += 1
    seal(book)


@tamper()
def number_of_ballots_changed_and_sealed(book: Book) -> None:
    book["result"]["ballots"] -= 1
    seal(book)


@tamper()
def votes_moved_between_channels_and_sealed(book: Book) -> None:
    channels = book["result"]["channels"]
    channels["web"]["votes"]["red"] += 1
    channels["wechat"]["votes"]["red"] -= 1
    seal(book)


@tamper()
def turnout_of_a_channel_changed_and_sealed(book: Book) -> None:
    book["result"]["channels"]["web"]["turnout"] += 1
    seal(book)


@tamper()
def channel_removed_and_sealed(book: Book) -> None:
    del book["result"]["channels"]["wechat"]
    seal(book)


@tamper()
def channel_invented_and_sealed(book: Book) -> None:
    book["result"]["channels"]["sms"] = {"votes": {"red": 9, "blue": 0}, "likes": {"red": 0, "blue": 0}, "turnout": 9}
    seal(book)


@tamper()
def likes_changed(book: Book) -> None:
    book["result"]["likes"]["red"] += 1000


@tamper()
def likes_changed_and_sealed(book: Book) -> None:
    book["result"]["likes"]["red"] += 1000
    seal(book)


@tamper()
def likes_beside_the_result_changed(book: Book) -> None:
    book["likes"]["red"] += 1000


@tamper()
def figure_removed_and_sealed(book: Book) -> None:
    del book["result"]["turnout"]
    seal(book)


@tamper()
def figure_added_and_sealed(book: Book) -> None:
    book["result"]["winner"] = "red"
    seal(book)


@tamper()
def digest_changed(book: Book) -> None:
    book["result"]["digest"] = "0" * 64


@tamper()
def chain_head_changed_and_sealed(book: Book) -> None:
    book["result"]["chain_head"] = "0" * 64
    seal(book)


@tamper()
def result_of_another_session(book: Book) -> None:
    book["session"] = "OTHER1"


@tamper()
def result_of_another_run(book: Book) -> None:
    book["run"] = 2


@tamper(line=1)
def choice_struck_off_the_list(book: Book) -> None:
    book["choices"] = ["blue"]


# Everything made anew: the file agrees with itself.


@tamper(thorough=True)
def forged_with_a_choice_changed(book: Book) -> None:
    row(book, 3)[CHOICES] = ["blue"]
    forge(book)


@tamper(thorough=True)
def forged_with_the_last_ballots_dropped(book: Book) -> None:
    del book["ballots"][8:]
    forge(book)


@tamper(thorough=True)
def forged_with_ballots_added(book: Book) -> None:
    for i in range(5):
        book["ballots"].append(
            [0, f"{LOOSE[:-1]}{'BCDEF'[i]}", f"{i:024}", "once", 1, ["red"], "web", row(book, 14)[7]]
        )
    forge(book)


@tamper(thorough=True)
def forged_with_other_likes(book: Book) -> None:
    book["result"]["likes"]["red"] += 5
    book["likes"]["red"] += 5
    book["result"]["channels"]["web"]["likes"]["red"] += 5
    seal(book)


@tamper(thorough=True)
def forged_with_two_swapped(book: Book) -> None:
    two, four = row(book, 3), row(book, 4)
    two[RECEIPT], four[RECEIPT] = four[RECEIPT], two[RECEIPT]
    forge(book)
