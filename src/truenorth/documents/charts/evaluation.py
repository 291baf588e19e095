"""Charts of the evaluation: calibration, operating point, drift over the test period, contributions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from truenorth.documents.charts.theme import (
    ACCENT,
    FAINT,
    INK,
    MUTED,
    WARM,
    Row,
    Spec,
    band,
    band_height,
    chart,
    nominal,
    quantitative,
    short,
    temporal,
    tooltip,
)


def calibration(rows: Sequence[Row], *, largest: float, root: bool) -> Spec:
    """Return the CORP reliability diagram: observed rate by predicted probability over its consistency band.

    Args:
        rows: `curve` (before or after), `predicted`, `observed`, `low`, `high`, `text`.
        largest: Greatest probability shown.
        root: Whether both axes go by the square root, so that rare probabilities have room.

    References:
        Dimitriadis, Gneiting, Jordan (2021). Stable reliability diagrams for probabilistic classifiers. PNAS.
    """
    scale: Spec = {"domain": [0, largest], "nice": False, "clamp": True}
    if root:
        scale["type"] = "sqrt"
    axis = {"format": "~%", "tickCount": 5}
    x = quantitative("predicted", "predicted", scale=scale, axis=axis)
    y = quantitative("observed", "observed", scale=scale, axis=axis)
    colour = {
        "field": "curve",
        "type": "nominal",
        "sort": None,
        "scale": {"domain": ["after", "before"], "range": [ACCENT, WARM]},
        "legend": {"offset": 34} if any(row["curve"] == "before" for row in rows) else None,
    }
    said = tooltip(("text", "rows"))
    ends = [{"at": 0.0}, {"at": largest}]
    layers: list[Spec] = [
        *band([row for row in rows if row["curve"] == "after"], x, y, colour=FAINT),
        {
            "data": {"values": ends},
            "mark": {"type": "line", "color": MUTED, "strokeDash": [2, 3], "strokeWidth": 1},
            "encoding": {"x": {**x, "field": "at"}, "y": {**y, "field": "at"}},
        },
        {
            "mark": {"type": "line", "strokeWidth": 2, "interpolate": "linear"},
            "encoding": {"x": x, "y": y, "color": colour},
        },
        {
            "mark": {"type": "point", "filled": True, "opacity": 1},
            "encoding": {
                "x": x,
                "y": y,
                "color": colour,
                "tooltip": said,
                "size": quantitative("n", None, scale={"type": "sqrt", "range": [12, 90]}, legend=None),
            },
        },
    ]
    return chart(layers, rows=rows, height=300)


def cost_curve(
    rows: Sequence[Row], points: Sequence[Row], *, x_title: str, y_title: str, share: bool
) -> Spec:
    """Return cost by operating point with its band, the chosen point and the rule's.

    Args:
        rows: `x`, `cost`, `low`, `high`.
        points: `x`, `cost`, `name`, `text`, `marked`.
        x_title: What moves along the page.
        y_title: What it costs, with its unit.
        share: Whether `x` is a share.
    """
    axis: Spec = {"tickCount": 5, "format": "~%" if share else "~g"}
    x = quantitative(
        "x", x_title, axis=axis, scale={"type": _spread([row["x"] for row in rows]), "nice": False}
    )
    y = quantitative("cost", y_title, axis=short(), scale={"zero": False})
    layers: list[Spec] = [
        *band(rows, x, y),
        {"mark": {"type": "line", "color": ACCENT, "strokeWidth": 2}, "encoding": {"x": x, "y": y}},
        *(layer for point in points for layer in _point(point, x, y)),
    ]
    return chart(layers, rows=rows, height=260)


def _point(point: Row, x: Spec, y: Spec) -> list[Spec]:
    """Return a point with its name: the chosen one's above, another's below, so that they do not meet."""
    colour = ACCENT if point["marked"] else MUTED
    at: Spec = {"data": {"values": [point]}}
    said = tooltip(("name", "point"), ("text", "cost"))
    dot = {"type": "point", "filled": True, "size": 130, "opacity": 1, "stroke": "white", "color": colour}
    name = {"type": "text", "align": "center", "dy": -15 if point["marked"] else 18, "fontWeight": 600}
    return [
        {**at, "mark": dot, "encoding": {"x": x, "y": y, "tooltip": said}},
        {**at, "mark": {**name, "color": colour}, "encoding": {"x": x, "y": y, "text": {"field": "name"}}},
    ]


def _spread(values: Sequence[float]) -> str:
    """Return the scale that gives small shares room: logarithmic where values span more than fifty fold."""
    return "log" if min(values) > 0 and max(values) > 50 * min(values) else "linear"


def over_time(rows: Sequence[Row], *, title: str, overall: float | None, share: bool) -> Spec:
    """Return a figure and its interval over the test period.

    Args:
        rows: `start`, `from` (its day), `value`, `low`, `high`, `text`.
        title: What is measured.
        overall: The figure of the whole period, a dotted line.
        share: Whether the values are shares.
    """
    x = temporal("start", [row["from"] for row in rows], grid=False)
    axis = {"tickCount": 4, **({"format": "~%"} if share else {})}
    y = quantitative("value", title, scale={"zero": False}, axis=axis)
    layers: list[Spec] = [
        *band(rows, x, y),
        {"mark": {"type": "line", "color": ACCENT, "strokeWidth": 2}, "encoding": {"x": x, "y": y}},
        {
            "mark": {"type": "point", "filled": True, "size": 50, "color": ACCENT, "opacity": 1},
            "encoding": {"x": x, "y": y, "tooltip": tooltip(("from", "from"), ("text", "value"))},
        },
    ]
    if overall is not None:
        layers.insert(
            0,
            {
                "data": {"values": [{"at": overall}]},
                "mark": {"type": "rule", "color": INK, "strokeDash": [2, 3], "opacity": 0.5},
                "encoding": {"y": {"field": "at", "type": "quantitative"}},
            },
        )
    return chart(layers, rows=rows, height=180)


def bars(rows: Sequence[Row], *, title: str) -> Spec:
    """Return one bar per row; rows: `name`, `value`, `text`."""
    encoding: dict[str, Any] = {
        "x": quantitative("value", title, axis={"tickCount": 5}),
        "tooltip": tooltip(("name", "feature"), ("text", "value")),
    }
    mark = {"type": "bar", "height": {"band": 0.62}, "color": ACCENT}
    layers = [{"mark": mark, "encoding": encoding}]
    return chart(layers, rows=rows, height=band_height(rows, "name", 24), encoding={"y": nominal("name")})
