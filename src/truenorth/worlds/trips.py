"""The trips world: rides between zones of a city, whose length in minutes is known only when they end.

A trip takes as long as its way at the speed of the hour, times the weather of the day, times noise that is
wider in the rush. The true mean and quantiles of every trip are known, so a promise of arrival can be held
against them.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.special import ndtri

from truenorth.worlds.stream import (
    MINUTE,
    SECOND,
    STAMP,
    Columns,
    Floats,
    Ints,
    day_name,
    day_start,
    generator,
    names_of,
    parquet_file,
    times_of_day,
    where_known,
    write_parquet,
)
from truenorth.worlds.trips_description import DESCRIPTION
from truenorth.worlds.trips_framing import framing
from truenorth.worlds.world import Outcome, Range, WorldKind, check_parameters

MAP_KM = 14.0
BOROUGHS = ("north", "east", "south", "west")
DETOUR = 1.3
"""Way on the street over the straight line."""
ZONE_KM = 0.8
"""Way within a zone, and added to every other."""
PULL_KM = 4.0
"""Trips between zones fall off by exp(-way / this)."""
SPEED_KMH = np.array(
    [34, 36, 38, 38, 36, 32, 27, 21, 17, 18, 20, 21, 20, 20, 19, 18, 16, 15, 17, 20, 24, 27, 30, 32],
    dtype=np.float64,
)
"""Speed in each hour of the day, UTC, Monday to Friday."""
WEEKEND_SPEED = 1.15
START_MINUTES = 2.0
RUSH_HOURS = (7, 8, 9, 15, 16, 17, 18)
NOISE, RUSH_NOISE = 0.18, 0.28
"""Deviation of the logarithm of the minutes, outside the rush and in it."""
ZONE_SPREAD, PAIR_SPREAD = 0.12, 0.08
"""Deviation of the logarithm of a zone's and a pair's own factor."""
WET_SHARE, WET_FACTOR = 0.25, 1.2
"""Share of wet days, and how much longer trips take then."""
LEVELS = (0.1, 0.5, 0.9)
"""Levels of the true quantiles that are kept."""
MAP, DAYS = range(2)
"""First part of the spawn key of each kind of draw."""

TRIPS_SCHEMA = pa.schema(
    [
        ("picked_up_at", STAMP),
        ("trip", pa.int64()),
        ("from_zone", pa.int64()),
        ("to_zone", pa.int64()),
        ("way_km", pa.float64()),
        ("dropped_off_at", STAMP),
    ]
)
ZONES_SCHEMA = pa.schema(
    [("zone", pa.int64()), ("borough", pa.string()), ("x_km", pa.float64()), ("y_km", pa.float64())]
)
TRUE_TRIPS_SCHEMA = pa.schema(
    [("trip", pa.int64()), ("minutes", pa.float64()), ("mean", pa.float64())]
    + [(f"q{100 * level:g}", pa.float64()) for level in LEVELS]
)
TRUE_DAYS_SCHEMA = pa.schema([("day", pa.string()), ("is_wet", pa.bool_())])


@dataclass(frozen=True, kw_only=True)
class TripsParameters:
    """Sizes of a trips world."""

    trips: int = 400
    """Trips per day."""
    zones: int = 16
    """Number of zones, in four boroughs."""
    days: int = 70
    """Length in days."""

    def __post_init__(self) -> None:
        check_parameters("trips", self, RANGES)


RANGES = {"trips": Range(int, 1, 10**6), "zones": Range(int, 4, 400), "days": Range(int, 1, 3660)}


@dataclass(frozen=True)
class City:
    """Zones and ways; arrays of shape (zones,) or (zones, zones)."""

    place: Floats  # (zones, 2) km
    borough: Ints
    way_km: Floats
    factor: Floats
    """How much longer a trip of this pair takes than its way says."""
    share: Floats
    """Share of all trips, flattened over pairs, adds to 1."""


def draw_city(rng: np.random.Generator, n: int) -> City:
    """Draw zones uniformly on a square; trips prefer short ways and busy zones."""
    place = rng.uniform(0, MAP_KM, (n, 2))
    west, south = (place < MAP_KM / 2).T
    borough = np.where(west, np.where(south, 2, 3), np.where(south, 1, 0))
    way = ZONE_KM + DETOUR * np.hypot(*(place[:, None, :] - place[None, :, :]).transpose(2, 0, 1))
    zone = np.exp(ZONE_SPREAD * rng.standard_normal(n))
    pair = np.exp(PAIR_SPREAD * rng.standard_normal((n, n)))
    busy = rng.gamma(2.0, 1.0, n)
    pull = busy[:, None] * busy[None, :] * np.exp(-way / PULL_KM)
    return City(
        place, borough, np.round(way, 2), zone[:, None] * zone[None, :] * pair, (pull / pull.sum()).ravel()
    )


def median_minutes(city: City, pair: Ints, hour: Ints, *, is_weekend: bool, is_wet: bool) -> Floats:
    """Return the true median of each trip: minutes to start, and the way at the speed of the hour."""
    speed = SPEED_KMH[hour] * (WEEKEND_SPEED if is_weekend else 1.0)
    driving = 60 * city.way_km.ravel()[pair] / speed
    return np.asarray((START_MINUTES + driving) * city.factor.ravel()[pair] * (WET_FACTOR if is_wet else 1.0))


def noise_of(hour: Ints) -> Floats:
    """Return the deviation of the logarithm of the minutes in each hour."""
    return np.where(np.isin(hour, RUSH_HOURS), RUSH_NOISE, NOISE)


def simulate(folder: Path, parameters: TripsParameters, seed: int) -> Outcome:
    """Write the log, dimensions and truth of the trips world, one day after the other.

    Args:
        folder: Existing, empty folder.
        parameters: Sizes.
        seed: Seed of the world.

    Returns:
        Rows by table, and figures of the run.
    """
    city = draw_city(generator(seed, MAP), parameters.zones)
    run = _Run(folder, parameters, seed, city)
    zones = {"zone": np.arange(parameters.zones), "borough": names_of(city.borough, BOROUGHS),
             "x_km": city.place[:, 0], "y_km": city.place[:, 1]}  # fmt: skip
    n_zones = write_parquet(folder / "dim" / "zones.parquet", ZONES_SCHEMA, zones)
    with ExitStack() as files:
        run.open_truth(files)
        for day in range(parameters.days):
            run.day(day)
    days = {
        "day": pa.array([day_name(day) for day in range(parameters.days)]),
        "is_wet": np.array(run.is_wet),
    }
    write_parquet(folder / "truth" / "days.parquet", TRUE_DAYS_SCHEMA, days)
    return Outcome(rows={"trips": run.n_trips, "zones": n_zones}, facts=run.facts())


class _Run:
    """The days of one simulation."""

    def __init__(self, folder: Path, parameters: TripsParameters, seed: int, city: City) -> None:
        self.folder, self.parameters, self.seed, self.city = folder, parameters, seed, city
        self.end = day_start(parameters.days)
        self.n_trips, self.minutes, self.is_wet = 0, 0.0, list[bool]()

    def open_truth(self, files: ExitStack) -> None:
        path = self.folder / "truth" / "trips.parquet"
        self.true_trips = files.enter_context(parquet_file(path, TRUE_TRIPS_SCHEMA))

    def day(self, day: int) -> None:
        """Simulate the trips of a day."""
        rng, n = generator(self.seed, DAYS, day), self.parameters.trips
        is_wet = bool(rng.random() < WET_SHARE)
        time = times_of_day(rng, n)
        pair = rng.choice(len(self.city.share), n, p=self.city.share)
        hour = time // (60 * MINUTE)
        median = median_minutes(self.city, pair, hour, is_weekend=day % 7 >= 5, is_wet=is_wet)
        spread = noise_of(hour)
        minutes = median * np.exp(spread * rng.standard_normal(n))
        self._write(day, time, pair, minutes)
        quantiles = {f"q{100 * level:g}": median * np.exp(spread * ndtri(level)) for level in LEVELS}
        trip = self.n_trips + np.arange(n)
        self.true_trips(
            {"trip": trip, "minutes": minutes, "mean": median * np.exp(spread**2 / 2), **quantiles}
        )
        self.n_trips, self.minutes = self.n_trips + n, self.minutes + float(minutes.sum())
        self.is_wet.append(is_wet)

    def _write(self, day: int, time: Ints, pair: Ints, minutes: Floats) -> None:
        picked_up_at = day_start(day) + time
        dropped_off_at = picked_up_at + np.rint(minutes * 60).astype(np.int64) * SECOND
        columns: Columns = {
            "picked_up_at": picked_up_at,
            "trip": self.n_trips + np.arange(len(time)),
            "from_zone": pair // self.parameters.zones,
            "to_zone": pair % self.parameters.zones,
            "way_km": self.city.way_km.ravel()[pair],
            "dropped_off_at": where_known(dropped_off_at, dropped_off_at < self.end),
        }
        write_parquet(self.folder / "log" / "trips" / f"{day_name(day)}.parquet", TRIPS_SCHEMA, columns)

    def facts(self) -> dict[str, float]:
        """Return the mean length of a trip and the share of wet days."""
        return {
            "mean_minutes": round(self.minutes / self.n_trips, 3),
            "wet_share": round(sum(self.is_wet) / len(self.is_wet), 4),
        }


TRIPS = WorldKind(
    name="trips",
    summary="Rides between zones by hour and weather; their length is noisy and known at drop-off only",
    parameters=TripsParameters,
    simulate=simulate,
    framing=framing,
    description=DESCRIPTION,
)
"""The trips world, as `WORLDS` holds it."""
