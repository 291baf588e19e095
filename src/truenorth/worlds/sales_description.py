"""The closed description of the sales world."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

DESCRIPTION = """\
Series
- Level 25 exp(N(0, 1)) units per hour; the logarithm grows by N(0, 0.02^2) per week, the same every week.
- Hours of the day in proportion to 2, 1, 1, 1, 1, 3, 10, 24, 40, 46, 50, 58, 70, 62, 52, 50, 58, 74, 80, 66, 44, 26, 12, 5 (from 0, UTC) and days of the week to 0.9, 0.9, 0.95, 1, 1.15, 1.3, 0.8 (Monday first), \
each times exp(0.25 N(0, 1)) of the series, with mean one.
- The logarithm of the level drifts from day to day: x' = 0.8 x + 0.08 sqrt(1 - 0.8^2) N(0, 1), from 0 before the first day.

Promotions
- In each week a series is promoted with probability 0.15, by 10, 20 or 30 %, alike; it then sells 1.3, 1.6 or 2.2 times as much.
- The plan of a week is announced on the Sunday before at 12:00 UTC, that of the first week one microsecond after the start.

Units
- Negative binomial with the mean m = level x hour x weekday x drift x promotion and the variance m + m^2 / 12, each hour by itself.
- The quantile at p is the least number that is reached with probability p.

Record
- One row per series and hour, where nothing was sold too; an hour is named by its start and known at its end.
"""
