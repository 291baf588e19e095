"""Labels row by row, as docs/semantics.md tells them: slow, obvious, no SQL."""

import statistics
from dataclasses import dataclass
from typing import Any

from tests.oracles.expressions import (
    ANY,
    DAY,
    WEEK,
    Pair,
    Row,
    end_of_day,
    end_of_week,
    names_in,
    sql,
    state_of,
    us,
)
from tests.oracles.log import Log

AGGREGATES = ("count", "sum", "mean", "min", "max", "std", "distinct", "first", "latest", "absent")


@dataclass(frozen=True)
class Cell:
    """One label of one example."""

    state: Any
    value: Any = None
    mature_at: Any = ANY
    event_at: Any = ANY
    event_known_at: Any = ANY


UNDEFINED = Cell("undefined")


def families(declared: dict[str, dict[str, Any]], keys: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """One entry per length where one of `keys` is a list, and one per column or class of tags."""
    single: dict[str, dict[str, Any]] = {}
    for name, spec in declared.items():
        shared = {
            key: value for key, value in spec.items() if key not in ("columns", "kind", "classes", "value")
        }
        listed = next((key for key in keys if isinstance(spec.get(key), list)), None)
        if listed:
            single |= {f"{name}_{length}": {**spec, listed: length} for length in spec[listed]}
        elif "columns" in spec:
            single |= {f"{name}_{column}": {**shared, "value": column} for column in spec["columns"]}
        elif spec.get("kind") == "tags":
            single |= {
                f"{name}_{tag}": {**shared, "value": spec["value"], "item": tag} for tag in spec["classes"]
            }
        else:
            single[name] = spec
    return single


@dataclass
class Labels:
    """The labels of a framing over read logs."""

    specs: dict[str, dict[str, Any]]
    """Labels by name, families written out."""
    logs: dict[str, Log]
    entity: tuple[str, ...]
    own: Log | None
    """The log whose rows are the examples; None for a calendar."""

    def outcome(self, name: str, row: Row, as_of: int) -> Cell:
        """The label `name` of an example, read as of a time: the five rules, in their order."""
        spec = self.specs[name]
        if not row["shown"]:
            return UNDEFINED
        given = self._given(spec, row, as_of)
        anchor = self._anchor(spec, row, as_of)
        if given is ANY or anchor is ANY:
            return Cell(ANY, ANY)
        if given == "undefined" or anchor == "undefined":
            return UNDEFINED
        if "combine" in spec:
            cell = self._combined(spec, row, as_of)
        elif "source" in spec:
            if anchor == "immature":
                return Cell("immature", ANY)
            cell = self._of_events(spec, row, anchor, as_of)
        else:
            cell = self._of_the_row(spec, row, as_of)
        if given == "immature":
            # What the own window already shows may or may not stand beside it.
            return Cell("immature", ANY, cell.mature_at)
        return cell

    # ---- what the label hangs on

    def _given(self, spec: Row, row: Row, as_of: int) -> Any:
        if "given" not in spec:
            return "observed"
        state, value = state_of(str(spec["given"]), lambda name: self._leaf(name, row, as_of))
        if state == "observed" and not value:
            return "undefined"
        return state

    def _leaf(self, name: str, row: Row, as_of: int) -> Pair:
        if name in self.specs:
            cell = self.outcome(name, row, as_of)
            return (cell.state, cell.value)
        assert self.own is not None
        if not self._is_mature(row["at"] + self.own.bound_of(name), self.own, as_of) and self._waits(name):
            return ("immature", self._visible(name, row, as_of))
        return ("observed", self._visible(name, row, as_of))

    def _waits(self, column: str) -> bool:
        """Only a column with a known time of its own has to mature; the rest is known with the row."""
        assert self.own is not None
        return column in self.own.column_bound

    def _anchor(self, spec: Row, row: Row, as_of: int) -> Any:
        """Where the window starts, or `undefined`, or `immature`."""
        match spec.get("anchor", "at"):
            case "at":
                return row["at"]
            case "target":
                return row["target"]
            case "week_end":
                return end_of_week(row["at"])
            case "day_end":
                return end_of_day(row["at"])
            case label:
                cell = self.outcome(label, row, as_of)
                if cell.state is ANY:
                    return ANY
                if cell.state != "observed":
                    return cell.state
                return "undefined" if cell.event_at is None else cell.event_at

    @staticmethod
    def _is_mature(mature_at: int | None, log: Log, as_of: int) -> bool:
        return mature_at is not None and log.end is not None and mature_at < min(as_of, log.end)

    # ---- when, value

    def _visible(self, text: str, row: Row, as_of: int) -> Any:
        assert self.own is not None
        known = self.own.kappa(row, text)
        return sql(text).on(row) if known is not None and known < as_of else None

    def _of_the_row(self, spec: Row, row: Row, as_of: int) -> Cell:
        assert self.own is not None
        text = spec.get("when") or spec["value"]
        value = self._visible(text, row, as_of)
        if "item" in spec:
            value = None if value is None else spec["item"] in value
        mature_at = row["at"] + self.own.bound_of(text)
        if not self._is_mature(mature_at, self.own, as_of):
            return Cell("immature", None, mature_at)
        listed = spec.get("classes") if "item" not in spec else None
        if value is None or (listed is not None and value not in listed):
            return UNDEFINED
        return Cell("observed", value, mature_at)

    # ---- events

    def _of_events(self, spec: Row, row: Row, anchor: int, as_of: int) -> Cell:
        log = self.logs[spec["source"]]
        if not log.dated:
            return self._of_undated(spec, row, log)
        aggregate = next((name for name in AGGREGATES if name in spec), "exists")
        argument = spec.get(aggregate) if isinstance(spec.get(aggregate), str) else None
        argument = None if argument == "days" else argument
        start = anchor + us(spec.get("gap", "0s"))
        within = us(spec["within"]) if "within" in spec else None
        delay = log.bound_of(spec.get("where"), argument)
        mature_at = None if within is None else start + within + delay
        events = self._window(spec, row, start, within, as_of, argument)
        value = aggregated(aggregate, argument, events, log.keys)
        first = min(events, key=lambda event: (event["time"], event["label_kappa"]), default=None)
        mature = self._is_mature(mature_at, log, as_of)
        if aggregate == "first" and argument is None:
            value = None if first is None else (first["time"] - anchor) / DAY
            if first is None and spec.get("kind") == "time_to_event":
                value = self._followed(mature, anchor, start, within, delay, log, as_of)
        shows_events = spec.get("maturity") == "ipcw" and first is not None
        if not mature and spec.get("kind") != "time_to_event" and not shows_events:
            value = None  # never a silent 0, and no half sum
        return Cell(
            "observed" if mature else "immature",
            value,
            mature_at,
            first["time"] if first else None,
            first["label_kappa"] if first else None,
        )

    def _of_undated(self, spec: Row, row: Row, log: Log) -> Cell:
        """A label over undated rows: all of them count, and it is mature at once."""
        by = self._by(spec)
        key = [row[column] for column in by]
        rows = [event for event in log.rows if _same(key, [event[column] for column in by])]
        if "distinct" in spec:
            return Cell("observed", aggregated("distinct", spec["distinct"], rows))
        return Cell("observed", int(bool(rows)))

    @staticmethod
    def _followed(
        mature: bool, anchor: int, start: int, within: int | None, delay: int, log: Log, as_of: int
    ) -> Any:
        """Days followed without an event; open where a delay or a window not begun leaves it open."""
        assert within is not None and log.end is not None
        if mature:
            return (start + within - anchor) / DAY
        until = min(as_of, log.end)
        return (until - anchor) / DAY if not delay and start <= until <= start + within else ANY

    def _window(
        self, spec: Row, row: Row, start: int, within: int | None, as_of: int, argument: str | None
    ) -> list[Row]:
        """Events of the label as they are visible: in the window, not after `until`, not cancelled."""
        by = self._by(spec)
        events = self._visible_events(self.logs[spec["source"]], spec.get("where"), argument, as_of)
        key = [row[column] for column in by]
        events = [event for event in events if _same(key, [event[column] for column in by])]
        events = [
            event for event in events if event["time"] > start or self._on_the_edge(spec, row, event, start)
        ]
        if within is not None:
            events = [event for event in events if event["time"] <= start + within]
        if "until" in spec:
            end = self._end(spec["until"], key, by, start, as_of)
            events = [event for event in events if end is None or event["time"] <= end]
        if "unless" in spec:
            events = [event for event in events if not self._is_cancelled(spec["unless"], event, by, as_of)]
        return events

    def _by(self, spec: Row) -> tuple[str, ...]:
        by = spec.get("by", self.entity)
        return (by,) if isinstance(by, str) else tuple(by)

    def _on_the_edge(self, spec: Row, row: Row, event: Row, start: int) -> bool:
        if spec.get("closed", "end") != "both" or event["time"] != start:
            return False
        is_own = self.own is not None and spec["source"] == self.own.name and event["row"] == row["row"]
        return not is_own

    @staticmethod
    def _visible_events(log: Log, where: str | None, argument: str | None, as_of: int) -> list[Row]:
        events = []
        for event in log.rows:
            known = log.kappa(event, where, argument)
            if known is not None and known < as_of and (where is None or sql(where).on(event) is True):
                events.append({**event, "label_kappa": known})
        return events

    def _end(self, until: Row, key: list[Any], by: tuple[str, ...], start: int, as_of: int) -> int | None:
        """Time of the first `until` event after the start of the window."""
        by = self._by(until) if "by" in until else by
        events = self._visible_events(self.logs[until["source"]], until.get("where"), None, as_of)
        matching = [event for event in events if _same(key, [event[column] for column in by])]
        return min((event["time"] for event in matching if event["time"] > start), default=None)

    def _is_cancelled(self, unless: Row, event: Row, by: tuple[str, ...], as_of: int) -> bool:
        """Whether another event with the same key lies in `[tau - last, tau)`."""
        key = [event[column] for column in by]
        others = self._visible_events(self.logs[unless["source"]], unless.get("where"), None, as_of)
        return any(
            event["time"] - us(unless["last"]) <= other["time"] < event["time"]
            and _same(key, [other[column] for column in by])
            for other in others
        )

    # ---- combine

    def _combined(self, spec: Row, row: Row, as_of: int) -> Cell:
        names = names_in(spec["combine"])

        def leaf(name: str) -> Pair:
            if name not in self.specs:
                return self._leaf(name, row, as_of)
            cell = self.outcome(name, row, as_of)
            given = self.specs[name].get("given")
            if given in names and leaf(given) == ("observed", 0):
                return ("observed", 0)
            return (cell.state, cell.value)

        state, value = state_of(spec["combine"], leaf)
        parts = [self.outcome(name, row, as_of).mature_at for name in names if name in self.specs]
        mature_at = ANY if any(part is ANY for part in parts) else None if None in parts else max(parts)
        if state is ANY or state == "immature":
            return Cell(state, ANY, mature_at)
        return UNDEFINED if state == "undefined" else Cell(state, value, mature_at)

    def hangs_on(self, name: str) -> set[str]:
        """Labels that a label reads, directly or through others."""
        spec = self.specs[name]
        read = [
            *names_in(str(spec.get("given", "1"))),
            *names_in(str(spec.get("combine", "1"))),
            spec.get("anchor"),
        ]
        direct = {part for part in read if part in self.specs}
        return direct.union(*(self.hangs_on(part) for part in direct))

    # ---- horizons

    def horizon(self, name: str, ahead: int = 0) -> int:
        """Longest time from `at` until the label is mature."""
        spec = self.specs[name]
        if "combine" in spec:
            return max(self.horizon(part, ahead) for part in names_in(spec["combine"]) if part in self.specs)
        if "source" in spec and not self.logs[spec["source"]].dated:
            return 0
        if "source" not in spec:
            assert self.own is not None
            return self.own.bound_of(spec.get("when") or spec["value"])
        anchors = {"at": 0, "target": ahead, "week_end": WEEK, "day_end": DAY}
        anchor = spec.get("anchor", "at")
        reach = anchors[anchor] if anchor in anchors else self.horizon(anchor, ahead)
        aggregate = next(
            (key for key in AGGREGATES if isinstance(spec.get(key), str) and spec[key] != "days"), None
        )
        delay = self.logs[spec["source"]].bound_of(spec.get("where"), spec[aggregate] if aggregate else None)
        return reach + us(spec.get("gap", "0s")) + us(spec["within"]) + delay


def _same(key: list[Any], other: list[Any]) -> bool:
    """NULL keys never match."""
    return key == other and None not in key


def aggregated(aggregate: str, argument: str | None, events: list[Row], keys: tuple[str, ...] = ()) -> Any:
    """The aggregate over events; each event carries `label_kappa`, its known time."""
    if aggregate in ("exists", "count", "absent"):
        return {"exists": int(bool(events)), "count": len(events), "absent": int(not events)}[aggregate]
    if argument is None:
        return None
    pairs = [(event, sql(argument).on(event)) for event in events]
    pairs = [(event, value) for event, value in pairs if value is not None]
    values = [value for _, value in pairs]
    match aggregate:
        case "sum":
            return float(sum(values))
        case "distinct":
            return len(set(values))
        case "rate":
            return sum(bool(value) for value in values) / len(values) if values else None
        case "mean":
            return sum(values) / len(values) if values else None
        case "min" | "max":
            return None if not values else min(values) if aggregate == "min" else max(values)
        case "std":
            return statistics.stdev(values) if len(values) > 1 else None
        case "first" | "latest":

            def order(pair: tuple[Row, Any]) -> Any:
                event, value = pair
                return (event["time"], event["label_kappa"], [event[key] for key in keys], value)

            if not pairs:
                return None
            return (min if aggregate == "first" else max)(pairs, key=order)[1]
    raise ValueError(aggregate)
