"""Whether the stress test of a run finds the trap that its logs hold: framing, run, stress, over many seeds.

The feed world with bait and without, read through its logs alone; what pushing a score would truly bring
comes from the world's truth. Prints a table.

`python scripts/validation/feed_runs.py --seeds 40` takes about a minute per run and core, 80 runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import truenorth
from tests.workflow.feed import Truth, truth_of, write_feed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "validation.md"
BAITED, PLAIN = 1.0, 0.0
ITEMS = 750
"""Items per thousand users: enough creators that worlds of different seeds are alike."""
TURNED = ("TRAP", "HARMFUL")
STEP = 0.21
"""Distance of two depths of the grid."""
WORTH_A_WORD = 0.002
"""Fall of the share of users who come back below which a curve is flat."""


@dataclass(frozen=True)
class Seen:
    """One run beside its truth."""

    tier: str
    verdicts: dict[str, str]
    curves: dict[str, tuple[tuple[float, float, float, float, float], ...]]
    """By score, per depth: depth, lift, both ends of its band, and the true lift."""
    gains: dict[str, float]
    """By score: true lift of the goal where it is pushed to its safe depth, as far as it has one."""
    seconds: float


def seen(seed: int, bait: float, users: int) -> Seen:
    """Simulate, run, and compare with the truth."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        world = write_feed(
            Path(folder) / "feed", seed=seed, bait=bait, users=users, slots=1, items=ITEMS * users // 1000
        )
        run = truenorth.run(world.framing, out=Path(folder) / "runs")
        stress, truth = run.result["stress"], truth_of(world, run)
        proxies = stress["proxies"]
        curves = {name: tuple(_curve(truth, one)) for name, one in proxies.items()}
        return Seen(
            tier=stress["tier"],
            verdicts={name: one["verdict"] for name, one in proxies.items()},
            curves=curves,
            gains={
                name: true
                for name, curve in curves.items()
                for depth, _, _, _, true in curve
                if depth == proxies[name]["safe_depth"]
            },
            seconds=time.perf_counter() - started,
        )


def _curve(truth: Truth, proxy: dict[str, Any]) -> Iterator[tuple[float, float, float, float, float]]:
    for step in proxy["grid"]:
        depth, lift = step["depth"], step["kpi_lift"]
        yield depth, lift["value"], lift["band_low"], lift["band_high"], truth.lift(proxy["called"], depth)


def _inside(one: Seen) -> Iterator[bool]:
    """Yield whether the band holds the true lift, by score and depth."""
    for curve in one.curves.values():
        yield from (low <= true <= high for _, _, low, high, true in curve)


def _peak_off(one: Seen, name: str) -> float:
    """Return how far the peak of a curve is from the true one; infinite where there is no curve."""
    if not one.curves[name]:
        return float("inf")
    depth, lift, _, _, true = np.array(one.curves[name]).T
    return float(abs(depth[true.argmax()] - depth[lift.argmax()]))


def _turns(one: Seen) -> bool:
    """Return whether some score is called HARMFUL or TRAP."""
    return any(verdict in TURNED for verdict in one.verdicts.values())


def _turns_falsely(one: Seen) -> bool:
    """Return whether some score is called HARMFUL or TRAP whose true curve never falls worth a word."""
    return any(
        verdict in TURNED and _true_fall(one.curves[name]) < WORTH_A_WORD
        for name, verdict in one.verdicts.items()
    )


def _true_fall(curve: tuple[tuple[float, float, float, float, float], ...]) -> float:
    """Return how far the true curve falls below what it was at a smaller depth, 0 at no pressure."""
    true = np.array([0.0, *(step[4] for step in curve)])
    return float((np.maximum.accumulate(true) - true).max())


def table(baited: list[Seen], plain: list[Seen]) -> Iterator[str]:
    """Yield the claims, each with its figure, as rows of a Markdown table."""
    answered = [one for one in baited if one.tier == "A"]
    quiet = [one for one in plain if one.tier == "A"]
    gains = {name: [one.gains[name] for one in answered if name in one.gains] for name in ("score", "click")}
    rows = [
        ("logs that pass the audit of their probabilities", [one.tier == "A" for one in [*baited, *plain]]),
        ("with bait: clicks are called TRAP", _are(answered, "click", ("TRAP",))),
        ("with bait: clicks are called HARMFUL", _are(answered, "click", ("HARMFUL",))),
        ("with bait: clicks are called ALIGNED", _are(answered, "click", ("ALIGNED",))),
        (
            "with bait: the peak of clicks is within one step",
            [_peak_off(one, "click") < STEP for one in answered],
        ),
        ("with bait: the weighted score is called ALIGNED", _are(answered, "score", ("ALIGNED",))),
        ("with bait: the weighted score is called HARMFUL or TRAP", _are(answered, "score", TURNED)),
        ("with bait: acting at the score's safe depth truly gains", [gain > 0 for gain in gains["score"]]),
        ("with bait: acting at the safe depth of clicks truly gains", [gain > 0 for gain in gains["click"]]),
        ("without bait: clicks are called HARMFUL or TRAP", _are(quiet, "click", TURNED)),
        ("without bait: any of six scores is called HARMFUL or TRAP", [_turns(one) for one in quiet]),
        ("without bait: of these, one whose true curve falls by less than .2 points", _falsely(quiet)),
        (
            "with bait: of runs in which a score turns, one whose true curve falls by less than .2 points",
            _falsely(answered),
        ),
        ("with bait: bands that hold the true lift", [held for one in answered for held in _inside(one)]),
        ("without bait: bands that hold the true lift", [held for one in quiet for held in _inside(one)]),
    ]
    yield "| claim | runs | of |"
    yield "|---|---:|---:|"
    yield from (f"| {claim} | {sum(holds):,} | {len(holds):,} |" for claim, holds in rows)
    for name, found in gains.items():
        if found:
            low, middle, high = 100 * np.quantile(found, [0.1, 0.5, 0.9])
            yield (
                f"| true gain at the safe depth of {name}, points: median, 10 to 90 % "
                f"| {middle:+.1f} | {low:+.1f} to {high:+.1f} |"
            )


def means(baited: list[Seen], plain: list[Seen]) -> Iterator[str]:
    """Yield mean curves beside the true ones, in points, down to where every log with a curve reaches."""
    shown = [("clicks with bait", baited, "click"), ("weighted score with bait", baited, "score"),
             ("clicks without bait", plain, "click")]  # fmt: skip
    curves = [
        (called, [one.curves[name] for one in found if one.curves[name]]) for called, found, name in shown
    ]
    if not all(each for _, each in curves):
        return
    n = min(len(curve) for _, each in curves for curve in each)
    depths = [f"{step[0]:g}" for step in curves[0][1][0][:n]]
    yield f"| mean, points | d = {' | '.join(depths)} |"
    yield "|---|" + n * "---:|"
    for called, each in curves:
        _, lift, _, _, true = 100 * np.mean([curve[:n] for curve in each], axis=0).T
        for what, values in (("estimated", lift), ("true", true)):
            yield f"| {called}: {what} | {' | '.join(f'{one:+.2f}' for one in values)} |"


def _are(found: list[Seen], name: str, verdicts: tuple[str, ...]) -> list[bool]:
    return [one.verdicts[name] in verdicts for one in found]


def _falsely(found: list[Seen]) -> list[bool]:
    return [_turns_falsely(one) for one in found if _turns(one)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--first", type=int, default=100, help="first seed")
    parser.add_argument("--users", type=int, default=24_000, help="with bait; half as many without")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--docs", action="store_true", help="also write the table into docs/validation.md")
    asked = parser.parse_args()
    started = time.perf_counter()
    runs = [
        (seed, bait) for seed in range(asked.first, asked.first + asked.seeds) for bait in (BAITED, PLAIN)
    ]
    found: dict[float, list[Seen]] = {BAITED: [], PLAIN: []}
    with ProcessPoolExecutor(asked.jobs) as pool:
        sizes = [asked.users if bait else asked.users // 2 for _, bait in runs]
        answers = pool.map(seen, *zip(*runs, strict=True), sizes)
        for (seed, bait), one in zip(runs, answers, strict=True):
            found[bait].append(one)
            print(f"seed {seed} bait {bait:g}: {one}", file=sys.stderr, flush=True)
    spent = time.perf_counter() - started
    seeds = f"seeds {asked.first} to {asked.first + asked.seeds - 1}"
    told = (
        f"{asked.users:,} users with bait and half as many without, {spent / 60:.0f} minutes in "
        f"{asked.jobs} processes"
    )
    tables = [*table(found[BAITED], found[PLAIN]), "", *means(found[BAITED], found[PLAIN]), ""]
    text = "\n".join([*tables, f"{date.today()}, {seeds}, {told}."])
    print(text)
    if asked.docs:
        write_between(PAGE, text)


def write_between(page: Path, text: str) -> None:
    """Put the table where the page marks its place, at its end where it has none."""
    start, end = "<!-- feed runs -->", "<!-- end of feed runs -->"
    written = page.read_text(encoding="utf-8") if page.is_file() else "# Validation\n"
    if start not in written:
        written += f"\n## Through logs alone: the feed world\n\n{start}\n{end}\n"
    before, rest = written.split(start, 1)
    page.write_text(f"{before}{start}\n{text}\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
