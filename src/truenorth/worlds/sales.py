"""The sales world: what shops sell in each hour, with days, weeks and promotions that were announced before.

The number sold is negative binomial about a known mean, so its true quantiles are known: what to order
follows from them, and every interval and every plan can be held against what was best.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.stats import nbinom

from truenorth.worlds.sales_description import DESCRIPTION
from truenorth.worlds.sales_framing import framing
from truenorth.worlds.stream import (
    HOUR,
    STAMP,
    START_US,
    Floats,
    Ints,
    day_name,
    day_start,
    generator,
    parquet_file,
    write_parquet,
)
from truenorth.worlds.world import Outcome, Range, WorldKind, check_parameters

HOURS = np.array(
    [2, 1, 1, 1, 1, 3, 10, 24, 40, 46, 50, 58, 70, 62, 52, 50, 58, 74, 80, 66, 44, 26, 12, 5],
    dtype=np.float64,
)
"""Relative demand in each hour of the day, UTC."""
WEEKDAYS = np.array([0.9, 0.9, 0.95, 1.0, 1.15, 1.3, 0.8])
"""Relative demand of each day of the week, Monday first."""
LEVEL_MEDIAN, LEVEL_SPREAD = 25.0, 1.0
"""Mean units per hour are lognormal over series."""
SHAPE_SPREAD = 0.25
"""Deviation of the logarithm of a series' own factor of each hour of the day and each day of the week."""
TREND_SPREAD = 0.02
"""Deviation of a series' growth of the logarithm per week."""
DRIFT, DRIFT_KEPT = 0.08, 0.8
"""Daily drift of the level: an autoregressive process with this deviation and memory."""
PROMOTION_SHARE, PROMOTION_FACTORS = 0.15, (1.3, 1.6, 2.2)
"""Share of a series' weeks with a promotion, and the factor of its sales at each of the discounts."""
DISCOUNTS = (10, 20, 30)
ANNOUNCED_BEFORE = 12 * HOUR
"""A week's plan is announced on the Sunday before, at noon."""
DISPERSION = 12.0
"""Size of the negative binomial: variance = mean + mean^2 / size."""
LEVELS = (0.025, 0.5, 0.8, 0.975)
"""Levels of the true quantiles that are kept."""
SERIES, WEEK, DAYS = range(3)
"""First part of the spawn key of each kind of draw."""

SALES_SCHEMA = pa.schema([("hour", STAMP), ("series", pa.int64()), ("units", pa.int64())])
PLANS_SCHEMA = pa.schema(
    [("announced_at", STAMP), ("series", pa.int64()), ("week", pa.int64()), ("discount", pa.int64())]
)
SERIES_SCHEMA = pa.schema([("series", pa.int64()), ("shop", pa.int64())])
TRUE_SALES_SCHEMA = pa.schema(
    [("hour", STAMP), ("series", pa.int64()), ("mean", pa.float64())]
    + [(f"q{100 * level:g}", pa.int64()) for level in LEVELS]
)


@dataclass(frozen=True, kw_only=True)
class SalesParameters:
    """Sizes of a sales world."""

    series: int = 30
    """Number of series, one product in one shop each."""
    days: int = 84
    """Length in days, from a Monday on."""

    def __post_init__(self) -> None:
        check_parameters("sales", self, RANGES)


RANGES = {"series": Range(int, 1, 10**5), "days": Range(int, 1, 3660)}


@dataclass(frozen=True)
class Series:
    """What stays as it is; arrays of shape (series,) unless said otherwise."""

    level: Floats
    growth: Floats
    """Of the logarithm, per week."""
    hours: Floats  # (series, 24), mean 1
    weekdays: Floats  # (series, 7), mean 1


def draw_series(rng: np.random.Generator, n: int) -> Series:
    """Draw the level, the growth and the rhythm of each series."""
    hours = HOURS * np.exp(SHAPE_SPREAD * rng.standard_normal((n, 24)))
    weekdays = WEEKDAYS * np.exp(SHAPE_SPREAD * rng.standard_normal((n, 7)))
    return Series(
        level=LEVEL_MEDIAN * np.exp(LEVEL_SPREAD * rng.standard_normal(n)),
        growth=TREND_SPREAD * rng.standard_normal(n),
        hours=hours / hours.mean(axis=1, keepdims=True),
        weekdays=weekdays / weekdays.mean(axis=1, keepdims=True),
    )


def draw_discounts(rng: np.random.Generator, n: int) -> Ints:
    """Return the discount of each series in a week, per cent; 0 where nothing is promoted."""
    promoted = rng.random(n) < PROMOTION_SHARE
    return np.where(promoted, np.array(DISCOUNTS)[rng.integers(0, len(DISCOUNTS), n)], 0)


def promotion_factor(discount: Ints) -> Floats:
    """Return how much more is sold at a discount."""
    factors = np.ones(max(DISCOUNTS) + 1)
    factors[list(DISCOUNTS)] = PROMOTION_FACTORS
    return np.asarray(factors[discount])


def quantiles(mean: Floats, levels: tuple[float, ...] = LEVELS) -> dict[str, Ints]:
    """Return the true quantiles of the units, by name: the least number reached with that chance."""
    chance = DISPERSION / (DISPERSION + mean)
    return {f"q{100 * level:g}": nbinom.ppf(level, DISPERSION, chance).astype(np.int64) for level in levels}


def simulate(folder: Path, parameters: SalesParameters, seed: int) -> Outcome:
    """Write the log, dimensions and truth of the sales world, one day after the other.

    Args:
        folder: Existing, empty folder.
        parameters: Sizes.
        seed: Seed of the world.

    Returns:
        Rows by table, and figures of the run.
    """
    run = _Run(folder, parameters, seed)
    with ExitStack() as files:
        run.open_truth(files)
        for day in range(parameters.days):
            run.day(day)
    return Outcome(rows=run.rows, facts=run.facts())


class _Run:
    """The days of one simulation: the drifting level and this week's plan."""

    def __init__(self, folder: Path, parameters: SalesParameters, seed: int) -> None:
        self.folder, self.days, self.seed, self.n = folder, parameters.days, seed, parameters.series
        self.series = draw_series(generator(seed, SERIES), self.n)
        self.drift = np.zeros(self.n)
        self.units = 0
        series = np.arange(self.n)
        dimension = {"series": series, "shop": series // 10}
        n_series = write_parquet(folder / "dim" / "series.parquet", SERIES_SCHEMA, dimension)
        self.rows = {"sales": 0, "plans": 0, "series": n_series}

    def open_truth(self, files: ExitStack) -> None:
        path = self.folder / "truth" / "sales.parquet"
        self.truth = files.enter_context(parquet_file(path, TRUE_SALES_SCHEMA))

    def day(self, day: int) -> None:
        """Simulate what every series sells in the hours of a day, and the plan that is announced on it."""
        rng = generator(self.seed, DAYS, day)
        shock = DRIFT * np.sqrt(1 - DRIFT_KEPT**2) * rng.standard_normal(self.n)
        self.drift = DRIFT_KEPT * self.drift + shock
        series = self.series
        level = series.level * np.exp(series.growth * day / 7 + self.drift) * series.weekdays[:, day % 7]
        level = level * promotion_factor(self._discounts(day // 7))
        mean = (level[:, None] * series.hours).T.ravel()  # (24 x series,), hour by hour
        units = rng.negative_binomial(DISPERSION, DISPERSION / (DISPERSION + mean))
        keys = {"hour": day_start(day) + np.repeat(np.arange(24), self.n) * HOUR,
                "series": np.tile(np.arange(self.n), 24)}  # fmt: skip
        path = self.folder / "log" / "sales" / f"{day_name(day)}.parquet"
        self.rows["sales"] += write_parquet(path, SALES_SCHEMA, {**keys, "units": units})
        self.truth({**keys, "mean": mean, **quantiles(mean)})
        self.units += int(units.sum())
        self._announce(day)

    def _discounts(self, week: int) -> Ints:
        return draw_discounts(generator(self.seed, WEEK, week), self.n)

    def _announce(self, day: int) -> None:
        """Write the plan of the next week on a Sunday; that of week 0 comes with the first day."""
        weeks = [week for week, is_due in ((0, day == 0), (day // 7 + 1, day % 7 == 6)) if is_due]
        times = [START_US + 1 if week == 0 else day_start(7 * week) - ANNOUNCED_BEFORE for week in weeks]
        discounts = [self._discounts(week) for week in weeks]
        plans = {
            "announced_at": np.repeat(np.array(times, dtype=np.int64), self.n),
            "series": np.tile(np.arange(self.n), len(weeks)),
            "week": np.repeat(np.array(weeks, dtype=np.int64), self.n),
            "discount": np.concatenate([np.empty(0, dtype=np.int64), *discounts]),
        }
        path = self.folder / "log" / "plans" / f"{day_name(day)}.parquet"
        self.rows["plans"] += write_parquet(path, PLANS_SCHEMA, plans)

    def facts(self) -> dict[str, float]:
        """Return the units sold per hour and series."""
        return {"units_per_hour": round(self.units / self.rows["sales"], 3)}


SALES = WorldKind(
    name="sales",
    summary="Hourly sales with daily and weekly rhythm, announced promotions and a drifting level",
    parameters=SalesParameters,
    simulate=simulate,
    framing=framing,
    description=DESCRIPTION,
)
"""The sales world, as `WORLDS` holds it."""
