"""The closed description of the payments world, written from the constants that the simulation uses."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

from __future__ import annotations

from truenorth.worlds import payments_fraud as fraud
from truenorth.worlds import payments_population as population
from truenorth.worlds.stream import DAILY_RHYTHM

DESCRIPTION = f"""\
Population
- Customers and terminals lie uniformly on a square of side {population.MAP_SIZE:g}.
- A customer makes Poisson(g w) payments a day, g ~ Gamma({population.RATE_SHAPE:g}, {population.RATE_SCALE:g}) of the customer, \
w of the day of the week, Monday first: {", ".join(f"{w:g}" for w in population.WEEKLY_RHYTHM)}; at hours of the day (from 0, UTC) in proportion to {", ".join(f"{h:g}" for h in DAILY_RHYTHM)}, uniform within the hour.
- Terminal: with probability {population.ANYWHERE:g} any, uniformly; else the k-th nearest of the {population.NEAR} nearest, with weight 1 / k.
- Amount: m exp({population.AMOUNT_SPREAD:g} N(0, 1)), m uniform in {population.MEDIAN_AMOUNT[0]:g} to {population.MEDIAN_AMOUNT[1]:g} of the customer; \
times the factor of fraud; rounded to cents, at least {population.LEAST_AMOUNT:g}.

Fraud
- There are max(1, round({fraud.ATTACKERS_PER_TERMINAL:g} terminals)) attackers, each at one terminal, first uniform with a start uniform in the {fraud.COMPROMISED_DAYS} days before day 1.
- At the start of a day an attacker moves to a uniform terminal that no attacker holds, if the stay has lasted {fraud.COMPROMISED_DAYS} days \
or {fraud.CHARGEBACKS_TO_MOVE} chargebacks were reported at the terminal since the stay began.
- At the start of a day each card that is not stolen is stolen with probability {fraud.THEFTS_PER_CUSTOMER_DAY:g}, for {fraud.STOLEN_DAYS} days.
- A payment is fraud by three independent chances: {fraud.TERMINAL_FRAUD:g} at a terminal that an attacker holds, \
{fraud.CARD_FRAUD:g} on a stolen card, {fraud.OTHER_FRAUD:g} anywhere. fraud_probability = 1 - (1 - p1)(1 - p2)(1 - p3); \
the cause is the first that happened.
- Amounts of card fraud are multiplied by {fraud.STOLEN_AMOUNT[0]:g} exp({fraud.STOLEN_AMOUNT[1]:g} N(0, 1)).

Marks
- A fraud is charged back with probability {fraud.REPORTED_SHARE:g}, a good payment with probability {fraud.FRIENDLY_SHARE:g}.
- The chargeback follows the payment after Gamma({fraud.DELAY_SHAPE:g}, {fraud.DELAY_SCALE_DAYS:g} days), given that this is below {fraud.DELAY_LIMIT_DAYS:g} days.

Record
- The log holds chargebacks reported before the end; later ones are in truth/unreceived_chargebacks.parquet.
"""
