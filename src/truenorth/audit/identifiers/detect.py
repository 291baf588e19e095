"""Which columns hold identifiers of persons: by column name, by pattern and by checksum, on a sample.

The kinds are the 18 of the Safe Harbor rule (45 CFR 164.514(b)(2)). A column gets one verdict, and no value
of it is returned or shown. What is not claimed: free text is not searched for names, times of events in a
log are not taken for dates about a person, a key that is a whole number or a place that is no large city is
seen by its name alone, and whether a photograph shows a face is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from truenorth.audit.identifiers.lexicon import speaks_of_no_person, topics_of
from truenorth.audit.identifiers.patterns import Test
from truenorth.audit.identifiers.rules import NAMED, VALUE_TESTS, By, Confidence
from truenorth.audit.identifiers.sample import Column, ColumnSample, draw_sample

KINDS: dict[str, str] = {
    "name": "Names",
    "geography": "Geographic subdivisions smaller than a state, but for the first three digits of a ZIP code",
    "date": "Elements of dates, except the year, directly related to an individual; ages over 89",
    "phone": "Telephone numbers",
    "fax": "Fax numbers",
    "email": "Electronic mail addresses",
    "ssn": "Social security numbers",
    "medical_record": "Medical record numbers",
    "health_plan": "Health plan beneficiary numbers",
    "account": "Account numbers",
    "certificate": "Certificate and license numbers",
    "vehicle": "Vehicle identifiers and serial numbers, including license plate numbers",
    "device": "Device identifiers and serial numbers",
    "url": "Web universal resource locators (URLs)",
    "ip": "Internet protocol (IP) addresses",
    "biometric": "Biometric identifiers, including finger and voice prints",
    "photo": "Full-face photographs and comparable images",
    "unique": "Any other unique identifying number, characteristic, or code",
}
"""Each kind with its name in the rule."""

_GLANCE = 64
_YIELDS_TO_NAME = frozenset(("phone", "unique"))  # a fax or plan number looks like one; its name knows better


@dataclass(frozen=True)
class Identifier:
    """One column that holds identifiers; it carries no value of the column."""

    column: str
    kind: str
    """Key of `KINDS`."""
    by: tuple[By, ...]
    """How it was seen: `name`, `pattern`, `checksum`."""
    share: float
    """Share of the sample that matched, in [0, 1]."""
    n: int
    """Values in the sample; missing ones are not counted."""
    confidence: Confidence
    """`high` where name and values agree, or the values look like nothing else."""

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain JSON values."""
        return {**asdict(self), "by": list(self.by)}


@dataclass(frozen=True)
class _Evidence:
    kind: str
    by: By
    share: float
    confidence: Confidence


def find_identifiers(
    columns: Mapping[str, Column], *, seed: int = 0, sample: int = 2000
) -> tuple[Identifier, ...]:
    """Return the columns that hold identifiers of persons, in the order given.

    A column counts by its name only where 30 % of its values could be of that kind, and by its values
    where 30 % match a form that nothing else has, or most match a form that other things can have.
    Columns that speak of a thing, an event or a measure (`merchant_city`, `account_age_days`) count only by
    values that leave no doubt.

    Args:
        columns: Values by column name; None, NaN and empty text are missing.
        seed: Seed of the sample.
        sample: Most values read per column, > 0.

    Returns:
        At most one verdict per column.

    Examples:
        >>> found = find_identifiers({"c17": ["219-09-9999", "457-55-5462"], "amount": [12.5, 80.0]})
        >>> [(one.column, one.kind, one.by, one.share, one.confidence) for one in found]
        [('c17', 'ssn', ('pattern',), 1.0, 'high')]

    References:
        45 CFR 164.514(b)(2), de-identification of protected health information: safe harbor.
    """
    judged = (
        _judge(name, draw_sample(name, column, seed=seed, size=sample)) for name, column in columns.items()
    )
    return tuple(verdict for verdict in judged if verdict is not None)


def _judge(column: str, sample: ColumnSample) -> Identifier | None:
    named = next(_by_name(column, sample), None)
    shown = next(_by_values(column, sample), None)
    chosen = _choose(named, shown)
    if chosen is None:
        return None
    agreed = [one for one in (named, shown) if one is not None and one.kind == chosen.kind]
    return Identifier(
        column=column,
        kind=chosen.kind,
        by=tuple(one.by for one in agreed),
        share=agreed[-1].share,
        n=sample.n,
        confidence="high" if len(agreed) == 2 and chosen.kind != "unique" else chosen.confidence,
    )


def _choose(named: _Evidence | None, shown: _Evidence | None) -> _Evidence | None:
    if named is None or shown is None:
        return named or shown
    is_sure = shown.confidence == "high" and shown.kind not in _YIELDS_TO_NAME
    return shown if is_sure or shown.kind == named.kind else named


def _by_name(column: str, sample: ColumnSample) -> Iterator[_Evidence]:
    for topic in topics_of(column):
        rule = NAMED[topic]
        if sample.form in rule.forms and rule.gate(sample):
            share = _share(rule.fits, sample, rule.least)
            if share > 0:
                yield _Evidence(rule.kind, "name", share, "medium")


def _by_values(column: str, sample: ColumnSample) -> Iterator[_Evidence]:
    needs_no_doubt = speaks_of_no_person(column)
    for test in VALUE_TESTS:
        if sample.form not in test.forms or (needs_no_doubt and test.confidence != "high"):
            continue
        share = _share(test.matches, sample, test.least)
        if share > 0 and test.gate(sample):
            yield _Evidence(test.kind, test.by, share, test.confidence)


def _share(matches: Test, sample: ColumnSample, least: float) -> float:
    """Return the share that matches, 0 where it is below the least; a glance saves most work."""
    glance = sum(map(matches, islice(sample.texts, _GLANCE)))
    if sample.n == 0 or glance < least / 2 * min(sample.n, _GLANCE):
        return 0.0
    share = sum(map(matches, sample.texts)) / sample.n
    return share if share >= least else 0.0
