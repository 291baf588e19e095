"""The framing that comes with a payments world: its figures are those of the run."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from truenorth.worlds.world import START, recorded_until

if TYPE_CHECKING:
    from truenorth.worlds.payments import PaymentsParameters

TEMPLATE = """\
# yaml-language-server: $schema=framing.schema.json
# Card payments of the world `payments`; the mechanism and its truth are described in truth/description.json.
framing: 1
name: payments-world
business:
  goal: Lose less money to card fraud without turning good customers away
  kpi: {{name: net fraud loss, metric: cost per 1d, unit: EUR per day, direction: down, baseline: {baseline}, target: -30%, timeframe: 90d}}
  decision: let a payment settle, ask the customer, or hold it for review
  users: card holders, merchants, the fraud team
  owner: payments risk
  scale: {{decisions_per_day: {decisions}}}
  latency_p99: 50ms
product: {{outcome: risky payments wait for a person, archetype: human_in_the_loop}}
sources:
  payments:
    path: log/payments/*.parquet
    time: paid_at
    key: payment
    covers: {covers}
    lookup:
      customer_x: {{source: customers, by: customer, column: x}}
      customer_y: {{source: customers, by: customer, column: y}}
      terminal_x: {{source: terminals, by: terminal, column: x}}
      terminal_y: {{source: terminals, by: terminal, column: y}}
  chargebacks:                                    # one row per payment that was charged back, at the time of the report
    path: log/chargebacks/*.parquet
    time: charged_back_at
    key: payment
    known_after: 0s
    covers: {covers}
  customers: {{path: dim/customers.parquet, time: none, key: customer, static: [x, y]}}
  terminals: {{path: dim/terminals.parquet, time: none, key: terminal, static: [x, y]}}
examples:
  source: payments
  entity: [payment, customer, terminal]
  at: time
  unit: customer
labels:
  fraud: {{source: chargebacks, by: payment, within: 30d}}           # trained on: most reports have come by then
  chargeback: {{source: chargebacks, by: payment, within: 90d}}      # measured: the whole of what is ever reported
features:
  amount: {{column: amount}}
  at_night: {{sql: "hour(time) < 6"}}
  at_weekend: {{sql: "dayofweek(time) in (0, 6)"}}
  distance: {{sql: "sqrt(power(customer_x - terminal_x, 2) + power(customer_y - terminal_y, 2))"}}
  spend: {{source: payments, by: customer, mean: amount, last: [1d, 7d, 30d]}}
  payments: {{source: payments, by: customer, count: true, last: [1d, 7d, 30d]}}
  days_since_payment: {{source: payments, by: customer, since_last: true}}
  visits_here: {{source: payments, by: [customer, terminal], count: true, last: 30d}}
  terminal_payments: {{source: payments, by: terminal, count: true, last: [1d, 7d, 30d]}}
  terminal_chargebacks: {{source: chargebacks, by: terminal, count: true, last: [1d, 7d, 30d]}}
  customer_chargebacks: {{source: chargebacks, by: customer, count: true, last: [7d, 30d]}}
  amount_ratio: {{sql: "amount / nullif(spend_30d, 0)"}}
  terminal_rate: {{sql: "terminal_chargebacks_30d / nullif(terminal_payments_30d, 0)"}}
proxies:
  fraud: {{alignment: 4, gaming: 3, coverage: 4, latency: 2, causal: 4, if_pushed: attackers learn the threshold and move}}
objective: {{score: fraud * amount, metric: average_precision(fraud)}}
evaluation: {{slices: [at_night, {{large: amount > 200}}], metrics: [average_precision(fraud), "recall(fraud) where amount > 200"]}}
models: {{rule: terminal_chargebacks_30d + 0.01 * amount, candidates: [linear, trees], calibrate: auto, choose: one_standard_error}}
policy:
  actions: {{allow: fraud * amount, challenge: 1 + 0.2 * fraud * amount, review: 5, block: 15 * (1 - fraud)}}
  capacity: {{review: {review} per 1d}}
  fallback: rule
constraints: ["share(action = 'block') <= 1%", latency_p99 <= 50ms]
split: {{validation: {validation}d, calibration: {calibration}d, test: {test}d}}
experiment: {{unit: customer, metric: kpi, guardrails: [{{metric: "share(action = 'block')", margin: 0.2pp}}], minimum_effect: 5%, stages: [1%, 10%, 50%, 100%]}}
monitoring: {{retrain: {{every: 7d, or_when: average_precision(fraud) < 0.9 * released}}}}
"""


def framing(parameters: PaymentsParameters, facts: Mapping[str, float]) -> str:
    """Return `framing.yaml` for a payments world of this size; parts of the split are shares of its days."""
    days = parameters.days
    return TEMPLATE.format(
        baseline=facts["fraud_amount_per_day"],
        decisions=max(round(facts["payments_per_day"]), 1),
        covers=f"{START:%Y-%m-%d}..{recorded_until(parameters):%Y-%m-%d}",
        review=max(round(0.01 * facts["payments_per_day"]), 1),
        validation=min(max(days // 20, 1), 7),
        calibration=min(max(days // 45, 1), 3),
        test=min(max(days // 20, 1), 7),
    )
