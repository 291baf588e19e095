"""The stress test: what happens to the KPI as the score and its parts are optimised harder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Bullets, Cell, Chart, Facts, Prose, Section, Table, Tone
from truenorth.documents.charts.stress import pressure
from truenorth.documents.numbers import (
    NOT_ASSESSED,
    THIN,
    count,
    evidence_decimals,
    percent,
    plain,
    significant_decimals,
)  # fmt: skip
from truenorth.documents.reading import items, mapping, number, text, values

TONES: dict[str, Tone] = {
    "ALIGNED": "good", "TRAP": "bad", "HARMFUL": "bad", "INCONCLUSIVE": "unknown", "UNSUPPORTED": "unknown",
}  # fmt: skip
MEANINGS = {
    "ALIGNED": "the KPI gains, and no harm was found",
    "TRAP": "the KPI turns under pressure",
    "HARMFUL": "the KPI falls from the start",
    "INCONCLUSIVE": "the log cannot tell",
    "UNSUPPORTED": "the log says nothing",
}
TIERS = {
    "A": "A: the logged probabilities made the logged choices, as far as tests can tell",
    "B": "B: probabilities were estimated from features; what the logger saw beyond them biases every lift",
    "C": "C: refused",
}
PARTS = {
    "causal": "users and contexts that have much of both, whatever is chosen",
    "regressional": "the score promised more of the proxy than came",
    "extremal": "more of the proxy is worth less far out",
}
MOST_MOVERS = 5


def stress(result: Mapping[str, Any]) -> Section:
    """Return verdicts, curves, and what was refused."""
    made = mapping(result, "stress")
    proxies = [one for one in mapping(made, "proxies").values() if isinstance(one, Mapping)]
    kpi = text(made, "kpi", "called") or "the KPI"
    blocks: list[Block] = []
    if text(made, "refused", "evidence") or not proxies:
        blocks += _refused(made)
    if proxies and text(made, "tier") != "C":
        blocks += [_verdicts(proxies, made), _facts(made)]
        blocks += [block for one in _by_weight(proxies) for block in _proxy(one, made)]
    blocks += _notes(made, proxies)
    lead = f"What happens to {kpi} as decisions go harder where a score is high, from logged decisions alone."
    return Section("stress", "The proxy stress test", blocks, " ".join([lead, *_unit(made)]))


def _unit(made: Mapping[str, Any]) -> Iterator[str]:
    """Name the unit of all changes once, where it does not stand beside each."""
    unit = text(made, "kpi", "lift_unit")
    if unit and not is_share(made):
        yield f"Changes are in {unit}."


def _refused(made: Mapping[str, Any]) -> Iterator[Block]:
    why = text(made, "refused", "evidence") or "this run made none."
    yield Absent("Proxy stress test", why)
    if text(made, "refused", "fix"):
        yield Prose(_sentence(text(made, "refused", "fix")), strong="To have it:")


def _sentence(written: str) -> str:
    return written[:1].upper() + written[1:]


def _by_weight(proxies: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the proxies with the score first, then what turns, then the others."""
    return sorted(proxies, key=lambda one: (text(one, "called") != "the score", _tone(one) != "bad"))


def _tone(one: Mapping[str, Any]) -> Tone:
    return TONES.get(text(one, "verdict"), "unknown")


def _verdicts(proxies: list[Mapping[str, Any]], made: Mapping[str, Any]) -> Table:
    rows = [
        [
            Cell(text(one, "called")),
            Cell(text(one, "verdict"), MEANINGS.get(text(one, "verdict"), ""), _tone(one)),
            _depth_cell(one, number(one, "safe_depth")),
            *_deepest(one, made),
            Cell(lift_text(number(one, "smallest_visible_fall"), made, signed=False)),
        ]
        for one in _by_weight(proxies)
    ]  # fmt: skip
    deepest = "KPI at the deepest"
    return Table(["Pushed", "Verdict", "Safe up to", deepest, "At", "Visible fall"], rows, text_columns=3)


def _depth_cell(one: Mapping[str, Any], depth: float | None) -> Cell:
    """Return a depth as best of n; nothing is safe where there is none."""
    if not depth:
        return Cell("no pressure" if text(one, "verdict") in ("TRAP", "HARMFUL") else NOT_ASSESSED)
    found = [step for step in items(one, "grid") if number(step, "depth") == depth]
    drawn = number(found[0], "best_of_n") if found else None
    return Cell("" if drawn is None else f"best of {plain(drawn, decimals=1)}", f"depth {depth:.2f}")


def _deepest(one: Mapping[str, Any], made: Mapping[str, Any]) -> tuple[Cell, Cell]:
    grid = items(one, "grid")
    if not grid:
        return Cell(NOT_ASSESSED, tone="unknown"), Cell("\N{EN DASH}")
    return Cell(*_banded(grid[-1], made)), _depth_cell(one, number(grid[-1], "depth"))


def _banded(step: Mapping[str, Any], made: Mapping[str, Any]) -> tuple[str, str]:
    """Return the lift of a depth and its band, with the decimals that the band justifies."""
    lift, scale = mapping(step, "kpi_lift"), 100.0 if is_share(made) else 1.0
    value, low, high = (number(lift, name) for name in ("value", "band_low", "band_high"))
    decimals = None
    if low is not None and high is not None and high > low:
        decimals = evidence_decimals(scale * high, scale * low, scale * high)
        decimals = max(decimals, 1) if is_share(made) else decimals  # as sentences tell points
    said, least, most = (lift_text(one, made, decimals=decimals) for one in (value, low, high))
    return said, f"{least} to {most}"


def lift_text(
    value: float | None, made: Mapping[str, Any], *, signed: bool = True, decimals: int | None = None
) -> str:
    """Return a lift of the KPI, in percentage points where it is a share.

    Examples:
        >>> lift_text(0.0123, {"kpi": {"lift_unit": "points"}}), lift_text(-3.1, {})
        ('+1.23\u202fpp', '\u22123.10')
    """
    if value is None:
        return NOT_ASSESSED
    scaled = 100 * value if is_share(made) else value
    sign = "+" if signed and scaled > 0 else ""
    if decimals is None and is_share(made):
        decimals = min(significant_decimals(scaled), 2)
    written = plain(scaled, decimals=decimals)
    return f"{sign}{written}{f'{THIN}pp' if is_share(made) else ''}"


def is_share(made: Mapping[str, Any]) -> bool:
    """Return whether the KPI is a share, whose changes are points."""
    return text(made, "kpi", "lift_unit") == "points"


def _facts(made: Mapping[str, Any]) -> Facts:
    per = "each with a KPI of its own" if text(made, "per") == "decision" else "which share their KPI"
    audit = mapping(made, "audit")
    tests = len(items(audit, "tests"))
    said = "not assessed" if not audit else "passed" if audit.get("passed") else "failed"
    young = f"of the held-out decisions; the others {'are weighed' if made.get('weighed') else 'wait'}"
    rows = [
        ("Evidence", Cell(TIERS.get(text(made, "tier"), NOT_ASSESSED))),
        ("Decisions", Cell(count(number(made, "n")), f"of {count(number(made, 'n_units'))} units, {per}")),
        ("KPI known", Cell(percent(number(made, "matured")), young)),
        ("Logged probabilities", Cell(said, f"{tests} tests")),
    ]
    return Facts(rows)


def _proxy(one: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Block]:
    yield Prose(_sentence(text(one, "sentence")), strong=f"{_sentence(text(one, 'called'))}.")
    grid = items(one, "grid")
    if not grid:
        return
    yield _curve(one, grid, made)
    if _tone(one) == "bad" or text(one, "called") == "the score":
        yield from _why(one, made)


def _curve(one: Mapping[str, Any], grid: list[Mapping[str, Any]], made: Mapping[str, Any]) -> Chart:
    called, kpi = text(one, "called"), text(made, "kpi", "called") or "the KPI"
    origin = {"depth": 0.0, "value": 0.0, "low": 0.0, "high": 0.0, "text": "today"}
    rows = [origin, *(_point(step, made) for step in grid)]
    limit = number(one, "depth_limit") or 0.0
    ends = [float(end) for end in values(made, "depths") if isinstance(end, int | float)]
    spec = pressure(
        rows, _naive(one), ticks=_ticks(one), limit=limit,
        deepest=max([limit, *ends]), safe=number(one, "safe_depth") or 0.0,
        title=f"change of {kpi}", share=is_share(made),
    )  # fmt: skip
    said = (
        f"Change of {kpi} as decisions are pushed towards {called}. The band holds at all depths at once; "
        "best of n means the best by the score of n draws of today's policy. Dashed is what weighting rows "
        "by the proxy would promise."
    )
    return Chart(f"{_sentence(kpi)} under pressure on {called}", spec, said, _table(grid, made), note=said)


def _point(step: Mapping[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
    lift = mapping(step, "kpi_lift")
    value = number(lift, "value") or 0.0
    ends = {end: number(lift, f"band_{end}") for end in ("low", "high")}
    said, band = _banded(step, made)
    return {
        "depth": number(step, "depth") or 0.0, "value": value, "text": f"{said} ({band})",
        "low": value if ends["low"] is None else ends["low"],
        "high": value if ends["high"] is None else ends["high"],
    }  # fmt: skip


def _naive(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the curve of weighted rows: by what happened, else by the score."""
    found = mapping(one, "naive")
    lifts = values(found, "by_realised") or values(found, "by_score")
    pairs = zip(values(found, "depths"), lifts, strict=False)
    curve = [{"depth": at, "value": lift} for at, lift in pairs if isinstance(lift, int | float)]
    return [{"depth": 0.0, "value": 0.0}, *curve] if curve else []


def _ticks(one: Mapping[str, Any]) -> dict[int, float]:
    found = mapping(one, "ticks")
    return {int(n): at for n in found if str(n).isdigit() and (at := number(found, n)) is not None}


def _table(grid: list[Mapping[str, Any]], made: Mapping[str, Any]) -> Table:
    rows = [
        [
            Cell(f"best of {plain(number(step, 'best_of_n'), decimals=1)}"),
            Cell(plain(number(step, "depth"), decimals=2)),
            Cell(*_banded(step, made)),
            Cell(count(number(step, "support", "effective_n"))),
            Cell(plain(number(step, "support", "tail"), decimals=2)),
        ]
        for step in grid
    ]
    return Table(["As hard as", "Depth", "Change of the KPI", "Effective decisions", "Tail index"], rows)


def _why(one: Mapping[str, Any], made: Mapping[str, Any]) -> Iterator[Block]:
    """Say why the KPI gained less than was promised, and who gains and loses."""
    split = mapping(one, "shortfall")
    if split:
        rows = [
            ("Promised by the score", Cell(lift_text(number(split, "promised"), made))),
            ("Delivered", Cell(lift_text(number(split, "delivered"), made))),
            *(
                (f"Lost, {name}", Cell(_with_error(mapping(split, name), made), said))
                for name, said in PARTS.items()
            ),
        ]
        yield Facts(rows, f"Why {text(one, 'called')} falls short")
    for name in mapping(one, "movers"):
        yield from _movers(name, items(one, "movers", name), made)
    for name in mapping(one, "segments"):
        yield from _segments(name, items(one, "segments", name), made)


def _with_error(part: Mapping[str, Any], made: Mapping[str, Any]) -> str:
    value, error = number(part, "value"), number(part, "error")
    decimals = significant_decimals((100 if is_share(made) else 1) * error, digits=2) if error else None
    around = lift_text(error, made, signed=False, decimals=decimals)
    return f"{lift_text(value, made, decimals=decimals)} \N{PLUS-MINUS SIGN} {around}"


def _movers(name: str, found: list[Mapping[str, Any]], made: Mapping[str, Any]) -> Iterator[Block]:
    ends = found if len(found) <= 2 * MOST_MOVERS else [*found[:MOST_MOVERS], *found[-MOST_MOVERS:]]
    rows = [
        [
            Cell(text(one, "group")),
            Cell(percent(number(one, "share_before"), decimals=2)),
            Cell(percent(number(one, "share_after"), decimals=2)),
            Cell(_level(number(one, "kpi"), made), f"n {count(number(one, 'n'))}"),
        ]
        for one in ends
    ]
    if rows:
        title = f"Who is shown more and less, by {name}"
        yield Table([_sentence(name), "Share today", "Share pushed", "KPI today"], rows, title)


def _level(value: float | None, made: Mapping[str, Any]) -> str:
    """Return a level of the KPI as its metric counts it; where it should fall, its sign was turned."""
    if value is not None and text(made, "kpi", "direction") == "down":
        value = 0.0 - value
    return percent(value) if is_share(made) else plain(value)


def _segments(name: str, found: list[Mapping[str, Any]], made: Mapping[str, Any]) -> Iterator[Block]:
    rows = [
        [
            Cell(text(one, "segment")),
            Cell(_with_error({"value": one.get("lift"), "error": one.get("error")}, made)),
            Cell(count(number(one, "n"))),
        ]
        for one in found
    ]
    if rows:
        yield Table([_sentence(name), "Change of the KPI", "Decisions"], rows, f"Who gains and loses, {name}")


def _notes(made: Mapping[str, Any], proxies: list[Mapping[str, Any]]) -> Iterator[Block]:
    """List what was found: of all, then of single proxies, each with what to do.

    What is the same of several stands once, behind all of them.
    """
    found = [*items(made, "notes"), *(note for one in proxies for note in items(one, "findings"))]
    places: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        if text(one, "evidence") != text(made, "refused", "evidence"):
            key = text(one, "code"), text(one, "evidence"), text(one, "fix")
            places.setdefault(key, []).append(text(one, "where"))
    said = [
        f"{code} {', '.join(dict.fromkeys(where))}: {evidence} Fix: {fix}"
        for (code, evidence, fix), where in places.items()
    ]
    if said:
        yield Bullets(said, "What limits it, and what to log")
