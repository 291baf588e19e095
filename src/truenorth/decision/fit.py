"""From a framing's policy to one that decides: thresholds and prices set on rows with labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from truenorth.decision.actions import fit_actions, load_actions
from truenorth.decision.bid import fit_bid, load_bid
from truenorth.decision.contract import Batch, FittedPolicy
from truenorth.decision.each import fit_each, load_each
from truenorth.decision.quantity import fit_quantity, load_quantity
from truenorth.decision.rank import fit_rank, load_rank
from truenorth.decision.scored import ScorePolicy
from truenorth.decision.select import fit_select, load_select
from truenorth.decision.threshold import fit_threshold, load_threshold
from truenorth.errors import EngineError, Finding, FramingError
from truenorth.examples.dataset import Dataset
from truenorth.framing.canonical import expand
from truenorth.framing.framing import Framing

Fit = Callable[..., FittedPolicy]
Load = Callable[[Mapping[str, Any], Framing], FittedPolicy]

FORMS: dict[str, tuple[Fit, Load]] = {
    "actions": (fit_actions, load_actions),
    "each": (fit_each, load_each),
    "threshold": (fit_threshold, load_threshold),
    "select": (fit_select, load_select),
    "rank": (fit_rank, load_rank),
    "quantity": (fit_quantity, load_quantity),
    "bid": (fit_bid, load_bid),
}
"""How each form is set and read back."""


def fit_policy(
    framing: Framing, batch: Batch, dataset: Dataset | None, *, seed: int = 0, share: float = 1.0
) -> FittedPolicy:
    """Return the framing's policy with thresholds and prices set on these rows.

    Args:
        framing: What is wanted; `business.errors` is spelled out as two actions.
        batch: Rows with predictions, none of them used to fit a model or a calibrator.
        dataset: The same rows with their labels, in the same order; None where no label is at hand.
        seed: For policies that explore.
        share: Part of the rows of their time that these are, in (0, 1]: capacities and budgets are for all.

    Raises:
        FramingError: If the policy contradicts itself.
        DataError: If the rows cannot set it.
    """
    framing = _spelled_out(framing)
    form = form_of(framing)
    _refuse_idle_exploring(framing, form)
    if form == "score":
        return ScorePolicy(framing)
    return FORMS[form][0](framing, batch, dataset, seed=seed, share=share)


def load_policy(plain: Mapping[str, Any], framing: Framing) -> FittedPolicy:
    """Return the policy that `FittedPolicy.to_dict` wrote.

    Raises:
        EngineError: If it was written for another form of policy.
    """
    framing = _spelled_out(framing)
    form = form_of(framing)
    if plain.get("form") != form:
        raise EngineError(
            Finding(
                code="POLICY037",
                where="policy",
                evidence=f"expected a fitted policy of form {form!r}, got {plain.get('form')!r}.",
                fix="fit the policy again with this framing.",
            )
        )
    return ScorePolicy(framing) if form == "score" else FORMS[form][1](plain, framing)


def form_of(framing: Framing) -> str:
    """Return the form of a policy: `each` where tags are decided one by one, `score` where none is."""
    policy = framing.policy
    if policy is None or policy.form is None:
        return "score"
    return "each" if policy.each else policy.form


def _refuse_idle_exploring(framing: Framing, form: str) -> None:
    """Refuse exploring beside a form that cannot: a promise or a fixed number would no longer hold."""
    if framing.policy is None or framing.policy.explore is None or form in ("actions", "rank"):
        return
    raise FramingError(
        Finding(
            code="POLICY021",
            where="policy.explore",
            evidence=f"expected explore beside actions or rank, got it beside {form}.",
            fix="remove explore, or write the decision as actions with their costs.",
            path=("policy", "explore"),
        )
    )


def _spelled_out(framing: Framing) -> Framing:
    return expand(framing) if framing.business.errors is not None else framing
