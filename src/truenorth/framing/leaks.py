"""Future reads, found from the framing alone and refused with the path that makes them.

Every value has an event time and a known time. Features of an example at `at` may read what was known
strictly before it; a label's window may not share an instant with a feature; every part of the split must
be able to mature before the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from truenorth.errors import Finding
from truenorth.framing.durations import ZERO, Duration, microseconds
from truenorth.framing.examples import ExampleTable
from truenorth.framing.expressions import Expression
from truenorth.framing.features import Feature
from truenorth.framing.framing import Framing
from truenorth.framing.horizon import horizon, with_dependencies
from truenorth.framing.known import Wait, duration, effective_known, inherited_known
from truenorth.framing.labels import Label
from truenorth.framing.names import label_columns, tasks
from truenorth.framing.periods import Period
from truenorth.framing.policy import Rank
from truenorth.framing.sources import Source
from truenorth.framing.split import PARTS, Split, Tail


def check_leaks(framing: Framing) -> list[Finding]:
    """Return every future read of an expanded framing: LEAK001, LEAK002, LEAK003, LEAK007, LABEL016."""
    findings: list[Finding] = []
    for table in framing.examples.values():
        findings += _own_row_reads(framing, table)
        findings += _shared_instants(framing, table)
        findings += _unreadable_parts(framing, table)
        findings += _undated_attributes(framing, table)
    for name, feature in framing.features.items():
        findings += _emptied_window(framing, name, feature)
        findings += _label_reads(framing, ("features", name), _own_expressions(feature))
    for source_name, source in framing.sources.items():
        findings += _shortened(framing, source_name, source)
    return _once(findings)


def _own_row_reads(framing: Framing, table: ExampleTable) -> Iterator[Finding]:
    """LEAK001: a decision that reads its own row before the value is known."""
    if table.source is None or table.at == "none":
        return
    source = framing.sources.get(table.source)
    if source is None:
        return
    known = effective_known(framing.sources, table.source)
    keys = _static_keys(framing, table.source)
    for place, read in _decision_reads(framing, table):
        joined = {column: keys[column] & known.columns.keys() for column in read & keys.keys()}
        for column in sorted(read & known.columns.keys()):
            yield _leak001(place, column, known.columns[column].path)
        for column, late in sorted(joined.items()):
            for key in sorted(late):
                yield _leak001(place, column, f"its key {known.columns[key].path}")
        if known.row.is_later and _reads_row(framing, place, read):
            yield _leak001(place, sorted(read)[0], known.row.path)


def _reads_row(framing: Framing, place: tuple[str | int, ...], read: frozenset[str]) -> bool:
    return bool(read - {"time", "row"} - (framing.features.keys() if place[0] == "features" else set()))


def _static_keys(framing: Framing, source_name: str) -> dict[str, frozenset[str]]:
    """Return the undated attributes that join to a row by themselves, with the keys that they join by."""
    source = framing.sources[source_name]
    own = {*source.columns, *source.rename, *source.lookup, *source.types}
    found: dict[str, frozenset[str]] = {}
    for other in framing.sources.values():
        if not other.is_dated:
            for column in set(other.static) - own:
                found[column] = found.get(column, frozenset()) | frozenset(other.key)
    return found


def _leak001(place: tuple[str | int, ...], column: str, path: str) -> Finding:
    where = ".".join(map(str, place))
    return Finding(
        code="LEAK001",
        where=where,
        path=place,
        evidence=f"expected values known before the prediction, got {column!r}: {where} <- {path}.",
        fix="drop it, or read its past by a trailing window: {source: ..., by: ..., last: ...}.",
    )


def _decision_reads(
    framing: Framing, table: ExampleTable
) -> Iterator[tuple[tuple[str | int, ...], frozenset[str]]]:
    """Yield what is read on the example's own row to decide: filters, keys, features, scores and costs."""
    if table.where is not None:
        yield ("examples", "where"), table.where.columns
    for field in ("entity", "group", "decision"):
        yield ("examples", field), frozenset(getattr(table, field))
    for name, feature in framing.features.items():
        if feature.column is not None:
            yield ("features", name, "column"), frozenset({feature.column})
        for field, expression in _own_expressions(feature):
            yield ("features", name, field), expression.columns
        if feature.match:
            yield ("features", name, "match"), frozenset(feature.match)
        elif feature.source is not None:
            yield ("features", name, "by"), frozenset(feature.by)
        if feature.closed == "both" and feature.source == table.source:
            read = [part.columns for part in (feature.where, feature.aggregated) if part is not None]
            yield ("features", name, "closed"), frozenset().union(*read)
    if table is framing.table:
        yield from policy_reads(framing)


def policy_reads(framing: Framing) -> Iterator[tuple[tuple[str | int, ...], frozenset[str]]]:
    """Yield the columns of the example's row that the score, rules, costs and re-ranking read, by place."""
    models, policy = framing.models, framing.policy
    read: list[tuple[tuple[str | int, ...], frozenset[str]]] = [
        (("objective", "score"), framing.objective.score.columns)
    ]
    if isinstance(models.rule, Expression):
        read.append((("models", "rule"), models.rule.columns))
    read += [(("models", "rules", i, "when"), rule.when.columns) for i, rule in enumerate(models.rules)]
    if policy is not None:
        read += [(("policy", "actions", name), cost.columns) for name, cost in policy.actions.items()]
        read += [(("policy", "select", "by"), policy.select.by.columns)] if policy.select else []
        read += [(("policy", "bid", "amount"), policy.bid.amount.columns)] if policy.bid else []
        read += _rank_reads(policy.rank) if policy.rank else []
    labels = {column for name, label in framing.labels.items() for column in label_columns(name, label)}
    known = {*framing.labels, *labels, *framing.features, "score", "time", "at", "target", "step"}
    for place, names in read:
        if names - known:
            yield place, names - known


def _rank_reads(rank: Rank) -> list[tuple[tuple[str | int, ...], frozenset[str]]]:
    read: list[tuple[tuple[str | int, ...], frozenset[str]]] = [(("policy", "rank", "by"), rank.by.columns)]
    for index, rule in enumerate(rank.rules):
        place = ("policy", "rank", "rules", index)
        expressions = {"drop": rule.drop, "where": rule.where, "pin": rule.pin}
        read += [((*place, key), one.columns) for key, one in expressions.items() if one is not None]
        columns = {"per": rule.per, "diverse": rule.diverse}
        read += [((*place, key), frozenset({one})) for key, one in columns.items() if one is not None]
    return read


def _own_expressions(feature: Feature) -> Iterator[tuple[str, Expression]]:
    if feature.sql is not None:
        yield "sql", feature.sql
    if feature.over and feature.aggregate and feature.aggregated is not None:
        yield feature.aggregate, feature.aggregated


def _emptied_window(framing: Framing, name: str, feature: Feature) -> Iterator[Finding]:
    """LEAK002: a window that ends before anything in it is known."""
    last = microseconds(feature.last)
    if feature.source is None or last is None or feature.source not in framing.sources:
        return
    known = effective_known(framing.sources, feature.source)
    read = {
        column for item in (feature.where, feature.aggregated) if item is not None for column in item.columns
    }
    read |= set(feature.by)
    waits = {column: known.columns[column] for column in sorted(read & known.columns.keys())}
    late = {column: wait.after for column, wait in waits.items() if wait.is_constant}
    if known.row.is_constant and known.row.after:
        late["every column"] = known.row.after
    gap = microseconds(feature.gap) or 0
    for column, delay in late.items():
        if gap + last <= delay:
            wait = Duration(delay)
            yield Finding(
                code="LEAK002",
                where=f"features.{name}",
                path=("features", name),
                evidence="expected a window that reaches back beyond the delay of what it reads, "
                f"got gap {Duration(gap)} and last {Duration(last)}: "
                f"features.{name} <- {feature.source}.{column} (known {wait} after the event).",
                fix=f"write gap: {wait}, so that the window ends where values are known.",
            )
            return


def _label_reads(
    framing: Framing, place: tuple[str, ...], expressions: Iterable[tuple[str, Expression]]
) -> Iterator[Finding]:
    """LEAK003: a feature made from a label."""
    for field, expression in expressions:
        for label in sorted(expression.columns & framing.labels.keys() - framing.features.keys()):
            if label not in _example_columns(framing):
                yield Finding(
                    code="LEAK003",
                    where=".".join((*place, field)),
                    path=(*place, field),
                    evidence=f"expected what is known before the prediction, got the label {label!r}: "
                    f"{'.'.join(place)} <- labels.{label}.",
                    fix="read the label's source by a trailing window instead.",
                )


def _example_columns(framing: Framing) -> set[str]:
    """Return the names that the example's source declares as its own columns."""
    source = framing.sources.get(framing.table.source or "")
    return set() if source is None else {*source.columns, *source.rename, *source.lookup, *source.types}


def _shortened(framing: Framing, source_name: str, source: Source) -> Iterator[Finding]:
    """LEAK002: a derived column that claims to be known before what it reads."""
    made = {*source.columns, *source.lookup, *source.rename, *(("session_end",) if source.session else ())}
    for name, known in source.column_known.items():
        inherited = inherited_known(framing.sources, source_name, name) if name in made else None
        if known.at is not None or inherited is None or not _is_shorter(known.after, inherited):
            continue
        yield Finding(
            code="LEAK002",
            where=f"sources.{source_name}.known_after",
            path=("sources", source_name, "known_after", name),
            evidence=f"expected {name!r} to be known no earlier than what it reads, "
            f"got {known.after}: {inherited.path}.",
            fix=f"write {name}: {duration(inherited)}, or leave the entry out: it is inherited.",
        )


def _is_shorter(after: Duration, inherited: Wait) -> bool:
    """Whether a promise is broken by what is inherited: a longer delay, or a time without any bound."""
    return after.microseconds < inherited.after or (not inherited.is_constant and not inherited.after)


def _shared_instants(framing: Framing, table: ExampleTable) -> Iterator[Finding]:
    """LABEL016: a label's window and a feature both admit the instant of the prediction."""
    for name, label in framing.labels.items():
        if (
            label.closed != "both"
            or label.gap != ZERO
            or label.anchor != "at"
            or label.source != table.source
        ):
            continue
        for other, feature in framing.features.items():
            if feature.closed == "both" and feature.source == label.source:
                yield Finding(
                    code="LABEL016",
                    where=f"labels.{name}.closed",
                    path=("labels", name, "closed"),
                    evidence="expected every event on one side of the prediction, "
                    "got the instant `at` on both: "
                    f"labels.{name} (closed: both) <- {label.source} -> features.{other} (closed: both).",
                    fix="leave closed: both out of one of the two.",
                )


def _unreadable_parts(framing: Framing, table: ExampleTable) -> Iterator[Finding]:
    """LEAK007: a part whose labels cannot be known when the next part starts."""
    split = framing.split
    if split is None or table.at == "none" or table is not framing.table:
        return
    longest, label = _longest_horizon(framing, table)
    if longest is None:
        return
    stretches = _stretches(split)
    for name, (start, end) in stretches.items():
        following = [other for other in stretches.values() if other[0] >= end]
        read_at = min((other[0] for other in following), default=None)
        if read_at is not None and start + longest >= read_at:
            yield Finding(
                code="LEAK007",
                where=f"split.{name}",
                path=("split", name.partition(".")[0]),
                evidence=f"expected an embargo of at least {Duration(longest)} before the next part, "
                f"got none of {name!r} mature when it starts: "
                f"split.{name} <- labels.{label} (window and delay).",
                fix="start the part earlier, or the next one later.",
            )


def _longest_horizon(framing: Framing, table: ExampleTable) -> tuple[int | None, str]:
    trained = with_dependencies(tasks(framing), framing.labels)
    waiting = [
        name for name in trained if framing.labels[name].maturity == "wait" and _waits(framing.labels[name])
    ]
    horizons = {name: horizon(name, framing.labels, framing.sources, table) for name in waiting}
    known = {name: length for name, length in horizons.items() if length is not None}
    if not known:
        return None, ""
    longest = max(known, key=lambda name: known[name])
    return known[longest], longest


def _waits(label: Label) -> bool:
    return label.kind != "time_to_event"


def _stretches(split: Split) -> dict[str, tuple[int, int]]:
    """Return the dated parts: start and end in microseconds."""
    found: dict[str, tuple[int, int]] = {}
    for name in PARTS:
        value = getattr(split, name)
        if isinstance(value, Period):
            found[name] = (value.start.microseconds, value.end.microseconds)
        elif isinstance(value, dict):
            for key, period in value.items():
                found[f"{name}.{key}"] = (period.start.microseconds, period.end.microseconds)
    for name in ("validation", "calibration"):
        tail = getattr(split, name)
        if isinstance(tail, Tail) and tail.last is not None and tail.of in found:
            start, end = found[tail.of]
            found[tail.of] = (start, end - tail.last.microseconds)
            found[name] = (end - tail.last.microseconds, end)
    return found


def _undated_attributes(framing: Framing, table: ExampleTable) -> Iterator[Finding]:
    """LEAK004, a warning: an attribute without a date, read as if it had always been true."""
    if table.at == "none":
        return
    static = {
        column: name
        for name, source in framing.sources.items()
        if not source.is_dated
        for column in source.static
    }
    taken = _looked_up(framing, table, static)
    readers: dict[str, dict[str, str]] = {}
    for place, read in _decision_reads(framing, table):
        for column in sorted(read & taken.keys()) if place[0] == "features" else ():
            readers.setdefault(taken[column], {})[column] = str(place[1])
    for source, columns in readers.items():
        features = ", ".join(sorted(set(columns.values())))
        yield Finding(
            code="LEAK004",
            severity="warn",
            where=f"sources.{source}.static",
            path=("sources", source, "static"),
            evidence=f"expected dated attributes, got {', '.join(sorted(columns))} without a date "
            f"(read by {features}): today's values are read as if they had always been true.",
            fix="bring the dated history of what changes, and keep as static only what never does.",
        )


def _looked_up(framing: Framing, table: ExampleTable, static: dict[str, str]) -> dict[str, str]:
    """Return the undated attributes that an example's row can read, by name, with their source."""
    source = framing.sources.get(table.source or "")
    if source is None:
        return static
    lookups = {
        name: lookup.source
        for name, lookup in source.lookup.items()
        if lookup.source in framing.sources and not framing.sources[lookup.source].is_dated
    }
    return {**static, **lookups}


def _once(findings: Iterable[Finding]) -> list[Finding]:
    return list({(found.code, found.where, found.evidence): found for found in findings}.values())
