"""A framing of a list, beside the clean one of a decision: nothing in it is wrong for rules on lists."""

from typing import Any

import numpy as np

from tests.audit.tables import N

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)
FEED = """\
framing: 1
name: video-feed
business:
  goal: People come back because the feed was worth their time
  kpi: {name: weekly return, metric: mean(returned), unit: share, direction: up, baseline: 0.4, target: +1pp, timeframe: 90d}
  decision: which videos to show first
  owner: feed ranking
  on_call: feed duty
  scale: {decisions_per_day: 2000, peak_per_second: 5}
  latency_p99: 150ms
product: {outcome: ordered list, archetype: autonomous}
sources:
  candidates: {path: candidates.parquet, time: requested_at, key: [request_id, item], known_after: {seconds: 10m, hid: 10m, came_back: 7d, grade: 1d, stars: 1d}}
  actions: {path: actions.parquet, time: acted_at, known_after: 1h}
examples:
  source: candidates
  entity: [user, item]
  at: time
  unit: user
  group: request_id
  shown: position is not null
  position: position
  propensity: logged_probability
  context: [country, creator]
labels:
  liked: {source: actions, where: action = 'like', within: 2h}
  watched: {when: seconds >= 30}
  hide: {when: hid = 1}
  returned: {when: came_back = 1}
  grade: {value: grade, kind: grade, classes: [1, 2, 3, 4, 5]}
  stars: {value: stars, kind: number}
features:
  age_hours: {column: age_hours}
  amount: {column: amount}
objective: {score: 4 * liked + 3 * watched, metric: value@10}
models: {rule: -age_hours, candidates: [linear, trees], calibrate: auto}
policy:
  rank: {by: score, show: 10, rules: [{at_most: 2, per: creator}, {fresh: 2, where: age_hours < 24}, {drop: amount > 500}]}
  explore: {share: 3%, how: softmax, temperature: 0.5}
  fallback: rule
evaluation: {slices: [country], metrics: [gini(shown) by creator]}
constraints: [mean(hide) <= 0.03, latency_p99 <= 150ms]
split: {train: 60d, validation: 14d, calibration: 7d, test: 14d}
experiment: {unit: user, metric: kpi, minimum_effect: 1pp, stages: [1%, 10%, 50%, 100%], duration: 28d}
serving: {mode: online, timeout: 150ms}
monitoring:
  track: [value@10 by country worst, mean(hide), mean(returned)]
  retrain: {every: 14d}
"""


def lists(n: int = N, *, of: int = 8, seed: int = 3) -> dict[str, Any]:
    """Return the columns of lists over the healthy table: users, items, creators, half of the rows shown."""
    rng = np.random.default_rng(seed)
    shown = np.arange(n) % 2 == 0
    return {
        "user": rng.integers(0, 400, n).astype(float),
        "item": rng.integers(0, 300, n).astype(float),
        "unit": rng.integers(0, 400, n).astype(float),
        "group": (np.arange(n) // of).astype(float),
        "creator": np.array([f"c{one}" for one in rng.integers(0, 40, n)], dtype=object),
        "shown": shown.astype(float),
        "position": np.where(shown, np.arange(n) % of, np.nan).astype(float),
    }
