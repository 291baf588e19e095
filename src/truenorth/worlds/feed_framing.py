"""The framing that comes with a feed world: its figures are those of the run."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from truenorth.worlds.world import START, recorded_until

if TYPE_CHECKING:
    from truenorth.worlds.feed import FeedParameters

TEMPLATE = """\
# yaml-language-server: $schema=framing.schema.json
# A feed of the world `feed`; the mechanism and its truth are described in truth/description.json.
framing: 1
name: feed-world
business:
  goal: People come back because the feed was worth their time
  kpi: {{name: weekly return, metric: mean(returned) by user mean, unit: share, direction: up, baseline: {baseline}, target: +1pp, timeframe: 90d}}
  decision: which of {candidates} candidates to show at each of {slots} places
  users: readers, creators, integrity team
  owner: feed ranking
  scale: {{decisions_per_day: {decisions}}}
  latency_p99: 150ms
product: {{outcome: ordered list, archetype: autonomous}}
sources:
  candidates:                                     # one row per (request, place, candidate), shown or not
    path: log/candidates/*.parquet
    time: requested_at
    key: [request_id, item]
    known_after: {{viewport_seconds: 10m, scroll_past_at: 10m}}    # filled in later, so never a feature of their own row
    covers: {covers}
    lookup:
      creator: {{source: items, by: item, column: creator}}
      topic: {{source: items, by: item, column: topic}}
      item_language: {{source: items, by: item, column: language}}
      published_at: {{source: items, by: item, column: published_at}}
      user_language: {{source: users, by: user, column: language}}
      joined_at: {{source: users, by: user, column: joined_at}}
  actions:
    path: log/actions/*.parquet
    time: acted_at
    known_at: received_at
    known_after: 2d                               # the promised bound: nothing arrives later
    duplicates: drop
    covers: {covers}
    lookup:
      creator: {{source: items, by: item, column: creator}}
      topic: {{source: items, by: item, column: topic}}
  sessions: {{path: log/sessions/*.parquet, time: started_at, key: session_id, known_after: 1h, covers: {covers}}}
  items: {{path: dim/items.parquet, time: none, key: item, static: [creator, topic, language, published_at]}}
  users: {{path: dim/users.parquet, time: none, key: user, static: [language, joined_at]}}
examples:
  source: candidates
  entity: [user, item]
  at: time
  unit: user
  group: request_id
  decision: [request_id, slot]                    # each place has candidates of its own
  shown: position is not null
  position: position
  propensity: logged_probability
  explored: arm = 'random'
  context: [user_language]
labels:
  click: {{source: actions, where: action = 'click', within: 2h}}
  liked: {{source: actions, where: action = 'like', within: 2h, unless: {{source: actions, where: action = 'scroll_past', last: 2s}}}}
  comment: {{source: actions, where: action = 'comment', within: 2h}}
  share: {{source: actions, where: action = 'share', within: 2h}}
  dwell: {{when: viewport_seconds >= 60}}
  quick_skip: {{when: viewport_seconds > 0 and viewport_seconds < 3}}      # 0 = the place was not reached
  hide: {{source: actions, where: "action in ('hide', 'report')", within: 1d}}
  returned: {{source: sessions, by: user, anchor: week_end, within: 7d}}   # the same for all rows of a user's week
features:
  age_hours: {{sql: "seconds_between(published_at, time) / 3600"}}
  account_days: {{sql: "days_between(joined_at, time)"}}
  same_language: {{sql: user_language = item_language}}
  item_topic: {{column: topic, as: category}}
  place: {{column: slot, as: category}}
  user_shows: {{source: candidates, by: user, where: position is not null, count: true, last: [1d, 7d]}}
  user_clicks: {{source: actions, by: user, where: action = 'click', count: true, last: [1d, 7d]}}
  user_likes: {{source: actions, by: user, where: action = 'like', count: true, last: [1d, 7d]}}
  user_topic_clicks: {{source: actions, by: [user, topic], where: action = 'click', count: true, last: 7d}}
  item_shows: {{source: candidates, by: item, where: position is not null, count: true, last: 7d, refresh: 1h}}
  item_clicks: {{source: actions, by: item, where: action = 'click', count: true, last: 7d, refresh: 1h}}
  item_view_seconds: {{source: candidates, by: item, where: viewport_seconds > 0, mean: viewport_seconds, last: 7d, refresh: 1h}}
  creator_shows: {{source: candidates, by: creator, where: position is not null, count: true, last: 7d, refresh: 1h}}
  creator_likes: {{source: actions, by: creator, where: action = 'like', count: true, last: 7d, refresh: 1h}}
  creator_hides: {{source: actions, by: creator, where: "action in ('hide', 'report')", count: true, last: 7d, refresh: 1h}}
  click_rate: {{sql: "item_clicks / nullif(item_shows, 0)"}}
  like_rate: {{sql: "creator_likes / nullif(creator_shows, 0)"}}
  hide_rate: {{sql: "creator_hides / nullif(creator_shows, 0)"}}
  age_rank: {{over: group, rank: age_hours}}
proxies:
  click: {{alignment: 2, gaming: 5, coverage: 5, latency: 5, causal: 2, if_pushed: bait that promises more than it holds}}
  dwell: {{alignment: 4, gaming: 3, coverage: 3, latency: 5, causal: 4, if_pushed: long items that are not good}}
  comment: {{alignment: 4, gaming: 3, coverage: 1, latency: 4, causal: 3, if_pushed: quarrels}}
  share: {{alignment: 4, gaming: 2, coverage: 1, latency: 4, causal: 4, if_pushed: chain letters}}
  liked: {{alignment: 4, gaming: 2, coverage: 2, latency: 5, causal: 3, if_pushed: likes asked for}}
  quick_skip: {{alignment: 3, gaming: 2, coverage: 4, latency: 5, causal: 3, if_pushed: slow openings}}
objective: {{score: 5*comment + 4*share + 3*dwell + liked - 2*quick_skip, metric: value@{slots}}}
evaluation: {{slices: [user_language, item_topic, explored], metrics: [ndcg@{slots}(dwell), mean(click), mean(hide), gini(shown) by creator]}}
models: {{rule: -age_hours, candidates: [linear, trees, multitask], calibrate: auto, choose: one_standard_error}}
policy:
  rank: {{by: score, show: {slots}, rules: [{{at_most: 2, per: creator}}, {{fresh: 1, where: age_hours < 6}}]}}
  explore: {{share: {exploration:g}%, how: softmax, temperature: {temperature:g}}}
  fallback: rule
constraints: [mean(hide) <= 0.02, gini(shown) by creator <= 0.7, latency_p99 <= 150ms]
split: {{validation: {validation}d, calibration: {calibration}d, test: {test}d}}
experiment: {{unit: user, metric: kpi, guardrails: [{{metric: mean(hide), margin: 2%}}], minimum_effect: 0.5pp, stages: [1%, 10%, 50%]}}
monitoring: {{retrain: {{every: 1d, or_when: value@{slots} < 0.9 * released}}}}
"""


def framing(parameters: FeedParameters, facts: Mapping[str, float]) -> str:
    """Return `framing.yaml` for a feed of this size; parts of the split are shares of its days."""
    days = parameters.days
    return TEMPLATE.format(
        baseline=facts["weekly_return"],
        decisions=max(round(facts["requests_per_day"] * parameters.slots), 1),
        candidates=parameters.candidates,
        slots=parameters.slots,
        covers=f"{START:%Y-%m-%d}..{recorded_until(parameters):%Y-%m-%d}",
        exploration=100 * parameters.exploration,
        temperature=parameters.temperature,
        validation=max(days // 8, 1),
        calibration=max(days // 14, 1),
        test=max(days // 4, 1),
    )
