"""The framing that comes with a purchases world: whom to call before they are gone."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from truenorth.worlds.world import START, recorded_until

if TYPE_CHECKING:
    from truenorth.worlds.purchases import PurchasesParameters

TEMPLATE = """\
# yaml-language-server: $schema=framing.schema.json
# Customers of the world `purchases`; the mechanism and its truth are described in truth/description.json.
framing: 1
name: purchases-world
business:
  goal: Keep customers who would otherwise stop buying
  kpi: {{name: retained revenue, metric: sum(spend) by customer, unit: EUR per 30 days, direction: up, baseline: {baseline}, target: +3%, timeframe: 180d}}
  decision: which {calls} customers the agents call this week
  owner: crm
product: {{outcome: call list, archetype: human_in_the_loop}}
sources:
  purchases:
    path: log/purchases/*.parquet
    time: bought_at
    key: purchase
    covers: {covers}
    lookup:
      channel: {{source: customers, by: customer, column: channel}}
  customers: {{path: dim/customers.parquet, time: none, key: customer, static: [joined_at, channel]}}
examples: {{every: 7d, entity: customer, active: {{source: purchases, last: 90d}}, from: {first}}}
labels:
  churn: {{source: purchases, absent: true, gap: 7d, within: 30d}}
  spend: {{source: purchases, sum: amount, gap: 7d, within: 30d}}
features:
  recency: {{source: purchases, since_last: true}}
  frequency: {{source: purchases, count: true, last: [30d, 90d]}}
  money: {{source: purchases, mean: amount}}
  channel: {{source: purchases, latest: channel, as: category}}
proxies:
  churn: {{alignment: 3, gaming: 2, coverage: 5, latency: 2, causal: 3, if_pushed: discounts for people who would have stayed}}
objective: {{score: churn * money, metric: precision@{calls}(churn) per 7d}}
models: {{rule: recency > 45, candidates: [linear, trees], calibrate: auto, choose: one_standard_error}}
policy:
  actions: {{call: 4 - 0.15 * churn * money, wait: 0}}
  capacity: {{call: {calls} per 7d together}}
  fallback: rule
split: {{validation: {part}d, calibration: {part}d, test: {test}d}}
monitoring: {{retrain: {{every: 28d}}}}
"""


def framing(parameters: PurchasesParameters, facts: Mapping[str, float]) -> str:
    """Return `framing.yaml` for a purchases world of this size; parts of the split are shares of its days."""
    return TEMPLATE.format(
        baseline=facts["revenue_per_30_days"],
        calls=max(parameters.customers // 30, 1),
        covers=f"{START:%Y-%m-%d}..{recorded_until(parameters):%Y-%m-%d}",
        first=f"{START:%Y-%m-%d}",
        part=7 * max(parameters.days // 105, 1),
        test=7 * max(parameters.days // 52, 1),
    )
