"""Stamps to BIGINT microseconds UTC: zones, formats, units."""

from __future__ import annotations

import re

from sqlglot import exp

from truenorth.engine.contract import role_of
from truenorth.engine.lowering import Tree, bigint, call, double, number, text, when
from truenorth.engine.trees import try_cast
from truenorth.engine.zones import read_zone
from truenorth.framing.durations import UNITS
from truenorth.framing.sources import Time

END_OF_TIME = 9_000_000_000_000_000_000
"""Microseconds that no calendar holds."""
ZONED = (exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ)
_OFFSET_AT_END = r"[0-9]:[0-9.:]*[0-9] ?(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_JAVA = {
    "%Y": "yyyy", "%y": "yy", "%m": "MM", "%-m": "M", "%b": "MMM", "%B": "MMMM",
    "%d": "dd", "%-d": "d", "%j": "DDD", "%a": "EEE", "%A": "EEEE",
    "%H": "HH", "%-H": "H", "%I": "hh", "%-I": "h", "%p": "a", "%M": "mm", "%-M": "m",
    "%S": "ss", "%-S": "s", "%f": "SSSSSS", "%z": "xx", "%%": "'%'",
}  # fmt: skip
"""`strptime` parts as Java writes them; everything else in a format is literal text."""


def micros(stamp: Tree, data_type: exp.DataType, time: Time, dialect: str) -> Tree:
    """Return a stamp as microseconds UTC; NULL where it cannot be read.

    Args:
        stamp: The column.
        data_type: Its type: a timestamp, date, text, or number.
        time: Format and unit of texts and numbers, and the zone of stamps that carry none.
        dialect: The engine's SQL.

    Raises:
        ValueError: If a number has neither a unit nor a format.
    """
    role = role_of(data_type)
    if role == "time":
        instant = _instant(stamp, dialect)
        return instant if is_zoned(data_type, dialect) else to_utc(instant, time.zone, dialect)
    if time.unit:
        return _counted(stamp, role, UNITS[time.unit])
    if time.format:
        return _formatted(exp.cast(stamp, "VARCHAR"), time, dialect)
    if role == "text":
        return _iso(stamp, time.zone, dialect)
    raise ValueError(f"{data_type.sql()} needs a unit or a format")


def is_zoned(data_type: exp.DataType, dialect: str) -> bool:
    """Return whether stamps of this type carry their zone; Spark's plain TIMESTAMP does."""
    return data_type.this in ZONED or (dialect == "spark" and data_type.this == exp.DType.TIMESTAMP)


def to_utc(local: Tree, zone: str, dialect: str) -> Tree:
    """Return UTC microseconds of local microseconds."""
    if zone == "UTC":
        return local
    if dialect == "duckdb":
        return call(read_zone(zone).macro, local)
    read_zone(zone)
    return call("unix_micros", call("to_utc_timestamp", call("timestamp_micros", local), text(zone)))


def _instant(stamp: Tree, dialect: str) -> Tree:
    if dialect == "spark":
        return call("unix_micros", exp.cast(stamp, exp.DType.TIMESTAMPTZ))
    return call("epoch_us", stamp)


def _counted(stamp: Tree, role: str, unit: int) -> Tree:
    if role == "integer":
        return _whole(bigint(stamp), unit)
    value = try_cast(stamp, "DOUBLE")
    scaled = exp.Mul(this=value, expression=number(float(unit)))
    # a stamp far outside any calendar is NULL instead of an overflow
    fits = exp.Between(this=scaled.copy(), low=number(-9.2e18), high=number(9.2e18))
    return when(fits, bigint(exp.Round(this=double(exp.paren(scaled)), decimals=number(0))))


def _whole(stamp: Tree, unit: int) -> Tree:
    """Return whole units as microseconds; one that would overflow is the end of time, out of any range."""
    if unit == 1:
        return stamp
    most = END_OF_TIME // unit
    fits = exp.Between(this=stamp.copy(), low=number(-most), high=number(most))
    scaled = exp.Mul(this=stamp.copy(), expression=number(unit))
    present = exp.Not(this=exp.Is(this=stamp.copy(), expression=exp.null()))
    return exp.Case(
        ifs=[exp.If(this=fits, true=scaled), exp.If(this=present, true=number(END_OF_TIME))],
    )


def _formatted(stamp: Tree, time: Time, dialect: str) -> Tree:
    pattern = time.format or ""
    if dialect == "spark":
        instant = call("unix_micros", call("try_to_timestamp", stamp, text(java_format(pattern))))
    else:
        instant = call("epoch_us", call("try_strptime", stamp, text(pattern)))
    return instant if "%z" in pattern else to_utc(instant, time.zone, dialect)


def java_format(pattern: str) -> str:
    """Return a `strptime` format as Java writes it.

    Examples:
        >>> java_format("%Y-%m-%d %H:%M:%S UTC")
        "yyyy-MM-dd HH:mm:ss 'UTC'"
    """
    parts = re.findall(r"%-?[A-Za-z%]|[A-Za-z']+|[^%A-Za-z']+|.", pattern)
    return "".join(_JAVA.get(part) or _quoted(part) for part in parts)


def _quoted(part: str) -> str:
    return "'" + part.replace("'", "''") + "'" if re.match(r"[A-Za-z'#{}\[\]]", part) else part


def _iso(stamp: Tree, zone: str, dialect: str) -> Tree:
    """Read ISO 8601 texts; those that end in an offset are zoned whatever the zone of the source."""
    trimmed = exp.Trim(this=stamp)
    has_offset = exp.RegexpLike(this=trimmed.copy(), expression=text(_OFFSET_AT_END))
    zoned = try_cast(trimmed.copy(), "TIMESTAMPTZ")
    naive_type = "TIMESTAMPTZ" if dialect == "spark" else "TIMESTAMP"
    naive = try_cast(trimmed.copy(), naive_type)
    return when(has_offset, _instant(zoned, dialect), to_utc(_instant(naive, dialect), zone, dialect))
