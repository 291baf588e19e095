"""What a stress test costs: seconds and memory as the log grows, beside the same curve written by hand.

`python bench/stress.py` follows one score of 10 candidates through 6 depths with 400 draws, in a process of
its own for each size, and prints one line each. By hand means what an analyst writes for one estimator:
bisection for each depth, self-normalised weights, a multiplier bootstrap over units; no model of the outcome,
no family of claims, no slope, no split. Both must say the same of that estimator. The prototype that the
specification was measured with took 7.3 s at 100,000 decisions on 2 cores. Exits with 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.counterfactual.worlds import DEPTHS, Drawn, draw
from truenorth.counterfactual import Options, stress

SIZES = (25_000, 50_000, 100_000, 200_000)
DRAWS, ASKED = 400, 100_000
BAR_SECONDS, BAR_GIB, BAR_GROWTH = 10.0, 2.0, 1.3
"""At 100,000 decisions; and the most that a row may cost of the largest log, beside one of 50,000."""


def by_hand(drawn: Drawn) -> np.ndarray:
    """Return SNIPS lifts with a simultaneous band, shape (depths, 3)."""
    base, score, y = drawn.log.propensity, drawn.score, drawn.kpi
    rows, rng = np.arange(len(y)), np.random.default_rng(0)
    lifts, influences = [], []
    for depth in DEPTHS:
        low, high = 0.0, 50.0
        for _ in range(40):
            beta = (low + high) / 2
            tilted = base * np.exp(beta * (score - score.max(axis=1, keepdims=True)))
            tilted /= tilted.sum(axis=1, keepdims=True)
            kl = np.sum(tilted * np.log(np.maximum(tilted, 1e-300) / base), axis=1).mean()
            low, high = (beta, high) if kl < depth**2 else (low, beta)
        w = (tilted / base)[rows, drawn.log.chosen]
        value = (w * y).sum() / w.sum()
        lifts.append(value - y.mean())
        influences.append((w * (y - value) / w.mean() - (y - y.mean())) / len(y))
    moved = np.array([np.bincount(drawn.log.clusters, weights=one) for one in influences])
    noise = np.stack([moved @ rng.standard_normal(moved.shape[1]) for _ in range(DRAWS)])
    error = np.sqrt((moved**2).sum(axis=1))
    wide = np.quantile(np.abs(noise / error).max(axis=1), 0.95)
    lift = np.array(lifts)
    return np.stack([lift, lift - wide * error, lift + wide * error], axis=1)


def one(n: int) -> dict[str, float]:
    """Return what a log of n decisions costs in this process."""
    drawn = draw("graded", n, 1)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, spent = time.perf_counter(), time.process_time()
    report = stress(drawn.study(), options=Options(draws=DRAWS))
    seconds, cpu = time.perf_counter() - began, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    lifts = by_hand(drawn)[:, 0]
    hand = time.perf_counter() - began
    ours = [step.shadows["snips"].value for step in report.proxies["click"].grid]
    np.testing.assert_allclose(ours, lifts[: len(ours)], atol=1e-6)
    return {"seconds": seconds, "cpu": cpu, "gib": peak / 2**20, "drawn_gib": held / 2**20, "hand": hand}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", type=int, help="measure one size in this process, as JSON")
    asked = parser.parse_args()
    if asked.one is not None:
        print(json.dumps(one(asked.one)))
        return 0
    found: dict[int, dict[str, float]] = {}
    for n in SIZES:
        command = [sys.executable, __file__, "--one", str(n)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        costs = found[n] = json.loads(told)
        print(
            f"{n:>8,} decisions: {costs['seconds']:5.2f} s, {costs['cpu']:5.2f} s of processor, "
            f"{costs['gib']:.2f} GiB ({costs['drawn_gib']:.2f} before); by hand {costs['hand']:5.2f} s, "
            f"x {costs['seconds'] / costs['hand']:.2f}",
            flush=True,
        )
    at, growth = found[ASKED], found[SIZES[-1]]["cpu"] / SIZES[-1] / (found[SIZES[1]]["cpu"] / SIZES[1])
    print(
        f"bars: {at['seconds']:.2f} of {BAR_SECONDS:g} s (prototype 7.3) and {at['gib']:.2f} of {BAR_GIB:g} "
        f"GiB at {ASKED:,}; a row of {SIZES[-1]:,} costs {growth:.2f} of one of {SIZES[1]:,}, "
        f"bar {BAR_GROWTH:g}"
    )
    missed = at["seconds"] > BAR_SECONDS or at["gib"] > BAR_GIB or growth > BAR_GROWTH
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
