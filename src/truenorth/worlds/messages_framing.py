"""The framing that comes with a messages world: block spam under a ceiling on good messages blocked."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from truenorth.worlds.world import START, recorded_until

if TYPE_CHECKING:
    from truenorth.worlds.messages import MessagesParameters

TEMPLATE = """\
# yaml-language-server: $schema=framing.schema.json
# Messages of the world `messages`; the mechanism and its truth are described in truth/description.json.
framing: 1
name: messages-world
business:
  goal: People trust their inbox, and find every message that was meant for them
  kpi: {{name: spam delivered, metric: "sum(spam) where action <> 'block' per 1d", unit: messages per day, direction: down, baseline: {baseline:g}, target: -60%, timeframe: 90d}}
  decision: deliver a message or block it
  owner: inbox team
  scale: {{decisions_per_day: {decisions}}}
product: {{outcome: spam does not reach the inbox, archetype: autonomous}}
sources:
  messages:                                       # people mark spam a day later
    path: log/messages/*.parquet
    time: received_at
    key: message
    known_after: {{is_spam: 1d}}
    covers: {covers}
examples: {{source: messages, entity: [message, sender], at: time, unit: sender}}
labels:
  spam: {{when: is_spam}}
features:
  text: {{column: text, as: text}}
  characters: {{sql: length(text)}}
  sender_messages: {{source: messages, by: sender, count: true, last: 7d}}
  sender_marks: {{source: messages, by: sender, mean: is_spam, last: 7d}}
proxies:
  spam: {{alignment: 4, gaming: 3, coverage: 4, latency: 4, causal: 4, if_pushed: senders write around the filter}}
objective: {{score: spam, metric: average_precision(spam)}}
models: {{rule: "coalesce(sender_marks, 0)", candidates: [linear], calibrate: auto, choose: one_standard_error}}
policy:
  threshold: {{task: spam, act: block, keep: "false_positive_rate <= 0.2%", confidence: 95%, maximise: recall}}
  fallback: rule
split: {{validation: {validation}d, calibration: {calibration}d, test: {test}d}}
monitoring: {{retrain: {{every: 7d, or_when: average_precision(spam) < 0.9 * released}}}}
"""


def framing(parameters: MessagesParameters, facts: Mapping[str, float]) -> str:
    """Return `framing.yaml` for a messages world of this size; parts of the split are shares of its days."""
    days = parameters.days
    return TEMPLATE.format(
        baseline=round(facts["spam_share"] * parameters.messages, 1),
        decisions=parameters.messages,
        covers=f"{START:%Y-%m-%d}..{recorded_until(parameters):%Y-%m-%d}",
        validation=max(days // 12, 1),
        calibration=max(days // 4, 1),
        test=max(days // 6, 1),
    )
