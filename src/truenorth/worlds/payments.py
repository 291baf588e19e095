"""The payments world: card payments whose fraud is marked up to 90 days late, or never, or wrongly.

Customers pay near where they live. Attackers hold terminals for up to 28 days and move when chargebacks
pile up; cards are stolen for 14 days and then pay larger amounts. What a bank sees of it are chargebacks.

The mechanism is split over payments_population.py (customers, terminals, amounts) and payments_fraud.py
(attackers, stolen cards, chargebacks). This file runs the days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from truenorth.worlds.payments_description import DESCRIPTION
from truenorth.worlds.payments_framing import framing
from truenorth.worlds.payments_fraud import (
    CAUSES,
    REASONS,
    STOLEN_DAYS,
    Attackers,
    Frauds,
    Spells,
    draw_frauds,
    draw_thefts,
)
from truenorth.worlds.payments_population import (
    LEAST_AMOUNT,
    NEAR,
    draw_amounts,
    draw_customers,
    draw_payers,
    draw_places,
    draw_terminals,
    write_population,
)
from truenorth.worlds.stream import (
    DAY,
    STAMP,
    START_US,
    Columns,
    Floats,
    Ints,
    day_name,
    day_start,
    generator,
    names_of,
    parquet_file,
    times_of_day,
    units,
    where_known,
    write_parquet,
)
from truenorth.worlds.world import Outcome, Range, WorldKind, check_parameters

PAYMENTS_PER_UNIT = 65_536
POPULATION, STATE, PAYERS, PAYMENTS_OF_UNIT = range(4)
"""First part of the spawn key of each kind of draw."""

PAYMENTS_SCHEMA = pa.schema(
    [
        ("paid_at", STAMP),
        ("payment", pa.int64()),
        ("customer", pa.int64()),
        ("terminal", pa.int64()),
        ("amount", pa.float64()),
    ]
)
CHARGEBACKS_SCHEMA = pa.schema(
    [("charged_back_at", STAMP), ("payment", pa.int64()), ("customer", pa.int64()), ("terminal", pa.int64())]
)
TRUE_PAYMENTS_SCHEMA = pa.schema(
    [
        ("payment", pa.int64()),
        ("fraud_probability", pa.float64()),
        ("is_fraud", pa.bool_()),
        ("cause", pa.string()),
        ("charged_back_at", STAMP),
    ]
)
COMPROMISES_SCHEMA = pa.schema(
    [
        ("attacker", pa.int64()),
        ("terminal", pa.int64()),
        ("since", STAMP),
        ("until", STAMP),
        ("reason", pa.string()),
    ]
)
THEFTS_SCHEMA = pa.schema([("customer", pa.int64()), ("since", STAMP), ("until", STAMP)])


@dataclass(frozen=True, kw_only=True)
class PaymentsParameters:
    """Sizes of a payments world."""

    customers: int = 2000
    """Number of card holders; each pays about twice a day."""
    terminals: int | None = None
    """Number of terminals; by default twice the customers, and at least 50."""
    days: int = 182
    """Length in days; chargebacks come up to 90 days after a payment."""

    def __post_init__(self) -> None:
        check_parameters("payments", self, RANGES)

    @property
    def n_terminals(self) -> int:
        """Number of terminals, the default filled in."""
        return max(2 * self.customers, 50) if self.terminals is None else self.terminals


RANGES = {
    "customers": Range(int, 1, 10**9),
    "terminals": Range(int, NEAR, 10**9),
    "days": Range(int, 1, 3660),
}


@dataclass(frozen=True)
class Payments:
    """A unit of payments in time order; arrays of shape (payments,)."""

    payment: Ints
    paid_at: Ints
    customer: Ints
    terminal: Ints
    amount: Floats
    frauds: Frauds

    @property
    def charged_back_at(self) -> Ints:
        """Time of the chargeback, meaningful where there is one."""
        return self.paid_at + self.frauds.delay


Chargebacks = Ints
"""Rows of (charged_back_at, payment, customer, terminal), shape (chargebacks, 4)."""


def simulate(folder: Path, parameters: PaymentsParameters, seed: int) -> Outcome:
    """Write the log, dimensions and truth of the payments world, one day after the other.

    Args:
        folder: Existing, empty folder.
        parameters: Sizes.
        seed: Seed of the world.

    Returns:
        Rows by table, and the realised fraud.
    """
    run = _Run(folder, parameters, seed)
    with ExitStack() as files:
        run.open_truth(files)
        for day in range(parameters.days):
            run.day(day)
        run.close()
    return Outcome(rows=run.rows, facts=run.facts())


class _Run:
    """The days of one simulation: its state, its open truth files and its row counts."""

    def __init__(self, folder: Path, parameters: PaymentsParameters, seed: int) -> None:
        self.folder, self.days, self.seed = folder, parameters.days, seed
        self.n_terminals = parameters.n_terminals
        places = draw_places(generator(seed, POPULATION, 0), self.n_terminals)
        self.customers = draw_customers(generator(seed, POPULATION, 1), parameters.customers, places)
        self.attackers = Attackers(generator(seed, POPULATION, 2), self.n_terminals)
        self.stolen_until = np.zeros(parameters.customers, dtype=np.int64)
        self.reported = np.zeros(self.n_terminals, dtype=np.int64)
        self.pending: dict[int, list[Chargebacks]] = defaultdict(list)
        self.fraud_amount, self.n_frauds = 0.0, 0
        self.rows = {"payments": 0, "chargebacks": 0, **write_population(folder, self.customers, places)}

    def open_truth(self, files: ExitStack) -> None:
        truth = self.folder / "truth"
        self.compromises = files.enter_context(
            parquet_file(truth / "compromises.parquet", COMPROMISES_SCHEMA)
        )
        self.thefts = files.enter_context(parquet_file(truth / "thefts.parquet", THEFTS_SCHEMA))
        self.unreceived = files.enter_context(
            parquet_file(truth / "unreceived_chargebacks.parquet", CHARGEBACKS_SCHEMA)
        )

    def day(self, day: int) -> None:
        """Simulate a day: attackers move, cards are stolen, people pay, chargebacks arrive."""
        self._advance(day)
        name = f"{day_name(day)}.parquet"
        with (
            parquet_file(self.folder / "log" / "payments" / name, PAYMENTS_SCHEMA) as append,
            parquet_file(self.folder / "truth" / "payments" / name, TRUE_PAYMENTS_SCHEMA) as append_truth,
        ):
            for payments in self._units(day):
                self.rows["payments"] += append(_payment_columns(payments))
                append_truth(_truth_columns(payments))
                self._remember(payments)
        self._write_chargebacks(day, self.folder / "log" / "chargebacks" / name)

    def close(self) -> None:
        """Write what the end of the world cuts off: stays of attackers, and chargebacks still to come."""
        self.compromises(_spell_columns(self.attackers.end(self.days)))
        for day in sorted(self.pending):
            self.unreceived(_chargeback_columns(self._reported_on(day)))

    def _advance(self, day: int) -> None:
        rng = generator(self.seed, STATE, day)
        self.compromises(_spell_columns(self.attackers.move(rng, day, self.reported)))
        stolen = draw_thefts(rng, self.stolen_until, day)
        self.stolen_until[stolen] = day + STOLEN_DAYS
        since = np.full(len(stolen), day_start(day))
        self.thefts({"customer": stolen, "since": since, "until": since + STOLEN_DAYS * DAY})

    def _units(self, day: int) -> Iterator[Payments]:
        rng = generator(self.seed, PAYERS, day)
        payer = draw_payers(rng, self.customers, day)
        paid_at = day_start(day) + times_of_day(rng, len(payer))
        first = self.rows["payments"]
        is_compromised, is_stolen = self.attackers.is_compromised(), self.stolen_until > day
        for number, rows in units(len(payer), PAYMENTS_PER_UNIT):
            rng, customer = generator(self.seed, PAYMENTS_OF_UNIT, day, number), payer[rows]
            terminal = draw_terminals(rng, self.customers, customer, self.n_terminals)
            amount = draw_amounts(rng, self.customers, customer)
            frauds = draw_frauds(rng, is_compromised[terminal], is_stolen[customer])
            amount = np.maximum(np.round(amount * frauds.factor, 2), LEAST_AMOUNT)
            payment = first + np.arange(rows.start, rows.stop)
            yield Payments(payment, paid_at[rows], customer, terminal, amount, frauds)

    def _remember(self, payments: Payments) -> None:
        """Count the fraud of a unit and file its chargebacks under the day on which they will be reported."""
        is_fraud, marked = payments.frauds.is_fraud, payments.frauds.is_charged_back
        self.fraud_amount += float(payments.amount[is_fraud].sum())
        self.n_frauds += int(is_fraud.sum())
        columns = (payments.charged_back_at, payments.payment, payments.customer, payments.terminal)
        rows = np.stack(columns, axis=1)[marked]
        days = (rows[:, 0] - START_US) // DAY
        for day in np.unique(days):
            self.pending[int(day)].append(rows[days == day])

    def _write_chargebacks(self, day: int, path: Path) -> None:
        rows = self._reported_on(day)
        self.rows["chargebacks"] += write_parquet(path, CHARGEBACKS_SCHEMA, _chargeback_columns(rows))
        self.reported = np.bincount(rows[:, 3], minlength=self.n_terminals)

    def _reported_on(self, day: int) -> Chargebacks:
        """Return the chargebacks of a day in time order, and forget them."""
        rows = np.concatenate([np.empty((0, 4), dtype=np.int64), *self.pending.pop(day, [])])
        return rows[np.lexsort((rows[:, 1], rows[:, 0]))]

    def facts(self) -> dict[str, float]:
        """Return what fraud cost and how often it happened, whether reported or not."""
        return {
            "fraud_amount_per_day": round(self.fraud_amount / self.days, 2),
            "fraud_share": round(self.n_frauds / max(self.rows["payments"], 1), 6),
            "payments_per_day": round(self.rows["payments"] / self.days, 1),
        }


def _payment_columns(payments: Payments) -> Columns:
    return {name: getattr(payments, name) for name in PAYMENTS_SCHEMA.names}


def _truth_columns(payments: Payments) -> Columns:
    frauds = payments.frauds
    return {
        "payment": payments.payment,
        "fraud_probability": frauds.probability,
        "is_fraud": frauds.is_fraud,
        "cause": names_of(frauds.cause, CAUSES),
        "charged_back_at": where_known(payments.charged_back_at, frauds.is_charged_back),
    }


def _chargeback_columns(rows: Chargebacks) -> Columns:
    return {name: rows[:, place] for place, name in enumerate(CHARGEBACKS_SCHEMA.names)}


def _spell_columns(spells: Spells) -> Columns:
    return {
        "attacker": spells.attacker,
        "terminal": spells.terminal,
        "since": START_US + spells.since * DAY,
        "until": START_US + spells.until * DAY,
        "reason": names_of(spells.reason, REASONS),
    }


PAYMENTS = WorldKind(
    name="payments",
    summary="Card payments with moving attackers; chargebacks come up to 90 days late, or never, or wrongly",
    parameters=PaymentsParameters,
    simulate=simulate,
    framing=framing,
    description=DESCRIPTION,
)
"""The payments world, as `WORLDS` holds it."""
