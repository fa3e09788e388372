"""What the state machine draws: rules of rounds, commands, and what a few people do between two looks at the tally."""

from hypothesis import strategies as st

from tests.services.model import Rules

DAY_MS = 86_400_000
OPTIONS = ["tea", "rice", "silk"]
COMMANDS = ["open", "pause", "resume", "lock", "reveal", "certify", "void", "rerun"]

ROUND_RULES = st.builds(
    lambda own, choices_max, kind, **rest: Rules(
        choices=OPTIONS if own else ["red", "blue"],
        choices_max=choices_max,
        changeable=kind == "changeable",
        votes_per_day=2 if kind == "daily" else None,
        **rest,
    ),
    own=st.booleans(),
    choices_max=st.integers(1, 2),
    kind=st.sampled_from(["once", "changeable", "daily"]),
    duration_ms=st.sampled_from([None, None, 60_000]),
    grace_ms=st.sampled_from([0, 0, 3_000]),
    visibility=st.sampled_from(["live", "after_vote", "on_lock", "on_reveal"]),
    likes_per_second=st.sampled_from([1, 15]),
)
NUMBERS = st.sampled_from([1, 1, 1, 2, 2, 9])
REASONS = st.sampled_from(["试播", "错题", "试播", " "])
PHONES = st.integers(0, 3)
WAITS_MS = st.sampled_from([0, 0, 0, 1, 950, 3_000, 8_000, 30_000, 60_000, 6 * 3_600_000, DAY_MS])
CHOICES = st.lists(st.sampled_from(["red", "blue", *OPTIONS, "nobody"]), max_size=3)
SIDE_TOTALS = st.dictionaries(st.sampled_from(["red", "blue", "tea", "silk"]), st.integers(-1, 400), max_size=2)
ONE_OR_TWO = st.lists(st.integers(0, 2), min_size=1, max_size=2)
MEANT = st.sampled_from([None, None, 1, 2, 7])
GOOD_ACTS = [
    st.tuples(st.just("vote"), PHONES, ONE_OR_TWO.map(lambda which: which[:1]), st.booleans()),
    st.tuples(st.just("vote"), PHONES, ONE_OR_TWO, st.just(True)),
    st.tuples(st.just("like"), PHONES, ONE_OR_TWO, st.integers(0, 90)),
    st.tuples(st.just("retry"), st.integers(0, 9), st.booleans()),
]
BAD_ACTS = st.one_of(
    st.tuples(st.just("like anything"), PHONES, NUMBERS, SIDE_TOTALS),
    st.tuples(st.just("vote anything"), PHONES, NUMBERS, CHOICES, st.just(""), MEANT),
)
ACTS = st.lists(st.one_of(*GOOD_ACTS, *GOOD_ACTS, BAD_ACTS), min_size=3, max_size=12)
