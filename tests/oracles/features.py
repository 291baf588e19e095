"""Features row by row, as docs/semantics.md tells them."""

from dataclasses import dataclass
from typing import Any

from tests.oracles.expressions import DAY, Row, of_features, sql, us
from tests.oracles.labels import aggregated
from tests.oracles.log import Log

AGGREGATES = (
    "count", "sum", "mean", "min", "max", "std", "distinct", "rate", "latest", "first", "since_last", "rank",
)  # fmt: skip


@dataclass
class Features:
    """The features of a framing over read logs."""

    specs: dict[str, dict[str, Any]]
    """Features by name, families written out."""
    logs: dict[str, Log]
    entity: tuple[str, ...]
    own: Log | None

    def value(self, name: str, row: Row, table: list[Row]) -> Any:
        """The feature `name` of an example; `table` holds every row for what is taken over a group."""
        spec = self.specs[name]
        if "column" in spec:
            value = row[spec["column"]]
        elif "sql" in spec and of_features(spec["sql"]):
            value = self._of_features(spec["sql"], row, table)
        elif "sql" in spec:
            value = sql(spec["sql"]).on(row)
        elif "over" in spec:
            value = self._over_the_group(spec, row, table)
        else:
            value = self._of_events(spec, row)
        return spec.get("default") if value is None else value

    def _of_features(self, text: str, row: Row, table: list[Row]) -> Any:
        form, names = of_features(text) or ("", [])
        parts = [self.value(name, row, table) for name in names]
        if form == "plus one":
            return (0 if parts[0] is None else parts[0]) + 1
        return None if None in parts or parts[1] == 0 else parts[0] / parts[1]

    @staticmethod
    def _over_the_group(spec: Row, row: Row, table: list[Row]) -> Any:
        aggregate = next(name for name in AGGREGATES if name in spec)
        mates = [other for other in table if (other["group"], other["at"]) == (row["group"], row["at"])]
        rows = [{**other, "label_kappa": 0} for other in mates]
        if aggregate != "rank":
            argument = spec[aggregate] if isinstance(spec[aggregate], str) else None
            return aggregated(aggregate, argument, rows)
        own = sql(spec["rank"]).on(row)
        values = [sql(spec["rank"]).on(other) for other in rows]
        return None if own is None else 1 + sum(value is not None and value < own for value in values)

    def _of_events(self, spec: Row, row: Row) -> Any:
        log = self.logs[spec["source"]]
        aggregate = next(name for name in AGGREGATES if name in spec)
        argument = spec[aggregate] if isinstance(spec[aggregate], str) else None
        by = spec.get("by", self.entity)
        by = (by,) if isinstance(by, str) else tuple(by)
        key = [row[column] for column in by]
        at = anchor = row["at"]
        if "refresh" in spec:
            at = anchor = last_run(spec["refresh"], at)
        elif spec.get("anchor") == "target":
            anchor = row["target"]
        end = anchor - us(spec.get("gap", "0s"))
        start = end - us(spec["last"]) if "last" in spec else None
        events = []
        for event in log.rows:
            if None in key or [event[column] for column in by] != key:
                continue
            if "where" in spec and sql(spec["where"]).on(event) is not True:
                continue
            if not log.dated:
                events.append({**event, "time": 0, "label_kappa": 0})
                continue
            known = log.kappa(event, spec.get("where"), argument)
            is_own = self.own is not None and spec["source"] == self.own.name and event["row"] == row["row"]
            admitted = spec.get("closed") == "both" and is_own
            inside = (start is None or start <= event["time"]) and event["time"] < end and event["time"] < at
            if admitted or (inside and known is not None and known < at):
                events.append({**event, "label_kappa": known})
        if aggregate == "since_last":
            return (anchor - max(event["time"] for event in events)) / DAY if events else None
        return aggregated(aggregate, argument, events, log.keys)


def last_run(refresh: str | dict[str, str], at: int) -> int:
    """The last run that was ready: runs stand at `every * k + clock`, `takes` long."""
    refresh = {"every": refresh} if isinstance(refresh, str) else refresh
    every, takes = us(refresh["every"]), us(refresh.get("takes", "0s"))
    hours, minutes = refresh.get("at", "00:00").split(":")
    clock = us(f"{int(hours)}h") + us(f"{int(minutes)}m")
    return at - takes - (at - takes - clock) % every
