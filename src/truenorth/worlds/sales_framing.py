"""The framing that comes with a sales world: how much to order for each hour of tomorrow."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from truenorth.worlds.world import START, recorded_until

if TYPE_CHECKING:
    from truenorth.worlds.sales import SalesParameters

TEMPLATE = """\
# yaml-language-server: $schema=framing.schema.json
# Sales of the world `sales`; the mechanism and its truth are described in truth/description.json.
framing: 1
name: sales-world
business:
  goal: Fewer stock-outs and less waste
  kpi: {{name: cost of over- and under-ordering, metric: cost per 1d, unit: EUR per day, direction: down, baseline: {baseline}, target: -10%, timeframe: 60d}}
  decision: how many units to order for each hour of the next day
  owner: supply
product: {{outcome: order plan, archetype: human_in_the_loop}}
sources:
  sales:                                          # an hour is known at its end
    path: log/sales/*.parquet
    time: {{column: hour, resolution: 1h}}
    key: [series, hour]
    covers: {covers_sales}                        # the last window ends with the log: it is over an hour later
  plans: {{path: log/plans/*.parquet, time: announced_at, covers: {covers}}}
examples: {{every: 24h, entity: series, active: {{source: sales, last: 7d}}, ahead: 24 x 1h, from: {first}}}
labels:
  units: {{source: sales, sum: units, anchor: target, within: 1h}}
features:
  step: {{column: step}}
  target_day: {{sql: dayofweek(target), as: category}}
  same_hour: {{source: sales, sum: units, anchor: target, gap: [23h, 167h], last: 1h}}
  level: {{source: sales, mean: units, last: [24h, 168h]}}
  discount: {{source: plans, latest: discount, default: 0}}
proxies:
  units: {{alignment: 4, gaming: 1, coverage: 4, latency: 5, causal: 4, if_pushed: what was out of stock looks as if nobody wanted it}}
objective: {{score: units, metric: smape(units) by series mean}}
models:
  rule: same_hour_167h
  candidates: [linear, trees]
  tasks: {{units: {{loss: quantile, levels: [0.025, 0.5, 0.8, 0.975]}}}}
policy: {{quantity: {{order: units, over: 1.0, under: 4.0}}, fallback: rule}}
split: {{validation: {part}d, calibration: {part}d, test: {test}d}}
monitoring: {{retrain: {{every: 7d}}}}
"""


def framing(parameters: SalesParameters, facts: Mapping[str, float]) -> str:
    """Return `framing.yaml` for a sales world of this size; parts of the split are shares of its days."""
    end = recorded_until(parameters)
    return TEMPLATE.format(
        baseline=round(10 * facts["units_per_hour"] * parameters.series),
        covers=f"{START:%Y-%m-%d}..{end:%Y-%m-%d}",
        covers_sales=f"{START:%Y-%m-%d}..{end + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}",
        first=f"{START:%Y-%m-%d}",
        part=max(parameters.days // 12, 1),
        test=max(parameters.days // 6, 1),
    )
