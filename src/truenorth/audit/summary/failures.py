"""The failure register: each way in which the system can fail, what sees it, what happens, whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from truenorth.framing.framing import Framing
from truenorth.framing.policy import Fallback

if TYPE_CHECKING:
    from truenorth.audit.result import Audit


QUALITY = (
    "calibration", "brier", "average_precision", "roc_auc", "ndcg", "value", "mae", "rmse", "smape",
    "accuracy", "precision",
)  # fmt: skip
"""Words in the name of a metric that says how good predictions are."""


@dataclass(frozen=True)
class Failure:
    """One failure mode; what nobody stated is empty."""

    mode: str
    detector: str
    fallback: str
    owner: str


def failure_register(audit: Audit) -> tuple[Failure, ...]:
    """Return the failure modes that the framing's own parts imply."""
    return tuple(_failures(audit.subject.framing))


def _failures(framing: Framing) -> Iterator[Failure]:
    on_call = framing.business.on_call or ""
    owner = framing.business.owner or ""
    fallback = _fallback(framing.policy.fallback if framing.policy else None)
    timeout = framing.serving.timeout or framing.business.latency_p99
    yield Failure("the model does not answer", f"timeout {timeout}" if timeout else "", fallback, on_call)
    yield from _late_sources(framing, fallback, on_call)
    yield Failure("predictions drift", _tracked(framing, *QUALITY), _retrain(framing), owner)
    for name in framing.proxies:
        pushed = framing.proxies[name].if_pushed
        yield Failure(
            f"{name} is pushed" + (f": {pushed}" if pushed else ""),
            _watch_proxy(framing),
            _back(framing),
            owner,
        )
    for action, capacity in (framing.policy.capacity if framing.policy else {}).items():
        yield Failure(
            f"more to {action} than {capacity}", _tracked(framing, action), "the next cheapest action", owner
        )
    for constraint in framing.constraints:
        seen = str(constraint.metric) if str(constraint.metric) in map(str, framing.monitoring.track) else ""
        yield Failure(f"{constraint} breaks after release", seen, _back(framing), owner)


def _late_sources(framing: Framing, fallback: str, on_call: str) -> Iterator[Failure]:
    own = framing.table.source
    feeding: dict[str, list[str]] = {}
    for name, feature in framing.features.items():
        if feature.source is not None and feature.source != own:
            feeding.setdefault(feature.source, []).append(name)
    for source, names in feeding.items():
        with_default = all(framing.features[name].default is not None for name in names)
        fresh = [str(framing.features[name].freshness) for name in names if framing.features[name].freshness]
        detector = f"older than {min(fresh)}" if fresh else ""
        yield Failure(f"{source} is late ({len(names)} features)", detector,
                      "defaults of the features" if with_default else fallback, on_call)  # fmt: skip


def _fallback(fallback: Fallback | None) -> str:
    if fallback is None:
        return ""
    if fallback.rule:
        return "decide by the rule"
    return f"take {fallback.action}" if fallback.action is not None else f"bid {fallback.bid:g}"


def _tracked(framing: Framing, *words: str) -> str:
    return ", ".join(str(one) for one in framing.monitoring.track if any(word in str(one) for word in words))


def _retrain(framing: Framing) -> str:
    retrain = framing.monitoring.retrain
    said = [f"retrain every {retrain.every}" if retrain.every else "", str(retrain.or_when or "")]
    return ", or when ".join(one for one in said if one)


def _watch_proxy(framing: Framing) -> str:
    guardrails = [str(one.metric) for one in framing.experiment.guardrails] if framing.experiment else []
    return ", ".join(guardrails)


def _back(framing: Framing) -> str:
    rollback = framing.experiment.rollback if framing.experiment else ()
    return f"roll back when {'; '.join(map(str, rollback))}" if rollback else ""
