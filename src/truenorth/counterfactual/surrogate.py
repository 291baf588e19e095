"""A KPI foretold from early signals: fitted on history, and believed only as far as old experiments bear out.

`h(s, x) = E[Y | s, x]` of history stands in for the KPI in new experiments. It needs signals through which
the whole effect passes, and a history like the present; neither can be seen in the new experiment, both can
be tested on old ones.

References:
    Athey, Chetty, Imbens and Kang (2025). The surrogate index. Review of Economic Studies. arXiv 1603.09326.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from truenorth.counterfactual.outcome import OutcomeModel, ridge
from truenorth.counterfactual.result import Result
from truenorth.errors import Finding

Floats = NDArray[np.float64]

SIGNIFICANT = 1.96
LEAST_AGREEMENT = 0.8


@dataclass(frozen=True, kw_only=True, eq=False)
class Arm:
    """One comparison of an experiment: early signals and, where it is over, the KPI."""

    name: str
    signals: Floats
    """Of treated and control users, shape (m, f)."""
    is_treated: NDArray[np.bool_]
    """Shape (m,)."""
    kpi: Floats | None = None
    """Shape (m,); None while it runs."""


@dataclass(frozen=True, kw_only=True)
class IndexEffect(Result):
    """Effect of one arm by the index, beside the KPI's own where it is known."""

    arm: str
    effect: float
    error: float
    kpi_effect: float | None
    kpi_error: float | None


@dataclass(frozen=True, kw_only=True, repr=False)
class BackCast(Result):
    """How the index would have decided old experiments."""

    arms: tuple[IndexEffect, ...]
    agreement: float
    """Share of arms with the same inference: up, down or neither."""
    recall: float
    """Share of the KPI's significant effects that the index finds with the same sign; NaN without any."""
    sign_agreement: float
    """Share with one sign among the KPI's significant effects; NaN without any."""
    findings: tuple[Finding, ...]

    def __repr__(self) -> str:
        return (
            f"BackCast over {len(self.arms)} arms: same inference {self.agreement:.0%}, recall "
            f"{self.recall:.0%}"
        )


def index_effect(signals: Floats, kpi: Floats, arm: Arm, *, model: OutcomeModel = ridge) -> IndexEffect:
    """Return the effect of an arm on the KPI as foretold from early signals.

    Args:
        signals: Of history, shape (n, f).
        kpi: Of history, shape (n,).
        arm: The comparison.
        model: Fits and predicts.
    """
    foretold = model(signals, kpi)(arm.signals)
    effect, error = _difference(foretold, arm.is_treated)
    own = _difference(arm.kpi, arm.is_treated) if arm.kpi is not None else (None, None)
    return IndexEffect(arm=arm.name, effect=effect, error=error, kpi_effect=own[0], kpi_error=own[1])


def back_cast(signals: Floats, kpi: Floats, arms: Sequence[Arm], *, model: OutcomeModel = ridge) -> BackCast:
    """Return how the index would have decided experiments that are over.

    Args:
        signals: Of history before these experiments, shape (n, f).
        kpi: Of history, shape (n,).
        arms: Comparisons with a known KPI.
        model: Fits and predicts.
    """
    found = tuple(index_effect(signals, kpi, arm, model=model) for arm in arms)
    by_index = np.array([_inference(one.effect, one.error) for one in found])
    by_kpi = np.array([_inference(one.kpi_effect, one.kpi_error) for one in found])
    sure = by_kpi != 0
    signs = np.sign([one.effect for one in found])
    agreement = float(np.mean(by_index == by_kpi)) if found else float("nan")
    return BackCast(
        arms=found, agreement=agreement,
        recall=float(np.mean(by_index[sure] == by_kpi[sure])) if sure.any() else float("nan"),
        sign_agreement=float(np.mean(signs[sure] == by_kpi[sure])) if sure.any() else float("nan"),
        findings=tuple(_unreliable(agreement)),
    )  # fmt: skip


def _difference(values: Floats, is_treated: NDArray[np.bool_]) -> tuple[float, float]:
    a, b = values[is_treated], values[~is_treated]
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return float(a.mean() - b.mean()), float(error)


def _inference(effect: float | None, error: float | None) -> int:
    if effect is None or error is None or not error > 0:
        return 0
    return int(np.sign(effect)) if abs(effect) > SIGNIFICANT * error else 0


def _unreliable(agreement: float) -> list[Finding]:
    if not agreement < LEAST_AGREEMENT:
        return []
    return [
        Finding(
            code="STRESS040", severity="warn", where="surrogate",
            evidence=f"expected an index that decides old experiments as the KPI did, got the same inference "
            f"in {agreement:.0%} of arms.",
            fix="add signals through which the missing effect passes, or wait for the KPI.",
        )
    ]  # fmt: skip
