"""Who pays in the payments world and where: customers and terminals on a map, drawn once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.spatial import cKDTree

from truenorth.worlds.stream import Bools, Floats, Ints, units, write_parquet

MAP_SIZE = 100.0
NEAR = 20
"""Number of nearest terminals that a customer goes to."""
ANYWHERE = 0.1
"""Share of payments at a terminal drawn uniformly from all."""
RATE_SHAPE, RATE_SCALE = 2.0, 1.0
WEEKLY_RHYTHM = (0.92, 0.92, 0.95, 1.0, 1.12, 1.17, 0.92)
"""Factor of the payments of each day of the week, Monday first; the mean is one."""
MEDIAN_AMOUNT = (5.0, 90.0)
AMOUNT_SPREAD = 0.6
"""Deviation of the logarithm of a customer's amounts."""
LEAST_AMOUNT = 0.5

CUSTOMERS_SCHEMA = pa.schema([("customer", pa.int64()), ("x", pa.float64()), ("y", pa.float64())])
TERMINALS_SCHEMA = pa.schema([("terminal", pa.int64()), ("x", pa.float64()), ("y", pa.float64())])
TRUE_CUSTOMERS_SCHEMA = pa.schema(
    [("customer", pa.int64()), ("payments_per_day", pa.float64()), ("median_amount", pa.float64())]
)


@dataclass(frozen=True)
class Customers:
    """Everyone who pays; arrays of shape (customers,) unless said otherwise."""

    place: Floats  # (customers, 2)
    payments_per_day: Floats
    median_amount: Floats
    near: npt.NDArray[np.int32]  # (customers, NEAR) terminals, nearest first

    @property
    def n(self) -> int:
        """Number of customers."""
        return len(self.payments_per_day)


def draw_places(rng: np.random.Generator, n: int) -> Floats:
    """Return uniform places on the map, shape (n, 2)."""
    return rng.uniform(0, MAP_SIZE, (n, 2))


def draw_customers(rng: np.random.Generator, n: int, terminals: Floats) -> Customers:
    """Draw customers: Gamma(2, 1) payments a day, median amount uniform in 5 to 90, 20 near terminals."""
    place = draw_places(rng, n)
    return Customers(
        place=place,
        payments_per_day=rng.gamma(RATE_SHAPE, RATE_SCALE, n),
        median_amount=rng.uniform(*MEDIAN_AMOUNT, n),
        near=_nearest(place, terminals),
    )


def _nearest(place: Floats, terminals: Floats) -> npt.NDArray[np.int32]:
    tree = cKDTree(terminals)
    near = np.empty((len(place), NEAR), dtype=np.int32)
    for _, rows in units(len(place), 2**16):
        near[rows] = tree.query(place[rows], k=NEAR)[1]
    return near


def draw_payers(rng: np.random.Generator, customers: Customers, day: int) -> Ints:
    """Return the customer of each payment of a day, in random order: Poisson(rate x factor) of each."""
    count = rng.poisson(customers.payments_per_day * WEEKLY_RHYTHM[day % 7])
    return rng.permutation(np.repeat(np.arange(customers.n), count))


def draw_terminals(rng: np.random.Generator, customers: Customers, customer: Ints, n_terminals: int) -> Ints:
    """Return where customers pay: the k-th nearest terminal with weight 1/k, or, for a tenth, any."""
    weight = np.cumsum(1 / np.arange(1, NEAR + 1))
    rank = np.searchsorted(weight / weight[-1], rng.random(len(customer)), side="right")
    anywhere = rng.integers(0, n_terminals, len(customer))
    is_anywhere: Bools = rng.random(len(customer)) < ANYWHERE
    return np.where(is_anywhere, anywhere, customers.near[customer, rank]).astype(np.int64)


def draw_amounts(rng: np.random.Generator, customers: Customers, customer: Ints) -> Floats:
    """Return amounts, lognormal about the customer's median, before fraud and before rounding."""
    return customers.median_amount[customer] * np.exp(AMOUNT_SPREAD * rng.standard_normal(len(customer)))


def write_population(folder: Path, customers: Customers, terminals: Floats) -> dict[str, int]:
    """Write what is public to `dim/` and what is hidden to `truth/`; return the rows of the public tables."""
    customer, terminal = np.arange(customers.n), np.arange(len(terminals))
    hidden = {
        "customer": customer,
        "payments_per_day": customers.payments_per_day,
        "median_amount": customers.median_amount,
    }
    write_parquet(folder / "truth" / "customers.parquet", TRUE_CUSTOMERS_SCHEMA, hidden)
    home = {"customer": customer, "x": customers.place[:, 0], "y": customers.place[:, 1]}
    shop = {"terminal": terminal, "x": terminals[:, 0], "y": terminals[:, 1]}
    return {
        "customers": write_parquet(folder / "dim" / "customers.parquet", CUSTOMERS_SCHEMA, home),
        "terminals": write_parquet(folder / "dim" / "terminals.parquet", TERMINALS_SCHEMA, shop),
    }
