"""The feed world with a framing that runs in seconds: few features, and a long held-out part."""

from pathlib import Path

from truenorth.worlds import World, make_world

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
objective: {score: 2*liked + 2*watched - quick_skip - 4*hide, metric: value@3}
models: {rule: -place, candidates: [CANDIDATES], calibrate: auto, choose: one_standard_error}
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
