"""Early effects of 78 real experiments against what came later, by `truenorth proxies`."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from tests.realdata.direct import DATA, needs
from truenorth.cli.app import app

pytestmark = needs("asos")

EARLY = 0.3
"""Share of a run that the early look has seen."""
METRICS = (1, 2, 3, 4)
COLUMNS = ("time_since_start", "count_c", "mean_c", "variance_c", "count_t", "mean_t", "variance_t")
KEY = ("experiment_id", "variant_id", "metric_id")

Moments = np.ndarray
"""Users, sum and sum of squares of each arm, control first, shape (2, 3)."""


@pytest.fixture(scope="module")
def looks() -> dict[tuple, np.ndarray]:
    """Every look at an arm and metric, in order of time, by experiment, variant and metric."""
    table = pq.read_table(DATA / "asos" / "asos_digital_experiments_dataset.parquet").to_pydict()
    found: dict[tuple, list] = {}
    for row in zip(*(table[name] for name in (*KEY, *COLUMNS)), strict=True):
        if None not in row:
            found.setdefault(row[:3], []).append(row[3:])
    return {key: np.array(sorted(rows)) for key, rows in found.items()}


@pytest.fixture(scope="module")
def windows(looks: dict[tuple, np.ndarray]) -> dict[tuple, tuple[Moments, Moments]]:
    """Moments at the last look of the first three tenths, and at the end."""
    found = {}
    for key, rows in looks.items():
        early = rows[rows[:, 0] <= EARLY * rows[-1, 0]]
        if len(early):
            found[key] = (moments(early[-1]), moments(rows[-1]))
    return found


def moments(look: np.ndarray) -> Moments:
    n, mean, variance = look[1:].reshape(2, 3).T
    return np.stack([n, n * mean, n * (variance + mean**2)], axis=1)


def later_than(early: Moments, final: Moments) -> Moments:
    """What the users of the whole run did after the early look; they bring their values along."""
    return np.stack([final[:, 0], *(final - early)[:, 1:].T], axis=1)


def effect(found: Moments) -> tuple[float, float]:
    """Effect relative to the control, and its standard error."""
    n, total, squares = found.T
    mean = total / n
    error = np.sqrt(np.sum((squares / n - mean**2) / n))
    return float((mean[1] - mean[0]) / mean[0]), float(error / mean[0])


def shared_noise(early: Moments, final: Moments) -> float:
    """Covariance of the two effects: the final sum holds the early one."""
    n, total, squares = early.T
    variance = squares / n - (total / n) ** 2
    return float(np.sum(variance / final[:, 0]) / ((total / n)[0] * (final[:, 1] / final[:, 0])[0]))


def vetted(file: Path, windows: dict, metric: int, *, is_later: bool, early: Sequence[int] = ()) -> dict:
    """What the command says of early effects as a proxy of the final or the later ones of a metric."""
    early = early or (metric,)
    with file.open("w", newline="") as opened:
        names = ["kpi", *(f"early{one}" for one in early)]
        held = [] if is_later else ["cov_kpi_early"]
        writer = csv.writer(opened)
        writer.writerow(
            [
                "experiment",
                *(x for name in names for x in (name, f"{name}_se")),
                *(f"{x}{metric}" for x in held),
            ]
        )
        for experiment, variant in sorted({key[:2] for key in windows}):
            arm = {one: windows[experiment, variant, one] for one in METRICS
                   if (experiment, variant, one) in windows}  # fmt: skip
            if set(early) | {metric} <= set(arm):
                kpi = effect(later_than(*arm[metric]) if is_later else arm[metric][1])
                proxies = [x for one in early for x in effect(arm[one][0])]
                noise = [] if is_later else [shared_noise(*arm[metric])]
                writer.writerow([experiment, *kpi, *proxies, *noise])
    told = CliRunner().invoke(app, ["proxies", str(file), "--json"])
    assert told.exit_code == 0, told.output
    return json.loads(told.output)


REFERENCE = {1: (0.17, 0.96), 2: (0.42, 0.84), 3: (0.56, 1.00), 4: (0.21, 0.88)}
"""Naive correlation of early and final effects, and agreement in sign where the final one is significant."""


@pytest.mark.parametrize("metric", METRICS)
def test_early_effects_go_with_final_ones_as_the_reference_says(windows, tmp_path: Path, metric: int):
    found = vetted(tmp_path / "past.csv", windows, metric, is_later=False)
    card, (correlation, agreement) = found["cards"][f"early{metric}"], REFERENCE[metric]
    assert card["naive_correlation"] == pytest.approx(correlation, abs=0.006)
    assert card["direction"] == pytest.approx(agreement, abs=0.006)
    assert (found["n_arms"], found["n_experiments"]) == ((86, 70) if metric == 1 else (81, 66))
    assert found["findings"] == []


LATER = {1: (0.05, 0.74, 0.87), 2: (0.34, 0.82, 0.88), 3: (0.45, 1.00, 0.90), 4: (0.12, 0.81, 0.81)}
"""Naive correlation, agreement in sign and correlation freed of noise, of early effects and later ones."""


@pytest.mark.parametrize("metric", METRICS)
def test_windows_that_share_no_day_agree_less(windows, tmp_path: Path, metric: int):
    found = vetted(tmp_path / "past.csv", windows, metric, is_later=True)
    card, (naive, agreement, correlation) = found["cards"][f"early{metric}"], LATER[metric]
    assert card["naive_correlation"] == pytest.approx(naive, abs=0.01)
    assert card["direction"] == pytest.approx(agreement, abs=0.01)
    assert card["correlation"] == pytest.approx(correlation, abs=0.01)
    assert 0.5 < card["correlation_low"] < card["correlation"]
    assert card["naive_correlation"] < REFERENCE[metric][0] and card["direction"] <= REFERENCE[metric][1]
    # The users of both windows are the same ones; how their noise goes together is not in the table.
    assert [one["code"] for one in found["findings"]] == ["STRESS068"]


def test_noise_that_is_shared_by_a_final_effect_is_taken_out_of_it(windows, tmp_path: Path):
    final = vetted(tmp_path / "final.csv", windows, 4, is_later=False)["cards"]["early4"]["correlation"]
    rows = (tmp_path / "final.csv").read_text().splitlines()
    (tmp_path / "bare.csv").write_text("\n".join(row.rpartition(",")[0] for row in rows))
    bare = json.loads(CliRunner().invoke(app, ["proxies", str(tmp_path / "bare.csv"), "--json"]).output)
    later = vetted(tmp_path / "later.csv", windows, 4, is_later=True)["cards"]["early4"]["correlation"]
    assert later < final < bare["cards"]["early4"]["correlation"] - 0.05


def test_early_metrics_together_are_a_mix_that_foretells_the_later_one(windows, tmp_path: Path):
    found = vetted(tmp_path / "past.csv", windows, 3, is_later=True, early=METRICS)
    assert set(found["composite"]) == {f"early{one}" for one in METRICS}
    assert found["composite_quality_low"] > 0


def test_users_bring_their_values_along(looks):
    """Why later effects are per user of the whole run: more conversions than new users in many a half day."""
    steps = [np.diff(rows[:, [4, 5]], axis=0) for key, rows in looks.items() if key[2] == 1]
    sums = [np.diff(rows[:, 4] * rows[:, 5]) for key, rows in looks.items() if key[2] == 1]
    new = np.concatenate([one[:, 0] for one in steps])
    assert (np.concatenate(sums) > new + 1e-6).mean() > 0.03
