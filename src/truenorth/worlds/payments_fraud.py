"""Fraud in the payments world: attackers at terminals, stolen cards, and the marks that come late.

Attackers hold terminals and cards are stolen day by day; which payments are fraud follows from that state
alone. An attacker who sees chargebacks pile up at a terminal moves to another, so yesterday's bad terminal
is tomorrow's good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, gammaincinv

from truenorth.worlds.stream import DAY, Bools, Floats, Ints

ATTACKERS_PER_TERMINAL = 0.006
COMPROMISED_DAYS = 28
CHARGEBACKS_TO_MOVE = 3
"""An attacker moves on the day after this many chargebacks were reported at the terminal during the spell."""
THEFTS_PER_CUSTOMER_DAY = 0.0004
STOLEN_DAYS = 14
TERMINAL_FRAUD, CARD_FRAUD, OTHER_FRAUD = 0.5, 0.5, 0.0003
"""Chance that a payment is fraud: at a compromised terminal, on a stolen card, and anywhere."""
STOLEN_AMOUNT = (4.0, 0.3)
"""Amounts on stolen cards are multiplied by a lognormal with this median and deviation of the logarithm."""

REPORTED_SHARE = 0.9
FRIENDLY_SHARE = 0.0002
"""Share of good payments that are charged back all the same."""
DELAY_SHAPE, DELAY_SCALE_DAYS, DELAY_LIMIT_DAYS = 2.0, 9.0, 90.0

CAUSES = ("none", "terminal", "card", "other")
EXPIRED, MOVED, ENDED = range(3)
REASONS = ("expired", "chargebacks", "end of world")


@dataclass(frozen=True)
class Spells:
    """Finished stays of attackers at terminals; days are counted from 0, `until` is excluded."""

    attacker: Ints
    terminal: Ints
    since: Ints
    until: Ints
    reason: Ints


class Attackers:
    """Where each attacker is, since when, and how many chargebacks the stay has drawn."""

    def __init__(self, rng: np.random.Generator, n_terminals: int) -> None:
        n = max(1, round(ATTACKERS_PER_TERMINAL * n_terminals))
        self.n_terminals = n_terminals
        self.terminal: Ints = rng.choice(n_terminals, n, replace=False)
        self.since: Ints = -rng.integers(0, COMPROMISED_DAYS, n)
        self.chargebacks: Ints = np.zeros(n, dtype=np.int64)

    def is_compromised(self) -> Bools:
        """Return whether each terminal is held by an attacker."""
        held = np.zeros(self.n_terminals, dtype=bool)
        held[self.terminal] = True
        return held

    def move(self, rng: np.random.Generator, day: int, reported: Ints) -> Spells:
        """Move whoever has been found out or has stayed 28 days, and return the stays that ended.

        Args:
            rng: Generator of the day.
            day: Day that begins.
            reported: Chargebacks reported the day before, by terminal, shape (terminals,).
        """
        self.chargebacks = self.chargebacks + reported[self.terminal]
        is_found = self.chargebacks >= CHARGEBACKS_TO_MOVE
        leaves = np.flatnonzero(is_found | (day - self.since >= COMPROMISED_DAYS))
        ended = self._spells(leaves, day, np.where(is_found[leaves], MOVED, EXPIRED))
        free = np.flatnonzero(~self.is_compromised())
        self.terminal = self.terminal.copy()
        self.terminal[leaves] = rng.choice(free, len(leaves), replace=False)
        self.since[leaves] = day
        self.chargebacks[leaves] = 0
        return ended

    def end(self, day: int) -> Spells:
        """Return the stays that the end of the world cuts off."""
        everyone = np.arange(len(self.terminal))
        return self._spells(everyone, day, np.full(len(everyone), ENDED))

    def _spells(self, attacker: Ints, day: int, reason: Ints) -> Spells:
        until = np.full(len(attacker), day)
        return Spells(attacker, self.terminal[attacker], self.since[attacker], until, reason)


@dataclass(frozen=True)
class Frauds:
    """Which payments of a unit are fraud, and what becomes of them; arrays of shape (payments,)."""

    probability: Floats
    is_fraud: Bools
    cause: Ints
    factor: Floats
    """Multiplier of the amount."""
    is_charged_back: Bools
    delay: Ints
    """Microseconds from payment to chargeback, where there is one."""


def draw_frauds(rng: np.random.Generator, at_compromised: Bools, on_stolen: Bools) -> Frauds:
    """Draw the fraud of a unit of payments.

    Terminal, card and other fraud are independent; the probability is one minus the product of their
    complements, and the cause is the first of them that happened.
    """
    n = len(at_compromised)
    chances = np.stack([TERMINAL_FRAUD * at_compromised, CARD_FRAUD * on_stolen, np.full(n, OTHER_FRAUD)])
    happened = rng.random(chances.shape) < chances
    is_fraud = np.asarray(happened.any(axis=0))
    cause = np.where(is_fraud, 1 + happened.argmax(axis=0), 0)
    median, spread = STOLEN_AMOUNT
    factor = np.where(cause == CAUSES.index("card"), median * np.exp(spread * rng.standard_normal(n)), 1.0)
    marked = rng.random(n) < np.where(is_fraud, REPORTED_SHARE, FRIENDLY_SHARE)
    delay = np.zeros(n, dtype=np.int64)
    delay[marked] = draw_delays(rng, int(marked.sum()))
    return Frauds(1 - (1 - chances).prod(axis=0), is_fraud, cause, factor, marked, delay)


def draw_delays(rng: np.random.Generator, n: int) -> Ints:
    """Return delays of chargebacks in microseconds: Gamma(2, 9 days) given that it is below 90 days.

    Drawn by inversion: F^-1(u F(90 d)), so that nothing is cut off at a spike.
    """
    limit = gammainc(DELAY_SHAPE, DELAY_LIMIT_DAYS / DELAY_SCALE_DAYS)
    days = DELAY_SCALE_DAYS * gammaincinv(DELAY_SHAPE, rng.random(n) * limit)
    latest = round(DELAY_LIMIT_DAYS * DAY) - 1
    return np.asarray(np.clip(np.rint(days * DAY), 1, latest), dtype=np.int64)


def draw_thefts(rng: np.random.Generator, stolen_until: Ints, day: int) -> Ints:
    """Return the customers whose card is stolen on this day, among those whose card is not."""
    drawn = rng.random(len(stolen_until)) < THEFTS_PER_CUSTOMER_DAY
    return np.flatnonzero(drawn & (stolen_until <= day))
