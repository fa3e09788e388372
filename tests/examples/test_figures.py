"""The examples' figures: from the seed alone, as the report has them, and dealt out to phones without loss."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.likes import BURST_LIKES
from app.domain.stars import DEFAULT, measures
from app.examples.__main__ import ROOT, files
from app.examples.gala import gala
from app.examples.phones import LIKES_OF_ONE_MAX, deal, share
from app.examples.season import season


@pytest.mark.parametrize("name", files())
def test_file_is_what_the_seed_makes(name: str) -> None:
    assert (ROOT / name).read_bytes() == files()[name], "python -m app.examples writes it anew"


def test_another_seed_is_another_season() -> None:
    assert season(1) != season(2)
    assert season(1) == season(1)


def test_season_has_the_reports_figures() -> None:
    document = season()
    totals = document["totals"]
    assert totals["broadcasts"] == len(document["issues"]) == 15
    assert 400_000 < totals["likes"] < 500_000
    assert 20_000 < totals["viewers"] < 25_000
    delivered = [each for each in document["visits"] if each["outcome"] == "delivered"]
    assert len(delivered) == 16
    assert [each["taught"] for each in delivered if each["organisation"] == "南丰镇机械园区党委"] == [47]
    first = [each["name"] for each in document["issues"][0]["contestants"]]
    assert first == ["王伟", "杨玭"]
    likes = [sum(sum(each["likes"].values()) for each in issue["rounds"]) for issue in document["issues"]]
    figures = measures(likes, likes=sum(likes), votes=0, unique=totals["viewers"], online_peak=0, visits=16, taught=0)
    assert [rule.stars(figures[rule.measure]) for rule in DEFAULT] == [4, 5, 4]


def test_every_issue_can_be_played_by_as_many_as_looked_on() -> None:
    for issue in season()["issues"]:
        for each in issue["rounds"]:
            parts = deal(Random(1), issue["viewers"], each["votes"], each["likes"])
            assert all(part.likes for part in parts)


def test_loser_of_an_issue_is_never_the_next_holder() -> None:
    issues = season()["issues"]
    for before, after in pairwise(issues):
        stood = [each["name"] for each in before["contestants"]]
        assert after["contestants"][0]["name"] in stood
        assert after["contestants"][1]["name"] not in stood


def test_gala_takes_ten_of_six_hundred() -> None:
    document = gala()
    assert len({row[0] for row in document["nominees"]}) == len({row[1] for row in document["nominees"]}) == 600
    votes = document["poll"]["votes"]
    assert len(votes) == len(set(votes.values())) == 59
    assert len(document["windows"]) == len(document["final"]["web"]) == 10


@given(st.integers(2, 300), st.floats(0, 1), st.floats(0, 1), st.integers(0, 40), st.integers())
def test_dealt_out_figures_add_up_exactly(phones: int, turnout: float, red: float, each: int, seed: int) -> None:
    voted, liked = int(phones * turnout), phones * each
    votes = {"red": int(voted * red), "blue": voted - int(voted * red)}
    likes = {"red": int(liked * 0.4), "blue": liked - int(liked * 0.4)}
    parts = deal(Random(seed), phones, votes, likes)
    assert len(parts) == phones
    for key in ("red", "blue"):
        assert sum(part.vote == key for part in parts) == votes[key]
        assert sum(part.likes.get(key, 0) for part in parts) == likes[key]
    assert all(sum(part.likes.values()) <= LIKES_OF_ONE_MAX < BURST_LIKES for part in parts)
    assert all(len(part.likes) <= 1 for part in parts)


def test_what_cannot_be_dealt_out_is_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        deal(Random(1), 2, {"red": 3}, {})
    with pytest.raises(ValueError, match="the most"):
        share(Random(1), 1_000, 3)
    with pytest.raises(ValueError, match="nobody"):
        share(Random(1), 1, 0)
    assert share(Random(1), 0, 0) == []
