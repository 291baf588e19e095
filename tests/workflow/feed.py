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
  topic_seconds: {source: candidates, by: [user, topic], where: viewport_seconds > 0, mean: viewport_seconds, last: 7d}
  user_shows: {source: candidates, by: user, where: position is not null, count: true, last: 7d}
  item_views: {source: candidates, by: item, where: viewport_seconds > 0, count: true, last: 7d, refresh: 6h}
  item_seconds: {source: candidates, by: item, where: viewport_seconds > 0, mean: viewport_seconds, last: 7d, refresh: 6h}
  item_clicks: {source: actions, by: item, where: action = 'click', count: true, last: 7d, refresh: 6h}
  creator_views: {source: candidates, by: creator, where: viewport_seconds > 0, count: true, last: 7d, refresh: 6h}
  creator_seconds: {source: candidates, by: creator, where: viewport_seconds > 0, mean: viewport_seconds, last: 7d, refresh: 6h}
  creator_clicks: {source: actions, by: creator, where: action = 'click', count: true, last: 7d, refresh: 6h}
  click_rate: {sql: "(item_clicks + 1.0) / (item_views + 6.0)"}
  creator_rate: {sql: "(creator_clicks + 2.0) / (creator_views + 12.0)"}
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
    bait: float = 1.5,
    users: int = 3000,
    test: int = 21,
    candidates: int = 4,
    slots: int = 3,
    learner: str = "linear",
) -> World:
    """Simulate a feed and put the small framing in the place of its own."""
    world = make_world(
        "feed", folder, seed=seed, users=users, days=test + 26, candidates=candidates, slots=slots, bait=bait
    )
    world.framing.write_text(FRAMING.replace("TEST", str(test)).replace("CANDIDATES", learner))
    return world


@dataclass(frozen=True, eq=False)
class Truth:
    """What pushing a score on the held-out decisions of a run would truly have brought."""

    study: Study
    worth: np.ndarray
    """Expected satisfaction of each candidate at its place, (n, k)."""
    intercept: np.ndarray
    """Of each user-week's return, (units,)."""
    satisfaction: np.ndarray
    """What the week was worth as it was, (units,)."""

    def lift(self, score: str, depth: float) -> float:
        """Return the change of the share of user-weeks that come back."""
        base = self.study.log.propensity
        pushed = tilt_to(base, self.study.scores[score], depth).probability
        gained = np.bincount(self.study.log.units, weights=((pushed - base) * self.worth).sum(axis=1))
        after = return_probability(self.intercept, self.satisfaction + gained)
        return float((after - return_probability(self.intercept, self.satisfaction)).mean())


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
    worth = expected_satisfaction(quality, bait, suits) * reach_probability(columns["place"].values)
    first = np.unique(study.log.units, return_index=True)[1]
    who = asked.study.log.of_chosen(asked.study.log.spread(user))[first].astype(np.int64)
    at = asked.study.log.time[first]
    weeks = pq.read_table(world.truth / "user_weeks.parquet")
    n_users = people.num_rows
    total = np.zeros((int(weeks["week"].to_numpy().max()) + 1, n_users))
    total[weeks["week"].to_numpy(), weeks["user"].to_numpy()] = weeks["satisfaction"].to_numpy()
    return Truth(
        study=study, worth=asked.study.log.spread(worth),
        intercept=people["return_intercept"].to_numpy()[who],
        satisfaction=total[(at - START_US) // (7 * DAY), who],
    )  # fmt: skip


def _affinity(world: World, people: pa.Table, user: np.ndarray, item: np.ndarray) -> np.ndarray:
    things, readers = (pq.read_table(world.dimensions / f"{name}.parquet") for name in ("items", "users"))
    interest = np.stack([people[f"interest_{topic}"].to_numpy() for topic in TOPICS], axis=1)
    topic = np.array([TOPICS.index(one) for one in things["topic"].to_pylist()])[item]
    languages = [np.array(table["language"].to_pylist()) for table in (readers, things)]
    is_foreign = languages[0][user] != languages[1][item]
    return AFFINITY_OF_INTEREST * interest[user, topic] - FOREIGN_PENALTY * is_foreign
