"""Amounts of money as a reader writes them."""

from __future__ import annotations

import re

from truenorth.framing.framing import Framing

_CURRENCY = re.compile(r"\s*([A-Z]{3}|[€$£¥])(?![A-Za-z])")


def currency(framing: Framing) -> str:
    """Return the currency of the goal's figure, `EUR` for `EUR per day`; empty where it is no money."""
    unit = framing.business.kpi.unit if framing.business.kpi else None
    match = _CURRENCY.match(unit or "")
    return match[1] if match else ""


def written(amount: float, framing: Framing) -> str:
    """Return an amount with three digits that count and its currency: `37.4 EUR`."""
    digits = f"{amount:,.0f}" if abs(amount) >= 1_000 else f"{amount:.3g}"
    return f"{digits} {currency(framing)}".strip()
