"""The picture of the stress test: the KPI's lift against the pressure on a score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from truenorth.documents.charts.theme import (
    ACCENT,
    FAINT,
    INK,
    MUTED,
    WARM,
    Row,
    Spec,
    band,
    chart,
    quantitative,
    tooltip,
)

ROOM = 0.35
"""How far beyond the band the naive curve may go before it is cut, in heights of the band."""


def pressure(
    rows: Sequence[Row], naive: Sequence[Row], *, ticks: Mapping[int, float], limit: float, deepest: float,
    safe: float, title: str, share: bool,
) -> Spec:  # fmt: skip
    """Return the lift by depth with its band, grey where the log says nothing.

    Args:
        rows: `depth`, `value`, `low`, `high`, `text`, by rising depth; no pressure comes first.
        naive: `depth`, `value`: what weighting rows by the proxy would promise.
        ticks: Depth of best of n.
        limit: Deepest supported depth.
        deepest: Where the axis ends.
        safe: Safe depth, 0 where there is none.
        title: What is lifted.
        share: Whether lifts are of a share, and written in percentage points.
    """
    shown = {n: at for n, at in ticks.items() if 0 < at <= deepest}
    axis: Spec = {
        "values": [0.0, *shown.values()], "labelExpr": _names(shown), "grid": False, "labelOverlap": "greedy",
    }  # fmt: skip
    x = quantitative(
        "depth", "pressure on the score", axis=axis, scale={"domain": [0, deepest], "nice": False}
    )
    low, high = _domain(rows, naive)
    points = f"datum.value == 0 ? '0' : format({'100 * ' if share else ''}datum.value, '+~g')"
    points += " + ' pp'" if share else ""
    y = quantitative(
        "value", title, axis={"tickCount": 5, "labelExpr": points},
        scale={"domain": [low, high], "nice": True, "zero": False},
    )  # fmt: skip
    layers: list[Spec] = [*_beyond(limit, deepest, x), _zero(), *band(rows, x, y)]
    layers += _promise(naive, x, y)
    line = {"type": "line", "color": ACCENT, "strokeWidth": 2}
    dot = {"type": "point", "filled": True, "size": 50, "color": ACCENT, "opacity": 1}
    said = tooltip(("text", "lift"))
    layers.append({"mark": line, "encoding": {"x": x, "y": y}})
    layers.append({"mark": dot, "encoding": {"x": x, "y": y, "tooltip": said}})
    layers += _safe(safe, x)
    return chart(layers, rows=rows, height=280)


def _names(ticks: Mapping[int, float]) -> str:
    """Return the expression that writes ticks as best of n; every number in it is ours."""
    named = "".join(f"abs(datum.value - {at:.6f}) < 0.0001 ? 'best of {n}' : " for n, at in ticks.items())
    return f"datum.value < 0.0001 ? 'today' : {named}''"


def _domain(rows: Sequence[Row], naive: Sequence[Row]) -> tuple[float, float]:
    """Return ends that hold the band, and the naive curve as far as it leaves the band readable."""
    low = min(min(row["low"], row["value"]) for row in rows)
    high = max(max(row["high"], row["value"]) for row in rows)
    room = ROOM * (high - low)
    ends = [row["value"] for row in naive]
    return max(low - room, min([low, *ends])), min(high + room, max([high, *ends]))


def _beyond(limit: float, deepest: float, x: Spec) -> list[Spec]:
    """Return the grey area in which the log says nothing, and its name."""
    if limit >= deepest - 1e-9:
        return []
    values = [{"from": limit, "to": deepest, "said": "beyond the log"}]
    area = {"type": "rect", "color": FAINT, "opacity": 0.35}
    name = {"type": "text", "align": "right", "dx": -6, "baseline": "top", "dy": 6, "color": MUTED}
    return [
        {"data": {"values": values}, "mark": area, "encoding": {
            "x": {**x, "field": "from"}, "x2": {"field": "to"}}},
        {"data": {"values": values}, "mark": name, "encoding": {
            "x": {**x, "field": "to"}, "y": {"value": 0}, "text": {"field": "said"}}},
    ]  # fmt: skip


def _zero() -> Spec:
    return {
        "data": {"values": [{"at": 0.0}]},
        "mark": {"type": "rule", "color": INK, "opacity": 0.5},
        "encoding": {"y": {"field": "at", "type": "quantitative"}},
    }


def _promise(naive: Sequence[Row], x: Spec, y: Spec) -> list[Spec]:
    """Return the dashed curve of weighted rows; it is cut where it leaves the picture."""
    if not naive:
        return []
    dashed = {"type": "line", "color": WARM, "strokeDash": [5, 4], "strokeWidth": 1.5, "clip": True}
    return [{"data": {"values": list(naive)}, "mark": dashed, "encoding": {"x": x, "y": y}}]


def _safe(safe: float, x: Spec) -> list[Spec]:
    """Return a line at the safe depth with its name."""
    if not safe > 0:
        return []
    at: Spec = {"data": {"values": [{"at": safe, "said": "safe up to here"}]}}
    line = {"type": "rule", "color": INK, "strokeDash": [2, 3], "opacity": 0.7}
    name = {"type": "text", "align": "left", "dx": 5, "baseline": "bottom", "dy": -6, "color": INK}
    return [
        {**at, "mark": line, "encoding": {"x": {**x, "field": "at"}}},
        {**at, "mark": name, "encoding": {
            "x": {**x, "field": "at"}, "y": {"value": "height"}, "text": {"field": "said"}}},
    ]  # fmt: skip
