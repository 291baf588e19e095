"""The purchases world: customers who buy now and then, and at some purchase, unseen, for the last time.

Each customer buys at a rate of their own until they drop out, which they do after any purchase with a chance
of their own. The log shows purchases only: that somebody is gone is never said, and has to be told from
silence.
This is the process of the BG/NBD model, with money.

References:
    Fader, Hardie and Lee (2005). "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
    Model. Marketing Science 24(2).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from truenorth.worlds.purchases_description import DESCRIPTION
from truenorth.worlds.purchases_framing import framing
from truenorth.worlds.stream import (
    DAY,
    STAMP,
    START_US,
    Floats,
    Ints,
    day_start,
    generator,
    names_of,
    where_known,
    write_days,
    write_parquet,
)
from truenorth.worlds.world import Outcome, Range, WorldKind, check_parameters

BEFORE_DAYS = 180
"""Customers also joined during so many days before the start; what they bought then is not in the log."""
RATE_SHAPE, RATE_MEAN_DAYS = 2.0, 14.0
"""Purchases per day ~ Gamma(shape) with a mean of one per so many days."""
DROPOUT_A, DROPOUT_B = 0.9, 7.0
"""Chance of dropping out after a purchase ~ Beta(a, b)."""
MEDIAN_AMOUNT, CUSTOMER_SPREAD, PURCHASE_SPREAD = 30.0, 0.6, 0.4
"""Amounts are lognormal about a median that is lognormal over customers."""
CHANNELS, CHANNEL_SHARES = ("search", "friend", "advert"), (0.5, 0.2, 0.3)
ADVERT_DROPOUT = 1.6
"""Factor on a of those who came by an advert: they drop out sooner."""
CHURN_GAP_DAYS, CHURN_DAYS = 7, 30
"""Churn: no purchase in this many days, after a gap."""
POPULATION, HISTORY = range(2)
"""First part of the spawn key of each kind of draw."""

PURCHASES_SCHEMA = pa.schema(
    [("bought_at", STAMP), ("purchase", pa.int64()), ("customer", pa.int64()), ("amount", pa.float64())]
)
CUSTOMERS_SCHEMA = pa.schema([("customer", pa.int64()), ("joined_at", STAMP), ("channel", pa.string())])
TRUE_CUSTOMERS_SCHEMA = pa.schema(
    [
        ("customer", pa.int64()),
        ("purchases_per_day", pa.float64()),
        ("dropout_probability", pa.float64()),
        ("median_amount", pa.float64()),
        ("dropped_out_at", STAMP),
    ]
)
WEEKS_SCHEMA = pa.schema(
    [("at", STAMP), ("customer", pa.int64()), ("is_alive", pa.bool_()), ("churn_probability", pa.float64())]
)


@dataclass(frozen=True, kw_only=True)
class PurchasesParameters:
    """Sizes of a purchases world."""

    customers: int = 3000
    """Number of customers who join, evenly spread from 180 days before the start to the end."""
    days: int = 420
    """Length in days."""

    def __post_init__(self) -> None:
        check_parameters("purchases", self, RANGES)


RANGES = {"customers": Range(int, 1, 10**7), "days": Range(int, 1, 3660)}


@dataclass(frozen=True)
class Customers:
    """Everyone who ever buys; arrays of shape (customers,)."""

    joined_at: Ints
    channel: Ints
    rate: Floats
    """Purchases per day while alive."""
    dropout: Floats
    """Chance of dropping out after each purchase."""
    median: Floats


def simulate(folder: Path, parameters: PurchasesParameters, seed: int) -> Outcome:
    """Write the log, dimensions and truth of the purchases world.

    Args:
        folder: Existing, empty folder.
        parameters: Sizes.
        seed: Seed of the world.

    Returns:
        Rows by table, and figures of the run.
    """
    customers = draw_customers(generator(seed, POPULATION), parameters)
    end = day_start(parameters.days)
    customer, bought_at, dropped_at = draw_histories(generator(seed, HISTORY, 0), customers, end)
    noise = generator(seed, HISTORY, 1).standard_normal(len(customer))
    amount = np.round(customers.median[customer] * np.exp(PURCHASE_SPREAD * noise), 2)
    inside = bought_at >= START_US
    rows = np.flatnonzero(inside)[np.argsort(bought_at[inside], kind="stable")]
    purchases = {"bought_at": bought_at[rows], "purchase": np.arange(len(rows)),
                 "customer": customer[rows], "amount": amount[rows]}  # fmt: skip
    written = write_days(folder / "log" / "purchases", PURCHASES_SCHEMA, purchases, parameters.days)
    _write_customers(folder, customers, dropped_at, end)
    share = _write_weeks(folder, customers, dropped_at, parameters.days)
    facts = {
        "revenue_per_30_days": round(30 * float(amount[rows].sum()) / parameters.days, 2),
        "purchases_per_day": round(written / parameters.days, 1),
        "alive_share": round(share, 4),
    }
    return Outcome(rows={"purchases": written, "customers": parameters.customers}, facts=facts)


def draw_customers(rng: np.random.Generator, parameters: PurchasesParameters) -> Customers:
    """Draw customers: when they join, how often they buy, how soon they drop out, and what they spend."""
    n = parameters.customers
    joined = START_US + rng.integers(-BEFORE_DAYS * DAY, parameters.days * DAY, n)
    channel = rng.choice(len(CHANNELS), n, p=CHANNEL_SHARES)
    a = DROPOUT_A * np.where(channel == CHANNELS.index("advert"), ADVERT_DROPOUT, 1.0)
    return Customers(
        joined_at=np.sort(joined),
        channel=channel,
        rate=rng.gamma(RATE_SHAPE, 1 / (RATE_SHAPE * RATE_MEAN_DAYS), n),
        dropout=rng.beta(a, DROPOUT_B),
        median=MEDIAN_AMOUNT * np.exp(CUSTOMER_SPREAD * rng.standard_normal(n)),
    )


def draw_histories(rng: np.random.Generator, customers: Customers, end: int) -> tuple[Ints, Ints, Ints]:
    """Draw everybody's purchases up to the end.

    The first purchase is at joining. After each one the customer drops out with their own chance; otherwise
    the next follows after an exponential time.

    Returns:
        Customer and time of each purchase, shape (purchases,), and when each customer dropped out, shape
        (customers,): the time of the last purchase, or `end` where they had not by then.
    """
    at, buyer = customers.joined_at.copy(), np.arange(len(customers.rate))
    dropped_at = np.full(len(buyer), end)
    found: list[tuple[Ints, Ints]] = []
    while len(buyer):
        found.append((buyer, at))
        leaves = rng.random(len(buyer)) < customers.dropout[buyer]
        dropped_at[buyer[leaves]] = at[leaves]
        wait = rng.exponential(1 / customers.rate[buyer])
        then = at + np.rint(np.minimum(wait, 10_000) * DAY).astype(np.int64) + 1
        stays = ~leaves & (then < end)
        buyer, at = buyer[stays], then[stays]
    customer, bought_at = (np.concatenate(column) for column in zip(*found, strict=True))
    return customer, bought_at, dropped_at


def churn_probability(rate: Floats, dropout: Floats) -> Floats:
    """Return the chance that somebody who is alive makes no purchase in the 30 days after a gap of 7.

    They survive the gap with probability exp(-rate dropout 7), since purchases that end in dropping out come
    at that rate; if they do, they buy within 30 days with probability 1 - exp(-rate 30).

    Args:
        rate: Purchases per day while alive.
        dropout: Chance of dropping out after each purchase.

    Examples:
        >>> churn_probability(np.array([0.0, 1.0]), np.array([0.5, 0.0])).round(6).tolist()
        [1.0, 0.0]
    """
    survives = np.exp(-rate * dropout * CHURN_GAP_DAYS)
    return np.asarray(1 - survives * (1 - np.exp(-rate * CHURN_DAYS)))


def _write_customers(folder: Path, customers: Customers, dropped_at: Ints, end: int) -> None:
    customer = np.arange(len(customers.rate))
    public = {
        "customer": customer,
        "joined_at": customers.joined_at,
        "channel": names_of(customers.channel, CHANNELS),
    }
    write_parquet(folder / "dim" / "customers.parquet", CUSTOMERS_SCHEMA, public)
    hidden = {
        "customer": customer,
        "purchases_per_day": customers.rate,
        "dropout_probability": customers.dropout,
        "median_amount": customers.median,
        "dropped_out_at": where_known(dropped_at, dropped_at < end),
    }
    write_parquet(folder / "truth" / "customers.parquet", TRUE_CUSTOMERS_SCHEMA, hidden)


def _write_weeks(folder: Path, customers: Customers, dropped_at: Ints, days: int) -> float:
    """Write who is alive at the start of each week, with their chance of churn; return the last share."""
    chance = churn_probability(customers.rate, customers.dropout)
    mondays = [day_start(day) for day in range(0, days, 7)]
    parts: list[dict[str, npt.NDArray[Any]]] = []
    for at in mondays:
        joined = np.flatnonzero(customers.joined_at < at)
        alive = dropped_at[joined] >= at
        parts.append({"at": np.full(len(joined), at), "customer": joined, "is_alive": alive,
                      "churn_probability": np.where(alive, chance[joined], 1.0)})  # fmt: skip
    columns = {name: np.concatenate([part[name] for part in parts]) for name in WEEKS_SCHEMA.names}
    write_parquet(folder / "truth" / "weeks.parquet", WEEKS_SCHEMA, columns)
    last = parts[-1]["is_alive"]
    return float(last.mean()) if len(last) else 0.0


PURCHASES = WorldKind(
    name="purchases",
    summary="Customers who buy at rates of their own and drop out unseen; churn has to be told from silence",
    parameters=PurchasesParameters,
    simulate=simulate,
    framing=framing,
    description=DESCRIPTION,
)
"""The purchases world, as `WORLDS` holds it."""
