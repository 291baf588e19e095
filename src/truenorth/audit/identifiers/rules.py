"""Which values, and which column names, show which kind of identifier.

Two tables. `VALUE_TESTS` speak on values alone, so they are strict where other things look alike: digits
without separators count as a telephone number only if nearly all of them do. `NAMED` are loose: the column
name has spoken, and the values only have to be possible. A gate asks something of the column as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from truenorth.audit.identifiers import checksums, patterns
from truenorth.audit.identifiers.patterns import OLDEST, Test
from truenorth.audit.identifiers.sample import ColumnSample, Form

By = Literal["name", "pattern", "checksum"]
Confidence = Literal["high", "medium"]
Gate = Callable[[ColumnSample], bool]

LEAST_SHARE = 0.3
"""Least share of values that match where a match is no accident."""
LEAST_ROWS = 20
"""Fewest values on which a judgement of the whole column stands."""
UNIQUE = 0.98
"""Distinct values per value above which a column is a key."""

_YEAR = re.compile(r"(?:19|20)\d\d")


def always(sample: ColumnSample) -> bool:
    """Pass every column."""
    return True


def enough(sample: ColumnSample) -> bool:
    """Pass a column with enough rows to be judged as a whole."""
    return sample.n >= LEAST_ROWS


def varied(sample: ColumnSample) -> bool:
    """Pass a column with more than a handful of values: names and cities, not categories."""
    return enough(sample) and sample.n_distinct >= 8


def reads_like_names(sample: ColumnSample) -> bool:
    """Pass many different values of a few words each, hardly one with a digit or a sign."""
    return varied(sample) and sum(map(patterns.is_few_words, sample.texts)) >= 0.85 * sample.n


def is_unique(sample: ColumnSample) -> bool:
    """Pass a column in which nearly no value comes twice."""
    return enough(sample) and sample.uniqueness > UNIQUE


def spans_lifetimes(sample: ColumnSample) -> bool:
    """Pass dates whose years spread over 25 and more, as birthdays do and events of a log do not."""
    years = sorted(int(found.group()) for found in map(_YEAR.search, sample.texts) if found)
    return enough(sample) and len(years) > 0 and years[len(years) * 19 // 20] - years[len(years) // 20] >= 25


def are_ages(sample: ColumnSample) -> bool:
    """Pass whole numbers none of which is beyond the age of a person."""
    ages = [int(text) for text in sample.texts if text.isdecimal()]
    return max(ages, default=OLDEST + 1) <= OLDEST


def spreads(sample: ColumnSample, *, width: int, least: int) -> bool:
    """Tell whether the padded first digits are spread: issued numbers are, measurements bunch."""
    first = Counter(text.zfill(width)[0] for text in sample.texts)
    return sample.n >= 2 * LEAST_ROWS and len(first) >= least and max(first.values()) <= 0.35 * sample.n


def covers_country(sample: ColumnSample) -> bool:
    """Pass five-digit numbers from all over the range of ZIP codes."""
    return spreads(sample, width=5, least=10)


def covers_areas(sample: ColumnSample) -> bool:
    """Pass nine-digit numbers from all over the range of social security areas."""
    return spreads(sample, width=9, least=6)


@dataclass(frozen=True)
class ValueTest:
    """One way to know a kind of identifier by its values."""

    kind: str
    matches: Test
    confidence: Confidence
    """`high` where nothing else looks like it."""
    by: By = "pattern"
    least: float = LEAST_SHARE
    """Least share of values that match."""
    forms: tuple[Form, ...] = ("text",)
    """The forms of column that are read."""
    gate: Gate = always
    """What the column as a whole must be."""


_DIGITS: tuple[Form, ...] = ("integer", "text")
_DAYS: tuple[Form, ...] = ("text", "time", "integer")
_STORED: tuple[Form, ...] = ("text", "bytes")
_sure = partial(ValueTest, confidence="high")
_likely = partial(ValueTest, confidence="medium")

VALUE_TESTS: tuple[ValueTest, ...] = (
    _sure("email", patterns.EMAIL),
    _sure("url", patterns.URL),
    _sure("ip", checksums.is_ip, by="checksum"),
    _sure("device", patterns.MAC),
    _sure("account", checksums.is_iban, by="checksum"),
    _sure("account", checksums.is_card, by="checksum", least=0.4, forms=_DIGITS),
    _sure("device", checksums.is_imei, by="checksum", least=0.7, forms=_DIGITS),
    _sure("vehicle", checksums.is_vin, by="checksum"),
    _sure("ssn", patterns.is_ssn_text),
    _sure("health_plan", patterns.MEDICARE),
    _sure("certificate", checksums.is_dea, by="checksum", least=0.7),
    _sure("certificate", checksums.is_npi, by="checksum", least=0.9, forms=_DIGITS, gate=enough),
    _sure("medical_record", patterns.RECORD),
    _sure("phone", patterns.PHONE_ABROAD),
    _sure("phone", patterns.PHONE),
    _sure("geography", patterns.POSTCODE),
    _sure("geography", patterns.STREET),
    _sure("geography", patterns.COUNTY),
    _likely("medical_record", checksums.is_nhs, by="checksum", least=0.95, forms=_DIGITS, gate=enough),
    _likely("phone", patterns.is_phone_number, least=0.9, forms=_DIGITS, gate=enough),
    _likely("geography", patterns.is_city, gate=varied),
    _likely("geography", patterns.is_zip, least=0.98, forms=_DIGITS, gate=covers_country),
    _likely("geography", patterns.NUMBERED, least=0.8, gate=is_unique),
    _likely("ssn", patterns.is_ssn_number, least=0.98, forms=_DIGITS, gate=covers_areas),
    _likely("date", patterns.is_day, least=0.9, forms=_DAYS, gate=spans_lifetimes),
    _likely("photo", patterns.IMAGE, forms=_STORED),
    _likely("name", patterns.is_person, least=0.15, gate=reads_like_names),
    _likely("unique", patterns.is_token, least=0.9, gate=is_unique),
)
"""Values that show a kind by themselves; the first that applies is taken, so the surest come first."""


@dataclass(frozen=True)
class Named:
    """What a topic of column names means, and what its values must at least look like."""

    kind: str
    fits: Test
    forms: tuple[Form, ...] = ("text", "integer")
    gate: Gate = always
    least: float = LEAST_SHARE


NAMED: dict[str, Named] = {
    "person": Named("name", patterns.NAME_LIKE, forms=("text",)),
    "postcode": Named("geography", patterns.POSTCODE_LIKE),
    "place": Named("geography", patterns.WORD_LIKE, forms=("text",)),
    "area": Named("geography", patterns.AREA_LIKE),
    "coordinate": Named("geography", patterns.COORDINATE_LIKE, forms=("decimal", "text")),
    "life date": Named("date", patterns.is_life_date, forms=_DAYS),
    "age": Named("date", patterns.is_great_age, forms=_DIGITS, gate=are_ages, least=0.0),
    "phone": Named("phone", patterns.PHONE_LIKE),
    "fax": Named("fax", patterns.PHONE_LIKE),
    "email": Named("email", patterns.EMAIL_LIKE, forms=("text",)),
    "ssn": Named("ssn", patterns.SSN_LIKE),
    "medical record": Named("medical_record", patterns.is_code),
    "health plan": Named("health_plan", patterns.is_code),
    "account": Named("account", patterns.is_code),
    "certificate": Named("certificate", patterns.is_code),
    "vehicle": Named("vehicle", patterns.is_code),
    "device": Named("device", patterns.is_code),
    "url": Named("url", patterns.URL_LIKE, forms=("text",)),
    "ip": Named("ip", patterns.is_internet_address),
    "biometric": Named("biometric", patterns.TEMPLATE_LIKE, forms=_STORED),
    "photo": Named("photo", patterns.FILE_LIKE, forms=_STORED),
    "key": Named("unique", patterns.is_key, gate=is_unique),
}
"""By topic of `lexicon.PHRASES`."""
