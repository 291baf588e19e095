"""The feed world with a framing that runs in seconds: few features, and a long held-out part."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import truenorth
from truenorth.counterfactual.policies import tilt_to
from truenorth.counterfactual.study import Study
from truenorth.examples.dataset import read_dataset
from truenorth.framing.load import load_with_findings
from truenorth.workflow.studies import STUDY, load_study
from truenorth.workflow.studying import study_of
from truenorth.worlds import World, make_world
from truenorth.worlds.feed_population import AFFINITY_OF_INTEREST, FOREIGN_PENALTY, TOPICS
from truenorth.worlds.feed_response import expected_satisfaction, reach_probability, return_probability
from truenorth.worlds.stream import DAY, START_US

MOST_SLOTS, MOST_WEEKS = 10, 100
"""Bounds of place and week in a joint key."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)
FRAMING = """\
framing: 1
name: small-feed
business:
  goal: People come back because the feed was worth their time
  kpi: {name: weekly return, metric: mean(returned) by user mean, unit: share, direction: up, baseline: 0.5, target: +1pp, timeframe: 90d}
  decision: which candidate to show at each place
  owner: feed ranking
product: {outcome: ordered list, archetype: autonomous}
sources:
  candidates:
    path: log/candidates/*.parquet
    time: requested_at
    key: [request_id, item]
    known_after: {viewport_seconds: 10m, scroll_past_at: 10m}
    lookup:
      creator: {source: items, by: item, column: creator}
      topic: {source: items, by: item, column: topic}
      item_language: {source: items, by: item, column: language}
      published_at: {source: items, by: item, column: published_at}
      user_language: {source: users, by: user, column: language}
  actions: {path: log/actions/*.parquet, time: acted_at, known_at: received_at, known_after: 2d, duplicates: drop, lookup: {creator: {source: items, by: item, column: creator}}}
  sessions: {path: log/sessions/*.parquet, time: started_at, key: session_id, known_after: 1h}
  items: {path: dim/items.parquet, time: none, key: item, static: [creator, topic, language, published_at]}
  users: {path: dim/users.parquet, time: none, key: user, static: [language]}
examples: {source: candidates, entity: [user, item], at: time, unit: user, group: request_id, decision: [request_id, slot], shown: position is not null, position: position, propensity: logged_probability, context: [user_language, creator]}
labels:
  click: {source: actions, where: action = 'click', within: 2h}
  liked: {source: actions, where: action = 'like', within: 2h}
  watched: {when: viewport_seconds >= 30}
  quick_skip: {when: viewport_seconds > 0 and viewport_seconds < 3}
  hide: {source: actions, where: "action in ('hide', 'report')", within: 1d}
  returned: {source: sessions, by: user, anchor: week_end, within: 7d}
features:
  place: {column: slot}
  same_language: {sql: user_language = item_language}
  user_shows: {source: candidates, by: user, where: position is not null, count: true, last: 7d}
  topic_views: {source: candidates, by: [user, topic], where: viewport_seconds > 0, count: true, last: 7d}
  topic_long: {source: candidates, by: [user, topic], where: viewport_seconds >= 30, count: true, last: 7d}
  item_views: {source: candidates, by: item, where: viewport_seconds > 0, count: true, last: 7d, refresh: 6h}
  item_long: {source: candidates, by: item, where: viewport_seconds >= 30, count: true, last: 7d, refresh: 6h}
  item_skips: {source: candidates, by: item, where: viewport_seconds > 0 and viewport_seconds < 3, count: true, last: 7d, refresh: 6h}
  item_clicks: {source: actions, by: item, where: action = 'click', count: true, last: 7d, refresh: 6h}
  creator_views: {source: candidates, by: creator, where: viewport_seconds > 0, count: true, last: 7d, refresh: 6h}
  creator_long: {source: candidates, by: creator, where: viewport_seconds >= 30, count: true, last: 7d, refresh: 6h}
  creator_skips: {source: candidates, by: creator, where: viewport_seconds > 0 and viewport_seconds < 3, count: true, last: 7d, refresh: 6h}
  creator_clicks: {source: actions, by: creator, where: action = 'click', count: true, last: 7d, refresh: 6h}
  topic_rate: {sql: "ln((topic_long + 1.0) / (greatest(topic_views - topic_long, 0) + 7.0))"}
  click_rate: {sql: "ln((item_clicks + 1.0) / (greatest(item_views - item_clicks, 0) + 6.0))"}
  long_rate: {sql: "ln((item_long + 1.0) / (greatest(item_views - item_long, 0) + 7.0))"}
  skip_rate: {sql: "ln((item_skips + 2.0) / (greatest(item_views - item_skips, 0) + 4.0))"}
  creator_click_rate: {sql: "ln((creator_clicks + 2.0) / (greatest(creator_views - creator_clicks, 0) + 12.0))"}
  creator_long_rate: {sql: "ln((creator_long + 2.0) / (greatest(creator_views - creator_long, 0) + 14.0))"}
  creator_skip_rate: {sql: "ln((creator_skips + 4.0) / (greatest(creator_views - creator_skips, 0) + 8.0))"}
proxies:
  click: {alignment: 2, gaming: 5, coverage: 5, latency: 5, causal: 2, if_pushed: bait that promises more than it holds}
objective: {score: 2*liked + 2*watched - quick_skip - 4*hide, metric: log_loss(watched)}
models: {rule: -place, candidates: [CANDIDATES], calibrate: none, choose: one_standard_error}
policy: {rank: {by: score, show: 3}, explore: {share: 3%, how: softmax, temperature: 1}, fallback: rule}
split: {train: 10d, validation: 1d, calibration: 1d, test: TESTd}
"""


def write_feed(
    folder: Path,
    *,
    seed: int,
    bait: float = 1.0,
    users: int = 3000,
    test: int = 21,
    candidates: int = 4,
    slots: int = 3,
    items: int | None = None,
    learner: str = "linear",
) -> World:
    """Simulate a feed and put the small framing in the place of its own."""
    world = make_world(
        "feed",
        folder,
        seed=seed,
        users=users,
        days=test + 26,
        candidates=candidates,
        slots=slots,
        bait=bait,
        items=items,
    )
    world.framing.write_text(FRAMING.replace("TEST", str(test)).replace("CANDIDATES", learner))
    return world


@dataclass(frozen=True, eq=False)
class Truth:
    """What pushing a score on the held-out decisions of a run would truly have brought."""

    study: Study
    worth: np.ndarray
    """Satisfaction of each candidate where its place is reached, (n, k)."""
    reach: np.ndarray
    """Chance that the place of a decision is reached, (n,)."""
    intercept: np.ndarray
    """Of each user-week's return, (units,)."""
    elsewhere: tuple[np.ndarray, np.ndarray]
    """Worth and number of the items reached in that week by decisions outside the study, each (units,)."""

    def lift(self, score: str, depth: float, draws: int = 8) -> float:
        """Act: draw what is shown and reached anew, pushed and as logged, and compare who comes back.

        The same random numbers draw both; eight draws of 5,000 user-weeks settle a lift to some .002.
        """
        log = self.study.log
        pushed = tilt_to(log.propensity, self.study.scores[score], depth).probability
        rng, found = np.random.default_rng(0), []
        for _ in range(draws):
            u, is_reached = rng.random(log.n), rng.random(log.n) < self.reach
            found.append(
                self._returning(pushed, u, is_reached) - self._returning(log.propensity, u, is_reached)
            )
        return float(np.mean(found))

    def _returning(self, policy: np.ndarray, u: np.ndarray, is_reached: np.ndarray) -> float:
        """Return the share of user-weeks that come back after one draw of what was shown."""
        ends = np.cumsum(policy, axis=1)
        shown = (ends <= u[:, None] * ends[:, -1:]).sum(axis=1)
        worth = np.where(is_reached, self.worth[np.arange(len(shown)), shown], 0.0)
        total, n_reached = (
            np.bincount(self.study.log.units, weights=one) + other
            for one, other in zip((worth, is_reached), self.elsewhere, strict=True)
        )
        return float(return_probability(self.intercept, total / np.maximum(n_reached, 1)).mean())


def truth_of(world: World, run: truenorth.Run) -> Truth:
    """Return the truth behind the stress test of a run."""
    framing, _ = load_with_findings(world.framing)
    data = read_dataset(run.folder / "examples.parquet", framing, base=world.root)
    held = data.take(~data.is_in("train"))
    asked, (study, _) = study_of(held, []), load_study(run.folder / STUDY)
    columns = held.columns.take(asked.rows)
    user, item = (columns[name].values.astype(np.int64) for name in ("user", "item"))
    traits, people = (pq.read_table(world.truth / f"{name}.parquet") for name in ("items", "users"))
    suits = _affinity(world, people, user, item)
    quality, bait = (traits[name].to_numpy()[item] for name in ("quality", "bait"))
    log = asked.study.log
    first = np.unique(study.log.units, return_index=True)[1]
    who = log.of_chosen(log.spread(user))[first].astype(np.int64)
    request = columns["group"].texts().astype(np.int64)
    shown = log.of_chosen(log.spread(request * MOST_SLOTS + columns["place"].values.astype(np.int64)))
    return Truth(
        study=study, worth=log.spread(expected_satisfaction(quality, bait, suits)),
        reach=log.of_chosen(log.spread(reach_probability(columns["place"].values))),
        intercept=people["return_intercept"].to_numpy()[who],
        elsewhere=_elsewhere(world, shown, who, (log.time[first] - START_US) // (7 * DAY)),
    )  # fmt: skip


def _elsewhere(world: World, shown: np.ndarray, who: np.ndarray, week: np.ndarray) -> tuple:
    """Return worth and number of what each user reached in a week at places that are not among `shown`."""
    seen = pq.read_table(world.truth / "impressions")
    visits = pa.concat_tables([
        pq.read_table(world.log / "sessions"), pq.read_table(world.truth / "unreceived_sessions.parquet"),
    ]).select(["session_id", "started_at"]).sort_by("session_id")  # fmt: skip
    request = seen["request_id"].to_numpy()
    started = visits["started_at"].cast(pa.int64()).to_numpy()
    assert np.array_equal(visits["session_id"].to_numpy(), np.arange(len(started)))
    other = seen["reached"].to_numpy() & ~np.isin(request * MOST_SLOTS + seen["slot"].to_numpy(), shown)
    of = seen["user"].to_numpy() * MOST_WEEKS + (started[request] - START_US) // (7 * DAY)
    size = (int(seen["user"].to_numpy().max()) + 1) * MOST_WEEKS
    sums = (
        np.bincount(of[other], w[other], size) for w in (seen["satisfaction"].to_numpy(), np.ones(len(of)))
    )
    return tuple(one[who * MOST_WEEKS + week] for one in sums)


def _affinity(world: World, people: pa.Table, user: np.ndarray, item: np.ndarray) -> np.ndarray:
    things, readers = (pq.read_table(world.dimensions / f"{name}.parquet") for name in ("items", "users"))
    interest = np.stack([people[f"interest_{topic}"].to_numpy() for topic in TOPICS], axis=1)
    topic = np.array([TOPICS.index(one) for one in things["topic"].to_pylist()])[item]
    languages = [np.array(table["language"].to_pylist()) for table in (readers, things)]
    is_foreign = languages[0][user] != languages[1][item]
    return AFFINITY_OF_INTEREST * interest[user, topic] - FOREIGN_PENALTY * is_foreign
