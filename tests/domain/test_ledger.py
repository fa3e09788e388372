"""The ledger: a changed line shows in every later head, a receipt says one thing, the recount counts what stands."""

import base64
import hashlib
import json
import random as standard_random
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.ledger import (
    CHAIN_START,
    RECEIPT_FORM,
    LedgerLine,
    counted,
    extend,
    fold,
    one_changed,
    pseudonym,
    receipt,
    recount,
    recount_channels,
    recount_held,
)

LINE = LedgerLine(1, "R" * 26, "f" * 24, "once", 1, ("red",), "web", 1_795_176_000_000)
CHOICES = ("red", "blue", "c3")

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=4)
tricky = st.text(st.sampled_from([",", "\n", '"', "[", "]", "\\", "a", "b", "1", "红", "\x00"]), max_size=6)
ints = st.integers(0, 2**53)
choice_lists = st.lists(tricky | st.sampled_from(CHOICES), max_size=3).map(tuple)
odd_lines = st.builds(LedgerLine, ints, texts, texts, texts, ints, choice_lists, texts, ints, st.just(""))
# Lines that differ in little; what the hash makes of odd ones is asked of `canonical` alone.
lines = st.integers(0, 20).map(lambda i: LINE._replace(seq=i, choices=CHOICES[: i % 4]))
batches = st.lists(st.lists(lines, min_size=1, max_size=4), min_size=1, max_size=4)


def heads(some: list[list[LedgerLine]]) -> list[str]:
    """Return the chain's head after each batch."""
    head, found = CHAIN_START, []
    for batch in some:
        head = extend(head, batch)
        found.append(head)
    return found


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class TestChain:
    def test_line_is_hashed_as_a_json_array_in_the_order_of_its_fields(self) -> None:
        assert LINE.canonical() == (
            b'[1,"RRRRRRRRRRRRRRRRRRRRRRRRRR","ffffffffffffffffffffffff","once",1,["red"],"web",1795176000000]'
        )
        assert json.loads(LINE.canonical())[5] == ["red"]
        assert len(json.loads(LINE.canonical())) == len(LedgerLine._fields) - 1
        assert json.loads(LINE._replace(held="too_soon").canonical()) == [*json.loads(LINE.canonical()), "too_soon"]

    def test_row_of_the_export_is_what_is_hashed_and_its_choices_are_a_list(self) -> None:
        for line in (LINE, LINE._replace(held="too_soon")):
            assert line.row() == json.loads(line.canonical())
            assert line.row()[5] == ["red"]

    def test_head_can_be_computed_by_hand(self) -> None:
        second = LINE._replace(seq=2)
        by_hand = sha256(b"0" * 64 + b"\n" + LINE.canonical() + b"\n" + second.canonical())
        assert extend(CHAIN_START, [LINE, second]) == by_hand

    def test_chain_starts_at_64_zeros_and_goes_on_in_64_hexadecimal_digits(self) -> None:
        assert CHAIN_START == "0" * 64
        assert len(extend(CHAIN_START, [])) == 64 == len(bytes.fromhex(extend(CHAIN_START, [LINE]))) * 2

    @given(odd_lines)
    def test_line_takes_one_line_whatever_it_says(self, line: LedgerLine) -> None:
        assert b"\n" not in line.canonical()
        assert json.loads(line.canonical()) == [
            line.seq, line.receipt, line.voter, line.slot, line.revision, list(line.choices), line.channel,
            line.accepted_at_ms,
        ]  # fmt: skip

    @given(odd_lines, odd_lines)
    def test_different_lines_are_hashed_differently(self, one: LedgerLine, other: LedgerLine) -> None:
        assert (one.canonical() == other.canonical()) == (one == other)

    @given(batches)
    def test_same_batches_make_the_same_heads_from_lists_and_from_streams(self, some: list[list[LedgerLine]]) -> None:
        head = CHAIN_START
        for batch, expected in zip(some, heads(some), strict=True):
            head = extend(head, (line for line in batch))
            assert head == expected

    @given(batches, st.data())
    def test_line_changed_in_any_field_changes_its_head_and_every_later_one(
        self, some: list[list[LedgerLine]], data: st.DataObject
    ) -> None:
        at = data.draw(st.integers(0, len(some) - 1))
        place = data.draw(st.integers(0, len(some[at]) - 1))
        name = data.draw(st.sampled_from(LedgerLine._fields))
        before = getattr(some[at][place], name)
        values: dict[type, st.SearchStrategy[Any]] = {int: ints, str: texts, tuple: choice_lists}
        after = data.draw(values[type(before)])
        assume(after != before)
        changed = [list(batch) for batch in some]
        changed[at][place] = changed[at][place]._replace(**{name: after})
        self.differs_from(at, some, changed)

    @given(batches, st.data())
    def test_line_removed_changes_its_head_and_every_later_one(
        self, some: list[list[LedgerLine]], data: st.DataObject
    ) -> None:
        at = data.draw(st.integers(0, len(some) - 1))
        changed = [list(batch) for batch in some]
        changed[at].pop(data.draw(st.integers(0, len(some[at]) - 1)))
        self.differs_from(at, some, changed)

    @given(batches, lines, st.data())
    def test_line_added_changes_its_head_and_every_later_one(
        self, some: list[list[LedgerLine]], line: LedgerLine, data: st.DataObject
    ) -> None:
        at = data.draw(st.integers(0, len(some) - 1))
        changed = [list(batch) for batch in some]
        changed[at].insert(data.draw(st.integers(0, len(some[at]))), line)
        self.differs_from(at, some, changed)

    @given(batches, st.data())
    def test_lines_that_change_places_change_the_heads_from_the_first_of_them_on(
        self, some: list[list[LedgerLine]], data: st.DataObject
    ) -> None:
        places = [(at, place) for at, batch in enumerate(some) for place in range(len(batch))]
        one, other = sorted(data.draw(st.tuples(st.sampled_from(places), st.sampled_from(places))))
        assume(some[one[0]][one[1]] != some[other[0]][other[1]])
        changed = [list(batch) for batch in some]
        changed[one[0]][one[1]], changed[other[0]][other[1]] = some[other[0]][other[1]], some[one[0]][one[1]]
        self.differs_from(one[0], some, changed)

    @given(batches)
    def test_batches_run_together_do_not_make_the_same_head(self, some: list[list[LedgerLine]]) -> None:
        assume(len(some) > 1)
        assert heads([[line for batch in some for line in batch]])[-1] != heads(some)[-1]

    @given(batches)
    def test_whole_batch_left_out_changes_every_later_head(self, some: list[list[LedgerLine]]) -> None:
        assert heads(some[1:])[-1:] != heads(some)[-1:]

    def differs_from(self, at: int, some: list[list[LedgerLine]], changed: list[list[LedgerLine]]) -> None:
        before, after = heads(some), heads(changed)
        assert before[:at] == after[:at]
        assert not set(before[at:]) & set(after[at:])

    def test_line_cannot_be_changed_in_place(self) -> None:
        with pytest.raises(AttributeError):
            LINE.revision = 2  # type: ignore[misc]


class TestReceipt:
    def test_is_26_characters_that_can_be_read_out(self) -> None:
        made = receipt("7", "voter", "once", 1, ("red",), "nonce")
        assert len(made) == 26
        assert set(made) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        assert RECEIPT_FORM.fullmatch(made)
        assert not RECEIPT_FORM.fullmatch(made + "A")

    def test_same_ballot_has_the_same_receipt(self) -> None:
        assert receipt("7", "v", "once", 1, ["red"], "n") == receipt("7", "v", "once", 1, ("red",), "n")

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            (("7", "v", "once", 1, ("a,b",), "n"), ("7", "v", "once", 1, ("a", "b"), "n")),
            (("7", "v", "once", 1, ("a",), "b\nn"), ("7", "v", "once", 1, ("a\nb",), "n")),
            (("7", "v", "once", 1, ("a",), "b\nn"), ("7", "v", "once", 1, ("a", "b"), "n")),
            (("7\nv", "w", "once", 1, ("a",), "n"), ("7", "v\nw", "once", 1, ("a",), "n")),
            (("7", "v", "once", 11, ("a",), "n"), ("7", "v", "once\n1", 1, ("a",), "n")),
            (("7", "v", "once", 1, (), "n"), ("7", "v", "once", 1, ("",), "n")),
            (("7", "v", "once", 1, ("",), "n"), ("7", "v", "once", 1, ("", ""), "n")),
            (("7", "v", "once", 1, ("a", "b"), "n"), ("7", "v", "once", 1, ("b", "a"), "n")),
            (("7", "v", "1/1", 1, ("a",), "n"), ("7", "v", "1/11", 1, ("a",), "n")),
            (("7", "v", "once", 1, ('a","b',), "n"), ("7", "v", "once", 1, ("a", "b"), "n")),
            (("7", "v", "once", 1, ("a",), "n"), ("7", "v", "once", 1, ("a",), "N")),
            (("7", "v", "once", 1, ("a",), "n"), ("7", "v", "once", 1, ("a",), "")),
        ],
    )
    def test_separators_cannot_make_two_ballots_alike(self, one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
        assert receipt(*one) != receipt(*other)

    ballots = st.tuples(tricky, tricky, tricky, st.integers(1, 12), choice_lists, tricky)

    @given(st.lists(ballots, max_size=12))
    def test_different_ballots_have_different_receipts(self, some: list[tuple[Any, ...]]) -> None:
        assert len({receipt(*each) for each in some}) == len(set(some))

    @given(ballots)
    def test_it_is_the_hash_in_base32_as_everybody_writes_it(self, ballot: tuple[Any, ...]) -> None:
        key, voter, slot, revision, choices, nonce = ballot
        parts = orjson.dumps(["arena-receipt-1", key, voter, slot, revision, list(choices), nonce])
        assert receipt(*ballot) == base64.b32encode(hashlib.sha256(parts).digest()).decode()[:26]

    def test_voters_own_randomness_is_in_it(self) -> None:
        made = {receipt("7", "v", "once", 1, ("red",), str(i)) for i in range(1000)}
        assert len(made) == 1000

    def test_shows_nothing_of_the_ballot(self) -> None:
        by_choice = {receipt("7", "v", "once", 1, (side,), "n")[:4] for side in CHOICES}
        assert len(by_choice) == len(CHOICES)


class TestPseudonym:
    def test_is_the_same_within_a_run(self) -> None:
        assert pseudonym("7", "voter") == pseudonym("7", "voter")
        assert len(bytes.fromhex(pseudonym("7", "voter"))) == 12

    @given(st.sets(st.integers(1, 10**6).map(str), min_size=2, max_size=4), st.sets(texts, min_size=1, max_size=8))
    def test_no_name_is_met_in_two_runs_or_on_two_voters(self, runs: set[str], voters: set[str]) -> None:
        names = {pseudonym(run, voter) for run in runs for voter in voters}
        assert len(names) == len(runs) * len(voters)

    def test_order_of_the_names_in_one_run_says_nothing_of_the_other(self) -> None:
        voters = [f"voter {i}" for i in range(200)]
        one, other = (sorted(voters, key=lambda voter: pseudonym(run, voter)) for run in ("1", "2"))
        assert sum(a == b for a, b in zip(one, other, strict=True)) < 20

    def test_is_not_the_voter(self) -> None:
        voter = "0123456789abcdef01234567"
        assert voter[:8] not in pseudonym("7", voter)


class TestResultDigest:
    FIGURES: dict[str, Any] = {"votes": {"red": 12, "blue": 10}, "ballots": 22, "session": "K7M2QP"}

    def test_can_be_computed_by_hand(self) -> None:
        by_hand = b'{"ballots":22,"session":"K7M2QP","votes":{"blue":10,"red":12}}'
        assert fold(CHAIN_START, self.FIGURES) == sha256(b"0" * 64 + b"\n" + by_hand)

    def test_order_of_the_figures_does_not_matter(self) -> None:
        turned = {key: self.FIGURES[key] for key in reversed(self.FIGURES)} | {"votes": {"blue": 10, "red": 12}}
        assert fold(CHAIN_START, turned) == fold(CHAIN_START, self.FIGURES)

    @pytest.mark.parametrize(
        "change",
        [{"votes": {"red": 13, "blue": 10}}, {"ballots": 23}, {"session": "K7M2QQ"}, {"more": 1}, {"ballots": "22"}],
    )
    def test_any_other_figure_changes_it(self, change: dict[str, Any]) -> None:
        assert fold(CHAIN_START, {**self.FIGURES, **change}) != fold(CHAIN_START, self.FIGURES)

    def test_any_other_chain_changes_it(self) -> None:
        assert fold(extend(CHAIN_START, []), self.FIGURES) != fold(CHAIN_START, self.FIGURES)


def ballot(voter: str, slot: str, revision: int, *choices: str) -> LedgerLine:
    return LINE._replace(voter=voter, slot=slot, revision=revision, choices=choices)


class TestRecount:
    def test_nothing_cast_is_zero_for_each_choice(self) -> None:
        assert recount([], CHOICES) == ({"red": 0, "blue": 0, "c3": 0}, 0)

    def test_highest_revision_counts_wherever_it_stands(self) -> None:
        cast = [ballot("v", "once", 2, "blue"), ballot("v", "once", 10, "c3"), ballot("v", "once", 1, "red")]
        assert recount(cast, CHOICES) == ({"red": 0, "blue": 0, "c3": 1}, 1)

    def test_several_slots_of_one_voter_are_several_votes_and_one_who_took_part(self) -> None:
        cast = [ballot("v", "20000/1", 1, "red"), ballot("v", "20000/2", 1, "red"), ballot("v", "20001/1", 1, "blue")]
        assert recount(cast, CHOICES) == ({"red": 2, "blue": 1, "c3": 0}, 1)

    def test_same_slot_of_two_voters_is_two_votes(self) -> None:
        cast = [ballot("v", "once", 1, "red"), ballot("w", "once", 1, "red")]
        assert recount(cast, CHOICES) == ({"red": 2, "blue": 0, "c3": 0}, 2)

    def test_ballot_with_several_choices_gives_each_a_vote(self) -> None:
        assert recount([ballot("v", "once", 1, "red", "c3")], CHOICES) == ({"red": 1, "blue": 0, "c3": 1}, 1)

    def test_votes_come_in_the_order_of_the_choices(self) -> None:
        assert list(recount([ballot("v", "once", 1, "c3")], CHOICES)[0]) == list(CHOICES)

    voters = st.sampled_from(["v", "w", "x", "y"])
    slots = st.sampled_from(["once", "1/1", "1/2"])
    said = st.lists(st.sampled_from(CHOICES), min_size=1, unique=True)
    casts = st.lists(st.tuples(voters, slots, said), max_size=20)

    @given(casts, st.integers(0, 10**6))
    def test_equals_counting_as_the_ballots_come_in_whatever_order_the_export_has(
        self, casts: list[tuple[str, str, list[str]]], seed: int
    ) -> None:
        live: Counter[str] = Counter()
        revisions: dict[tuple[str, str], list[list[str]]] = {}
        cast: list[LedgerLine] = []
        for voter, slot, choices in casts:
            earlier = revisions.setdefault((voter, slot), [])
            if earlier:
                live.subtract(earlier[-1])
            live.update(choices)
            earlier.append(choices)
            cast.append(ballot(voter, slot, len(earlier), *choices))
        standard_random.Random(seed).shuffle(cast)
        votes, turnout = recount(iter(cast), CHOICES)
        assert votes == {key: live[key] for key in CHOICES}
        assert turnout == len({voter for voter, _, _ in casts})


class TestRecountOfChannels:
    def test_nothing_cast_is_no_channel(self) -> None:
        assert recount_channels([], CHOICES) == {}

    def test_each_channel_has_its_standing_votes_and_all_who_took_part(self) -> None:
        cast = [
            ballot("v", "once", 1, "red"),
            ballot("w", "once", 1, "red", "c3")._replace(channel="radio"),
            ballot("v", "once", 2, "blue"),
            ballot("x", "once", 2, "blue"),
            ballot("x", "once", 1, "red"),
        ]
        assert recount_channels(iter(cast), CHOICES) == {
            "radio": ({"red": 1, "blue": 0, "c3": 1}, 1),
            "web": ({"red": 0, "blue": 2, "c3": 0}, 2),
        }
        assert list(recount_channels(cast, CHOICES)) == ["radio", "web"]

    @given(TestRecount.casts)
    def test_channels_add_up_to_the_whole(self, casts: list[tuple[str, str, list[str]]]) -> None:
        channels = {"v": "web", "w": "web", "x": "radio", "y": "wechat"}
        cast = [
            ballot(voter, slot, i, *choices)._replace(channel=channels[voter])
            for i, (voter, slot, choices) in enumerate(casts, 1)
        ]
        votes, turnout = recount(cast, CHOICES)
        by_channel = recount_channels(cast, CHOICES).values()
        assert votes == {key: sum(each[0][key] for each in by_channel) for key in CHOICES}
        assert turnout == sum(each[1] for each in by_channel)


class TestOneChanged:
    BATCH = tuple(LINE._replace(seq=i, choices=(side,)) for i, side in enumerate(("red", "blue", "red", "c3"), 1))

    @pytest.mark.parametrize("place", range(4))
    def test_line_whose_choice_was_changed_is_found_as_it_was(self, place: int) -> None:
        after = extend(CHAIN_START, self.BATCH)
        for other in {*CHOICES} - {*self.BATCH[place].choices}:
            changed = list(self.BATCH)
            changed[place] = changed[place]._replace(choices=(other,))
            assert one_changed(CHAIN_START, changed, after, CHOICES) == self.BATCH[place]

    def test_other_changes_are_not_explained(self) -> None:
        after = extend(CHAIN_START, self.BATCH)
        two = [line._replace(choices=("blue",)) for line in self.BATCH]
        late = [*self.BATCH[:3], self.BATCH[3]._replace(accepted_at_ms=0)]
        for changed in (two, late, list(self.BATCH[:3]), []):
            assert one_changed(CHAIN_START, changed, after, CHOICES) is None


class TestWhatCounts:
    LINES = (
        LINE,
        LINE._replace(seq=2, voter="b" * 24, receipt="S" * 26, channel="radio", choices=("blue",)),
        LINE._replace(seq=3, voter="c" * 24, receipt="T" * 26, held="too_soon"),
        LINE._replace(seq=4, voter="c" * 24, receipt="U" * 26, held="too_soon", revision=2, choices=("blue",)),
        LINE._replace(seq=5, voter="d" * 24, receipt="V" * 26, held="unseen"),
    )

    def test_voided_channels_and_held_ballots_do_not(self) -> None:
        def kept(*args: tuple[str, ...]) -> list[int]:
            return [line.seq for line in counted(self.LINES, *args)]

        assert kept() == [1, 2]
        assert kept(("radio",)) == [1]
        assert kept((), ("too_soon",)) == [1, 2, 3, 4]
        assert kept((LINE.channel,), ("too_soon", "unseen")) == [2]

    def test_what_is_held_is_counted_by_rule_and_only_while_it_is_held(self) -> None:
        choices = ("red", "blue")
        assert recount_held(self.LINES, choices) == {
            "too_soon": {"ballots": 2, "votes": {"red": 0, "blue": 1}},
            "unseen": {"ballots": 1, "votes": {"red": 1, "blue": 0}},
        }
        assert set(recount_held(self.LINES, choices, ("unseen",))) == {"too_soon"}
        assert recount_held(self.LINES[:2], choices) == {}
