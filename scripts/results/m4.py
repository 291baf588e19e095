"""M4 hourly: 48 hours ahead of 414 series, error in percent and the score of 95 % intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scripts.results.finished import Finished, figure_of, start
from scripts.results.places import DATA, FRAMINGS
from scripts.results.row import Part, Row
from truenorth.statistics.estimates import mean
from truenorth.systems.reshape import m4_hourly_sales

FOLDER = "m4_hourly"
TITLE = "Demand: hourly series of the M4 competition"
ATTRIBUTION = (
    "Makridakis, Spiliotis, Assimakopoulos (2020), The M4 Competition; no licence stated, used for "
    "evaluation only"
)
AHEAD, WEEK, SEASON = 48, 168, 24
LEVEL = 0.95


def run(out: Path, *, fresh: bool = False) -> Part:
    frame = sales(out)
    done = start(FRAMINGS / "m4_relative.yaml", out=out, fresh=fresh, frames={"sales": frame})
    return Part(
        dataset=FOLDER, title=TITLE, attribution=ATTRIBUTION, rows=tuple(_rows(done, frame)),
        text=(
            "The competition's own test: the last 48 hours of each series, forecast from the hour before."
            " Earlier origins, 48 hours apart, train; the one before the last validates. The model "
            "forecasts the ratio to the mean of a week known at every origin; figures are on the ratio "
            "times that mean. The interval score is M4's MSIS, scaled by the error of the seasonal naive "
            "forecast of 24 hours on each series' training hours.",
        ),
        notes=(str(done.run.result["train"]["sentence"]),), runs={"run": done.told},
    )  # fmt: skip


def sales(out: Path) -> pa.Table:
    """Return series, hour, value, and `relative`: the value over its `base_of`."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "m4_hourly.parquet"
    m4_hourly_sales(DATA / FOLDER, path)
    table = pq.read_table(path)
    values, names = table["value"].to_numpy(), np.asarray(table["series"].to_pylist())
    starts = np.flatnonzero(np.append(True, names[1:] != names[:-1]))
    pieces = np.split(values, starts[1:])
    relative = np.concatenate([piece / base_of(piece) for piece in pieces])
    return table.append_column("relative", pa.array(relative, from_pandas=True))


def base_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each hour, the mean of the week that ended 48 hours before; NaN before."""
    running = np.concatenate([[0.0], np.cumsum(values)])
    hour = np.arange(len(values))
    known = hour >= WEEK + AHEAD
    base = np.full(len(values), np.nan)
    base[known] = (running[hour[known] - AHEAD] - running[hour[known] - AHEAD - WEEK]) / WEEK
    return base


def naive_error(values: NDArray[np.float64]) -> float:
    """Return the mean absolute error of the seasonal naive forecast on the training hours of a series."""
    history = values[:-AHEAD]
    return float(np.mean(np.abs(history[SEASON:] - history[:-SEASON])))


def _rows(done: Finished, frame: pa.Table) -> list[Row]:
    values, names = frame["value"].to_numpy(), np.asarray(frame["series"].to_pylist())
    scales = {name: naive_error(values[names == name]) for name in np.unique(names)}
    judged = done.judged("trees", np.flatnonzero(done.dataset.is_in("test")))
    columns, base = judged.dataset.columns, judged.dataset.columns["base"].values
    series = columns["series"].texts()
    truth = judged.dataset.labels["relative"].values.values * base
    low, middle, high = (judged.batch.predictions["relative"].values * base[:, None]).T
    naive = columns["same_hour_167h"].values
    scale = np.array([scales[name] for name in series])
    error = 200 * np.abs(truth - middle) / (np.abs(truth) + np.abs(middle))
    weekly = 200 * np.abs(truth - naive) / (np.abs(truth) + np.abs(naive))
    missed = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    score = (high - low + 2 / (1 - LEVEL) * missed) / scale

    def one(what: str, row_values: NDArray[np.float64], digits: int = 3, **more: object) -> Row:
        found = figure_of(what, mean(row_values), series, n=len(truth), unit="series")
        return Row(what=what, figure=found, digits=digits, **more)  # type: ignore[arg-type]

    return [
        one(
            "sMAPE, %, trees", error, bar=13.912, higher_is_better=False, strict=True,
            published="Naive2 18.383, seasonal naive 13.912, best 9.328",
        ),
        one(
            "interval score (MSIS) of 95 % intervals, trees", score, bar=17.487,
            higher_is_better=False, strict=True, published="ETS 17.487, ARIMA 7.538, best 7.928",
        ),
        one("share inside the 95 % interval", ((truth >= low) & (truth <= high)).astype(float)),
        one("sMAPE, %, the rule: same hour a week ago", weekly),
    ]  # fmt: skip
