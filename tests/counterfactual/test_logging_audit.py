"""T8: wrong probabilities are found, right ones are left alone."""

from __future__ import annotations

import numpy as np

from tests.counterfactual.worlds import draw
from truenorth.counterfactual import stress
from truenorth.counterfactual.logging_audit import audit_logging


def failed(name, n, runs, **how) -> float:
    drawn = [draw(name, n, run, **how) for run in range(runs)]
    return float(np.mean([not audit_logging(one.log, {"click": one.score}).passed for one in drawn]))


def test_an_honest_log_passes():
    assert failed("null", 5000, 100) <= 0.08


def test_a_temperature_that_was_logged_wrong_by_a_tenth_is_found():
    assert failed("null", 50_000, 10, temperature=1.1) >= 0.95


def test_a_log_whose_probabilities_are_wrong_is_refused_or_estimated_anew():
    drawn = draw("aligned", 30_000, 1, temperature=1.5)
    refused = stress(drawn.study())
    assert (refused.tier, refused.proxies["click"].verdict) == ("C", "UNSUPPORTED")
    assert "STRESS011" in {one.code for one in refused.findings}
    anew = stress(drawn.study(logger_features=drawn.features))
    assert (anew.tier, anew.proxies["click"].verdict) == ("B", "ALIGNED")
