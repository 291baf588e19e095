"""The closed description of the trips world."""

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)

DESCRIPTION = """\
City
- Zones lie uniformly on a square of 14 km; the four quarters are the boroughs.
- The way between two zones: 0.8 km + 1.3 times the straight line, rounded to 10 m; way_km, known when a ride is asked for.
- A pair's own factor f = z(from) z(to) e, with log z ~ N(0, 0.12^2) of a zone and log e ~ N(0, 0.08^2) of a pair.
- Share of a pair among trips in proportion to b(from) b(to) exp(-way / 4), b ~ Gamma(2).

Trips
- As many every day, at hours (from 0, UTC) in proportion to 9, 6, 4, 3, 3, 5, 10, 20, 30, 36, 40, 44, 50, 48, 44, 44, 46, 52, 58, 62, 60, 48, 30, 16, uniform within the hour.
- Speed v in km/h by hour of pick-up: 34, 36, 38, 38, 36, 32, 27, 21, 17, 18, 20, 21, 20, 20, 19, 18, 16, 15, 17, 20, 24, 27, 30, 32; times 1.15 on Saturdays and Sundays.
- A day is wet with probability 0.25, which nobody writes down: w = 1.2, else 1.
- Minutes: (2 + 60 way / v) f w exp(s N(0, 1)), s = 0.28 in the hours 7, 8, 9, 15, 16, 17, 18, else 0.18. So the true mean is the median times exp(s^2 / 2), and the quantile at p the median times exp(s z_p).
- dropped_off_at is rounded to seconds.

Record
- dropped_off_at is NULL where the trip ends after the end; truth/trips.parquet has all.
"""
