"""What every verb keeps: inputs unchanged, a seed repeats, empty and one row, NaN, JSON."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from tests.counterfactual.worlds import draw
from truenorth.counterfactual import (
    Log,
    Options,
    Study,
    WeightOptions,
    choose_weights,
    off_policy_value,
    position_propensities,
    stress,
    vet_proxies,
)

QUICK = Options(depths=(0.15, 0.35), draws=200)


@pytest.fixture(scope="module")
def drawn():
    return draw("aligned", 3000, 7, unit_size=2)


def study_of(drawn, n: int | None = None) -> Study:
    rng = np.random.default_rng(0)
    full = drawn.study(
        groups={"item": rng.integers(0, 30, drawn.score.shape)},
        segments={"country": np.where(np.arange(drawn.log.n) % 3 == 0, "a", "b")},
    )
    return full if n is None else full.take(np.arange(n))


def noise_of(j: int) -> np.ndarray:
    return np.tile(0.1 * np.eye(3), (j, 1, 1))


VERBS = {
    "stress": lambda study: stress(study, options=QUICK),
    "stress per unit": lambda study: stress(replace(study, per="unit", kpi=_by_unit(study)), options=QUICK),
    "off_policy_value": lambda study: off_policy_value(
        study.log, study.log.propensity, study.outcome, features=study.features
    ),
    "choose_weights": lambda study: choose_weights(
        replace(study, scores={**study.scores, "other": -study.scores["click"] ** 2}),
        options=QUICK, weighting=WeightOptions(depth=0.35),
    ),
    "vet_proxies": lambda study: vet_proxies(
        np.random.default_rng(0).standard_normal((study.log.n, 3)), noise_of(study.log.n), "ab", draws=20
    ),
    "position_propensities": lambda study: position_propensities(
        study.log.units % 50, study.log.chosen + 1, study.outcome, draws=3
    ),
}  # fmt: skip


def _by_unit(study: Study) -> np.ndarray:
    return (
        np.bincount(study.log.units, weights=study.outcome)[study.log.units] if study.log.n else study.outcome
    )


@pytest.fixture(params=sorted(VERBS))
def verb(request):
    return VERBS[request.param]


def test_inputs_are_not_changed(verb, drawn):
    study = study_of(drawn)
    before = copy.deepcopy(study)
    verb(study)
    for name in ("kpi", "features"):
        assert np.array_equal(getattr(study, name), getattr(before, name))
    assert np.array_equal(study.log.propensity, before.log.propensity)
    assert np.array_equal(study.scores["click"], before.scores["click"])


def test_the_same_seed_gives_the_same_result(verb, drawn):
    one, other = (json.dumps(verb(study_of(drawn)).to_dict()) for _ in range(2))
    assert one == other


@pytest.mark.parametrize("n", [0, 1, 2, 40])
def test_few_rows_give_a_refusal_and_no_crash(verb, drawn, n):
    found = verb(study_of(drawn, n))
    json.dumps(found.to_dict(), allow_nan=False)
    assert repr(found)


def test_a_result_is_plain_json(verb, drawn):
    found = verb(study_of(drawn))
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert all({"code", "fix"} <= one.keys() for one in found.to_dict()["findings"])


def test_a_result_reads_well(verb, drawn):
    text = repr(verb(study_of(drawn)))
    assert "array(" not in text and "object at" not in text and max(map(len, text.splitlines())) < 400


@pytest.mark.parametrize("name", ["kpi", "score", "realised", "features"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_decisions_with_nan_are_left_out_and_counted(drawn, name, value):
    study = study_of(drawn)
    broken = {
        "kpi": lambda: {"kpi": _with(study.kpi, value)},
        "score": lambda: {"scores": {"click": _with(study.scores["click"], value)}},
        "realised": lambda: {"realised": {"click": _with(study.realised["click"], value)}},
        "features": lambda: {"features": _with(study.features, value)},
    }[name]()
    found = stress(replace(study, **broken), options=QUICK)
    assert found.n == 2995
    assert "STRESS006" in {one.code for one in found.findings}
    assert np.isfinite(found.proxies["click"].grid[0].kpi_lift.value)


def _with(values: np.ndarray, value: float) -> np.ndarray:
    changed = values.copy()
    changed[:5] = value
    return changed


def test_padding_and_order_of_decisions_do_not_matter(drawn):
    study = study_of(drawn)
    padded = replace(
        study,
        log=Log(
            chosen=study.log.chosen, unit=study.log.unit,
            propensity=np.pad(study.log.propensity, ((0, 0), (0, 2))),
        ),
        scores={"click": np.pad(study.scores["click"], ((0, 0), (0, 2)), constant_values=np.nan)},
        features=np.pad(study.features, ((0, 0), (0, 2), (0, 0)), constant_values=np.nan),
        groups={},
    )  # fmt: skip
    one, other = (stress(it, options=QUICK).proxies["click"].grid[1] for it in (study, padded))
    assert other.kpi_lift.value == pytest.approx(one.kpi_lift.value, abs=1e-12)
    assert other.slope == pytest.approx(one.slope, abs=1e-12)


def test_a_long_table_gives_the_same_log(drawn):
    log, k = drawn.log.take(np.arange(50)), 10
    decision = np.repeat(np.arange(50), k)
    is_chosen = np.zeros(50 * k, dtype=bool)
    is_chosen[np.arange(50) * k + log.chosen] = True
    order = np.random.default_rng(0).permutation(50 * k)
    found = Log.from_rows(
        decision[order], is_chosen[order], propensity=log.propensity.ravel()[order],
        unit=np.repeat(log.unit, k)[order],
    )  # fmt: skip
    assert found.of_chosen(found.propensity) == pytest.approx(log.of_chosen(log.propensity))
    spread = found.spread(drawn.score[:50].ravel()[order])
    assert np.sort(spread, axis=1) == pytest.approx(np.sort(drawn.score[:50], axis=1))
    assert found.n_units == log.n_units


def test_movers_and_segments_add_up(drawn):
    found = stress(study_of(drawn), options=QUICK).proxies["click"]
    shares = found.movers["item"]
    assert sum(one.share_after - one.share_before for one in shares) == pytest.approx(0.0, abs=0.02)
    segments = found.segments["country"]
    assert sum(one.n for one in segments) == 3000
    whole = sum(one.lift * one.n for one in segments) / 3000
    assert whole == pytest.approx(found.grid[-1].kpi_lift.value, abs=1e-9)
