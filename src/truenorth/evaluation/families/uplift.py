"""Metrics of what decisions would have caused: they need the logged action and its propensity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from truenorth.evaluation.acting import does_nothing
from truenorth.evaluation.answers import Answer, Question, require_finite, require_rows
from truenorth.evaluation.metrics import uplift
from truenorth.evaluation.reading import Mask
from truenorth.evaluation.refusals import NotAssessed
from truenorth.statistics.bootstrap import bootstrap, percentile_interval
from truenorth.statistics.estimates import Estimate, Floats, codes_of

LARGEST_WEIGHT = 100.0
"""Importance weights are clipped here; the note says how many rows that concerns."""


def policy_value(question: Question) -> Answer:
    """Value of the policy by its logged propensities, self-normalised."""
    reading = question.reading
    counted, outcome, propensity, weight = _logged(question)
    decided = reading.judged.decisions.action
    if decided is None:
        raise NotAssessed("nothing was decided: the framing has no policy that acts")
    same = (_texts(question, "action") == decided.texts())[counted].astype(np.float64)
    found = uplift.policy_value(outcome, same, propensity, weight, clip=LARGEST_WEIGHT)
    if not np.isfinite(found.value):
        raise NotAssessed("the policy does nothing that the log did")
    clipped = int(np.count_nonzero(same / propensity > LARGEST_WEIGHT))
    size = uplift.effective_size(np.minimum(same / propensity, LARGEST_WEIGHT))
    note = f"self-normalised inverse propensity, effective sample size {size:,.0f}"
    note += f", {clipped:,} weights clipped at {LARGEST_WEIGHT:g}" if clipped else ""
    return Answer(counted=counted, whole=found.spread(counted, len(counted)), scale="skewed", note=note)


def _curve(area: Callable[..., float]) -> Callable[[Question], Answer]:
    def ask(question: Question) -> Answer:
        counted, outcome, propensity, weight = _logged(question)
        treated = (_texts(question, "action") != does_nothing(question.reading))[counted]
        if treated.all() or not treated.any():
            raise NotAssessed("the log holds only one kind of action")
        score = np.asarray(question.reading.judged.decisions.score, dtype=np.float64)[counted]
        require_finite(score, "scores")
        chance = _of_arm(treated, propensity)

        def value(times: Floats) -> float:
            kept = times > 0
            return area(outcome[kept], treated[kept], chance[kept], score[kept], (weight * times)[kept])

        found = value(np.ones(len(outcome)))
        cluster = codes_of(question.reading.cluster[counted])
        draws = bootstrap(value, cluster, draws=question.draws, seed=question.seed)
        # The bootstrap knows the error, not each row's part in it: rows share it by their cluster's order.
        whole = Estimate(found, np.zeros(len(counted)))
        ends = percentile_interval(draws, level=question.level) if len(draws) > 1 else None
        return Answer(
            counted=counted, whole=whole, found=ends, has_interval=ends is not None,
            method=f"bootstrap of {len(draws)} draws, clustered by {question.reading.unit_name}",
            note="per row, by inverse propensity",
        )  # fmt: skip

    return ask


auuc = _curve(uplift.area_under_uplift)
qini = _curve(uplift.qini)


def _of_arm(treated: Mask, propensity: Floats) -> Floats:
    """Return the chance of being treated, or of not being: several treatments count as one."""
    share = float(np.mean(treated))
    constant = np.ptp(propensity) < 1e-12
    return np.where(treated, share, 1 - share) if constant else propensity


def _logged(question: Question) -> tuple[Mask, Floats, Floats, Floats]:
    """Return rows with a logged action, propensity and outcome."""
    reading = question.reading
    columns = reading.table.columns
    for name in ("action", "propensity"):
        if name not in columns or columns[name].is_null.all():
            raise NotAssessed(f"the log does not say the {name}: declare examples.{name}")
    argument = question.reference.argument or reading.framing.objective.score
    values, known = reading.realised(argument)
    propensity = np.asarray(columns["propensity"].values, dtype=np.float64)
    counted = question.rows & known & ~columns["action"].is_null & (np.nan_to_num(propensity) > 0)
    require_rows(counted, "no row has an outcome, an action and a propensity above 0")
    return counted, values[counted], propensity[counted], reading.weight_of(argument)[counted]


def _texts(question: Question, name: str) -> NDArray[np.object_]:
    return question.reading.table.columns[name].texts()
