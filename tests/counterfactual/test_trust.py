"""Clicks for the place are told from clicks for the item where items move, and refused where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.counterfactual.test_positions import LOOKS, PLACES, draw_sessions, error
from truenorth.counterfactual import position_propensities, trust_in_places
from truenorth.counterfactual.position_labels import affine_label, doubly_robust_label, ips_label
from truenorth.errors import DataError

SESSIONS = 40_000


def law(trust: float) -> tuple[np.ndarray, np.ndarray]:
    """Return slopes and bases of `draw_sessions`, in the unit and origin of the fit."""
    fooled = trust / np.arange(1, PLACES + 1)
    slope, base = LOOKS * (1 - fooled), LOOKS * fooled
    base = base - base[-1] / slope[-1] * slope
    return slope / slope[0], base


@pytest.fixture(scope="module")
def trusting():
    item, position, click, _ = draw_sessions(SESSIONS, 101, trust=0.7)
    return item, position, click.astype(float), trust_in_places(item, position, click, draws=60)


@pytest.mark.parametrize("trust", [0.35, 0.7])
def test_slopes_and_bases_are_found_where_looks_times_worth_is_wrong(trust):
    slope, base = law(trust)
    found, wrong = [], []
    for seed in range(3):
        item, position, click, _ = draw_sessions(SESSIONS, 200 + seed, trust=trust)
        fitted = trust_in_places(item, position, click, draws=0)
        found.append(error(fitted.slope, slope))
        np.testing.assert_allclose(fitted.base, base, atol=0.06)
        wrong.append(error(position_propensities(item, position, click).propensity))
    assert np.mean(found) <= 0.15
    assert np.mean(wrong) >= 2 * np.mean(found)


def test_without_trust_slopes_are_looks_and_no_place_is_trusted_much():
    item, position, click, _ = draw_sessions(SESSIONS, 300)
    found = trust_in_places(item, position, click, draws=60)
    assert error(found.slope) <= 0.12
    assert np.abs(found.base).max() <= 0.05
    assert sum(found.is_trusted) <= 1
    assert found.findings == ()


def test_trust_in_the_first_places_is_seen_by_its_interval(trusting):
    found = trusting[-1]
    assert found.is_trusted[0] and found.is_trusted[1] and not found.is_trusted[-1]


def test_intervals_hold_slopes_and_bases(trusting):
    found = trusting[-1]
    slope, base = law(0.7)
    inside = [
        low <= at <= high
        for lows, truth, highs in ((found.slope_low, slope, found.slope_high),
                                   (found.base_low, base, found.base_high))
        for low, at, high in zip(lows[1:-1], truth[1:-1], highs[1:-1], strict=True)
    ]  # fmt: skip
    assert np.mean(inside) >= 0.8


def apart(item, position, label) -> float:
    """Return how much better items look at the first place than at the second, in standard errors."""
    places = [np.flatnonzero(position == one) for one in (1, 2)]
    n = [np.bincount(item[rows], minlength=item.max() + 1) for rows in places]
    both = np.minimum(*n) >= 5
    mean = [np.bincount(item[rows], label[rows], item.max() + 1)[both] / at[both]
            for rows, at in zip(places, n, strict=True)]  # fmt: skip
    gap = mean[0] - mean[1]
    return float(gap.mean() / (gap.std() / np.sqrt(len(gap))))


def test_labels_from_slopes_and_bases_do_not_favour_poor_items_at_the_first_place(trusting):
    *_, worth = draw_sessions(SESSIONS, 101, trust=0.7)
    item, position, click, found = trusting
    poor = worth[item] < np.median(worth)
    slope, base = (np.array(one)[position - 1] for one in (found.slope, found.base))
    looks = np.array(position_propensities(item, position, click).propensity)[position - 1]
    for label, least, most in ((affine_label(click, slope, base), 0, 3), (ips_label(click, looks), 4, 99)):
        assert least <= abs(apart(item[poor], position[poor], label[poor])) < most


def test_which_items_stand_where_does_not_matter():
    """Two sets of items, good ones mostly at the top: the line of a place is the same for both."""
    item, position, click, worth = draw_sessions(SESSIONS, 400, trust=0.7)
    good = worth[item] > np.median(worth)
    kept = good | (position > 1) | (np.random.default_rng(0).random(len(item)) < 0.3)
    found = trust_in_places(item[kept], position[kept], click[kept], draws=0)
    assert error(found.slope, law(0.7)[0]) <= 0.2


def line_of_two(rng, items: int, n: int, spread: float):
    worth = 0.5 + spread * (rng.random(items) - 0.5)
    item, position = rng.integers(0, items, n), rng.integers(1, 3, n)
    return item, position, rng.random(n) < np.where(position == 1, 0.5, 0.3) * worth[item] + 0.1


NOTHING = {
    "items that never move": lambda rng: draw_sessions(2000, 5, rankers=1)[:3],
    "items of one worth": lambda rng: line_of_two(rng, 400, 40_000, 0.0),
    "few items": lambda rng: line_of_two(rng, 20, 40_000, 1.0),
    "one impression each": lambda rng: line_of_two(rng, 10**8, 4_000, 1.0),
    "none": lambda rng: (np.zeros(0), np.zeros(0), np.zeros(0)),
}


def lists_of_three(rng, first, last):
    """Items of many worths at three places, of which the one in the middle is sound."""
    item, position = rng.integers(0, 400, 60_000), rng.integers(1, 4, 60_000)
    worth = rng.random(400)[item]
    places = [position == one for one in (1, 2, 3)]
    return (
        item,
        position,
        rng.random(60_000) < np.select(places, [first(worth), 0.4 * worth + 0.1, last(worth)]),
    )


SOUND = {"first": lambda worth: 0.6 * worth + 0.2, "last": lambda worth: 0.3 * worth}
SPOILED = {
    "never clicked": lambda worth: 0 * worth,
    "clicked whatever it holds": lambda worth: 0 * worth + 0.3,
}


@pytest.mark.parametrize("place", ["first", "last"])
@pytest.mark.parametrize("spoiled", SPOILED.values(), ids=SPOILED)
def test_a_place_that_gives_worth_no_unit_or_no_zero_is_refused(place, spoiled):
    for seed in range(3):
        found = trust_in_places(*lists_of_three(np.random.default_rng(seed), **{**SOUND, place: spoiled}))
        assert [one.code for one in found.findings] == ["STRESS050"]
        assert f"clicks at the {place} place" in found.findings[0].evidence
        assert np.isnan(found.slope).all() and np.isnan(found.base).all()


def test_a_sound_first_and_last_place_are_told():
    found = trust_in_places(*lists_of_three(np.random.default_rng(0), **SOUND), draws=20)
    assert found.findings == ()
    np.testing.assert_allclose(found.slope, [1.0, 0.67, 0.5], atol=0.06)


@pytest.mark.parametrize("draw", NOTHING.values(), ids=NOTHING)
def test_what_cannot_be_told_apart_is_refused(draw):
    found = trust_in_places(*draw(np.random.default_rng(1)))
    assert [one.code for one in found.findings] == ["STRESS050"]
    assert np.isnan(found.slope).all() and found.slope_low == ()


def test_places_that_share_no_items_are_refused():
    rng = np.random.default_rng(2)
    parts = [line_of_two(rng, 200, 40_000, 1.0) for _ in range(2)]
    item, position, click = (np.concatenate(one) for one in zip(*parts, strict=True))
    second = np.repeat([0, 1], 40_000)
    found = trust_in_places(item + 200 * second, position + 2 * second, click)
    assert "2 groups of places" in found.findings[0].evidence


def test_the_same_seed_gives_the_same_intervals(trusting):
    item, position, click, found = trusting
    assert trust_in_places(item, position, click, draws=60) == found


def test_impossible_impressions_are_refused():
    with pytest.raises(DataError, match="STRESS042"):
        trust_in_places(np.array([0, 1]), np.array([0, 1]), np.array([1.0, 0.0]))


RIGHT = {"prediction": (0.4, 0.2, True), "expected slope": (0.9, 0.0, True), "neither": (0.9, 0.2, False)}


@pytest.mark.parametrize(("predicted", "off", "is_right"), RIGHT.values(), ids=RIGHT)
def test_doubly_robust_labels_need_one_of_two_to_be_right(predicted, off, is_right):
    rng, worth, n = np.random.default_rng(6), 0.4, 400_000
    slope, base = np.array([0.6, 0.3, 0.0]), np.array([0.25, 0.05, 0.0])  # the third list leaves the item out
    place = rng.choice(3, n, p=[0.2, 0.3, 0.5])
    click = (rng.random(n) < slope[place] * worth + base[place]).astype(float)
    expected = np.full(n, 0.2 * 0.6 + 0.3 * 0.3 + off)
    label = doubly_robust_label(click, slope[place], base[place], np.full(n, predicted), expected)
    assert (abs(label.mean() - worth) < 4 * label.std() / np.sqrt(n)) == is_right
