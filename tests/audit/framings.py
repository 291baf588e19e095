"""The framing that the tests of rules start from: nothing in it is wrong, and one thing at a time is broken."""

import copy
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
import yaml

from truenorth.audit import Audit, DataEvidence, Subject, audit, rules
from truenorth.audit.reading import readable
from truenorth.framing.load import inspect_text

TODAY = date(2026, 6, 1)
GONE = object()
"""As a value of a change: the key is taken out."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)
CLEAN = """\
framing: 1
name: card-payments
business:
  goal: Lose less money to card fraud without turning good customers away
  kpi: {name: net fraud loss, metric: cost per 1d, unit: EUR per day, direction: down, baseline: 4200, target: -30%, timeframe: 90d}
  decision: let a payment settle, ask the customer, or hold it for review
  users: card holders, merchants, the fraud team
  owner: payments risk
  sponsor: finance
  on_call: payments duty
  scale: {decisions_per_day: 9600, peak_per_second: 5}
  latency_p99: 50ms
  costs: {decision: 0.001, review: 5, annotation: 2}
  explainability: ranked_reasons
  regulation: [gdpr]
product:
  outcome: risky payments wait for a person
  archetype: human_in_the_loop
  intended_use: payments by card at a terminal
  out_of_scope: transfers between accounts
  known_risks: [attackers learn the threshold and move]
sources:
  payments:
    path: payments.parquet
    time: paid_at
    key: payment
    duplicates: drop
    covers: 2026-01-01..2026-05-01
    basis: contract
    retention: 400d
  chargebacks:
    path: chargebacks.parquet
    time: charged_back_at
    known_at: received_at
    known_after: 2d
    key: chargeback
    duplicates: drop
    covers: 2026-01-01..2026-05-01
    basis: contract
    retention: 400d
examples: {source: payments, entity: [payment, customer, terminal], at: time, where: channel = 'online', unit: customer, explored: arm = 'random', propensity: logged_probability, context: [country]}
labels:
  fraud: {source: chargebacks, by: payment, within: 7d, origin: chargebacks, reliability: 0.96}
features:
  amount: {column: amount, serve: request, default: 0}
  at_night: {sql: "hour(time) < 6"}
  spend: {source: payments, by: customer, mean: amount, last: [1d, 7d], serve: stream, freshness: 1m, default: 0}
  terminal_risk: {source: chargebacks, by: terminal, count: true, last: 30d, serve: batch, refresh: {every: 1d, at: '02:00', takes: 1h}, freshness: 2d, default: 0}
proxies:
  fraud: {alignment: 4, gaming: 3, coverage: 5, latency: 3, causal: 4, if_pushed: attackers learn the threshold and move}
objective: {score: fraud * amount, metric: average_precision(fraud), reasons: {fraud: a lost euro is a lost euro}}
models: {rule: amount > 220, candidates: [linear, trees], calibrate: auto, choose: one_standard_error, tasks: {fraud: {owner: payments risk}}}
policy:
  actions: {allow: fraud * amount, challenge: 1 + 0.2 * fraud * amount, review: 5, block: 15 * (1 - fraud)}
  capacity: {review: 100 per 1d}
  explore: {share: 1%, how: softmax, temperature: 1}
  fallback: rule
evaluation: {slices: [country, {new: amount < 10}], metrics: [recall(fraud), brier(fraud)]}
constraints: ["share(action = 'block') <= 2%", "latency_p99 <= 50ms"]
split: {train: 60d, validation: 14d, calibration: 7d, test: 14d}
experiment:
  unit: customer
  metric: kpi
  guardrails: [{metric: "share(action = 'block')", margin: 0.2pp}]
  minimum_effect: 5%
  stages: [1%, 10%, 50%, 100%]
  duration: 28d
  rollback: ["share(action = 'block') > 4%"]
serving: {mode: online, timeout: 50ms, store: lmdb}
monitoring:
  track: [average_precision(fraud), average_precision(fraud) by country worst, "share(action = 'block')", cost per 1d, "share(action = 'block') by country gap", latency_p99]
  retrain: {every: 14d, or_when: average_precision(fraud) < 0.9 * released, or_event: new fee schedule}
governance: {reason_codes: true, answers: {human_path: a customer can call the fraud team}}
open_questions: [what a challenge costs in customers who give up]
"""


def changed(changes: dict[str, Any] | None = None, *, text: str = CLEAN) -> str:
    """Return the clean framing with values set, or taken out (GONE), by dotted key."""
    plain = copy.deepcopy(yaml.safe_load(text))
    for key, value in (changes or {}).items():
        *parents, last = key.split(".")
        here = plain
        for name in parents:
            here = here.setdefault(name, {}) if isinstance(here, dict) else here[int(name)]
        if value is GONE:
            here.pop(last, None)
        else:
            here[last] = copy.deepcopy(value)  # later changes reach into earlier ones
    return yaml.safe_dump(plain, sort_keys=False, width=400)


CALENDAR: dict[str, Any] = {
    "examples": {
        "every": "7d", "entity": "customer", "active": {"source": "payments", "last": "30d"},
        "from": "2026-01-01",
    },
    "features": {"recency": {"source": "payments", "since_last": True}},
    "objective.score": "fraud", "models.rule": "recency", "policy": GONE, "constraints": [],
    "evaluation": GONE, "monitoring.track": [], "experiment": GONE,
}  # fmt: skip
"""Changes by which the clean framing decides on each customer once a week."""


def subject_of(
    changes: dict[str, Any] | None = None, *, text: str = CLEAN, today: date = TODAY,
    data: DataEvidence | None = None, run: dict[str, Any] | None = None,
) -> Subject:  # fmt: skip
    """Return what rules read of the clean framing after some changes."""
    made = inspect_text(changed(changes, text=text), today=today)
    return Subject(
        framing=readable(made), today=today, document=made.document, proved=made.findings, data=data, run=run
    )


def ask(code: str, changes: dict[str, Any] | None = None, **about: Any) -> Audit:
    """Return the audit of one rule."""
    chosen = [rule for rule in rules() if rule.code == code]
    assert chosen, f"{code} is no rule"
    return audit(subject_of(changes, **about), rules=chosen)


def state(code: str, changes: dict[str, Any] | None = None, **about: Any) -> str:
    """Return what became of one rule: silent, fired, waived, not assessed."""
    return ask(code, changes, **about).by_code[code].state


def fire_and_near_miss(
    cases: Mapping[str, tuple[dict[str, Any], dict[str, Any]]], **about: Any
) -> tuple[Callable[[str], None], Callable[[str], None]]:
    """Return two tests: each rule fires after its first changes, and is silent after its second ones."""

    @pytest.mark.parametrize("code", cases)
    def fires(code: str) -> None:
        assert state(code, cases[code][0], **about) == "fired"

    @pytest.mark.parametrize("code", cases)
    def is_silent(code: str) -> None:
        assert state(code, cases[code][1], **about) == "silent"

    return fires, is_silent
