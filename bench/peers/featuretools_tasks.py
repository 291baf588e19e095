"""F6 in Featuretools, on up to 2,000 impressions: `featuretools_tasks.py DATA OUT.parquet [ROWS]`.

The log is cut to the users of these impressions, at most 5,000 of them, because each distinct cutoff scans
it again. One run of deep feature synthesis per window, with `include_cutoff_time=False`, which makes the
window `[t - W, t)`.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import featuretools as ft
import pandas as pd

N_USERS = 5000


def read_log(data: Path, n_rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the first actions table and `n_rows` impressions spread over the log."""
    actions = pd.read_parquet(data / "actions.parquet").query("user < @N_USERS")
    shown = (
        pd.read_parquet(data / "impressions.parquet").query("user < @N_USERS").sample(n_rows, random_state=7)
    )
    actions = actions.assign(
        acted_at=actions["acted_at"].dt.tz_localize(None),
        click=(actions["action"] == "click").astype("int64"),
        key=range(len(actions)),
    )
    return actions, shown.assign(time=shown["shown_at"].dt.tz_localize(None))


def entity_set(actions: pd.DataFrame, users: pd.Series) -> ft.EntitySet:
    """Return users and their actions as an entity set."""
    entities = ft.EntitySet()
    entities.add_dataframe(dataframe_name="users", dataframe=pd.DataFrame({"user": users}), index="user")
    entities.add_dataframe(
        dataframe_name="actions",
        dataframe=actions[["key", "user", "acted_at", "click", "dwell"]],
        index="key",
        time_index="acted_at",
        logical_types={"click": "Integer", "dwell": "Double"},
    )
    return entities.add_relationship("users", "user", "actions", "user")


def trailing_features(entities: ft.EntitySet, shown: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return the three features over one window, one row per impression."""
    cutoffs = shown[["user", "time", "impression"]].sort_values("impression")
    matrix, _ = ft.dfs(
        entityset=entities,
        target_dataframe_name="users",
        cutoff_time=cutoffs,
        training_window=f"{days} days",
        include_cutoff_time=False,
        agg_primitives=["count", "sum"],
        trans_primitives=[],
        max_depth=1,
    )
    names = {"SUM(actions.click)": "clicks", "SUM(actions.dwell)": "dwell_seconds", "COUNT(actions)": "acts"}
    kept = matrix[["impression", *names]].rename(
        columns={old: f"{new}_{days}d" for old, new in names.items()}
    )
    return kept.set_index("impression")


def main() -> None:
    """Make the features and print how many rows, and how long the synthesis alone took."""
    warnings.simplefilter("ignore")
    data, out = Path(sys.argv[1]), sys.argv[2]
    actions, shown = read_log(data, int(sys.argv[3]) if len(sys.argv) > 3 else 1000)
    start = time.perf_counter()
    entities = entity_set(actions, pd.Series(sorted(set(actions["user"]) | set(shown["user"]))))
    windows = [trailing_features(entities, shown, days) for days in (7, 30)]
    seconds = time.perf_counter() - start
    features = pd.concat(windows, axis=1).astype("float64")
    features = shown.set_index("impression")[["shown_at"]].join(features).reset_index()
    features.to_parquet(out, index=False)
    print(json.dumps({"rows": len(features), "inner_seconds": seconds}))


if __name__ == "__main__":
    main()
