"""What an expression turned out to be on the rows of the evidence, where its labels say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.audit.evidence import DataEvidence
from truenorth.audit.stated.terms import labels_in
from truenorth.decision.realised import realised
from truenorth.errors import TrueNorthError
from truenorth.framing.expressions import Expression


def outcome(expression: Expression, data: DataEvidence) -> NDArray[np.float64] | None:
    """Return an expression on what happened, NaN where it is not known; None where it cannot be told.

    It cannot where it reads what was decided or predicted, or a column or label that the table does not hold.

    Args:
        expression: A term of a score, or what a metric measures.
        data: The built examples.
    """
    dataset = data.dataset
    for name in labels_in(expression.columns, dataset.framing):
        if not all(column in dataset.labels for column in dataset.families.get(name, (name,))):
            return None
    try:
        found = realised(expression, dataset).values
    except (TrueNorthError, KeyError, TypeError, ValueError):
        return None
    return np.where(np.isfinite(found), found, np.nan)
