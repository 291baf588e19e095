"""What the product's archetype asks for: the more the machine decides alone, the more must contain it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from truenorth.audit.stated.lexicon import hands_over
from truenorth.framing.framing import Framing

if TYPE_CHECKING:
    from truenorth.audit.result import Audit

SUCCESS = {
    "augmentation": "a gain over the rules that is measured",
    "human_in_the_loop": "time saved and fewer mistakes",
    "autonomous": "how often it fails, and how badly",
}


@dataclass(frozen=True)
class Guardrail:
    """Something that an archetype asks for."""

    archetype: str
    judged_by: str
    """What success means for this archetype."""
    name: str
    is_there: bool
    evidence: str


def guardrails(audit: Audit) -> tuple[Guardrail, ...]:
    """Return what the framing's archetype asks for, and whether it is there; nothing without an archetype."""
    framing = audit.subject.framing
    archetype = framing.product.archetype
    if archetype is None:
        return ()
    asked = _ASKED[archetype]
    return tuple(
        Guardrail(archetype, SUCCESS[archetype], name, bool(found := look(framing)), found)
        for name, look in asked.items()
    )


def _fallback(framing: Framing) -> str:
    return "policy.fallback" if framing.policy and framing.policy.fallback else ""


def _baseline(framing: Framing) -> str:
    models = framing.models
    return "models.rule" if models.rule or models.rules or models.incumbent else ""


def _gain(framing: Framing) -> str:
    gain = framing.models.minimum_gain
    return f"models.minimum_gain {gain}" if gain is not None else _stages(framing)


def _queue(framing: Framing) -> str:
    handed = hands_over(framing)
    sized = [name for name in handed if framing.policy and name in framing.policy.capacity]
    if sized and framing.policy:
        return ", ".join(f"{name} {framing.policy.capacity[name]}" for name in sized)
    select = framing.policy.select if framing.policy else None
    return f"top {select.top}" if select else ""


def _confidence(framing: Framing) -> str:
    policy = framing.policy
    if policy is None:
        return ""
    if policy.threshold is not None:
        return f"threshold of {policy.threshold.task} by a promise"
    return f"threshold by the costs of {', '.join(policy.actions)}" if policy.actions else ""


def _reasons(framing: Framing) -> str:
    if framing.governance.reason_codes:
        return "governance.reason_codes"
    explained = framing.business.explainability
    return f"explainability {explained}" if explained in ("ranked_reasons", "full") else ""


def _safety(framing: Framing) -> str:
    return "; ".join(map(str, framing.constraints))


def _audits(framing: Framing) -> str:
    return ", ".join(map(str, framing.monitoring.track))


def _stages(framing: Framing) -> str:
    stages = framing.experiment.stages if framing.experiment else ()
    return ", ".join(f"{stage:.0%}" for stage in stages) if len(stages) > 1 else ""


def _rollback(framing: Framing) -> str:
    if framing.experiment is None:
        return ""
    return "; ".join(map(str, framing.experiment.rollback))


_Look = Callable[[Framing], str]
_ASKED: Mapping[str, Mapping[str, _Look]] = {
    "augmentation": {
        "a rule to beat": _baseline, "a gain that repays it": _gain, "fallback to the rule": _fallback,
    },
    "human_in_the_loop": {
        "a queue of known size": _queue, "a threshold for what people see": _confidence,
        "reasons that people can check": _reasons, "a way on when the model is silent": _fallback,
    },
    "autonomous": {
        "constraints that must hold": _safety, "a roll-out in stages": _stages,
        "a condition to go back": _rollback, "figures that are watched": _audits, "a fallback": _fallback,
    },
}  # fmt: skip
