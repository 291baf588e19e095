"""Reading and setting values of a framing by dotted key: `business.kpi.metric`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ABSENT = object()
"""What `value_at` returns where nothing stands."""


def value_at(data: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted key, or `ABSENT`.

    Examples:
        >>> value_at({"business": {"kpi": {"unit": "EUR"}}}, "business.kpi.unit")
        'EUR'
        >>> value_at({"business": {}}, "business.kpi.unit") is ABSENT
        True
    """
    found: Any = data
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return ABSENT
        found = found[key]
    return found


def set_at(data: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted key; maps on the way are made."""
    *parents, last = path.split(".")
    for key in parents:
        data = data.setdefault(key, {})
    data[last] = value


def drop_at(data: dict[str, Any], path: str) -> None:
    """Take away the value at a dotted key, and what is empty above it."""
    head, _, rest = path.partition(".")
    if rest and isinstance(data.get(head), dict):
        drop_at(data[head], rest)
        if data[head]:
            return
    data.pop(head, None)


def is_within(path: str, above: str) -> bool:
    """Return whether a dotted key is another one or lies under it.

    Examples:
        >>> is_within("business.kpi.unit", "business.kpi"), is_within("business.kpis", "business.kpi")
        (True, False)
    """
    return path == above or path.startswith(above + ".")
