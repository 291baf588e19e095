"""FEAT: whether what the model reads will be there when it decides, and whether it should be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np

from truenorth.audit.contract import Hit, Rule, Unknown, rule
from truenorth.audit.rules.feature_data import DATA_RULES
from truenorth.audit.stated.lexicon import words_in
from truenorth.audit.stated.row_reads import own_reads, row_columns, undated, written_name
from truenorth.audit.subject import Subject
from truenorth.framing.durations import Duration
from truenorth.framing.features import Feature

IDENTIFIER = re.compile(
    r"(^|_)(id|ids|uuid|guid|key|zip|zipcode|zip_code|postcode|postal_code|sku|ean|isbn|iban|barcode|hash|imei)$"
)
"""Endings of names that identify and do not measure."""
MANY = 20
"""Distinct values above which an identifier is no short code list."""
PEOPLE = (
    "customer", "user", "client", "patient", "person", "applicant", "employee", "student", "member",
    "borrower", "subscriber", "guest", "rider", "driver", "tenant",
)  # fmt: skip
PERSONAL = (
    "birth date", "birthdate", "birthday", "date of birth", "dob", "first name", "last name", "full name",
    "surname", "forename", "given name", "family name", "maiden name", "customer name", "user name",
    "username", "client name", "patient name", "holder name", "email", "e mail", "mail address", "phone",
    "phone number", "telephone", "mobile number", "msisdn", "address", "street", "house number", "ssn",
    "social security", "passport", "national id", "tax id", "licence plate", "license plate", "iban",
    "card number", "imei",
)  # fmt: skip
"""Names of columns that say who somebody is."""
MOMENTS = ("session", "visit", "request", "search", "query", "auction", "bid", "impression")
"""Words of entities that are over with the decision, and have no past of their own."""
LEAST_FEATURES = 4
"""Features below which no share of them is worth a rule."""


@rule("FEAT001", "availability-not-declared", severity="warn")
def availability_not_declared(subject: Subject) -> Iterator[Hit | Unknown]:
    """Nobody said where the features of an online decision come from when it is made.

    What it checks:
        Where decisions are made while someone waits: every feature over past events states `serve`,
        `refresh` or `freshness`. One finding lists those that do not; what stands on the request needs no
        word.

    Why it hurts:
        Training reads the log as it was complete at that very moment. Without a word the feature is taken
        to be up to the second, which somebody has to build; a nightly table in its place is another
        feature.

    Example:
        `spend: {source: payments, by: customer, mean: amount, last: 7d}` in an online payment check fires;
        with `serve: stream, freshness: 1m`, or `refresh: {every: 1d, at: '02:00', takes: 1h}`, it is
        silent.

    How to fix:
        Ask who computes it and how old it may be. Where a nightly run is all there is, say so: training
        then reads nightly values too.
    """
    windows = [name for name, one in subject.framing.features.items() if one.source is not None]
    if not subject.is_online or not windows:
        return
    if subject.document is None:
        yield Unknown("a framing without a file does not tell what was said from what is assumed")
        return
    names = list(dict.fromkeys(_written(subject, name) for name in windows))
    silent = [name for name in names if not _says_where(subject, name)]
    if silent:
        yield Hit(
            path=("features", silent[0]),
            evidence="expected serve, refresh or freshness of every feature over past events, got none "
            f"for {len(silent)} of {len(names)}: {', '.join(silent)}.",
            fix="serve: stream, freshness: 1m; or refresh: {every: 1d, at: '02:00', takes: 1h}",
            numbers={"silent": len(silent), "windows": len(names)},
        )


def _written(subject: Subject, member: str) -> str:
    names = subject.written("features")
    return written_name([str(one) for one in names] if isinstance(names, Mapping) else [], member)


def _says_where(subject: Subject, name: str) -> bool:
    return any(
        subject.written("features", name, key) is not None for key in ("serve", "refresh", "freshness")
    )


@rule("FEAT002", "staler-than-its-window", severity="warn")
def staler_than_its_window(subject: Subject) -> Iterator[Hit | Unknown]:
    """A feature may be older than the window that it describes, or than its refresh allows.

    What it checks:
        `freshness`, or one period of `refresh` and the time that it takes, is no longer than `last`; and a
        declared `freshness` can be kept by the declared `refresh`.

    Why it hurts:
        A count of the last hour that is computed once a day describes some hour of yesterday. Training sees
        the same stale values, so nothing looks wrong; the signal that the window was chosen for is gone.

    Example:
        `clicks: {source: clicks, by: user, count: true, last: 1h, refresh: 1d}` fires; with `last: 7d` it
        is silent.

    How to fix:
        Refresh more often than the window is long, serve it from a stream, or take a longer window.
    """
    told: set[str] = set()
    for name, feature in subject.framing.features.items():
        written = _written(subject, name)
        found = _staleness(feature)
        if found is None or written in told:
            continue
        told.add(written)
        evidence, fix, numbers = found
        yield Hit(path=("features", name), evidence=evidence.format(name=name), fix=fix, numbers=numbers)


def _staleness(feature: Feature) -> tuple[str, str, dict[str, float]] | None:
    """Return what is wrong with a feature's age, a fix, and the figures in seconds; None where nothing is."""
    last = feature.last if isinstance(feature.last, Duration) else None
    run = feature.refresh
    oldest_run = None if run is None else run.every.microseconds + run.takes.microseconds
    fresh = None if feature.freshness is None else feature.freshness.microseconds
    age = max(oldest_run or 0, fresh or 0)
    if feature.source is None:
        return None
    if last is not None and age > last.microseconds:
        numbers = {"oldest_seconds": age / 1e6, "window_seconds": last.microseconds / 1e6}
        said = f"expected {{name}} no older than its window of {last}, got up to {Duration(age)}."
        return said, f"refresh: {Duration(max(last.microseconds // 10, 1_000_000))}", numbers
    if oldest_run is not None and fresh is not None and oldest_run > fresh:
        numbers = {"oldest_seconds": oldest_run / 1e6, "freshness_seconds": fresh / 1e6}
        said = (
            f"expected a refresh that keeps the freshness of {feature.freshness}, got values of "
            f"{{name}} up to {Duration(oldest_run)} old."
        )
        return said, f"freshness: {Duration(oldest_run)}", numbers
    return None


@rule("FEAT004", "identifier-as-number", severity="warn")
def identifier_as_number(subject: Subject) -> Iterator[Hit | Unknown]:
    """An identifier is read as a number.

    What it checks:
        Features that take an entity, a key or a column named like one (`..._id`, `zip`, `sku`) as a number:
        because they say so, or because the file holds numbers and they say nothing. In the data, more than
        20 values.

    Why it hurts:
        Customer 7,004 is not more than customer 12. A tree cuts between them all the same and learns the
        order of sign-ups; a new identifier lies beyond every cut.

    Example:
        `shop: {column: shop_id}` over a column of integers fires; `shop: {column: shop_id, as: category}`
        is silent.

    How to fix:
        `as: category`, or better what is known of the entity: its past, by a window.
    """
    framing = subject.framing
    source = subject.example_source
    keys = {*framing.table.entity, framing.table.unit, *(source.key if source else ())} - {None, "row"}
    doubtful = []
    for name, feature in framing.features.items():
        column = feature.column
        if column is None or feature.as_ not in (None, "number"):
            continue
        if column not in keys and not IDENTIFIER.search(_snake(column)):
            continue
        is_number = _reads_numbers(subject, name, feature)
        if is_number:
            yield Hit(
                path=("features", name),
                evidence=f"expected a category, got the identifier {column!r} as a "
                f"number{_distinct(subject, name)}.",
                fix=f"{name}: {{column: {column}, as: category}}",
                numbers={"distinct": _n_distinct(subject, name)} if subject.data else {},
            )
        elif is_number is None:
            doubtful.append(name)
    if doubtful:
        yield Unknown(
            f"whether {', '.join(doubtful)} are numbers in the file shows in the examples: use --data"
        )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _reads_numbers(subject: Subject, name: str, feature: Feature) -> bool | None:
    """Return whether a column is read as a number of many values; None where only the data know."""
    column = subject.data.column(name) if subject.data else None
    if column is not None:
        return column.role == "number" and _n_distinct(subject, name) > MANY
    source = subject.example_source
    kind = None if source is None else source.types.get(str(feature.column))
    if feature.as_ == "number" or kind in ("integer", "number"):
        return True
    return None if kind is None else False


def _n_distinct(subject: Subject, name: str) -> int:
    column = subject.data.column(name) if subject.data else None
    return 0 if column is None or column.role == "list" else len(np.unique(column.values[~column.is_null]))


def _distinct(subject: Subject, name: str) -> str:
    return f" of {_n_distinct(subject, name):,} values" if subject.data else ""


@rule("FEAT006", "group-of-features-missing", severity="info")
def group_of_features_missing(subject: Subject) -> Iterator[Hit | Unknown]:
    """Whole groups of features are missing: nothing is known of one side, or of the moment.

    What it checks:
        Each entity of the examples has a feature of its own: a window by it, an attribute joined by it, or
        itself as a category; keys that name a single row, and moments such as a session or a request, are
        exempt. And something is read of the moment (the request, the clock), unless decisions are made on a
        calendar.

    Why it hurts:
        A feed that knows its items and not its users shows everybody the same. Which group is missing is
        seen best before any model is trained: no model makes up for it.

    Example:
        `entity: [user, item]` with windows by `item` alone fires as a warning; with one window by `user` it
        is silent.

    How to fix:
        Start each group with three: how often, how recently, how well it went so far.
    """
    framing = subject.framing
    source = subject.example_source
    if source is not None and source.pairs is not None:
        return
    keys = {"row", *(source.key if source else ())}
    entities = [one for one in framing.table.entity if one not in keys and not words_in(one, MOMENTS)]
    read = _entities_read(subject)
    has_own = any(row_columns(framing, name) for name in framing.features)
    if len(entities) == 1 and has_own:
        entities = []
    missing = [one for one in entities if one not in read]
    needs_moment = framing.table.every is None
    wanted = [*entities, *(["the moment"] if needs_moment else [])]
    no_moment = needs_moment and not any(own for one in framing.features.values() for own in own_reads(one))
    if missing or no_moment:
        groups = [*missing, *(["the moment"] if no_moment else [])]
        yield Hit(
            path=("features",),
            evidence=f"expected features of {', '.join(wanted)}, got none of {', '.join(groups)}.",
            fix=f"{missing[0]}_count: {{source: {framing.table.source or 'LOG'}, by: {missing[0]}, "
            "count: true, last: 7d}"
            if missing
            else "hour_of_day: {sql: hour(at)}",
            numbers={"missing": len(groups)},
            severity="warn" if missing else "info",
        )


def _entities_read(subject: Subject) -> set[str]:
    """Return the columns by which some feature knows an entity."""
    framing = subject.framing
    source = subject.example_source
    attributes = undated(framing)
    found: set[str] = set()
    for name, feature in framing.features.items():
        found |= set(feature.by) if feature.source is not None else set()
        for column in row_columns(framing, name):
            found.add(column)
            if column in attributes:
                found |= set(attributes[column].key)
            elif source is not None and column in source.lookup:
                found |= set(source.lookup[column].by)
    return found


@rule("FEAT008", "personal-data-as-feature", severity="warn")
def personal_data_as_feature(subject: Subject) -> Iterator[Hit | Unknown]:
    """A feature reads who somebody is, where what they did would do.

    What it checks:
        Columns that features read, on the row or in windows, whose names mean a date of birth, a name, an
        address, a phone, an e-mail or a number of identity. Records that are compared as pairs are exempt:
        there the name is the question.

    Why it hurts:
        Data that are not needed may not be processed in most of the world, and are what a breach exposes. A
        model reads origin and income out of names and addresses, which nobody would have written down as a
        feature.

    Example:
        `features: {address: {column: street_address}}` fires; `features: {distance_km: {column:
        distance_km}}` is silent.

    How to fix:
        Keep what the decision needs of it: an age band, a distance, whether the domain was seen before.
        Name the column under `governance: {forbidden: [...]}`.

    Source:
        Regulation (EU) 2016/679, article 5(1)(c), data minimisation.
    """
    source = subject.example_source
    if source is not None and source.pairs is not None:
        return
    is_about_people = bool(words_in(" ".join(subject.framing.table.entity), PEOPLE))
    told: set[str] = set()
    for name, feature in subject.framing.features.items():
        written = _written(subject, name)
        for column in sorted(_values_read(feature)) if written not in told else ():
            plain = _snake(column).replace("_", " ")
            word = next(
                iter(words_in(plain, PERSONAL)), "name" if is_about_people and plain == "name" else None
            )
            if word is not None:
                told.add(written)
                yield Hit(
                    path=("features", name),
                    evidence=f"expected what the decision needs, got {column!r} ({word}), which says "
                    "who somebody is.",
                    fix=f"take {written} out, and governance: {{forbidden: [{column}]}}",
                )
                break


def _values_read(feature: Feature) -> frozenset[str]:
    read = {column for _, columns in own_reads(feature) for column in columns}
    for expression in (feature.where, feature.aggregated):
        read |= set() if expression is None else set(expression.columns)
    return frozenset(read)


@rule("FEAT009", "one-source-feeds-most", severity="warn")
def one_source_feeds_most(subject: Subject) -> Iterator[Hit | Unknown]:
    """Most features hang on one source beside the request, and none says what to read when it is down.

    What it checks:
        The source, other than that of the examples, that feeds at least half of all features (of four or
        more), while none of these has a `default`.

    Why it hurts:
        When that source is late the model reads missing values in half of its columns, which training has
        rarely shown it, and answers with confidence.

    Example:
        Six of eight features over `clickstream` without a default fire; with `default: 0` on them it is
        silent.

    How to fix:
        Give the features a `default` that means "nothing known", and try the decision with the source
        switched off.
    """
    framing = subject.framing
    own = {framing.table.source, framing.table.active.source if framing.table.active else None}
    fed: dict[str, list[str]] = {}
    for name, feature in framing.features.items():
        source = feature.source or _attribute_source(subject, name)
        if source is not None and source not in own:
            fed.setdefault(source, []).append(name)
    total = len(framing.features)
    for source, names in fed.items():
        has_default = any(framing.features[name].default is not None for name in names)
        if total >= LEAST_FEATURES and 2 * len(names) >= total and not has_default:
            yield Hit(
                path=("sources", source),
                evidence=f"expected a default where one source feeds most, got {len(names)} of {total} "
                f"features from {source!r} and none with a default.",
                fix=f"{names[0]}: {{..., default: 0}}",
                numbers={"features": len(names), "total": total},
            )


def _attribute_source(subject: Subject, name: str) -> str | None:
    """Return the source whose attribute a feature reads on the row, where there is one."""
    found = undated(subject.framing)
    source = subject.example_source
    for column in sorted(row_columns(subject.framing, name)):
        if column in found:
            return found[column].source
        if source is not None and column in source.lookup:
            return source.lookup[column].source
    return None


_STATIC = (
    availability_not_declared, staler_than_its_window, identifier_as_number, group_of_features_missing,
    personal_data_as_feature, one_source_feeds_most,
)  # fmt: skip
RULES: tuple[Rule, ...] = tuple(sorted((*_STATIC, *DATA_RULES), key=lambda one: one.code))
