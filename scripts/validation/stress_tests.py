"""Whether stress tests hold what they promise: many simulated logs with known truth, printed as a table.

`python scripts/validation/stress_tests.py --runs 200` takes about half an hour on two cores; the tests hold
short versions of the same claims.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.counterfactual import test_confounding as confounding
from tests.counterfactual import test_effects as units
from tests.counterfactual import test_maturity as maturity
from tests.counterfactual import test_positions as positions
from tests.counterfactual import test_proxies as experiments
from tests.counterfactual import test_trust as trusts
from tests.counterfactual import test_weights as weighing
from tests.counterfactual.feed import draw_feed
from tests.counterfactual.worlds import DEPTHS, draw, true_lifts
from truenorth.counterfactual import Options, position_propensities, stress, trust_in_places
from truenorth.counterfactual.bands import joint, simultaneous
from truenorth.counterfactual.effect_model import EffectModel, corrected_covariance, nearest_covariance
from truenorth.counterfactual.effects import decision_effect, see
from truenorth.counterfactual.estimators import ESTIMATORS, direct
from truenorth.counterfactual.logging_audit import audit_logging
from truenorth.counterfactual.outcome import cross_fit
from truenorth.counterfactual.policies import tilt_to
from truenorth.statistics.estimates import mean


@dataclass(frozen=True)
class Claim:
    """One figure beside its bar."""

    test: str
    what: str
    figure: str
    bar: str
    holds: bool


def at_least(test: str, what: str, value: float, bar: float) -> Claim:
    return Claim(test, what, f"{value:.4g}", f">= {bar:g}", value >= bar)


def at_most(test: str, what: str, value: float, bar: float) -> Claim:
    return Claim(test, what, f"{value:.4g}", f"<= {bar:g}", value <= bar)


def coverage(runs: int) -> Iterator[Claim]:
    truth, names = true_lifts("aligned"), ("ips", "snips", "sndr", "direct")
    off = {name: np.zeros((runs, len(DEPTHS))) for name in names}
    t, inside = {name: np.zeros((runs, len(DEPTHS))) for name in names}, {name: [] for name in names}
    for run in range(runs):
        drawn = draw("aligned", 10_000, run)
        predicted = cross_fit(drawn.log, drawn.features[:, :, 2:], drawn.kpi, seed=run)
        effect, found = decision_effect(drawn.log, drawn.kpi, predicted), {name: [] for name in names}
        for depth in DEPTHS:
            sample = effect.sample(
                see(drawn.log, tilt_to(drawn.log.propensity, drawn.score, depth), drawn.score)
            )
            for name in names:
                estimate = direct if name == "direct" else ESTIMATORS[name]
                found[name].append(estimate(sample) - mean(drawn.kpi))
        for name in names:
            both = joint(found[name], drawn.log.units)
            off[name][run], t[name][run] = both.value - truth, np.abs(both.value - truth) / both.error
            inside[name].append(t[name][run].max() < simultaneous(both, level=0.95, draws=1000, seed=run))
    rmse = {name: np.sqrt((one**2).mean(axis=0)) for name, one in off.items()}
    for name in ("snips", "sndr"):
        yield at_least("T2", f"{name}: pointwise coverage", (t[name] < 1.96).mean(), 0.91)
        yield at_least("T2", f"{name}: coverage of the band", float(np.mean(inside[name])), 0.90)
        bias = float((np.abs(off[name].mean(axis=0)) / rmse[name]).max())
        yield at_most("T2", f"{name}: bias over error", bias, 0.15 + 2 / np.sqrt(runs))
    yield at_most("T2", "error of snips over that of ips", float((rmse["snips"] / rmse["ips"]).max()), 0.85)
    yield at_most("T2", "coverage of the model alone", (t["direct"] < 1.96).mean(), 0.6)


def verdicts(runs: int) -> Iterator[Claim]:
    def reports(name: str, n: int, count: int):
        quick = Options(draws=1000)
        return [
            stress(draw(name, n, run).study(), options=quick, seed=run).proxies["click"]
            for run in range(count)
        ]

    def share(found, *names: str) -> float:
        return float(np.mean([one.verdict in names for one in found]))

    yield at_most(
        "T4",
        "no effects, 5k: called a trap or harmful",
        share(reports("null", 5000, runs), "TRAP", "HARMFUL"),
        0.08,
    )
    aligned = reports("aligned", 20_000, runs // 2)
    yield at_most("T4", "aligned, 20k: called a trap or harmful", share(aligned, "TRAP", "HARMFUL"), 0.05)
    yield at_least("T4", "aligned, 20k: called aligned", share(aligned, "ALIGNED"), 0.90)
    truth = true_lifts("graded")
    peak, trap = DEPTHS[int(truth.argmax())], reports("graded", 20_000, runs // 2)
    seen = [one for one in trap if one.peak_depth is not None]
    yield at_least("T5", "trap, 20k: found", share(trap, "TRAP", "HARMFUL"), 0.95)
    near = np.mean([abs(one.peak_depth - peak) < 0.21 for one in seen])
    yield at_least("T5", "trap, 20k: peak within a step", float(near), 0.90)
    yield at_least(
        "T5",
        "trap, 20k: safe depth not above the peak",
        float(np.mean([one.safe_depth <= peak for one in trap])),
        0.95,
    )
    weak = [one for one in reports("weak", 20_000, runs // 4) if one.verdict in ("ALIGNED", "INCONCLUSIVE")]
    fall = float(true_lifts("weak").max() - true_lifts("weak")[-1])
    yield at_least(
        "T5",
        "weak trap: smallest visible fall over the fall",
        float(np.min([one.smallest_visible_fall for one in weak])) / fall,
        1.0,
    )


def shortfalls(runs: int) -> Iterator[Claim]:
    at_one = Options(depths=(0.3, 1.0), draws=200)
    for name in ("causal", "regressional", "extremal"):
        found = [
            stress(draw(name, 50_000, run).study(), options=at_one).proxies["click"].shortfall
            for run in range(max(runs // 10, 4))
        ]
        parts = {
            part: np.mean([getattr(one, part).value for one in found])
            for part in ("causal", "regressional", "extremal")
        }
        whole = float(np.mean([one.promised - one.delivered for one in found]))
        shown = " ".join(f"{part} {value:+.4f}" for part, value in parts.items())
        yield Claim(
            "T6",
            f"{name} world: {shown}",
            f"{parts[name] / whole:.3f}",
            ">= 0.8 of the whole",
            parts[name] >= 0.8 * whole,
        )
    last = stress(draw("causal", 20_000, 1).study()).proxies["click"]
    proper = last.grid[-1].kpi_lift
    yield at_most("T7", "users only: proper lift in errors", abs(proper.value) / proper.error, 2.0)
    yield at_least("T7", "users only: naive lift", last.naive.by_realised[-1], 0.05)


def audits(runs: int) -> Iterator[Claim]:
    def failed(n: int, count: int, temperature: float = 1.0) -> float:
        logs = (draw("null", n, run, temperature=temperature) for run in range(count))
        return float(np.mean([not audit_logging(one.log, {"click": one.score}).passed for one in logs]))

    yield at_most("T8", "honest log, 5k: refused", failed(5000, runs), 0.08)
    yield at_least("T8", "temperature off by a tenth, 50k: found", failed(50_000, runs // 4, 1.1), 0.95)


def several_decisions(runs: int) -> Iterator[Claim]:
    found = np.array([units.estimate("additive", seed, 1.0, units=4000) for seed in range(runs // 2)])
    yield at_most(
        "T9", "additive error over that of a product of weights", found[:, 0].std() / found[:, 2].std(), 0.35
    )
    for link in units.LINKS:
        truth = units.true_lift(link, 0.2)
        found = np.array([units.estimate(link, seed, 0.2) for seed in range(runs)])
        covered = (np.abs(found[:, 0] - truth) < 1.96 * found[:, 1]).mean()
        yield at_least("T9", f"{link} world: coverage", float(covered), 0.88)


def immature(runs: int) -> Iterator[Claim]:
    found = {name: [] for name in ("ipcw", "naive", "dropped", "truth")}
    for seed in range(min(runs, 60)):
        for name, value in maturity.lifts(seed).items():
            found[name].append(value)
    ipcw, naive, dropped, truth = (np.array(found[name]) for name in ("ipcw", "naive", "dropped", "truth"))
    yield at_most("T10", "weighted outcomes: bias", abs(float((ipcw - truth).mean())), 0.001)
    yield at_most("T10", "weighted outcomes: error over that of dropping", ipcw.std() / dropped.std(), 0.65)
    yield at_least("T10", "'not yet' as 'no': bias", float(naive.mean() - truth.mean()), 0.010)


def weights(runs: int) -> Iterator[Claim]:
    value, best = weighing.population_value()
    equal, oracle = value(weighing.SIGNS), value(best)
    few = [value(weighing.chosen_by(5000, seed)[0]) for seed in range(runs // 4)]
    many = np.mean(
        [[value(one) for one in weighing.chosen_by(20_000, seed)] for seed in range(max(runs // 10, 4))],
        axis=0,
    )
    yield at_least("T11", "shrunk, 5k: worst over equal weights", min(few) / equal, 0.98)
    yield at_least("T11", "within contexts, 20k: over pooled", many[1] / many[2], 1.08)
    yield at_least("T11", "shrunk, 20k: over the best", many[0] / oracle, 0.96)


def past_experiments(runs: int) -> Iterator[Claim]:
    truth, noise = experiments.TRUTH[0, 1:], experiments.SHARED / 0.5
    # The mean of 400 repetitions has an error of .05 itself, so that they are as many as the bar needs.
    corrected, split, naive = experiments.covariances(max(experiments.REPETITIONS, 40 * runs)) - truth
    yield at_most("T12", "corrected covariance: largest bias", float(np.abs(corrected).max()), 0.05)
    yield at_most("T12", "covariance of halves: largest bias", float(np.abs(split).max()), 0.05)
    yield at_least("T12", "naive covariance: largest bias", float(np.abs(naive).max()), 0.8)
    oracle = EffectModel(experiments.TRUTH, np.zeros(4))
    best, found = oracle.quality(oracle.composite(noise), noise), []
    for seed in range(runs):
        _, effects, each, _ = experiments.draw_experiments(0.5, seed)
        model = EffectModel(nearest_covariance(corrected_covariance(effects, each)), np.zeros(4))
        found.append(oracle.quality(model.composite(noise), noise))
    yield at_least("T12", "quality of the mix over the best", float(np.mean(found)) / best, 0.85)


def places(runs: int) -> Iterator[Claim]:
    for method, bar in (("all_pairs", 0.05), ("regression_em", 0.08)):
        errors = []
        for seed in range(max(runs // 20, 3)):
            item, position, click, _ = positions.draw_sessions(40_000, seed)
            errors.append(
                positions.error(position_propensities(item, position, click, method=method).propensity)
            )
        yield at_most("T13", f"{method}: mean relative error", float(np.mean(errors)), bar)
    slope, _ = trusts.law(0.7)
    drawn = [positions.draw_sessions(40_000, 200 + seed, trust=0.7) for seed in range(max(runs // 20, 3))]
    fitted = [trust_in_places(item, position, click, draws=0) for item, position, click, _ in drawn]
    errors = [positions.error(one.slope, slope) for one in fitted]
    yield at_most("T13", "trust_in_places, trust .7: mean relative error", float(np.mean(errors)), 0.15)
    for eta, bar in ((1.0, 0.03), (0.0, -0.005)):
        naive, positioned = positions.trained(eta)
        yield at_least(
            "T13", f"LightGBM with positions, bias {eta:g}: NDCG@10 gained", positioned - naive, bar
        )


def estimated(runs: int) -> Iterator[Claim]:
    truth = confounding.true_lift(0.0)
    found = np.array([confounding.lift_of(*confounding.draw_logged(seed)[:4], seed) for seed in range(runs)])
    yield at_most("T14b", "estimated probabilities: bias", abs(float(found[:, 0].mean() - truth)), 0.001)
    covered = (np.abs(found[:, 0] - truth) < 1.96 * found[:, 1]).mean()
    yield at_least("T14b", "estimated probabilities: coverage", float(covered), 0.91)


def feed(runs: int) -> Iterator[Claim]:
    found = [
        stress(draw_feed(seed).study(), options=Options(draws=1000)) for seed in range(max(runs // 10, 4))
    ]
    click, weighted = ([one.proxies[name] for one in found] for name in ("click", "weighted"))
    trapped, fooled = (float(np.mean([one.verdict == said for one in click])) for said in ("TRAP", "ALIGNED"))
    yield at_least("feed", "click, 24k user-weeks: a trap", trapped, 0.9)
    yield at_most("feed", "click, 24k user-weeks: called aligned", fooled, 0.05)
    yield at_least(
        "feed", "weighted score: aligned", float(np.mean([one.verdict == "ALIGNED" for one in weighted])), 0.9
    )
    calm = [
        stress(draw_feed(seed, bait=False).study(), options=Options(draws=1000))
        for seed in range(max(runs // 20, 2))
    ]
    alarms = [one.verdict in ("TRAP", "HARMFUL") for report in calm for one in report.proxies.values()]
    yield at_most("feed", "without bait: trap or harmful", float(np.mean(alarms)), 0.05)


def speed(runs: int) -> Iterator[Claim]:
    drawn, start = draw("graded", 100_000, 1), time.perf_counter()
    stress(drawn.study(), options=Options(draws=400))
    yield at_most(
        "speed", "100k decisions, 10 candidates, 6 depths: seconds", time.perf_counter() - start, 10.0
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    yield at_most("speed", "peak memory so far, GiB", peak, 2.0)


CLAIMS: tuple[Callable[[int], Iterator[Claim]], ...] = (
    speed, coverage, verdicts, shortfalls, audits, several_decisions, immature, weights, past_experiments,
    places, estimated, feed,
)  # fmt: skip


PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation.md"
HEAD = """# Validation

Stress tests and their parts on simulated logs whose truth is known, many times over: what they claim, beside
what is so. This page is written by `make validate`; the tests hold short versions of the same claims.

"""


def table(runs: int, only: set[str]) -> tuple[str, bool]:
    """Return the table of claims, and whether all of them hold; lines are printed as they come."""
    start = time.perf_counter()
    lines = ["| test | what | figure | bar | |", "|---|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    for one in CLAIMS:
        if only and one.__name__ not in only:
            continue
        for claim in one(runs):
            mark = "holds" if claim.holds else "FAILS"
            lines.append(f"| {claim.test} | {claim.what} | {claim.figure} | {claim.bar} | {mark} |")
            print(lines[-1], flush=True)
    took = f"{date.today()}, {runs} runs (fewer of the larger ones), seeds from 0, "
    took += f"{time.perf_counter() - start:,.0f} seconds on {os.cpu_count()} cores."
    return "\n".join([took, "", *lines, ""]), not any(line.endswith("FAILS |") for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--only", default="", help="names of functions, separated by commas")
    parser.add_argument("--docs", action="store_true", help="write docs/validation.md")
    asked = parser.parse_args()
    text, holds = table(asked.runs, set(filter(None, asked.only.split(","))))
    if asked.docs:
        # The chapters that follow are of other scripts.
        _, chapter, rest = PAGE.read_text().partition("\n## ")
        PAGE.write_text(HEAD + text + chapter + rest)
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main()
