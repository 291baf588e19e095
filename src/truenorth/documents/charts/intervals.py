"""Dots with their intervals: the honest way to show figures beside each other."""

from __future__ import annotations

from collections.abc import Sequence

from truenorth.documents.charts.theme import (
    ACCENT,
    INK,
    MUTED,
    Row,
    Spec,
    band_height,
    chart,
    nominal,
    quantitative,
    tooltip,
)


def dots(rows: Sequence[Row], *, title: str, reference: float | None = None, share: bool = False) -> Spec:
    """Return one dot and interval per row, the marked ones in the accent, beside a reference line.

    Args:
        rows: `name`, `value`, `low`, `high`, `text`, `marked`.
        title: What the axis measures.
        reference: Where the thin line stands.
        share: Whether the values are shares and the axis counts per cent.
    """
    axis = {"format": "~%"} if share else {}
    x = quantitative("value", title, scale={"zero": False, "nice": True}, axis={"tickCount": 5, **axis})
    colour = {"condition": {"test": "datum.marked", "value": ACCENT}, "value": MUTED}
    said = tooltip(("name", "of"), ("text", "value"))
    known = [row for row in rows if row["low"] is not None and row["high"] is not None]
    interval: Spec = {
        "data": {"values": known},
        "mark": {"type": "rule", "strokeWidth": 2.5, "opacity": 0.55},
        "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "color": colour, "tooltip": said},
    }
    dot: Spec = {
        "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
        "encoding": {"x": x, "color": colour, "tooltip": said},
    }
    layers = [interval, dot] if known else [dot]
    if reference is not None:
        line = {
            "data": {"values": [{"at": reference}]},
            "mark": {"type": "rule", "color": INK, "strokeDash": [2, 3], "opacity": 0.6},
            "encoding": {
                "x": {"field": "at", "type": "quantitative"},
                "y": {"value": 0},
                "y2": {"value": "height"},
            },
        }
        layers.insert(0, line)
    return chart(layers, rows=rows, height=band_height(rows, "name", 30), encoding={"y": nominal("name")})
