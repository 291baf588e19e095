"""Verdicts as a product owner reads them: true of the curve, in the KPI's own unit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tests.counterfactual.worlds import draw
from truenorth.counterfactual import Provenance, stress
from truenorth.counterfactual.bands import Joint
from truenorth.counterfactual.contract import Lift
from truenorth.counterfactual.policies import equal_best_of_n
from truenorth.counterfactual.sentences import change_text, interval_text, sentence
from truenorth.counterfactual.verdict import claims_of_harm, verdict_of


def curve(*lifts: tuple[float, float, float]):
    """Points of depth, lift, and half of the band."""
    return tuple(
        SimpleNamespace(
            depth=depth, best_of_n=equal_best_of_n(depth),
            kpi_lift=SimpleNamespace(value=lift, band_low=lift - half, band_high=lift + half),
        )
        for depth, lift, half in lifts
    )  # fmt: skip


def claims(grid, *, harms: tuple[int, ...] = (), falls: tuple[int, ...] = ()):
    """Which depths claim harm: their lift is below 0, or their slope."""
    at = np.arange(len(grid))
    return SimpleNamespace(harms=np.isin(at, harms), falls=np.isin(at, falls), turns=True)


def said(verdict: str, grid, *, safe: float = 0.0, unit: str = "points", **claimed: tuple[int, ...]) -> str:
    family = claims(grid, **claimed)
    return sentence("click", "weekly return", verdict, grid, family, safe=safe, visible=0.012, unit=unit)


TURNS = curve((0.15, 0.02, 0.01), (0.55, 0.03, 0.02), (0.95, -0.01, 0.02), (1.15, 0.0, 0.05))
FALLS = curve((0.15, -0.02, 0.01), (0.55, -0.148, 0.02), (0.95, -0.1, 0.05))
DIPS = curve((0.15, -0.01, 0.005), (0.55, 0.0, 0.005), (0.95, 0.05, 0.01))
DIPS_LATER = curve((0.15, 0.02, 0.01), (0.55, -0.03, 0.01), (1.15, 0.05, 0.01))
LEVELS_OFF = curve((0.15, 0.02, 0.01), (0.55, 0.03, 0.02), (1.15, 0.031, 0.02))
SENTENCES = {
    "aligned to the end": (
        said("ALIGNED", curve((0.15, 0.02, 0.01), (0.55, 0.05, 0.02))),
        "Optimising click raises weekly return as far as the log goes, by 5 points at best of 2.4.",
    ),
    "aligned, and then a fall that is not sure": (
        said("ALIGNED", curve((0.15, 0.02, 0.01), (0.35, 0.03, 0.02), (1.15, -0.0148, 0.05))),
        "Optimising click raises weekly return, by 3 points at best of 1.7; harder than that, up to best of "
        "9.1, no gain is sure.",
    ),
    "a trap": (
        said("TRAP", TURNS, safe=0.35),
        "Optimise click no harder than best of 1.7; beyond that weekly return turns and falls, by up to 4 "
        "points from its peak when pushed to best of 5.6.",
    ),
    "a trap that ends below today": (
        said("TRAP", curve((0.15, 0.02, 0.01), (0.55, -0.05, 0.02)), safe=0.15),
        "Optimise click no harder than best of 1.2; beyond that weekly return turns and falls, by up to 7 "
        "points from its peak when pushed to best of 2.4, which is less than today.",
    ),
    "a trap whose slope turns before the lift does": (
        said("TRAP", curve((0.15, 0.02, 0.01), (0.55, 0.03, 0.02)), safe=0.15, falls=(1,)),
        "Optimise click no harder than best of 1.2; beyond that weekly return turns: at best of 2.4 pushing "
        "on already lowers it.",
    ),
    "a trap whose slope turns before the last depth, which has nothing left to choose": (
        said("TRAP", LEVELS_OFF, safe=0.15, falls=(1,)),
        "Optimise click no harder than best of 1.2; beyond that weekly return turns: at best of 2.4 pushing "
        "on already lowers it.",
    ),
    "a trap that falls first and is best at the end": (
        said("TRAP", DIPS, harms=(0,)),
        "Do not optimise click harder than today: weekly return falls below today, by 1 point at best of "
        "1.2, before it rises again.",
    ),
    "a dip that is no safe depth, whatever its slope": (
        said("TRAP", DIPS, safe=0.95, harms=(0,)),
        "Do not optimise click harder than today: weekly return falls below today, by 1 point at best of "
        "1.2, before it rises again.",
    ),
    "a trap that falls below today between two gains": (
        said("TRAP", DIPS_LATER, safe=0.15, harms=(1,)),
        "Optimise click no harder than best of 1.2; beyond that weekly return falls below today, by 3 points "
        "at best of 2.4, before it rises again.",
    ),
    "a trap that falls between two gains and stays above today": (
        said("TRAP", curve((0.15, 0.03, 0.01), (0.55, 0.01, 0.01), (1.15, 0.05, 0.01)), safe=1.15),
        "Optimise click no harder than best of 1.2; beyond that weekly return turns and falls, by 2 points "
        "from best of 1.2 to best of 2.4, before it rises again.",
    ),
    "a trap without a safe step": (
        said("TRAP", FALLS),
        "Do not optimise click harder than today: weekly return falls, by up to 14.8 points when pushed to "
        "best of 2.4.",
    ),
    "a trap whose safe depth is next to nothing": (
        said("TRAP", TURNS, safe=0.03),
        "Optimise click hardly harder than today (best of 1.04); beyond that weekly return turns and falls, "
        "by up to 4 points from its peak when pushed to best of 5.6.",
    ),
    "harmful, of money": (
        said("HARMFUL", curve((0.15, -0.1, 0.05), (0.55, -0.312, 0.1)), unit="USD per decision"),
        "Optimising click lowers weekly return, by up to 0.312 USD per decision at best of 2.4.",
    ),
    "harmful, worst before the end": (
        said("HARMFUL", FALLS),
        "Optimising click lowers weekly return, by up to 14.8 points at best of 2.4.",
    ),
    "inconclusive": (
        said("INCONCLUSIVE", TURNS),
        "The log cannot tell what optimising click does to weekly return: a fall of less than 1.2 points "
        "would not have been seen.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("found", "wanted"), SENTENCES.values(), ids=SENTENCES)
def test_a_verdict_says_what_the_curve_does(found, wanted):
    assert found == wanted


@pytest.mark.parametrize(
    ("grid", "slopes", "spread", "wanted"),
    [
        (DIPS, (-0.05, 0.05, 0.1), (0.9, 0.5, 0.2), "falls below today, by 1 point at best of 1.2, before"),
        (LEVELS_OFF, (0.1, -0.05, -0.05), (0.9, 0.3, 0.02), "turns: at best of 2.4 pushing on already"),
    ],
    ids=["harm before the peak", "a last slope that claims nothing"],
)
def test_what_turns_is_what_the_family_claims(grid, slopes, spread, wanted):
    lifts = [one.kpi_lift.value for one in grid]
    estimates = Joint(np.array([*lifts, *slopes]), 1e-6 * np.eye(2 * len(grid)))
    family = claims_of_harm(estimates, spread, level=0.95, draws=500, seed=0)
    assert verdict_of(family, gains=True, adjusted_p=family.claims.p_value, level=0.95) == "TRAP"
    found = sentence("click", "weekly return", "TRAP", grid, family, safe=0.0, visible=0.01, unit="points")
    assert wanted in found


@pytest.mark.parametrize(
    ("value", "unit", "wanted"),
    [
        (0.004162, "points", "0.42 points"), (0.00002, "points", "0.002 points"),
        (-0.148, "points", "-14.8 points"), (0.01, "points", "1 point"), (-0.01, "points", "-1 point"),
        (1.0, "EUR", "1 EUR"), (float("nan"), "points", "not known"), (float("inf"), "", "not known"),
        (0.1, "points", "10 points"), (12_345.6, "EUR per decision", "12,300 EUR per decision"),
        (123.4, "", "123"), (0.0000123, "", "0.0000123"), (0.0, "points", "0 points"),
    ],
)  # fmt: skip
def test_a_change_has_the_digits_that_can_be_read(value, unit, wanted):
    assert change_text(value, unit) == wanted


@pytest.mark.parametrize(
    ("ends", "unit", "wanted"),
    [
        ((0.134, 0.118, 0.150), "points", "+13.4 [+11.8, +15.0] points"),
        ((-0.12, -0.24, -0.0004), "points", "-12 [-24, +0] points"),
        ((1234.5, 1000.0, 1469.0), "EUR", "+1,234 [+1,000, +1,469] EUR"),
        ((0.0, 0.0, 0.0), "", "+0.00 [+0.00, +0.00]"),
        ((0.02, -np.inf, np.inf), "points", "+2.00 [not known, not known] points"),
        ((0.02, 0.01, np.inf), "points", "+2.00 [+1.00, not known] points"),
        ((np.nan, np.nan, np.nan), "points", "not known"),
    ],
    ids=["points", "no minus zero", "money", "no width", "no ends", "one end", "nothing"],
)
def test_an_interval_has_the_digits_that_its_width_allows(ends, unit, wanted):
    value, low, high = ends
    lift = Lift(value=value, error=0.0, low=low, high=high, band_low=low, band_high=high)
    assert interval_text(lift, unit) == wanted


def test_what_an_aligned_score_gains_is_never_a_loss():
    """The last point of a curve may be below 0 where the band still holds a gain before it."""
    grid = curve((0.15, 0.02, 0.01), (1.15, -0.0148, 0.05))
    assert "-" not in said("ALIGNED", grid)


def test_a_study_s_unit_reaches_its_sentences_and_findings():
    study = draw("causal", 20_000, 1).study(provenance=Provenance(kpi_name="return", kpi_unit="points"))
    found = stress(study).proxies["click"]
    assert "points would not have been seen" in found.sentence
    naive = next(one for one in found.findings if one.code == "STRESS026")
    assert naive.evidence.count(" points") == 2
