"""The feed world: its log agrees with its truth, and its truth has the shape that it promises."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from truenorth.counterfactual.contract import DEPTHS
from truenorth.counterfactual.policies import tilt_to
from truenorth.worlds import World, make_world
from truenorth.worlds.feed_exposure import draw_distinct, draw_exposure, draw_visits
from truenorth.worlds.feed_population import affinity, draw_items, draw_users
from truenorth.worlds.feed_response import (
    ACTIONS,
    expected_satisfaction,
    reach_probability,
    response_probability,
    return_probability,
)
from truenorth.worlds.stream import DAY, MINUTE, START_US, generator

PAGE = Path(__file__).parents[2] / "docs" / "worlds.md"

DAYS = 15
END = START_US + DAYS * DAY


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world("feed", tmp_path_factory.mktemp("feed") / "w", seed=11, users=4000, days=DAYS)


@pytest.fixture(scope="module")
def candidates(world: World) -> pa.Table:
    return pq.read_table(world.log / "candidates")


@pytest.fixture(scope="module")
def actions(world: World) -> pa.Table:
    return pq.read_table(world.log / "actions")


@pytest.fixture(scope="module")
def impressions(world: World) -> pa.Table:
    return pq.read_table(world.truth / "impressions")


def column(table: pa.Table, name: str) -> np.ndarray:
    values = table[name]
    return values.cast(pa.int64()).to_numpy() if pa.types.is_timestamp(values.type) else values.to_numpy()


def decision(candidates: pa.Table) -> np.ndarray:
    return column(candidates, "request_id") * 3 + column(candidates, "slot") - 1


def test_propensities_add_to_one_in_every_decision(candidates: pa.Table):
    total = np.bincount(decision(candidates), column(candidates, "logged_probability"))
    assert np.abs(total - 1).max() < 1e-12
    assert column(candidates, "logged_probability").min() > 0.03 / 10 - 1e-12


def test_every_decision_shows_exactly_one_of_ten_candidates(candidates: pa.Table):
    is_shown = candidates["position"].is_valid().to_numpy()
    assert set(np.bincount(decision(candidates))) == {10}
    assert set(np.bincount(decision(candidates), is_shown)) == {1.0}
    shown = candidates.filter(pa.array(is_shown))
    assert shown["position"].equals(shown["slot"])


def test_no_item_is_twice_in_a_request(candidates: pa.Table):
    pairs = candidates.group_by(["request_id", "item"]).aggregate([])
    assert pairs.num_rows == candidates.num_rows


def test_logged_propensities_are_the_chances_of_what_was_shown(candidates: pa.Table):
    probability = column(candidates, "logged_probability")
    is_shown = candidates["position"].is_valid().to_numpy()
    bins = np.digitize(probability, np.quantile(probability, np.linspace(0.1, 0.9, 9)))
    expected, n = np.bincount(bins, probability), np.bincount(bins)
    z = (np.bincount(bins, is_shown) - expected) / np.sqrt(np.bincount(bins, probability * (1 - probability)))
    assert len(n) == 10
    assert np.abs(z).max() < 4


def test_the_random_arm_is_uniform_and_has_its_share(candidates: pa.Table):
    shown = candidates.filter(candidates["position"].is_valid())
    is_random = pc.equal(shown["arm"], "random").to_numpy()
    assert abs(is_random.mean() - 0.03) < 4 * np.sqrt(0.03 * 0.97 / len(is_random))
    whole = candidates.filter(pc.equal(candidates["arm"], "random"))
    best = whole.group_by(["request_id", "slot"]).aggregate([("logged_score", "max")])
    joined = whole.filter(whole["position"].is_valid()).join(best, ["request_id", "slot"])
    share = np.mean(column(joined, "logged_score") == column(joined, "logged_score_max"))
    assert abs(share - 0.1) < 4 * np.sqrt(0.09 / joined.num_rows)


def test_nothing_is_received_before_it_happened_or_after_two_days(actions: pa.Table):
    delay = column(actions, "received_at") - column(actions, "acted_at")
    assert delay.min() >= 0
    assert delay.max() < 2 * DAY
    assert 0.005 < np.mean(delay > 5 * MINUTE) < 0.015


def test_the_log_ends_with_the_world_and_the_truth_keeps_the_rest(world: World, actions: pa.Table):
    assert column(actions, "received_at").max() < END
    late = pq.read_table(world.truth / "unreceived_actions.parquet")
    assert late.num_rows > 0
    assert column(late, "received_at").min() >= END
    assert column(pq.read_table(world.log / "sessions"), "started_at").max() < END - 60 * MINUTE
    assert pq.read_table(world.truth / "unreceived_sessions.parquet").num_rows > 0


def test_views_are_known_within_ten_minutes_and_only_of_shown_rows(candidates: pa.Table):
    is_known = candidates["viewport_seconds"].is_valid().to_numpy()
    is_shown = candidates["position"].is_valid().to_numpy()
    requested_at = column(candidates, "requested_at")
    assert np.array_equal(is_known, is_shown & (requested_at + 10 * MINUTE < END))
    past = candidates.filter(candidates["scroll_past_at"].is_valid())
    assert np.all(column(past, "scroll_past_at") - column(past, "requested_at") < 10 * MINUTE)
    assert np.all(column(past, "viewport_seconds") < 3)


def test_actions_follow_a_request_that_showed_the_item(candidates: pa.Table, actions: pa.Table):
    shown = candidates.filter(candidates["position"].is_valid())
    first = shown.group_by(["user", "item"]).aggregate([("requested_at", "min")])
    joined = actions.join(first, ["user", "item"])
    assert joined["requested_at_min"].null_count == 0
    assert np.all(column(joined, "acted_at") > column(joined, "requested_at_min"))


def test_likes_by_mistake_follow_a_scroll_past_within_two_seconds(actions: pa.Table, impressions: pa.Table):
    past = actions.filter(pc.equal(actions["action"], "scroll_past")).select(["user", "item", "acted_at"])
    likes = actions.filter(pc.equal(actions["action"], "like"))
    joined = likes.join(past, ["user", "item"], right_suffix="_past", join_type="inner")
    lag = column(joined, "acted_at") - column(joined, "acted_at_past")
    n_wrong = int(pc.sum(impressions["accidental_like"]).as_py())
    assert n_wrong > 50
    assert 0.9 * n_wrong <= np.sum((lag > 0) & (lag < 2_000_000)) <= 1.1 * n_wrong


def trait(world: World, impressions: pa.Table, name: str) -> np.ndarray:
    return column(pq.read_table(world.truth / "items.parquet"), name)[column(impressions, "item")]


def test_reactions_happen_as_often_as_their_true_chance(actions: pa.Table, impressions: pa.Table):
    mistakes = pc.sum(impressions["accidental_like"]).as_py()
    for action in ACTIONS:
        chance = column(impressions, f"{action}_probability")
        seen = pc.sum(pc.equal(actions["action"], action)).as_py() - (mistakes if action == "like" else 0)
        late = 0.02 * chance.sum()
        assert abs(seen - chance.sum()) < 4 * np.sqrt(chance.sum()) + late, action


def test_quality_and_bait_act_as_described(world: World, actions: pa.Table, impressions: pa.Table):
    acted = {
        action: pc.filter(actions["item"], pc.equal(actions["action"], action)).to_numpy()
        for action in ACTIONS
    }
    items = pq.read_table(world.truth / "items.parquet")
    reached = np.bincount(column(impressions, "item"), column(impressions, "reached"), items.num_rows)
    for action, quality, bait in [("click", 1, 1), ("like", 1, -1), ("share", 1, -1), ("hide", -1, 1)]:
        count = np.bincount(acted[action], minlength=items.num_rows)
        for name, sign in (("quality", quality), ("bait", bait)):
            high = column(items, name) > 0
            ratio = count[high].sum() / reached[high].sum() * reached[~high].sum() / count[~high].sum()
            assert (ratio - 1) * sign > 0.1, (action, name, ratio)


def test_bait_shortens_and_quality_lengthens_a_look(world: World, impressions: pa.Table):
    is_reached = column(impressions, "reached").astype(bool)
    log_seconds = np.log(column(impressions, "viewport_seconds")[is_reached])
    effects = [trait(world, impressions, name)[is_reached] for name in ("quality", "bait")]
    design = np.stack(
        [np.ones_like(log_seconds), *effects, column(impressions, "affinity")[is_reached]], axis=1
    )
    slopes = np.linalg.lstsq(design, log_seconds, rcond=None)[0]
    assert np.abs(slopes - [1.7, 0.45, -0.45, 0.4]).max() < 0.03


def test_places_are_reached_as_described(impressions: pa.Table):
    slot, is_reached = column(impressions, "slot"), column(impressions, "reached").astype(float)
    share = np.bincount(slot, is_reached)[1:] / np.bincount(slot)[1:]
    assert np.abs(share - reach_probability(np.array([1, 2, 3]))).max() < 0.02


def test_the_return_follows_from_the_week_and_shows_in_the_sessions(world: World, impressions: pa.Table):
    weeks = pq.read_table(world.truth / "user_weeks.parquet").sort_by(
        [("week", "ascending"), ("user", "ascending")]
    )
    active, chance, n_reached, worth = (
        column(weeks, name).reshape(-1, 4000)
        for name in ("is_active", "return_probability", "n_reached", "satisfaction")
    )
    intercept = column(pq.read_table(world.truth / "users.parquet"), "return_intercept")
    assert np.allclose(chance, return_probability(intercept, worth))
    assert np.allclose(
        (worth * n_reached).sum(axis=0),
        np.bincount(column(impressions, "user"), column(impressions, "satisfaction"), 4000),
    )
    sd = np.sqrt((chance[0] * (1 - chance[0])).sum())
    assert abs(active[1].sum() - chance[0].sum()) < 4 * sd
    sessions = pq.read_table(world.log / "sessions")
    week = (column(sessions, "started_at") - START_US) // (7 * DAY)
    for number in (0, 1):
        came = np.unique(column(sessions, "user")[week == number])
        assert np.array_equal(came, np.flatnonzero(active[number]))


def test_rows_do_not_depend_on_what_came_before_in_the_day():
    items, users = draw_items(generator(1, 0), 1000, 7), draw_users(generator(1, 1), 300)
    everyone = np.ones(users.n, dtype=bool)
    visits = draw_visits(generator(2), users, everyone, everyone, 0, 0)
    size = {"slots": 3, "candidates": 10, "temperature": 1.0, "exploration": 0.03}
    one = draw_exposure(generator(3, 1), visits.rows(slice(64, 128)), users, items, 0, **size)
    draw_exposure(generator(3, 0), visits.rows(slice(0, 64)), users, items, 0, **size)
    again = draw_exposure(generator(3, 1), visits.rows(slice(64, 128)), users, items, 0, **size)
    assert np.array_equal(one.item, again.item)
    assert np.array_equal(one.chosen, again.chosen)


def test_duplicates_are_exact_and_as_many_as_asked(tmp_path: Path):
    world = make_world("feed", tmp_path / "w", users=500, days=3, duplicate_share=0.2)
    actions = pq.read_table(world.log / "actions")
    distinct = actions.group_by(actions.column_names).aggregate([]).num_rows
    assert abs((actions.num_rows - distinct) / distinct - 0.2) < 0.06


@pytest.mark.parametrize(
    ("pool", "each"), [(range(90, 180), 30), (range(5, 35), 30)], ids=["usual", "all of it"]
)
def test_distinct_draws_are_distinct_and_in_the_pool(pool: range, each: int):
    picks = draw_distinct(generator(0), pool, 200, each)
    assert picks.min() >= pool.start
    assert picks.max() < pool.stop
    assert all(len(set(row)) == each for row in picks.tolist())


def test_chasing_clicks_gains_at_first_and_then_loses_the_return():
    items, users = draw_items(generator(1, 0), 5000, 28), draw_users(generator(1, 1), 6000)
    everyone = np.ones(users.n, dtype=bool)
    visits = draw_visits(generator(2), users, everyone, everyone, 3, 0)
    size = {"slots": 3, "candidates": 10, "temperature": 1.0, "exploration": 0.03}
    exposure = draw_exposure(generator(3), visits, users, items, 3, **size)
    quality, bait = items.quality[exposure.item], items.bait[exposure.item]
    suits = affinity(users, items, exposure.user[:, None, None], exposure.item)
    worth = expected_satisfaction(quality, bait, suits)

    def lift(action: str, pressure: float) -> float:
        score = response_probability(action, quality, bait, suits)
        tilted = exposure.probability * np.exp(pressure * score / score.std())
        tilted /= tilted.sum(axis=-1, keepdims=True)
        return float(((tilted - exposure.probability) * worth).sum(axis=-1).mean())

    assert 0 < lift("click", 0.25) < lift("click", 1.0)
    assert lift("click", 8.0) < lift("click", 1.0)
    assert 0 < lift("share", 0.25) < lift("share", 1.0) < lift("share", 8.0)


@pytest.mark.slow
def test_the_page_says_what_chasing_clicks_and_shares_is_worth():
    """The table of docs/worlds.md: mean of six seeds at each depth, as exact as a world is known."""
    rows = dict.fromkeys(("click", "share"))
    for action in rows:
        line = next(one for one in PAGE.read_text().splitlines() if f"true {action} probability" in one)
        rows[action] = [float(cell) for cell in line.split("|")[2:-1]]
    found = {action: [] for action in rows}
    for seed in range(1, 7):
        items, users = draw_items(generator(seed, 0), 16_000, 28), draw_users(generator(seed, 1), 6000)
        everyone = np.ones(users.n, dtype=bool)
        visits = draw_visits(generator(seed, 2), users, everyone, everyone, 3, 0)
        size = {"slots": 3, "candidates": 10, "temperature": 1.0, "exploration": 0.03}
        exposure = draw_exposure(generator(seed, 3), visits, users, items, 3, **size)
        law = exposure.probability.reshape(-1, 10)
        suits = affinity(users, items, exposure.user[:, None, None], exposure.item)
        traits = [
            one.reshape(-1, 10) for one in (items.quality[exposure.item], items.bait[exposure.item], suits)
        ]
        worth = expected_satisfaction(*traits)
        for action, lifts in found.items():
            score = response_probability(action, *traits)
            pushed = [tilt_to(law, score, depth).probability for depth in DEPTHS]
            lifts.append([((one - law) * worth).sum(axis=1).mean() for one in pushed])
    for action, lifts in found.items():
        assert np.mean(lifts, axis=0) == pytest.approx(rows[action], abs=0.001)
