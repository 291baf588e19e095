"""In which money a run counts: the KPI's unit, where that is money."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from truenorth.documents.reading import text

_CURRENCY = re.compile(r"^([A-Z]{3}|[€$£¥])(?![A-Za-z])")


def money_unit(result: Mapping[str, Any]) -> str:
    """Return the KPI's unit where it is money, such as `EUR per day`, else nothing."""
    unit = text(result, "framing", "business", "kpi", "unit")
    return unit if _CURRENCY.match(unit) else ""


def currency_of(result: Mapping[str, Any]) -> str:
    """Return the currency alone.

    Examples:
        >>> currency_of({"framing": {"business": {"kpi": {"unit": "EUR per day"}}}})
        'EUR'
        >>> currency_of({"framing": {"business": {"kpi": {"unit": "share"}}}})
        ''
    """
    found = _CURRENCY.match(money_unit(result))
    return found.group(1) if found else ""
