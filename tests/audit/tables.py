"""Built examples made of arrays, so that a data rule meets exactly what a test plants."""

from typing import Any

import numpy as np

from tests.audit.framings import subject_of
from truenorth.audit import Answer, Audit, DataEvidence, Subject, audit, find_rule
from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import Finding
from truenorth.examples.dataset import Dataset, Outcomes

START = np.datetime64("2026-01-01", "us").astype(np.int64)
DAY = 86_400_000_000
N = 4_000


def table(n: int = N, *, days: int = 100, seed: int = 1) -> dict[str, Any]:
    """Return the columns of a healthy table of the clean framing: keys, times, parts, features."""
    rng = np.random.default_rng(seed)
    at = START + np.sort(rng.integers(0, days * DAY, n))
    share = np.arange(n) / n
    part = np.select(
        [share < 0.6, share < 0.75, share < 0.85], ["train", "validation", "calibration"], "test"
    )
    return {
        "example_id": np.array([f"p{row}" for row in range(n)], dtype=object),
        "payment": np.arange(n).astype(float),
        "customer": rng.integers(0, n // 8, n).astype(float),
        "terminal": rng.integers(0, n // 4, n).astype(float),
        "unit": rng.integers(0, n // 8, n).astype(float),
        "at": at,
        "split": part.astype(object),
        "weight": np.ones(n),
        "country": rng.choice(np.array(["FR", "DE", "IT"], dtype=object), n),
        "amount": np.round(rng.lognormal(3.6, 0.9, n), 2),
        "at_night": (rng.random(n) < 0.2).astype(float),
        "spend_1d": rng.lognormal(3, 1, n),
        "spend_7d": rng.lognormal(3, 1, n),
        "terminal_risk": rng.poisson(0.2, n).astype(float),
    }


def evidence_of(
    columns: dict[str, Any] | None = None,
    labels: dict[str, Any] | None = None,
    *,
    changes: dict[str, Any] | None = None,
    states: dict[str, Any] | None = None,
    build: dict[str, Any] | None = None,
    profile: dict[str, Any] | None = None,
    found: tuple[Finding, ...] = (),
    heads: dict[str, Any] | None = None,
    text: str | None = None,
    seed: int = 1,
) -> DataEvidence:
    """Return evidence over the healthy table with columns and labels replaced.

    Args:
        columns: Columns to add or replace, by name; None takes one out. Times are int64 microseconds, texts
            are object arrays, all else is a number.
        labels: Values by label; by default a fraud that `amount` explains a little.
        changes: Changes of the clean framing (or of `text`).
        states: State per row (0 observed, 1 immature, 2 undefined) by label; all observed where absent.
        build: Keys of the build's `profile.json` to replace, such as `sources`.
        profile: Keys of the first table's profile to replace, deep for labels and features.
        found: What the build found.
        heads: First rows of the sources.
        text: Another framing than the clean one.
        seed: Seed of the table.
    """
    about = {} if text is None else {"text": text}
    framing = subject_of(changes, **about).framing
    plain = {
        name: value for name, value in {**table(seed=seed), **(columns or {})}.items() if value is not None
    }
    n = len(next(iter(plain.values())))
    vectors = {name: vector(values) for name, values in plain.items()}
    given = dict(labels or {})
    if "fraud" in framing.labels and "fraud" not in given:
        given["fraud"] = _fraud(plain, seed)
    outcomes = {
        name: Outcomes(
            name=name, kind=str(framing.labels[name].kind), values=vector(values),
            state=np.asarray((states or {}).get(name, np.zeros(n)), dtype=np.int8), weight=np.ones(n),
        )
        for name, values in given.items()
    }  # fmt: skip
    dataset = Dataset(framing, Vectors(vectors, n), outcomes, {}, {name: (name,) for name in outcomes})
    made = _profile(dataset, profile or {})
    whole = {"as_of": "2026-05-01 00:00:00+00", "sources": {}, "attrition": {}, "findings": [], "trained": []}
    whole |= {"tables": {"examples": made}} | (build or {})
    return DataEvidence(dataset=dataset, build=whole, found=found, heads=heads or {})


def subject_with(evidence: DataEvidence, **about: Any) -> Subject:
    """Return a subject whose framing is the evidence's."""
    subject = subject_of(**about)
    return Subject(
        framing=evidence.dataset.framing, today=subject.today, document=subject.document,
        proved=subject.proved, data=evidence,
    )  # fmt: skip


def asked(code: str, evidence: DataEvidence, changes: dict[str, Any] | None = None, **about: Any) -> Audit:
    """Return the audit of one rule over planted examples."""
    return audit(subject_with(evidence, changes=changes, **about), rules=[find_rule(code)])


def answer(code: str, evidence: DataEvidence, changes: dict[str, Any] | None = None, **about: Any) -> Answer:
    """Return what one rule says of planted examples."""
    return asked(code, evidence, changes, **about).by_code[code]


def vector(values: Any) -> Vector:
    """Return a vector of the role that an array's type says."""
    values = np.asarray(values)
    if values.dtype == object:
        return Vector.text(values)
    if values.dtype.kind == "i" and len(values) and values.max() > 1e14:
        return Vector.times(values)
    return Vector.numbers(values)


def _fraud(columns: dict[str, Any], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed + 100)
    amount = np.asarray(columns["amount"], dtype=float) if "amount" in columns else np.full(N, 40.0)
    return (rng.random(len(amount)) < 0.05 + 0.1 * (amount > 80)).astype(float)


def _profile(dataset: Dataset, given: dict[str, Any]) -> dict[str, Any]:
    """Return what `profile_of` would say of the table, as far as rules read it."""
    labels = {name: _label(outcomes) for name, outcomes in dataset.labels.items()}
    for name, more in given.get("labels", {}).items():
        labels[name] |= more
    features = {
        name: {
            "missing": float(dataset.columns[name].is_null.mean()) if dataset.n_rows else None,
            "distinct": _distinct(dataset.columns[name]),
        }
        for name in dataset.framing.features
        if name in dataset.columns
    }
    for name, more in given.get("features", {}).items():
        features[name] |= more
    parts = {
        part: {"rows": int(dataset.is_in(part).sum()), "planned": None, "embargo": 0, "labels": {}}
        for part in dataset.parts
    }
    made = {"rows": dataset.n_rows, "parts": parts, "labels": labels, "features": features, "decisions": {}}
    return made | {key: value for key, value in given.items() if key not in ("labels", "features")}


def _label(outcomes: Outcomes) -> dict[str, Any]:
    values = outcomes.values.values[outcomes.is_observed]
    counts = {
        name: int((outcomes.state == code).sum())
        for code, name in enumerate(("observed", "immature", "undefined"))
    }
    numbers = np.asarray(values, dtype=float)
    return {
        **counts, "positives": int((numbers > 0).sum()),
        "mean": float(numbers.mean()) if len(numbers) else None,
        "distinct": len(np.unique(numbers)), "days_to_event": None, "days_until_known": None,
    }  # fmt: skip


def _distinct(column: Vector) -> int:
    return len(np.unique(column.values[~column.is_null]))
