"""The short judgement of votes and likes: where it takes one in, the models take in the very same."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.schemas.messages import ID_LENGTH_MAX
from app.schemas.voting import CHOICE_LENGTH_MAX, RUN_MAX, Likes, Vote, plain_likes, plain_vote

texts = st.one_of(
    st.text(max_size=4),
    st.sampled_from(["red", " red", "red\n", "", "n\x00", "x" * CHOICE_LENGTH_MAX, "y" * (ID_LENGTH_MAX + 1), "\x7f"]),
)
numbers = st.one_of(st.integers(-1, 3), st.sampled_from([True, None, 1.0, "1", 10**30, RUN_MAX, RUN_MAX + 1]))
anything = st.one_of(texts, numbers, st.lists(texts, max_size=3), st.dictionaries(texts, numbers, max_size=3))


def fields_of(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    optional = {name: st.one_of(strategy, anything) for name, strategy in known.items()}
    return st.fixed_dictionaries({}, optional={**optional, "more": anything})


@given(said=st.one_of(fields_of(choices=st.lists(texts, max_size=66), nonce=texts, run=numbers), anything))
def test_a_vote_that_is_taken_in_at_once_is_what_the_model_makes_of_it(said: Any) -> None:
    plain = plain_vote(said)
    if plain is not None:
        vote = Vote.model_validate(said)
        assert plain == (vote.choices, vote.nonce, vote.run)


@given(said=st.one_of(fields_of(totals=st.dictionaries(texts, st.integers(), max_size=66), run=numbers), anything))
def test_likes_that_are_taken_in_at_once_are_what_the_model_makes_of_them(said: Any) -> None:
    plain = plain_likes(said)
    if plain is not None:
        likes = Likes.model_validate(said)
        assert plain == (likes.totals, likes.run)


def test_what_the_pages_send_is_taken_in_at_once() -> None:
    assert plain_vote({"choices": ["red"], "nonce": "7b1f9c52-6f0e-4a4b-9a0d", "run": 1})
    assert plain_vote({"type": "vote", "id": "1", "round": 1, "choices": ["红方"]})
    assert plain_likes({"totals": {"red": 137}, "run": None})
