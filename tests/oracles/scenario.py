"""Random framings over random logs, and the examples table that the oracles expect of them."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests.oracles import expressions as table
from tests.oracles import log as logs_
from tests.oracles.expressions import ANY, DAY, HOUR, MONDAY, Row, Sql, iso, moment, names_in, sql, us
from tests.oracles.features import Features
from tests.oracles.labels import AGGREGATES, Cell, Labels, families
from tests.oracles.splits import assigned, parts

BEFORE = MONDAY - 60 * DAY
_WITHIN = ("1h", "3h", "1d", "3d")
_GAPS = ("1h", "1d")


@dataclass(frozen=True)
class Scenario:
    """A framing, the logs it reads and the time at which labels are read."""

    framing: dict[str, Any]
    logs: dict[str, list[Row]]
    as_of: int | None

    @property
    def as_of_text(self) -> str | None:
        return None if self.as_of is None else iso(self.as_of)

    def frames(self) -> dict[str, pa.Table]:
        """The logs as Arrow tables."""
        return {name: self.frame(name) for name in self.logs}

    def frame(self, name: str) -> pa.Table:
        time = self.framing["sources"][name]["time"]
        return logs_.arrow(
            name, self.logs[name], int_times=isinstance(time, dict) and time.get("unit") == "us"
        )

    def __repr__(self) -> str:
        tables = "\n".join(f"  {name}: {rows}" for name, rows in self.logs.items())
        return f"Scenario(framing={self.framing!r},\n as_of={self.as_of_text},\n{tables})"


# ---- what the oracles expect ----


@dataclass(frozen=True)
class Expected:
    """The examples table of a scenario: rows by key, and what the filters removed."""

    rows: dict[Any, Row]
    key: tuple[str, ...]
    """Columns of the table that identify a row."""
    n_after_as_of: int
    n_warm_up: int
    labels: tuple[str, ...]
    features: tuple[str, ...]


def tasks(framing: dict[str, Any], labels: Labels) -> list[str]:
    """Labels that the score names."""
    return [name for name in names_in(framing["objective"]["score"]) if name in labels.specs]


def expected(scenario: Scenario) -> Expected:
    """Every row and cell that the specification asks of the scenario."""
    framing, examples = scenario.framing, scenario.framing["examples"]
    logs = {name: logs_.read(name, framing["sources"][name], rows) for name, rows in scenario.logs.items()}
    entity = examples["entity"] if isinstance(examples["entity"], list) else [examples["entity"]]
    own = logs[examples["source"]] if "source" in examples else None
    labels = Labels(families(framing["labels"], ("within", "gap")), logs, tuple(entity), own)
    features = Features(families(framing.get("features", {}), ("last", "gap")), logs, tuple(entity), own)
    as_of = scenario.as_of
    if as_of is None:
        as_of = max(log.end for log in logs.values() if log.end is not None)

    rows = _rows_of(examples, own, entity) if own else _calendar(examples, logs, entity, as_of)
    before = [row for row in rows if row["at"] < as_of]
    warm = [row for row in before if not _is_warming_up(row, features)]
    placed = _placed(framing, labels, warm, as_of)
    trained = set(tasks(framing, labels))

    table_rows: dict[Any, Row] = {}
    key = ("example_id",) if own else ("at", *entity, *(("step",) if "ahead" in examples else ()))
    for row, part, read in placed:
        cells: Row = {"at": row["at"], "unit": row[entity[0]], "split": part}
        cells |= {column: row[column] for column in entity}
        for name in labels.specs:
            cell = labels.outcome(name, row, read if name in trained else as_of)
            if name not in trained and read != as_of and labels.hangs_on(name) & trained:
                # Open: whether a measured label reads a task as of its own time or as of the task's part.
                cell = Cell(ANY, ANY)
            cells |= {
                name: cell.value, f"{name}__state": cell.state, f"{name}__mature_at": cell.mature_at,
                f"{name}__event_at": cell.event_at, f"{name}__event_known_at": cell.event_known_at,
            }  # fmt: skip
        cells |= {name: features.value(name, row, warm) for name in features.specs}
        if "group" in examples:
            cells["group"] = row["group"]
        if "shown" in examples:
            cells["shown"] = row["shown"]
        table_rows[tuple({**row, "example_id": row.get("imp")}[column] for column in key)] = cells
    return Expected(
        table_rows,
        key,
        len(rows) - len(before),
        len(before) - len(warm),
        tuple(labels.specs),
        tuple(features.specs),
    )


def _rows_of(examples: Row, own: logs_.Log, entity: list[str]) -> list[Row]:
    rows = []
    for row in own.rows:
        if "where" in examples and sql(examples["where"]).on(row) is not True:
            continue
        shown = sql(examples["shown"]).on(row) if "shown" in examples else True
        group = row[examples["group"]] if "group" in examples else None
        rows.append({**row, "at": row["time"], "shown": shown, "group": group})
    return rows


def _calendar(examples: Row, logs: dict[str, logs_.Log], entity: list[str], as_of: int) -> list[Row]:
    active, rows = examples["active"], []
    log, time = logs[active["source"]], moment(examples["from"])
    while time < as_of:
        keys = {
            tuple(event[column] for column in entity)
            for event in log.rows
            if ("last" not in active or time - us(active["last"]) <= event["time"])
            and event["time"] < time
            and (known := log.kappa(event, active.get("where"))) is not None
            and known < time
            and ("where" not in active or sql(active["where"]).on(event) is True)
        }
        for key in sorted(key for key in keys if None not in key):
            row = {
                **dict(zip(entity, key, strict=True)),
                "at": time,
                "shown": True,
                "group": None,
                "row": None,
            }
            if "ahead" in examples:
                steps, length = examples["ahead"].split(" x ")
                rows += [
                    {**row, "step": step, "target": time + (step - 1) * us(length)}
                    for step in range(1, int(steps) + 1)
                ]
            else:
                rows.append(row)
        time += us(examples["every"])
    return rows


def _is_warming_up(row: Row, features: Features) -> bool:
    """Whether a look-back starts before its source's covers."""
    for spec in features.specs.values():
        if "source" in spec and "last" in spec:
            start = features.logs[spec["source"]].start
            anchor = row["target"] if spec.get("anchor") == "target" else row["at"]
            if start is not None and anchor - us(spec.get("gap", "0s")) - us(spec["last"]) < start:
                return True
    return False


def _placed(framing: Row, labels: Labels, rows: list[Row], as_of: int) -> list[tuple[Row, str | None, int]]:
    """Rows with their part and the time at which the labels of trained tasks are read."""
    if "split" not in framing:
        return [(row, None, as_of) for row in rows]
    reach = _reach(framing["examples"])
    waiting = [
        name for name in tasks(framing, labels) if labels.specs[name].get("maturity", "wait") == "wait"
    ]
    horizon = max((labels.horizon(name, reach) for name in waiting), default=0)
    stretches = parts(framing["split"], as_of, horizon)
    together = "group" if "group" in framing["examples"] else None
    return [
        (row, part.name if part else None, part.as_of if part else as_of)
        for row, part in assigned(rows, stretches, together)
    ]


# ---- random framings ----


@dataclass
class _Draw:
    """What is drawn so far, and what the rest must respect."""

    draw: st.DrawFn
    sources: dict[str, Row]
    examples: Row
    split: bool
    labels: dict[str, Row]
    binary: list[str]
    """Labels that may stand in `given`."""
    numbers: list[str]
    """Labels that may stand in `combine` and in the score."""
    anchors: list[str]
    """Labels that may be an anchor."""
    combined: list[str]
    """Labels that only the score may read."""

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def chance(self, one_in: int) -> bool:
        return self.draw(st.integers(0, one_in - 1)) == one_in - 1

    @property
    def on_rows(self) -> bool:
        return "source" in self.examples

    @property
    def entity(self) -> tuple[str, ...]:
        entity = self.examples["entity"]
        return (entity,) if isinstance(entity, str) else tuple(entity)

    def by(self) -> dict[str, Any]:
        """A `by`, or nothing for the entity; keys are columns of the example's row."""
        if self.chance(2):
            return {}
        keys = _keys(self)
        return {"by": self.pick(*keys, *([keys] if len(keys) > 1 else []))}

    def where(self, source: str, *, one_in: int = 2) -> dict[str, str]:
        return {"where": self.pick(*_PREDICATES[source]).text} if not self.chance(one_in) else {}


def _keys(d: _Draw) -> list[str]:
    """Key columns that stand on the example's row."""
    return [key for key in ("user", "item") if d.on_rows or key in d.entity]


_PREDICATES: dict[str, tuple[Sql, ...]] = {
    "events": table.EVENT_PREDICATES,
    "others": table.OTHER_PREDICATES,
    "impressions": table.ROW_PREDICATES + table.ROW_OUTCOMES,
}
_NUMBERS: dict[str, tuple[Sql, ...]] = {
    "events": table.EVENT_NUMBERS,
    "others": table.OTHER_NUMBERS,
    "impressions": table.ROW_NUMBERS + table.ROW_OUTCOME_NUMBERS,
    "profiles": table.PROFILE_NUMBERS,
}
_TEXTS: dict[str, tuple[Sql, ...]] = {
    "events": table.EVENT_TEXTS,
    "others": table.OTHER_TEXTS,
    "impressions": table.ROW_TEXTS,
    "profiles": table.PROFILE_TEXTS,
}


def _event_label(d: _Draw, *, plain: bool = False) -> tuple[Row, str]:
    """A label over events and what it may be used for; `plain` is one label whose value is never NULL."""
    if not plain and "item" in _keys(d) and d.chance(15):
        # Undated: observed at once, without a window.
        return {"source": "items", "by": "item", **d.pick({}, {"distinct": "brand"})}, "undated"
    source = d.pick("events", "events", "others", "impressions")
    forms = ("exists", "count", "sum", "absent") if plain else ("exists", "exists", "days", *AGGREGATES)
    aggregate = d.pick(*forms)
    spec: Row = {"source": source, **d.by(), **d.where(source)}
    kind = "number"
    if aggregate in ("exists", "absent"):
        kind = "binary"
    elif aggregate in ("mean", "min", "max", "std", "first", "latest", "days"):
        kind = "null"
    if aggregate in ("count", "absent"):
        spec[aggregate] = True
    elif aggregate == "days":
        spec |= {"first": "days", "kind": d.pick("time_to_event", "number")}
    elif aggregate == "distinct":
        spec["distinct"] = d.pick(*_TEXTS[source], *_NUMBERS[source]).text
    elif aggregate != "exists":
        spec[aggregate] = d.pick(*_NUMBERS[source]).text

    spec["within"] = d.pick(*_WITHIN[:3]) if d.split else d.pick(*_WITHIN)
    if d.chance(3):
        spec["gap"] = d.pick(*_GAPS[:1]) if d.split else d.pick(*_GAPS)
    if d.chance(8) and aggregate != "days" and not plain:
        spec["within"], kind = ["1h", "1d"], "family"
    elif d.chance(10) and aggregate != "days" and not plain:
        spec["gap"], kind = ["1h", "3h"], "family"
    if d.chance(4):
        spec["closed"] = "both"
    if d.chance(3):
        spec["anchor"] = d.pick("day_end", *(("target",) if "ahead" in d.examples else ()), *d.anchors, *(
            () if d.split else ("week_end",)
        ))  # fmt: skip
    if d.chance(4) and aggregate != "days":
        until = d.pick("others", "events", "impressions")
        spec["until"] = {"source": until, **d.where(until)}
    if d.chance(4):
        unless = d.pick("others", "events")
        spec["unless"] = {"source": unless, **d.where(unless), "last": d.pick("1h", "3h", "1d")}
    return spec, kind


def _row_label(d: _Draw) -> tuple[Row, str]:
    match d.pick("when", "when", "value", "class", "columns", "tags"):
        case "when":
            return {"when": d.pick(*table.ROW_OUTCOMES).text}, "binary"
        case "value":
            return {"value": d.pick(*table.ROW_OUTCOME_NUMBERS).text, "kind": "number"}, "number"
        case "class":
            return {"value": "topic", "kind": "class", "classes": ["news", "art"]}, "class"
        case "columns":
            return {"columns": ["sport", "music"], "kind": "tags"}, "class"
        case _:
            return {"value": "marks", "kind": "tags", "classes": ["x", "y"]}, "class"


_COMBINED = (
    "{0} + 2*{1}",
    "4*{0} - {1}",
    "{0} * {1}",
    "{0} * (1 - {1})",
    "greatest(4*{0}, {1})",
    "coalesce({0}, {1})",
    "{0} + {1} * {0}",
)
_COMBINED_BINARY = ("{0} and {1}", "{0} or {1}", "{0} and not {1}")


def _combined_label(d: _Draw) -> tuple[Row, str]:
    first = d.pick(*d.numbers)
    second = d.pick(*[name for name in d.numbers if name != first])
    forms = _COMBINED + (_COMBINED_BINARY if {first, second} <= set(d.binary) else ())
    # A combine of combines would leave open what "the same expression" is.
    return {"combine": d.pick(*forms).format(first, second)}, "combined"


def _given(d: _Draw) -> dict[str, str]:
    choices = []
    if d.binary:
        name = d.pick(*d.binary)
        choices += [name, name, f"{name} = 0"] + ([f"{name} and device = 'ios'"] if d.on_rows else [])
    if d.on_rows:
        choices += ["device = 'ios'", "rating > 1"]
    return {"given": d.pick(*choices)} if choices and d.chance(4) else {}


def _add_label(d: _Draw, name: str) -> None:
    if not d.labels:
        spec, kind = _event_label(d, plain=True)
    elif len(d.numbers) > 1 and d.chance(3):
        spec, kind = _combined_label(d)
    elif d.on_rows and d.chance(3):
        spec, kind = _row_label(d)
    else:
        spec, kind = _event_label(d)
    if kind != "combined":
        spec |= _given(d)
    if d.split and kind in ("binary", "number") and d.chance(8):
        spec["maturity"] = "ipcw"
    d.labels[name] = spec
    if kind == "combined":
        d.combined.append(name)
    if kind == "binary":
        d.binary.append(name)
    if kind in ("binary", "number"):
        d.numbers.append(name)
    if "within" in spec and kind in ("binary", "number"):
        d.anchors.append(name)


def _event_feature(d: _Draw) -> tuple[Row, bool]:
    """A trailing aggregate, and whether its value is a number."""
    source = d.pick("events", "events", "others", "impressions", "profiles", "items")
    if source in ("profiles", "items"):
        key = {"profiles": "user", "items": "item"}[source]
        if not d.on_rows and key not in d.entity:
            source = "events"
        elif source == "items":
            return {"source": "items", "by": "item", "latest": "brand"}, False
        else:
            return {"source": "profiles", "by": "user", "latest": d.pick("tier", "score")}, False
    aggregate = d.pick("count", "count", "sum", "mean", "min", "max", "std", "distinct", "rate", "latest",
    "first",
                       "since_last")  # fmt: skip
    spec: Row = {"source": source, **d.by()}
    if source == "impressions" and d.on_rows and d.chance(3):
        spec["by"] = d.pick("device", "request", ["user", "device"])
    is_number = True
    if aggregate in ("count", "since_last"):
        spec[aggregate] = True
    elif aggregate == "rate":
        spec["rate"] = d.pick(*_PREDICATES[source]).text
    elif aggregate in ("latest", "first", "distinct", "min", "max") and d.chance(2):
        spec[aggregate], is_number = d.pick(*_TEXTS[source]).text, aggregate == "distinct"
    else:
        spec[aggregate] = d.pick(*_NUMBERS[source]).text
    spec |= d.where(source)
    log = logs_.read(source, d.sources[source], [])
    delay = log.bound_of(spec.get("where"), spec[aggregate] if isinstance(spec[aggregate], str) else None)
    lengths = [length for length in ("1h", "1d", "3d", "7d") if us(length) > delay]
    if d.chance(3):
        spec["gap"] = d.pick("1h", "1d")
    if not d.chance(4):
        spec["last"] = d.pick(*lengths)
        if d.chance(4):
            spec["last"], is_number = ["3d", "7d"], False
    if d.chance(3):
        spec["refresh"] = d.pick("1d", {"every": "1d", "at": "02:00", "takes": "3h"}, {"every": "6h",
        "takes": "1h"},
                                 {"every": "1d", "at": "01:00"})  # fmt: skip
    elif "ahead" in d.examples and d.chance(2) and aggregate != "since_last":
        spec["anchor"] = "target"
    elif (
        d.on_rows
        and source == "impressions"
        and "gap" not in spec
        and not any(sql(text).reads for text in (spec.get("where"), spec[aggregate]) if isinstance(text, str))
        and d.chance(2)
        and not any(label.get("closed") for label in d.labels.values())
    ):
        spec["closed"] = "both"
    if is_number and aggregate not in ("count", "sum", "distinct") and d.chance(3):
        spec["default"] = -1
    return spec, is_number


def _own_feature(d: _Draw) -> tuple[Row, bool]:
    if d.examples.get("group") == "request" and "where" not in d.examples and d.chance(2):
        aggregate = d.pick("rank", "rank", "mean", "max", "sum", "count")
        return {"over": "group", aggregate: True if aggregate == "count" else "price"}, True
    if not d.on_rows or d.chance(4):
        return {"sql": d.pick(*table.CLOCK).text}, True
    if d.chance(3):
        return {"column": d.pick("price", "device", "position")}, False
    return {"sql": d.pick(*table.OWN_ROW).text}, False


def _features(d: _Draw, n_features: int) -> dict[str, Row]:
    features: dict[str, Row] = {}
    numbers: list[str] = []
    for index in range(n_features):
        name = f"f{index}"
        if numbers and d.chance(6):
            features[name] = {"sql": d.pick("coalesce({0}, 0) + 1", "{0} / nullif({1}, 0)").format(
                d.pick(*numbers), d.pick(*numbers))}  # fmt: skip
            continue
        features[name], is_number = _own_feature(d) if d.chance(4) else _event_feature(d)
        if is_number:
            numbers.append(name)
    return features


def _sources(draw: st.DrawFn) -> dict[str, Row]:
    pick = lambda *choices: draw(st.sampled_from(choices))  # noqa: E731
    delay = lambda: pick("0s", "1h", "1d")  # noqa: E731
    late = {name: delay() for name in ("outcome", "rating", "topic", "sport", "music", "marks")}
    impressions: Row = {"time": "shown_at", "key": "imp", "known_after": late}
    if pick(False, True):
        impressions["known_at"] = {"rating": "rated_at"}
    events: Row = {"time": "happened_at"}
    if pick(True, True, False):
        events["known_at"] = "received_at"
    if pick(True, False):
        events["known_after"] = delay()
    events |= pick({"key": "event"}, {"duplicates": "drop"}, {"duplicates": "keep"})
    others: Row = {"time": "logged_at", "key": "other"}
    others["time"] = pick("logged_at", {"column": "logged_at", "unit": "us"},
                          {"column": "logged_at", "resolution": "1h"})  # fmt: skip
    if pick(True, False):
        others["known_after"] = delay()
    profiles: Row = {"time": "updated_at", "duplicates": "drop"}
    items: Row = {"time": "none", "key": "item", "static": ["brand"]}
    return {
        "impressions": impressions,
        "events": events,
        "others": others,
        "profiles": profiles,
        "items": items,
    }


def _examples(draw: st.DrawFn) -> Row:
    pick = lambda *choices: draw(st.sampled_from(choices))  # noqa: E731
    entity = pick("user", ["user", "item"], ["user", "item"])
    if pick(True, True, False):
        examples: Row = {"source": "impressions", "entity": entity, "at": "time"}
        if pick(True, False):
            examples["group"] = "request"
        if pick(True, False, False):
            examples["shown"] = "position is not null"
        if pick(True, False, False, False):
            examples["where"] = pick("price > 1", "device = 'ios'")
        return examples
    examples = {
        "every": pick("12h", "1d", "2d"),
        "entity": entity,
        "from": pick("2026-01-05", "2026-01-06T01:00:00Z"),
    }
    examples["active"] = {"source": pick("events", "impressions"), "last": pick("1d", "3d")}
    if pick(True, False, False):
        examples["active"].pop("last")
    if examples["active"]["source"] == "events" and pick(True, False, False):
        examples["active"]["where"] = "kind in ('like', 'hide')"
    if pick(True, False):
        examples["ahead"] = pick("3 x 1h", "2 x 1d")
    return examples


@st.composite
def scenarios(
    draw: st.DrawFn, *, n_labels: tuple[int, int] = (1, 3), n_features: tuple[int, int] = (1, 4)
) -> Scenario:
    """A random framing over random logs."""
    sources, examples = _sources(draw), _examples(draw)
    d = _Draw(draw, sources, examples, draw(st.booleans()), {}, [], [], [], [])
    grouped = d.split and d.on_rows and "group" not in examples and d.pick(True, True, False)
    if grouped:
        examples["group"] = "user"  # a list that lasts for days, so that it can outlive its part
    for index in range(draw(st.integers(*n_labels))):
        _add_label(d, f"l{index}")
    features = _features(d, draw(st.integers(*n_features)))
    score = _score(d, features)
    users = st.sampled_from(("u1", "u2", "u3")) if grouped else logs_.some_users
    logs = {
        "impressions": draw(logs_.impressions(users=users)),
        "events": draw(logs_.events(keyed="key" in sources["events"], least=4)),
        "others": draw(logs_.others()),
        "profiles": draw(logs_.profiles()),
        "items": draw(logs_.items()),
    }
    if sources["others"]["time"] == {"column": "logged_at", "resolution": "1h"}:
        for row in logs["others"]:
            row["logged_at"] -= row["logged_at"] % HOUR
    trailing = {spec["source"] for spec in features.values() if "source" in spec} | {
        examples.get("active", {}).get("source")
    }
    for name in ("impressions", "events", "others", "profiles"):
        if name in trailing or not logs[name] or d.chance(2):
            end = MONDAY + d.pick(4, 7, 8, 12, 20) * DAY + d.pick(0, 0, 1)
            sources[name]["covers"] = f"{iso(BEFORE)}..{iso(end)}"
    framing: Row = {
        "framing": 1, "name": "random", "business": {"goal": "agree with the oracle"}, "sources": sources,
        "examples": examples, "labels": d.labels, "features": features,
        "objective": {"score": score, "metric": "mean(l0)"},
    }  # fmt: skip
    if d.split:
        framing["split"] = _split(d, score)
    used = _used(framing)
    framing["sources"] = {name: source for name, source in sources.items() if name in used}
    logs = {name: rows for name, rows in logs.items() if name in used}
    hours = d.pick(*((145, 200, 264, 340) if d.split else (30, 49, 73, 97, 121, 169, 200, 264, 340)))
    as_of = None if d.chance(5) else MONDAY + hours * HOUR + d.pick(0, 0, 1)
    return Scenario(framing, logs, as_of)


def _used(framing: Row) -> set[str]:
    """Sources that the framing reads; whether the others count for the default `as_of` is open."""
    specs = [framing["examples"], framing["examples"].get("active", {})]
    for spec in (*framing["labels"].values(), *framing["features"].values()):
        specs += [spec, spec.get("until", {}), spec.get("unless", {})]
    return {spec["source"] for spec in specs if "source" in spec}


def _score(d: _Draw, features: dict[str, Row]) -> str:
    """A score over tasks; a label that another hangs on is a task too, so that the horizon says all."""
    numbers = [
        name for name in features if "count" in features[name] and features[name].get("last") != ["3d", "7d"]
    ]
    if numbers and d.chance(5):
        return d.pick(*numbers)
    named = list(d.numbers) if d.split else [name for name in d.numbers if d.chance(2)] or d.numbers[:1]
    return " + ".join(named + [name for name in d.combined if d.chance(2)])


_PERIODS = (
    {
        "train": "2026-01-05..2026-01-07",
        "validation": "2026-01-07..2026-01-08",
        "test": "2026-01-09..2026-01-12",
    },
    {"train": "2026-01-05..2026-01-09", "validation": "1d of train", "test": "2026-01-11..2026-01-13"},
    {
        "train": "2026-01-04..2026-01-06T12:00:00Z",
        "validation": "2026-01-08..2026-01-09",
        "test": "2026-01-12..2026-01-14",
    },
)


def _split(d: _Draw, score: str) -> Row:
    """Lengths, or periods in which at least a part's first rows can mature before the next part (LEAK007)."""
    horizon = _horizon(d, score)
    possible = [
        split
        for split in _PERIODS
        if all(part.start + horizon < part.as_of for part in parts(split, MONDAY + 30 * DAY, 0))
    ]
    if possible and d.chance(2):
        return d.pick(*possible)
    split = {"validation": d.pick("6h", "1d"), "test": d.pick("1d", "2d")}
    if d.chance(2):
        split = {"train": "2d", **split}
    if d.chance(3):
        split["calibration"] = "6h"
    return split


def _horizon(d: _Draw, score: str) -> int:
    """The longest horizon of the tasks that the score names and that wait."""
    logs = {name: logs_.read(name, source, []) for name, source in d.sources.items()}
    labels = Labels(families(d.labels, ("within", "gap")), logs, d.entity, logs["impressions"])
    named = tasks({"objective": {"score": score}}, labels)
    waiting = [name for name in named if labels.specs[name].get("maturity", "wait") == "wait"]
    return max((labels.horizon(name, _reach(d.examples)) for name in waiting), default=0)


def _reach(examples: Row) -> int:
    """Time from `at` to the last target of a forecast."""
    if "ahead" not in examples:
        return 0
    steps, length = examples["ahead"].split(" x ")
    return (int(steps) - 1) * us(length)


__all__ = ["ANY", "Expected", "Scenario", "expected", "scenarios"]
