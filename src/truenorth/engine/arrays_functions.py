"""Functions of numbers and times over arrays; the table also holds those of texts and lists."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from truenorth.engine import arrays_text
from truenorth.engine.arrays_operands import Array, number, numbers, times
from truenorth.engine.lowering import EARTH_RADIUS_KM
from truenorth.engine.vectors import NULL_TIME, Vector
from truenorth.framing.durations import DAY, SECOND, UNITS

_THURSDAY = 4
"""1970-01-01, where Sunday is 0."""


def _of_numbers(compute: Callable[..., Any]) -> Callable[..., Vector]:
    return lambda *operands: number(np.asarray(compute(*[numbers(one) for one in operands])))


def _within(
    function: Callable[[Array], Array], is_defined: Callable[[Array], Array]
) -> Callable[[Array], Array]:
    """Return the function where it is defined, NaN elsewhere."""
    return lambda x: function(np.where(is_defined(x), x, np.nan))


def _half_away(x: Array) -> Array:
    """Round halves away from zero; adding a half would lift 0.49999999999999994 to 1."""
    whole = np.trunc(x)
    return np.where(np.abs(x - whole) >= 0.5, whole + np.sign(x), whole)


def _round(x: Array, decimals: Array | None = None) -> Array:
    if decimals is None:
        return _half_away(x)
    places = np.rint(decimals)
    scale = np.power(10.0, np.abs(places))
    fine = _half_away(x * scale) / scale
    coarse = _half_away(x / scale) * scale
    below = np.where(np.isfinite(coarse), coarse, np.where(np.isnan(x), np.nan, 0.0))
    found = np.where(places < 0, below, np.where(np.isfinite(fine), fine, x))
    return np.where(np.isnan(places), np.nan, found)


def _distance_km(lat_a: Array, lon_a: Array, lat_b: Array, lon_b: Array) -> Array:
    """Return the haversine distance: 2 R asin sqrt(sin^2(dlat/2) + cos lat_a cos lat_b sin^2(dlon/2))."""
    radians = [degrees * (math.pi / 180) for degrees in (lat_a, lon_a, lat_b, lon_b)]
    north = np.sin((radians[2] - radians[0]) / 2.0) ** 2
    east = np.sin((radians[3] - radians[1]) / 2.0) ** 2
    share = north + np.cos(radians[0]) * np.cos(radians[2]) * east
    # rounding may lift it above 1
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.where(share > 1.0, 1.0, share)))


def _of_time(compute: Callable[[Array], Array]) -> Callable[[Vector], Vector]:
    def apply(operand: Vector) -> Vector:
        values = times(operand)
        return number(np.where(values == NULL_TIME, np.nan, compute(values).astype(np.float64)))

    return apply


def _apart(unit: int) -> Callable[[Vector, Vector], Vector]:
    """Return the time from a to b in a unit of microseconds."""

    def apply(start: Vector, end: Vector) -> Vector:
        one, other = times(start), times(end)
        missing = (one == NULL_TIME) | (other == NULL_TIME)
        length = np.where(missing, 0, other) - np.where(missing, 0, one)
        return number(np.where(missing, np.nan, length / float(unit)))

    return apply


FUNCTIONS: dict[str, Callable[..., Vector]] = {
    "abs": _of_numbers(np.abs),
    "ceil": _of_numbers(np.ceil),
    "floor": _of_numbers(np.floor),
    "round": _of_numbers(_round),
    "sign": _of_numbers(np.sign),
    "sqrt": _of_numbers(_within(np.sqrt, lambda x: x >= 0)),
    "exp": _of_numbers(np.exp),
    "ln": _of_numbers(_within(np.log, lambda x: x > 0)),
    "log1p": _of_numbers(_within(lambda x: np.log(1.0 + x), lambda x: x > -1)),
    "power": _of_numbers(np.power),
    "lower": arrays_text.lower,
    "upper": arrays_text.upper,
    "trim": arrays_text.trim,
    "length": arrays_text.length,
    "substring": arrays_text.substring,
    "starts_with": arrays_text.starts_with,
    "contains_text": arrays_text.contains_text,
    "levenshtein": arrays_text.levenshtein,
    "hour": _of_time(lambda time: time % DAY // UNITS["h"]),
    "dayofweek": _of_time(lambda time: (time // DAY + _THURSDAY) % 7),
    "seconds_between": _apart(SECOND),
    "days_between": _apart(DAY),
    "size": arrays_text.size,
    "has_item": arrays_text.has_item,
    "overlap": arrays_text.overlap,
    "jaccard": arrays_text.jaccard,
    "distance_km": _of_numbers(_distance_km),
}
