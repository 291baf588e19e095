"""The log of the benchmark: impressions and the actions that follow them, in time order.

`N` impressions and `N / 2` actions over 60 days: `N / 40` users whose activity is lognormal, `N / 200`
items whose popularity is Zipf with exponent 0.8. The density per user and per item does not depend on `N`,
so time per row may be compared across sizes. Times are whole milliseconds, so that ties happen; dwell times
are multiples of 1/8 s, so that sums are exact in a double and engines can be compared bit by bit.

The skewed variant adds one robot: 100,000 impressions and 100,000 clicks of one user on one item.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tasks import ROBOT_EVENTS

DATA = Path(__file__).parent / ".data"
START_MS = int(np.datetime64("2026-01-01", "ms").astype(np.int64))
DAY_MS = 86_400_000
SPAN_MS = 60 * DAY_MS
CHUNK = 500_000
ROW_GROUP = 250_000
ROBOT_ITEM = 0

STAMP = pa.timestamp("us", tz="UTC")
IMPRESSIONS = pa.schema({"impression": pa.int64(), "user": pa.int64(), "item": pa.int64(), "shown_at": STAMP})
ACTIONS = pa.schema(
    {
        "user": pa.int64(),
        "item": pa.int64(),
        "action": pa.string(),
        "dwell": pa.float64(),
        "acted_at": STAMP,
    }
)
KINDS = np.array(["click", "finish", "like", "share", "comment"])
KIND_SHARE = (0.5, 0.3, 0.1, 0.05, 0.05)
# How long after an impression its action comes: at once, later that day, later that week.
DELAY_MS = np.array([5 * 60_000, 8 * 3_600_000, 3 * DAY_MS])
DELAY_SHARE = (0.6, 0.25, 0.15)

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Crowd:
    """Cumulative chances from which users and items are drawn."""

    users: np.ndarray
    items: np.ndarray

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Return `n` users and `n` items."""
        return (
            np.searchsorted(self.users, rng.random(n)),
            np.searchsorted(self.items, rng.random(n)),
        )


def make_crowd(n_impressions: int, rng: np.random.Generator) -> Crowd:
    """Return users of lognormal activity and items of Zipf popularity."""
    activity = rng.lognormal(0.0, 1.2, max(n_impressions // 40, 1))
    popularity = np.arange(1, max(n_impressions // 200, 2) + 1) ** -0.8
    return Crowd(*(np.cumsum(weights) / weights.sum() for weights in (activity, popularity)))


def draw_impressions(crowd: Crowd, rng: np.random.Generator, n: int, span: tuple[int, int]) -> Columns:
    """Return `n` impressions in time order within `span` (ms)."""
    user, item = crowd.draw(rng, n)
    return {"user": user, "item": item, "time": np.sort(rng.integers(*span, n))}


def draw_actions(rng: np.random.Generator, shown: Columns, n: int) -> Columns:
    """Return `n` actions, each a random delay after one of the impressions `shown`."""
    of = np.sort(rng.choice(len(shown["time"]), n, replace=False))
    time = shown["time"][of]
    delay = rng.exponential(DELAY_MS[rng.choice(3, n, p=DELAY_SHARE)])
    left = START_MS + SPAN_MS - 1 - time
    late = delay >= left
    delay[late] = rng.random(late.sum()) * left[late]
    return {
        "user": shown["user"][of],
        "item": shown["item"][of],
        "action": KINDS[rng.choice(len(KINDS), n, p=KIND_SHARE)],
        "dwell": np.round(rng.lognormal(np.log(15), 1.0, n) * 8) / 8,
        "time": time + delay.astype(np.int64),
    }


def draw_robot(rng: np.random.Generator, user: int) -> tuple[Columns, Columns]:
    """Return the impressions and the clicks of a robot that asks for one item all the time."""
    n = ROBOT_EVENTS
    one = {"user": np.full(n, user), "item": np.full(n, ROBOT_ITEM)}
    first, second = (np.sort(rng.integers(START_MS, START_MS + SPAN_MS, n)) for _ in range(2))
    clicks = {"action": np.full(n, "click"), "dwell": np.full(n, 1.0), "time": second}
    return one | {"time": first}, one | clicks


def chunks(n_impressions: int, rng: np.random.Generator) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield the size and the time span of each chunk of the log."""
    n_chunks = max(n_impressions // CHUNK, 1)
    edges = START_MS + np.linspace(0, SPAN_MS, n_chunks + 1).astype(np.int64)
    sizes = np.diff(np.linspace(0, n_impressions, n_chunks + 1).astype(np.int64))
    for size, low, high in zip(sizes, edges[:-1], edges[1:], strict=True):
        yield int(size), (int(low), int(high))


def concatenate(parts: list[Columns]) -> Columns:
    """Return the rows of all parts in time order."""
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["time"], kind="stable")
    return {name: values[order] for name, values in joined.items()}


def split_at(rows: Columns, time: int) -> tuple[Columns, Columns]:
    """Return the rows before `time` and the rows from `time` on; rows are in time order."""
    at = int(np.searchsorted(rows["time"], time))
    return (
        {name: values[:at] for name, values in rows.items()},
        {name: values[at:] for name, values in rows.items()},
    )


def table(rows: Columns, schema: pa.Schema, time: str) -> pa.Table:
    """Return the rows as an Arrow table, times as microseconds UTC."""
    named = {name: values for name, values in rows.items() if name != "time"}
    named[time] = rows["time"] * 1000
    return pa.table({name: pa.array(named[name]).cast(schema.field(name).type) for name in schema.names})


def write_log(n_impressions: int, folder: Path, *, robot: bool, seed: int) -> None:
    """Write `impressions.parquet` and `actions.parquet` to `folder`."""
    rng = np.random.default_rng(seed)
    crowd = make_crowd(n_impressions, rng)
    extra = draw_robot(rng, len(crowd.users)) if robot else None
    shown_left, acted_left = extra if extra else (None, None)
    n_written = 0
    with (
        pq.ParquetWriter(folder / "impressions.parquet", IMPRESSIONS) as impressions,
        pq.ParquetWriter(folder / "actions.parquet", ACTIONS) as actions,
    ):
        for size, span in chunks(n_impressions, rng):
            shown = draw_impressions(crowd, rng, size, span)
            acted = draw_actions(rng, shown, size // 2)
            if shown_left is not None:
                robot_now, shown_left = split_at(shown_left, span[1])
                shown = concatenate([shown, robot_now])
            if acted_left is not None:
                acted = concatenate([acted, acted_left])
            acted_now, acted_left = split_at(concatenate([acted]), span[1])
            shown["impression"] = np.arange(n_written, n_written + len(shown["time"]))
            n_written += len(shown["time"])
            impressions.write_table(table(shown, IMPRESSIONS, "shown_at"), row_group_size=ROW_GROUP)
            actions.write_table(table(acted_now, ACTIONS, "acted_at"), row_group_size=ROW_GROUP)


def make_log(millions: float, *, robot: bool = False, seed: int = 7) -> Path:
    """Return the folder of a log of that many million impressions, written now if it is not there.

    Args:
        millions: Impressions, in millions, > 0; there are half as many actions.
        robot: Add one user with 100,000 impressions of and clicks on one item.
        seed: Seed of every random draw.
    """
    folder = DATA / f"{millions:g}M{'-skew' if robot else ''}"
    if folder.exists():
        return folder
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    write_log(round(millions * 1_000_000), unfinished, robot=robot, seed=seed)
    unfinished.rename(folder)
    return folder


def main() -> None:
    """Write one log and print its folder."""
    parser = argparse.ArgumentParser(description="Write the log of the benchmark.")
    parser.add_argument("millions", type=float)
    parser.add_argument("--robot", action="store_true")
    arguments = parser.parse_args()
    print(make_log(arguments.millions, robot=arguments.robot))


if __name__ == "__main__":
    main()
