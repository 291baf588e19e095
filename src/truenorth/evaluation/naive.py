"""The seasonal naive forecast's error on training rows: the yardstick of MASE and MSIS.

References:
    Hyndman, Koehler (2006). Another look at measures of forecast accuracy. Int. J. Forecasting 22.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import Vector
from truenorth.examples.dataset import Dataset
from truenorth.framing.durations import DAY, UNITS, WEEK
from truenorth.statistics.estimates import Floats

_SEASONS = {UNITS["h"]: 24, DAY: 7, WEEK: 52, 30 * DAY: 12}
"""Steps of a season by the length of a step: a day of hours, a week of days, a year of weeks or months."""


def season(step: int) -> int:
    """Return how many steps of this length, microseconds, make a season; 1 where none is usual."""
    return _SEASONS.get(step, 1)


def naive_scale(train: Dataset, rows: Dataset, task: str) -> Floats | None:
    """Return, for each row, its series' mean absolute seasonal difference on training rows, shape (n,).

    NaN where the series has too few training values; None where the examples are no series.
    """
    table = train.framing.table
    step = (
        table.ahead.length.microseconds if table.ahead else table.every.microseconds if table.every else None
    )
    if step is None or table.entity == ("row",):
        return None
    moment = "target" if "target" in train.columns else "at"
    series, wanted = _series(train, rows, table.entity)
    label = train.labels[task]
    known = label.is_observed & ~label.values.is_null
    scale = _scales(series[known], train.columns[moment].values[known], label.values.values[known], step)
    return np.asarray(
        np.append(scale, np.full(max(int(wanted.max(initial=-1)) + 1 - len(scale), 0), np.nan))[wanted]
    )


def _series(
    train: Dataset, rows: Dataset, entity: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return one numbering of the series for both tables."""
    both = [np.concatenate([_texts(train.columns[name]), _texts(rows.columns[name])]) for name in entity]
    codes = np.zeros(train.n_rows + rows.n_rows, dtype=np.int64)
    for values in both:
        own = np.unique(values, return_inverse=True)[1].reshape(-1)
        codes = np.unique(codes * (int(own.max(initial=0)) + 1) + own, return_inverse=True)[1].reshape(-1)
    return codes[: train.n_rows], codes[train.n_rows :]


def _texts(vector: Vector) -> NDArray[np.str_]:
    values = vector.texts() if vector.levels is not None else vector.values
    return np.asarray(values).astype(str)


def _scales(series: NDArray[np.int64], at: NDArray[np.int64], values: Floats, step: int) -> Floats:
    """Return the mean `|y_t - y_(t - m)|` of each series, steps counted on the grid."""
    place = at // step
    order = np.lexsort((place, series))
    series, place, values = series[order], place[order], values[order]
    is_new = (
        np.append(True, (series[1:] != series[:-1]) | (place[1:] != place[:-1]))
        if len(series)
        else np.empty(0, bool)
    )
    series, place, values = series[is_new], place[is_new], values[is_new]
    if not len(series):
        return np.empty(0)
    wide = int(place.max() - place.min()) + 1 + season(step)
    key = series * wide + (place - place.min())
    earlier = np.minimum(np.searchsorted(key, key - season(step)), len(key) - 1)
    found = (key[earlier] == key - season(step)) & (series[earlier] == series)
    gap = np.abs(values - values[earlier])
    count = np.bincount(series[found], minlength=int(series.max()) + 1)
    total = np.bincount(series[found], weights=gap[found], minlength=int(series.max()) + 1)
    scale: Floats = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
    return scale
