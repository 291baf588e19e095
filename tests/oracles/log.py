"""Small random logs: coarse times so that ties and boundaries are frequent, NULLs everywhere, late events.

A log is a list of dicts; times are int microseconds UTC. `arrow` turns logs into the frames of a build,
`read` into events with an event time `tau` and a known time `kappa`.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests.oracles.expressions import DAY, HOUR, MONDAY, Row, moment, sql, us

TIME = pa.timestamp("us", tz="UTC")
SCHEMAS: dict[str, dict[str, pa.DataType]] = {
    "impressions": {
        "imp": pa.string(), "user": pa.string(), "item": pa.string(), "request": pa.string(),
        "shown_at": TIME,
        "price": pa.float64(), "device": pa.string(), "tags": pa.list_(pa.string()), "position": pa.int64(),
        "outcome": pa.int64(), "rating": pa.float64(), "rated_at": TIME, "topic": pa.string(),
        "sport": pa.bool_(),
        "music": pa.bool_(), "marks": pa.list_(pa.string()),
    },
    "events": {
        "event": pa.string(), "user": pa.string(), "item": pa.string(), "kind": pa.string(),
        "value": pa.float64(),
        "mood": pa.string(), "happened_at": TIME, "received_at": TIME,
    },
    "others": {
        "other": pa.string(), "user": pa.string(), "item": pa.string(), "kind": pa.string(),
        "amount": pa.float64(), "logged_at": TIME,
    },
    "profiles": {"user": pa.string(), "tier": pa.string(), "score": pa.float64(), "updated_at": TIME},
    "items": {"item": pa.string(), "brand": pa.string()},
}  # fmt: skip
TIME_COLUMN = {
    "impressions": "shown_at",
    "events": "happened_at",
    "others": "logged_at",
    "profiles": "updated_at",
}
KEY_COLUMN = {"impressions": "imp", "events": "event", "others": "other"}

_HOURS = (0, 1, 2, 3, 4, 12, 24, 25, 26, 48, 49, 72, 73, 74, 97, 121, 144, 167, 168, 169)


def times(hours: tuple[int, ...] = _HOURS) -> st.SearchStrategy[int]:
    """Times on the grid, now and then one microsecond beside it."""
    nudges = st.sampled_from((0, 0, 0, 0, 0, 1, -1))
    return st.builds(lambda hour, nudge: MONDAY + hour * HOUR + nudge, st.sampled_from(hours), nudges)


some_users = st.sampled_from(("u1", "u1", "u1", "u2", None))
_items = st.sampled_from(("a", "a", "a", "b", None))
_kinds = st.sampled_from(("like", "like", "hide", "buy", None))
_numbers = st.sampled_from((None, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0))
_lists = st.sampled_from((None, [], ["x"], ["x", "y"], ["z"]))
_delays = st.sampled_from((None, 0, 0, -HOUR, HOUR, 25 * HOUR, 3 * DAY))


@st.composite
def impressions(draw: st.DrawFn, *, users: st.SearchStrategy[Any] = some_users) -> list[Row]:
    """The examples log: requests with one to four impressions, all at the request's time."""
    rows: list[Row] = []
    for request in range(draw(st.integers(1, 5))):
        time = MONDAY + HOUR if request == 0 else draw(times())
        for _ in range(draw(st.integers(1, 3))):
            rated = draw(_delays)
            rows.append({
                "imp": f"i{len(rows)}", "user": draw(users), "item": draw(_items), "request": f"r{request}",
                "shown_at": time, "price": draw(_numbers), "device": draw(st.sampled_from(("ios", "web",
                None))),
                "tags": draw(_lists), "position": draw(st.sampled_from((None, 1, 2, 3))),
                "outcome": draw(st.sampled_from((None, 0, 1, 1))), "rating": draw(_numbers),
                "rated_at": None if rated is None else time + rated,
                "topic": draw(st.sampled_from(("news", "art", "none", None))),
                "sport": draw(st.sampled_from((True, False, None))),
                "music": draw(st.sampled_from((True, False))), "marks": draw(_lists),
            })  # fmt: skip
    return rows


@st.composite
def _event(draw: st.DrawFn) -> Row:
    time, late = draw(times()), draw(_delays)
    return {
        "event": None, "user": draw(some_users), "item": draw(_items), "kind": draw(_kinds),
        "value": draw(_numbers),
        "mood": draw(st.sampled_from(("good", "bad", None))), "happened_at": time,
        "received_at": None if late is None else time + late,
    }  # fmt: skip


def _keyed(rows: list[Row], column: str) -> list[Row]:
    return [{**row, column: f"{column[0]}{index:03d}"} for index, row in enumerate(rows)]


def events(*, keyed: bool, least: int = 0) -> st.SearchStrategy[list[Row]]:
    """The events log; without a key, equal rows may stand in it."""
    rows = st.lists(_event(), min_size=least, max_size=14)
    if keyed:
        return rows.map(lambda drawn: _keyed(drawn, "event"))
    return rows.map(lambda drawn: [{name: row[name] for name in row if name != "event"} for row in drawn])


def others(*, least: int = 0) -> st.SearchStrategy[list[Row]]:
    """A second log of events, for `until`, `unless` and `given`."""
    row = st.fixed_dictionaries(
        {
            "other": st.none(),
            "user": some_users,
            "item": _items,
            "kind": _kinds,
            "amount": _numbers,
            "logged_at": times(),
        }
    )
    return st.lists(row, min_size=least, max_size=8).map(lambda drawn: _keyed(drawn, "other"))


def profiles(*, least: int = 0) -> st.SearchStrategy[list[Row]]:
    """Dated attributes of users."""
    row = st.fixed_dictionaries(
        {
            "user": some_users,
            "tier": st.sampled_from(("gold", "tin", None)),
            "score": _numbers,
            "updated_at": times(),
        }
    )
    return st.lists(row, min_size=least, max_size=6)


def items() -> st.SearchStrategy[list[Row]]:
    """Undated attributes, one row per item."""
    brands = st.sampled_from(("north", "south", None))
    return brands.flatmap(lambda brand: st.sampled_from(
        ([], [{"item": "a", "brand": brand}], [{"item": "a", "brand": brand}, {"item": "b", "brand": "east"}])
    ))  # fmt: skip


def arrow(source: str, rows: list[Row], *, int_times: bool = False) -> pa.Table:
    """The Arrow table of a log; `int_times` writes times as int64 microseconds."""
    schema = SCHEMAS[source]
    if source in KEY_COLUMN and rows and KEY_COLUMN[source] not in rows[0]:
        schema = {name: kind for name, kind in schema.items() if name != KEY_COLUMN[source]}
    kinds = {name: pa.int64() if int_times and kind == TIME else kind for name, kind in schema.items()}
    columns = {name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()}
    return pa.table(columns)


# ---- reading ----


@dataclass
class Log:
    """A source as it is read: rows with `time` (tau) and `kappa`, its promised bounds, its covers."""

    name: str
    rows: list[Row]
    dated: bool
    bound: int
    column_at: dict[str, str]
    column_bound: dict[str, int]
    start: int | None
    end: int | None
    keys: tuple[str, ...]

    def bound_of(self, *texts: str | None) -> int:
        """The promised bound of what some expressions read: the row's, or a column's own where later."""
        reads = [column for text in texts if text for column in sql(text).reads]
        return max([self.bound, *(self.column_bound.get(column, 0) for column in reads)])

    def kappa(self, row: Row, *texts: str | None) -> int | None:
        """Known time of what some expressions read on a row; None is never."""
        known = [row["kappa"]]
        for column in [column for text in texts if text for column in sql(text).reads]:
            if column in self.column_at:
                late = row[self.column_at[column]]
                known.append(None if late is None else max(row["time"], late))
            elif column in self.column_bound:
                known.append(row["time"] + self.column_bound[column])
        return None if None in known else max(known)


def read(name: str, declared: dict[str, Any], rows: list[Row]) -> Log:
    """Read a log as its source declares: duplicates, times, known times, covers."""
    if declared.get("duplicates") == "drop":
        rows = [row for index, row in enumerate(rows) if row not in rows[:index]]
    rows = [{**row, "row": index} for index, row in enumerate(rows)]
    time = declared["time"]
    if time == "none":
        return Log(name, rows, False, 0, {}, {}, None, None, ())
    time = {"column": time} if isinstance(time, str) else time
    resolution = us(time["resolution"]) if "resolution" in time else 0
    known_at, known_after = declared.get("known_at"), declared.get("known_after", "0s")
    bound = us(known_after) if isinstance(known_after, str) and not isinstance(known_at, dict) else 0
    for row in rows:
        row["time"] = row[time["column"]] + (resolution - 1 if resolution else 0)
        if isinstance(known_at, str):
            late = row[known_at]
            row["kappa"] = None if late is None else max(row["time"], late)
        else:
            row["kappa"] = row["time"] + bound
    column_at = known_at if isinstance(known_at, dict) else {}
    column_bound = {column: us(known_after) if isinstance(known_after, str) else 0 for column in column_at}
    if isinstance(known_after, dict):
        column_bound |= {column: us(delay) for column, delay in known_after.items()}
    start = min((row["time"] - max(resolution - 1, 0) for row in rows), default=None)
    end = max((row["time"] + 1 for row in rows), default=None)
    if "covers" in declared:
        start, end = (moment(text) for text in declared["covers"].split(".."))
    keys = declared.get("key", ())
    keys = (keys,) if isinstance(keys, str) else tuple(keys)
    return Log(name, rows, True, bound, column_at, column_bound, start, end, keys)
