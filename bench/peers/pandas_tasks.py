"""The tasks in pandas: `pandas_tasks.py TASK DATA OUT.parquet`."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

HOUR, DAY, WEEK = pd.Timedelta("1h"), pd.Timedelta("1D"), pd.Timedelta("7D")


def pairs_within(shown: pd.DataFrame, acted: pd.DataFrame, longest: pd.Timedelta) -> pd.DataFrame:
    """Return every (impression, action) of one user and item with the action in the window."""
    pairs = shown.merge(acted, on=["user", "item"])
    after = pairs["acted_at"] - pairs["shown_at"]
    return pairs.assign(after=after)[(after > pd.Timedelta(0)) & (after <= longest)]


def add_first(shown: pd.DataFrame, pairs: pd.DataFrame, name: str) -> None:
    """Add whether an event happened, and when it did first."""
    event_at = pairs.groupby("impression")["acted_at"].min()
    shown[f"{name}__event_at"] = shown["impression"].map(event_at)
    shown[name] = shown[f"{name}__event_at"].notna()


def one_label(data: Path) -> pd.DataFrame:
    """L1: a click within an hour."""
    shown, acted = read_log(data)
    add_first(shown, pairs_within(shown, acted[acted["action"] == "click"], HOUR), "click")
    return shown


def four_labels(data: Path) -> pd.DataFrame:
    """L4: a click and a long dwell within an hour, actions in a day, a click in a week."""
    shown, acted = read_log(data)
    pairs = pairs_within(shown, acted, WEEK)
    is_click, in_hour, in_day = pairs["action"] == "click", pairs["after"] <= HOUR, pairs["after"] <= DAY
    add_first(shown, pairs[is_click & in_hour], "click")
    add_first(shown, pairs[(pairs["dwell"] >= 30) & in_hour], "long_dwell")
    add_first(shown, pairs[in_day], "actions_1d")
    n_day = pairs[in_day].groupby("impression").size()
    shown["actions_1d"] = shown["impression"].map(n_day).fillna(0).astype("int64")
    add_first(shown, pairs[is_click], "click_week")
    return shown


def six_features(data: Path) -> pd.DataFrame:
    """F6: clicks, seconds of dwell and actions by user over the last 7 and 30 days."""
    shown, acted = read_log(data)
    acted = acted.assign(time=acted["acted_at"], clicks=(acted["action"] == "click") * 1.0, acts=1.0)
    acted = acted[["user", "time", "clicks", "dwell", "acts"]].rename(columns={"dwell": "dwell_seconds"})
    events = pd.concat([shown.assign(time=shown["shown_at"])[["impression", "user", "time"]], acted])
    events = events.fillna({"clicks": 0.0, "dwell_seconds": 0.0, "acts": 0.0})
    events = events.sort_values(["user", "time"], ignore_index=True)
    by_user = events.groupby("user", sort=True)[["time", "clicks", "dwell_seconds", "acts"]]
    for days in (7, 30):
        sums = by_user.rolling(f"{days}D", on="time", closed="left").sum()
        for name in ("clicks", "dwell_seconds", "acts"):
            events[f"{name}_{days}d"] = sums[name].to_numpy()
    kept = events[events["impression"].notna()].rename(columns={"time": "shown_at"})
    return kept.drop(columns=["user", "clicks", "dwell_seconds", "acts"])


def read_log(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return impressions and actions."""
    return pd.read_parquet(data / "impressions.parquet"), pd.read_parquet(data / "actions.parquet")


TASKS = {"L1": one_label, "L4": four_labels, "F6": six_features}

if __name__ == "__main__":
    task, data, out = sys.argv[1:4]
    TASKS[task](Path(data)).to_parquet(out, index=False)
