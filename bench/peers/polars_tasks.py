"""The tasks in Polars: `polars_tasks.py TASK DATA OUT.parquet`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import polars as pl

HOUR, DAY, WEEK = pl.duration(hours=1), pl.duration(days=1), pl.duration(days=7)
KEYS = ["user", "item"]


def first_by_impression(
    data: Path, longest: pl.Expr, firsts: dict[str, pl.Expr], *counts: pl.Expr
) -> pl.LazyFrame:
    """Return per impression with any action in its window: the first action of each kind, and counts."""
    shown = pl.scan_parquet(data / "impressions.parquet")
    after = pl.col("acted_at") - pl.col("shown_at")
    return (
        shown.join(pl.scan_parquet(data / "actions.parquet"), on=KEYS)
        .filter(after > pl.duration(), after <= longest)
        .group_by("impression")
        .agg(*(pl.col("acted_at").filter(which).min().alias(name) for name, which in firsts.items()), *counts)
    )


def happened(*names: str) -> list[pl.Expr]:
    """Return whether each label's event happened."""
    return [pl.col(f"{name}__event_at").is_not_null().alias(name) for name in names]


def one_label(data: Path) -> pl.LazyFrame:
    """L1: a click within an hour."""
    found = first_by_impression(data, HOUR, {"click__event_at": pl.col("action") == "click"})
    return join_back(data, found).with_columns(happened("click"))


def four_labels(data: Path) -> pl.LazyFrame:
    """L4: a click and a long dwell within an hour, actions in a day, a click in a week."""
    after = pl.col("acted_at") - pl.col("shown_at")
    click = pl.col("action") == "click"
    firsts = {
        "click__event_at": click & (after <= HOUR),
        "long_dwell__event_at": (pl.col("dwell") >= 30) & (after <= HOUR),
        "actions_1d__event_at": after <= DAY,
        "click_week__event_at": click,
    }
    n_day = (after <= DAY).sum().cast(pl.Int64).alias("actions_1d")
    found = first_by_impression(data, WEEK, firsts, n_day)
    labels = happened("click", "long_dwell", "click_week")
    return join_back(data, found).with_columns(*labels, pl.col("actions_1d").fill_null(0))


def join_back(data: Path, found: pl.LazyFrame) -> pl.LazyFrame:
    """Return all impressions, with what was found for them."""
    shown = pl.scan_parquet(data / "impressions.parquet").select("impression", "shown_at")
    return shown.join(found, on="impression", how="left")


def six_features(data: Path) -> pl.LazyFrame:
    """F6: clicks, seconds of dwell and actions by user over the last 7 and 30 days."""
    shown = pl.scan_parquet(data / "impressions.parquet").select("impression", "user", time="shown_at")
    acted = pl.scan_parquet(data / "actions.parquet").select(
        "user",
        "dwell",
        time="acted_at",
        click=(pl.col("action") == "click").cast(pl.Int64),
        act=pl.lit(1, pl.Int64),
    )
    events = pl.concat([shown, acted], how="diagonal").sort("user", "time")
    columns = {"click": "clicks", "dwell": "dwell_seconds", "act": "acts"}
    windows = [
        events.rolling("time", period=f"{days}d", group_by="user", closed="left")
        .agg(pl.col(column).sum().alias(f"{name}_{days}d") for column, name in columns.items())
        .drop("user", "time")
        for days in (7, 30)
    ]
    return (
        pl.concat([events.select("impression", "time"), *windows], how="horizontal")
        .filter(pl.col("impression").is_not_null())
        .rename({"time": "shown_at"})
    )


TASKS = {"L1": one_label, "L4": four_labels, "F6": six_features}

if __name__ == "__main__":
    task, data, out = sys.argv[1:4]
    TASKS[task](Path(data)).sink_parquet(out)
