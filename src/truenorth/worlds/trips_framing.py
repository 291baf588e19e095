"""The framing that comes with a trips world: which arrival to promise."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from truenorth.worlds.world import START, recorded_until

if TYPE_CHECKING:
    from truenorth.worlds.trips import TripsParameters

TEMPLATE = """\
# yaml-language-server: $schema=framing.schema.json
# Rides of the world `trips`; the mechanism and its truth are described in truth/description.json.
framing: 1
name: trips-world
business:
  goal: Keep the arrival promise
  kpi: {{name: promise kept, metric: share(minutes <= promise), unit: share, direction: up, baseline: 0.81, target: +4pp, timeframe: 60d}}
  decision: which arrival time to promise
  owner: dispatch
  scale: {{decisions_per_day: {decisions}}}
product: {{outcome: promised minute, archetype: autonomous}}
sources:
  trips:
    path: log/trips/*.parquet
    time: picked_up_at
    key: trip
    known_at: {{dropped_off_at: dropped_off_at, minutes: dropped_off_at, pace: dropped_off_at}}
    known_after: 3h                               # the promised bound: no trip takes longer
    columns:
      minutes: "seconds_between(picked_up_at, dropped_off_at) / 60"
      pace: "seconds_between(picked_up_at, dropped_off_at) / 60 / way_km"
    covers: {covers}
examples: {{source: trips, entity: [trip, from_zone, to_zone], at: time, unit: from_zone}}
labels:
  minutes: {{value: minutes, kind: number}}
features:
  from_zone: {{column: from_zone, as: category}}
  to_zone: {{column: to_zone, as: category}}
  way_km: {{column: way_km}}
  pickup_hour: {{sql: hour(at), as: category}}
  weekday: {{sql: dayofweek(at), as: category}}
  pair_mean: {{source: trips, by: [from_zone, to_zone], mean: minutes, last: 14d, default: 15}}
  from_pace: {{source: trips, by: from_zone, mean: pace, last: [6h, 7d]}}
proxies:
  minutes: {{alignment: 4, gaming: 2, coverage: 5, latency: 5, causal: 4, if_pushed: promises so long that nobody orders}}
objective: {{score: minutes, metric: rmse(minutes)}}
models: {{rule: pair_mean, candidates: [linear, trees], tasks: {{minutes: {{loss: squared}}}}}}
policy: {{quantity: {{promise: minutes, over: 0.1, under: 0.9}}, fallback: rule}}
split: {{validation: {part}d, calibration: {part}d, test: {test}d}}
monitoring: {{retrain: {{every: 28d}}}}
"""


def framing(parameters: TripsParameters, facts: Mapping[str, float]) -> str:
    """Return `framing.yaml` for a trips world of this size; parts of the split are shares of its days."""
    return TEMPLATE.format(
        decisions=parameters.trips,
        covers=f"{START:%Y-%m-%d}..{recorded_until(parameters):%Y-%m-%d}",
        part=max(parameters.days // 10, 1),
        test=max(parameters.days // 5, 1),
    )
