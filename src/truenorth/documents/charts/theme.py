"""The look that all charts share: ink, one accent, greys, and room to breathe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

Spec = dict[str, Any]
Row = dict[str, Any]

INK = "#1d2733"
MUTED = "#66717d"
FAINT = "#c4cbd2"
GRID = "#eceff2"
ACCENT = "#1f5f8b"
ACCENT_SOFT = "#9dbfd6"
WARM = "#b5762a"

_FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'

CONFIG: Spec = {
    "font": _FONT,
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED, "titleColor": MUTED, "labelFontSize": 12, "titleFontSize": 12,
        "titleFontWeight": "normal", "titlePadding": 10, "labelPadding": 6, "gridColor": GRID,
        "domain": False, "ticks": False, "labelLimit": 190, "titleLimit": 300,
    },
    "axisY": {"titleAlign": "left", "titleAnchor": "end", "titleAngle": 0, "titleY": -12, "titleX": 0},
    "legend": {
        "orient": "top", "direction": "horizontal", "title": None, "labelColor": INK, "labelFontSize": 12,
        "symbolSize": 90, "symbolType": "square", "padding": 0, "offset": 14, "columnPadding": 16,
    },
    "text": {"color": INK, "fontSize": 12},
    "rule": {"color": FAINT},
}  # fmt: skip


def chart(layers: Sequence[Mapping[str, Any]], *, rows: Sequence[Row], height: int, **rest: Any) -> Spec:
    """Return layers over one table of rows, as wide as the page lets it be."""
    return {
        "width": "container", "height": height, "autosize": {"type": "fit-x", "contains": "padding"},
        "data": {"values": list(rows)}, "config": CONFIG, "layer": list(layers), **rest,
    }  # fmt: skip


def band_height(rows: Sequence[Row], field: str, step: int) -> int:
    """Return a height of so many pixels per category, in pixels."""
    return step * len({row[field] for row in rows})


def short(**rest: Any) -> Spec:
    """Return an axis whose labels are short counts: 0, 500k, 1.2M."""
    return {"labelExpr": "format(datum.value, '~s')", "tickCount": 5, **rest}


def temporal(field: str, days: Sequence[str], **rest: Any) -> Spec:
    """Return a time channel in UTC whose labels fit the period that the days span."""
    span = (date.fromisoformat(max(days)) - date.fromisoformat(min(days))).days if days else 0
    written = "%b %Y" if span > 300 else "%-d %b" if span > 2 else "%-d %b %H:%M"
    axis = {"tickCount": 6, "format": written, "labelOverlap": True, **rest}
    return {"field": field, "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": axis}


def band(rows: Sequence[Row], x: Spec, y: Spec, *, colour: str = ACCENT_SOFT) -> list[Spec]:
    """Return the layer of the intervals as an area; none where no row has one."""
    known = [row for row in rows if row.get("low") is not None and row.get("high") is not None]
    if not known:
        return []
    encoding = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
    return [
        {
            "data": {"values": known},
            "mark": {"type": "area", "color": colour, "opacity": 0.4},
            "encoding": encoding,
        }
    ]


def nominal(field: str, **rest: Any) -> Spec:
    """Return categories down the page in the order of the rows, without a title."""
    return {"field": field, "type": "nominal", "sort": None, "title": None, **rest}


def quantitative(field: str, title: str | None, **rest: Any) -> Spec:
    """Return a number's channel."""
    return {"field": field, "type": "quantitative", "title": title, **rest}


def tooltip(*fields: tuple[str, str]) -> list[Spec]:
    """Return what pointing at a mark says: texts that were formatted before.

    Titles become keys of an expression, so they are words of ours, never text of a run.
    """
    return [{"field": field, "type": "nominal", "title": title} for field, title in fields]
