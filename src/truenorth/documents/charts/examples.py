"""Charts of the examples: what was removed, when each part is, when labels ripen."""

from __future__ import annotations

from collections.abc import Sequence

from truenorth.documents.charts.theme import (
    ACCENT,
    ACCENT_SOFT,
    FAINT,
    INK,
    MUTED,
    WARM,
    Row,
    Spec,
    band_height,
    chart,
    nominal,
    quantitative,
    short,
    temporal,
    tooltip,
)

STATE_COLOURS = {"observed": ACCENT, "immature": WARM, "undefined": FAINT}


def waterfall(rows: Sequence[Row]) -> Spec:
    """Return the rows left after each step, with what the step removed.

    Args:
        rows: `step`, `left`, `before`, `text`.
    """
    said = tooltip(("step", "step"), ("text", "rows"))
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "height": {"band": 0.6}, "color": ACCENT},
            "encoding": {"x": quantitative("left", "rows", axis=short()), "tooltip": said},
        },
        {
            "mark": {"type": "bar", "height": {"band": 0.6}, "color": FAINT},
            "encoding": {"x": quantitative("left", "rows"), "x2": {"field": "before"}, "tooltip": said},
        },
    ]
    return chart(layers, rows=rows, height=band_height(rows, "step", 28), encoding={"y": nominal("step")})


def timeline(rows: Sequence[Row]) -> Spec:
    """Return the parts over time and, behind each, the wait for its labels.

    Args:
        rows: `part`, `start`, `end`, `as_of` as ISO dates, `text`.
    """
    days = [row[end] for row in rows for end in ("start", "end", "as_of") if row[end]]
    said = tooltip(("part", "part"), ("text", "period"))
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "height": 4, "color": WARM, "opacity": 0.55},
            "transform": [{"filter": "isValid(datum.as_of)"}],
            "encoding": {"x": temporal("end", days), "x2": {"field": "as_of"}, "tooltip": said},
        },
        {
            "mark": {"type": "bar", "height": 14, "color": ACCENT, "cornerRadius": 2},
            "encoding": {"x": temporal("start", days), "x2": {"field": "end"}, "tooltip": said},
        },
    ]
    return chart(layers, rows=rows, height=band_height(rows, "part", 30), encoding={"y": nominal("part")})


def maturity(rows: Sequence[Row]) -> Spec:
    """Return how much of a label's events is known so many days after the prediction.

    Args:
        rows: `label`, `days`, `share`, `text`; shares are not falling in days.
    """
    colour = {
        "field": "label", "type": "nominal", "sort": None,
        "scale": {"range": [ACCENT, WARM, MUTED, ACCENT_SOFT, INK]},
    }  # fmt: skip
    x = quantitative(
        "days", "days after the prediction", scale={"domainMin": 0, "nice": True}, axis={"tickCount": 8}
    )
    y = quantitative("share", None, scale={"domain": [0, 1]}, axis={"format": "~%", "tickCount": 5})
    layers: list[Spec] = [
        {
            "mark": {"type": "line", "interpolate": "monotone", "strokeWidth": 2},
            "encoding": {"x": x, "y": y, "color": colour},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 50, "opacity": 1},
            "encoding": {
                "x": x,
                "y": y,
                "color": colour,
                "tooltip": tooltip(("label", "label"), ("text", "known")),
            },
        },
    ]
    return chart(layers, rows=rows, height=200)


def states(rows: Sequence[Row]) -> Spec:
    """Return the rows of each label by state; rows: `label`, `state`, `n`, `order`, `text`."""
    colour = {
        "field": "state", "type": "nominal", "sort": None,
        "scale": {"domain": list(STATE_COLOURS), "range": list(STATE_COLOURS.values())},
    }  # fmt: skip
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "height": {"band": 0.6}},
            "encoding": {
                "x": quantitative("n", "examples", stack="zero", axis=short()),
                "color": colour, "order": {"field": "order", "type": "quantitative"},
                "tooltip": tooltip(("label", "label"), ("text", "examples")),
            },
        }
    ]  # fmt: skip
    return chart(layers, rows=rows, height=band_height(rows, "label", 30), encoding={"y": nominal("label")})
