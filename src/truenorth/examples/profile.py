"""What an examples table holds: the evidence that the audit reads, and what stands in the way of using it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.lowering import Tree, column, double, number, text, when
from truenorth.engine.readers import read_raw
from truenorth.engine.trees import alias, stored
from truenorth.errors import Finding
from truenorth.examples.parts import Parts
from truenorth.examples.table import Shape
from truenorth.framing.sources import Source
from truenorth.framing.split import Split

LAGS = (0.5, 0.9, 0.95, 0.99, 1.0)
_DAY = 86_400.0
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Profile:
    """Counts of one examples table."""

    n_rows: int
    first_at: str | None
    last_at: str | None
    parts: Mapping[str, dict[str, Any]]
    """Per part: rows, time range, reading, and rows that the embargo holds back."""
    labels: Mapping[str, dict[str, Any]]
    """Per label: rows by state, positives, mean, maturity curve by part, lag quantiles in days."""
    features: Mapping[str, dict[str, Any]]
    """Per feature: missing share, distinct values (approximate); least, greatest and mean of a number."""
    decisions: Mapping[str, Any]
    """Check of propensities: `assessed`, and if so the decisions and those that do not sum to 1."""

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as plain JSON values."""
        return {
            "rows": self.n_rows, "first_at": self.first_at, "last_at": self.last_at,
            "parts": dict(self.parts), "labels": dict(self.labels),
            "features": dict(self.features), "decisions": dict(self.decisions),
        }  # fmt: skip


def profile_of(engine: Engine, path: Path, shape: Shape, parts: Parts, trained: frozenset[str]) -> Profile:
    """Return the profile of a written examples table."""
    written = Source(path=path.name)
    relation = read_raw(
        engine, f"written_{path.stem.replace('.', '_')}", written, base=path.parent, given={}, as_text=()
    )
    types = engine.columns(relation)
    totals = _fetch_one(engine, relation, _totals(shape, types))
    by_part = _by_part(engine, relation, shape, trained)
    labels = {name: _label(totals, name, engine, relation, shape) for name in shape.labels}
    return Profile(
        n_rows=int(totals["rows"]),
        first_at=_text(totals["first_at"]),
        last_at=_text(totals["last_at"]),
        parts=_parts(parts, by_part),
        labels=labels,
        features={name: _feature(totals, name) for name in shape.features},
        decisions=_decisions(engine, relation, shape),
    )


def check_profile(profile: Profile, split: Split | None, trained: frozenset[str]) -> Iterator[Finding]:
    """Yield what makes the table unusable for training: no rows, nothing matured, one class, no test rows."""
    if profile.n_rows == 0:
        yield _finding(
            "DATA101", "examples", "expected at least one example, got an empty table.",
            "widen the log, the calendar or the filters; the attrition says what removed the rows.",
        )  # fmt: skip
        return
    for name in sorted(trained & profile.labels.keys()):
        label = profile.labels[name]
        if label["observed"] == 0:
            yield _finding(
                "LABEL005", f"labels.{name}",
                f"expected observed labels, got {label['immature']:,} immature and "
                f"{label['undefined']:,} undefined of {profile.n_rows:,}.",
                "bring a longer log, or shorten the window or the delay.",
            )  # fmt: skip
        elif label["distinct"] == 1:
            yield _finding(
                "LABEL007", f"labels.{name}",
                f"expected more than one value, got one in {label['observed']:,} observed rows.",
                "check the label's condition, or bring more rows.",
            )  # fmt: skip
    if split is not None:
        for name in ("train", "test"):
            rows = sum(
                part["rows"]
                for part_name, part in profile.parts.items()
                if part_name.partition(".")[0] == name
            )
            if rows == 0:
                yield _finding(
                    "LABEL006", f"split.{name}", f"expected {name} rows, got none of {profile.n_rows:,}.",
                    "shorten the parts, or bring a longer log; profile.json has the dates.",
                )  # fmt: skip
    outside = profile.decisions.get("outside", 0)
    if outside:
        yield _finding(
            "DATA102",
            "examples.propensity",
            f"expected probabilities above 0 and at most 1, got {outside:,} of {profile.n_rows:,} others.",
            "log the probability with which the policy chose what it did.",
        )
    bad = profile.decisions.get("not_summing_to_one", 0)
    if bad:
        yield _finding(
            "DATA102", "examples.propensity",
            f"expected propensities that sum to 1 in every decision, got {bad:,} of "
            f"{profile.decisions['decisions']:,} that do not.",
            "log every candidate of a decision with its probability.",
        )  # fmt: skip


def _finding(code: str, where: str, evidence: str, fix: str) -> Finding:
    return Finding(code=code, where=where, path=tuple(where.split(".")), evidence=evidence, fix=fix)


def _fetch_one(engine: Engine, relation: str, items: Mapping[str, Tree]) -> dict[str, Any]:
    named = [alias(tree, name) for name, tree in items.items()]
    row: dict[str, Any] = engine.fetch(exp.select(*named).from_(stored(relation))).to_pylist()[0]
    return row


def _count(condition: Tree) -> Tree:
    return exp.Count(this=when(condition, number(1)))


def _is_state(name: str, state: str) -> Tree:
    return exp.EQ(this=column(f"{name}__state"), expression=text(state))


def _as_text(tree: Tree) -> Tree:
    return exp.cast(tree, "VARCHAR")


def _totals(shape: Shape, types: Mapping[str, str]) -> dict[str, Tree]:
    items: dict[str, Tree] = {
        "rows": exp.Count(this=exp.Star()),
        "first_at": _as_text(exp.Min(this=column("at"))),
        "last_at": _as_text(exp.Max(this=column("at"))),
    }
    for name, label in shape.labels.items():
        for state in ("observed", "immature", "undefined"):
            items[f"{name} {state}"] = _count(_is_state(name, state))
        observed = when(_is_state(name, "observed"), column(name))
        items[f"{name} distinct"] = exp.ApproxDistinct(this=observed)
        if label.kind != "class":
            items[f"{name} mean"] = exp.Avg(this=double(observed.copy()))
            positive = exp.and_(_is_state(name, "observed"), exp.GT(this=column(name), expression=number(0)))
            items[f"{name} positives"] = _count(positive)
            early = exp.and_(_is_state(name, "immature"), column(f"{name}__event_at").is_(exp.null()).not_())
            items[f"{name} early"] = _count(early)
        if label.source is not None:
            for moment in ("event_at", "event_known_at"):
                items[f"{name} {moment}"] = _quantiles(name, moment, shape.dialect)
    for name in shape.features:
        role = types.get(name, "other")
        items[f"{name} present"] = exp.Count(this=column(name))
        items[f"{name} distinct"] = exp.ApproxDistinct(this=column(name)) if role != "list" else exp.null()
        if role in ("integer", "number"):
            items |= {
                f"{name} min": double(exp.Min(this=column(name))),
                f"{name} max": double(exp.Max(this=column(name))),
                f"{name} mean": exp.Avg(this=double(column(name))),
            }
    return items


def _label(
    totals: Mapping[str, Any], name: str, engine: Engine, relation: str, shape: Shape
) -> dict[str, Any]:
    counts = {state: int(totals[f"{name} {state}"]) for state in ("observed", "immature", "undefined")}
    found: dict[str, Any] = {**counts, "distinct": int(totals[f"{name} distinct"] or 0)}
    if shape.labels[name].kind == "class":
        found["classes"] = _class_counts(engine, relation, name)
        found["distinct"] = len(found["classes"])
        return found
    found |= {"positives": int(totals[f"{name} positives"]), "mean": totals[f"{name} mean"]}
    if found["distinct"] <= 1 and counts["observed"]:
        found["distinct"] = _exact_distinct(engine, relation, name)
    if shape.labels[name].source is not None:
        found["immature_with_event"] = int(totals[f"{name} early"])
        found["days_to_event"] = _named_quantiles(totals[f"{name} event_at"])
        found["days_until_known"] = _named_quantiles(totals[f"{name} event_known_at"])
    return found


def _exact_distinct(engine: Engine, relation: str, name: str) -> int:
    observed = when(_is_state(name, "observed"), column(name))
    row = _fetch_one(engine, relation, {"n": exp.Count(this=exp.Distinct(expressions=[observed]))})
    return int(row["n"])


def _class_counts(engine: Engine, relation: str, name: str) -> dict[str, int]:
    query = (
        exp.select(column(name), alias(exp.Count(this=exp.Star()), "n"))
        .from_(stored(relation)).where(_is_state(name, "observed")).group_by(column(name))
    )  # fmt: skip
    return {
        row[name]: row["n"]
        for row in sorted(engine.fetch(query).to_pylist(), key=lambda row: (-row["n"], row[name]))
    }


def _quantiles(name: str, moment: str, dialect: str) -> Tree:
    """Return approximate quantiles of the time from `at` to the first event (or until known), in days."""
    seconds = exp.paren(_epoch(column(f"{name}__{moment}"), dialect) - _epoch(column("at"), dialect))
    days = exp.Div(this=double(seconds), expression=number(_DAY * 1e6))
    return exp.ApproxQuantile(this=days, quantile=exp.array(*(exp.Literal.number(str(q)) for q in LAGS)))


def _named_quantiles(values: list[float] | None) -> dict[str, float] | None:
    if values is None or values[0] is None:
        return None
    return {str(quantile): float(value) for quantile, value in zip(LAGS, values, strict=True)}


def _epoch(tree: Tree, dialect: str) -> Tree:
    return exp.Anonymous(this="unix_micros" if dialect == "spark" else "epoch_us", expressions=[tree])


def _by_part(
    engine: Engine, relation: str, shape: Shape, trained: frozenset[str]
) -> dict[str | None, dict[str, Any]]:
    items: dict[str, Tree] = {
        "rows": exp.Count(this=exp.Star()),
        "first_at": _as_text(exp.Min(this=column("at"))),
        "last_at": _as_text(exp.Max(this=column("at"))),
    }
    waiting = [name for name in shape.labels if name in trained and shape.labels[name].maturity == "wait"]
    if waiting:
        items["embargo"] = _count(exp.or_(*(_is_state(name, "immature") for name in waiting)))
    for name in shape.labels:
        items[f"{name} observed"] = _count(_is_state(name, "observed"))
        items[f"{name} immature"] = _count(_is_state(name, "immature"))
        if shape.labels[name].kind != "class":
            positive = exp.and_(_is_state(name, "observed"), exp.GT(this=column(name), expression=number(0)))
            items[f"{name} positives"] = _count(positive)
    named = [alias(tree, name) for name, tree in items.items()]
    query = exp.select(column("split"), *named).from_(stored(relation)).group_by(column("split"))
    return {row.pop("split"): row for row in engine.fetch(query).to_pylist()}


def _parts(parts: Parts, found: Mapping[str | None, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    planned = {part.name: part.to_dict() for part in parts.parts}
    names = [*planned, *sorted(name for name in found if name is not None and name not in planned)]
    listed = {name: _part(found.get(name, {}), planned.get(name)) for name in names}
    if None in found:
        listed["none"] = _part(found[None], None)
    return listed


def _part(row: Mapping[str, Any], planned: Mapping[str, Any] | None) -> dict[str, Any]:
    labels: dict[str, dict[str, int]] = {}
    for key, value in row.items():
        name, _, what = key.rpartition(" ")
        if name:
            labels.setdefault(name, {})[what] = int(value)
    return {
        "rows": int(row.get("rows", 0)),
        "first_at": _text(row.get("first_at")), "last_at": _text(row.get("last_at")),
        "planned": planned, "embargo": int(row.get("embargo", 0) or 0), "labels": labels,
    }  # fmt: skip


def _feature(totals: Mapping[str, Any], name: str) -> dict[str, Any]:
    rows, present = int(totals["rows"]), int(totals[f"{name} present"])
    found = {"missing": 1 - present / rows if rows else None, "distinct": totals[f"{name} distinct"]}
    found |= {what: totals[f"{name} {what}"] for what in ("min", "max", "mean") if f"{name} {what}" in totals}
    return found


def _decisions(engine: Engine, relation: str, shape: Shape) -> dict[str, Any]:
    """Check propensities: in (0, 1], and summing to 1 where the log holds all candidates of a decision."""
    table = shape.table
    if table.propensity is None:
        return {"assessed": False}
    outside = exp.or_(
        exp.LTE(this=column("propensity"), expression=number(0.0)),
        exp.GT(this=column("propensity"), expression=number(1.0 + _ROUNDING)),
    )
    wrong = _fetch_one(
        engine,
        relation,
        {"missing": _count(column("propensity").is_(exp.null())), "outside": _count(outside)},
    )
    found: dict[str, Any] = {"assessed": True, **{name: int(value) for name, value in wrong.items()}}
    if not table.decision or table.shown is None:
        return found | {"sums": "not assessed"}
    total = alias(exp.Sum(this=column("propensity")), "total")
    sums = exp.select(column("decision"), total).from_(stored(relation)).group_by(column("decision"))
    off = exp.GT(this=exp.Abs(this=exp.paren(column("total") - number(1.0))), expression=number(_ROUNDING))
    items = {
        "decisions": exp.Count(this=exp.Star()),
        "not_summing_to_one": _count(exp.or_(column("total").is_(exp.null()), off)),
    }
    named = [alias(tree, name) for name, tree in items.items()]
    row = engine.fetch(exp.select(*named).from_(sums.subquery("sums"))).to_pylist()[0]
    return found | {name: int(value) for name, value in row.items()}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
