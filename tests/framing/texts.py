"""Framings that the tests start from."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRAMINGS = sorted((ROOT / "examples" / "framings").glob("*.yaml"))

CARD_FRAUD = """\
framing: 1
name: card-fraud
business:
  goal: Lose less money to card fraud
  kpi: {name: net fraud loss, metric: cost per 1d, direction: down, target: -30%}
sources:
  payments: {path: payments.parquet, time: paid_at, known_after: {TX_FRAUD: 7d}}
  calls: {path: calls.parquet, time: called_at}
examples: {source: payments, entity: [customer, terminal], at: time}
labels:
  fraud: {when: TX_FRAUD = 1}
  called: {source: calls, by: customer, within: 7d}
features:
  amount: {column: amount}
  spend: {source: payments, by: customer, mean: amount, last: [1d, 7d]}
objective: {score: fraud * amount, metric: average_precision(fraud)}
models: {rule: amount > 220, candidates: [linear, trees]}
policy: {actions: {allow: fraud * amount, review: 5}, capacity: {review: 100 per 1d}, fallback: rule}
constraints: [latency_p99 <= 50ms]
split: {train: 60d, validation: 7d, test: 7d}
"""


def replaced(old: str, new: str) -> str:
    """Return the card-fraud framing with one text replaced by another."""
    assert CARD_FRAUD.count(old) == 1, old
    return CARD_FRAUD.replace(old, new)
