"""Numbers as people read them: grouped digits, as many decimals as the evidence carries, units."""

from __future__ import annotations

import math

NOT_ASSESSED = "not assessed"
MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"


def count(value: float | None) -> str:
    """Return a count: grouped digits below a million, three significant digits above.

    Examples:
        >>> count(58264), count(1_753_210), count(None)
        ('58,264', '1.75\u202fM', 'not assessed')
    """
    if value is None:
        return NOT_ASSESSED
    for size, letter in ((1e9, "G"), (1e6, "M")):
        if abs(value) >= size:
            return _signed(f"{value / size:.3g}{THIN}{letter}")
    return _signed(f"{value:,.0f}")


def exact(value: float | None) -> str:
    """Return a count with all its digits, so that the numbers of a table add up.

    Examples:
        >>> exact(1_753_210)
        '1,753,210'
    """
    return NOT_ASSESSED if value is None else _signed(f"{value:,.0f}")


def plain(value: float | None, *, decimals: int | None = None) -> str:
    """Return a number with the decimals asked for, or with about three significant digits.

    Examples:
        >>> plain(0.71234), plain(1234.5), plain(0.5, decimals=2), plain(12_300.0)
        ('0.712', '1,234', '0.50', '12,300')
    """
    if value is None:
        return NOT_ASSESSED
    if decimals is None:
        decimals = significant_decimals(value)
        if value and abs(value) < 1e-4:
            return _signed(f"{value:.2e}")
    return _signed(f"{value:,.{decimals}f}")


def significant_decimals(value: float, digits: int = 3) -> int:
    """Return how many decimals show so many significant digits, 0 to 6.

    Examples:
        >>> significant_decimals(0.0123), significant_decimals(12.3), significant_decimals(4500.0)
        (4, 1, 0)
    """
    if not value:
        return digits - 1
    return min(6, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def evidence_decimals(value: float, low: float | None, high: float | None) -> int:
    """Return the decimals that an interval justifies: two significant digits of its half-width.

    Examples:
        >>> evidence_decimals(0.71234, 0.6553, 0.7691)
        3
        >>> evidence_decimals(-1234.5, -2000.0, -500.0)
        0
    """
    if low is None or high is None or not high > low:
        return significant_decimals(value)
    return significant_decimals((high - low) / 2, digits=2)


def percent(value: float | None, *, decimals: int = 1) -> str:
    """Return a share as a percentage.

    Examples:
        >>> percent(0.0312), percent(1.0), percent(0.999999)
        ('3.1\u202f%', '100\u202f%', '100\u202f%')
    """
    if value is None:
        return NOT_ASSESSED
    written = f"{value * 100:.{decimals}f}"
    written = written.rstrip("0").rstrip(".") if "." in written else written
    return _signed(f"{written}{THIN}%")


def money(value: float | None, currency: str = "") -> str:
    """Return an amount of money, cents only below a hundred.

    Examples:
        >>> money(58264.2, "EUR"), money(3.5, "EUR"), money(1_754_000.0)
        ('58,264 EUR', '3.50 EUR', '1.75\u202fM')
    """
    if value is None:
        return NOT_ASSESSED
    written = count(value) if abs(value) >= 100 or not value else _signed(f"{value:,.2f}")
    return f"{written} {currency}".rstrip()


def seconds(value: float | None) -> str:
    """Return a length of time.

    Examples:
        >>> seconds(0.0042), seconds(3.21), seconds(125.0), seconds(7300.0)
        ('4.2\u202fms', '3.2\u202fs', '2\u202fmin 5\u202fs', '2\u202fh 1\u202fmin')
    """
    if value is None:
        return NOT_ASSESSED
    if value < 0.001:
        return f"<1{THIN}ms" if value > 0 else f"0{THIN}s"
    if value < 1:
        return f"{value * 1000:.2g}{THIN}ms" if value < 0.1 else f"{value * 1000:.0f}{THIN}ms"
    if value < 60:
        return f"{value:.1f}{THIN}s"
    whole = round(value)
    if whole < 3600:
        return f"{whole // 60}{THIN}min {whole % 60}{THIN}s"
    return f"{whole // 3600}{THIN}h {whole % 3600 // 60}{THIN}min"


def size(n_bytes: float | None) -> str:
    """Return a size in memory or on disk.

    Examples:
        >>> size(812), size(48_200), size(3_456_000)
        ('812\u202fB', '48\u202fkB', '3.5\u202fMB')
    """
    if n_bytes is None:
        return NOT_ASSESSED
    for unit_size, unit in ((1e9, "GB"), (1e6, "MB")):
        if n_bytes >= unit_size:
            return f"{n_bytes / unit_size:.1f}{THIN}{unit}"
    return f"{n_bytes / 1e3:.0f}{THIN}kB" if n_bytes >= 1e3 else f"{n_bytes:.0f}{THIN}B"


def _signed(written: str) -> str:
    bare = written.lstrip("-")
    if written.startswith("-") and not any(digit in bare.partition("e")[0] for digit in "123456789"):
        written = bare
    return written.replace("-", MINUS)
