"""The operating point: what acting more or less would cost, and what the chosen point promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Cell, Chart, Facts, Section, Table
from truenorth.documents.charts.evaluation import cost_curve
from truenorth.documents.currency import currency_of, money_unit
from truenorth.documents.figures import sentence
from truenorth.documents.numbers import count, money, percent, plain
from truenorth.documents.reading import items, mapping, number, text
from truenorth.documents.sections.policy import settings

MOST_ROWS = 20
"""Points that the table shows; the chart shows all."""


def operating_point(result: Mapping[str, Any]) -> Section:
    """Return thresholds and shadow prices, the cost curve, and the confusion in money."""
    blocks: list[Block] = [*settings(result), *_savings(result), *_curve(result), *_confusion(result)]
    lead = "Where the line is drawn between acting and not acting, and what each side of it costs."
    return Section("operating-point", "The operating point", blocks, lead)


def _savings(result: Mapping[str, Any]) -> Iterator[Block]:
    evaluate = mapping(result, "evaluate")
    savings = mapping(evaluate, "savings") or mapping(evaluate, "money", "difference")
    if savings:
        unit = money_unit(result)
        yield Facts([(f"Saved against the rule{f', {unit}' if unit else ''}", Cell(sentence(savings)))])


def _curve(result: Mapping[str, Any]) -> Iterator[Block]:
    evaluate = mapping(result, "evaluate")
    axis = _axis(items(evaluate, "cost_curve"))
    rows = [
        {"x": x, "cost": cost, "low": number(one, "low"), "high": number(one, "high")}
        for one in items(evaluate, "cost_curve")
        if (x := number(one, axis)) is not None and (cost := number(one, "cost")) is not None
    ]
    if rows:
        yield _curve_chart(rows, _marked(evaluate, axis, currency_of(result)), axis, result)
    else:
        yield Absent("Cost curve", "the policy has no single line to move, or no cost was declared.")


def _axis(curve: list[Mapping[str, Any]]) -> str:
    """Return what moves along the curve."""
    return "share" if any(number(one, "share") is not None for one in curve) else "threshold"


def _curve_chart(
    rows: list[dict[str, Any]], marked: list[dict[str, Any]], axis: str, result: Mapping[str, Any]
) -> Chart:
    currency, unit = currency_of(result), money_unit(result)
    along = "share of rows acted on" if axis == "share" else "threshold"
    cost = f"cost, {unit}" if unit else "cost"
    cheapest = min(rows, key=lambda row: float(row["cost"]))
    at = f"{_place_on(axis, cheapest['x'])} with {money(cheapest['cost'], currency)}"
    points = "; ".join(f"{point['name']}: {point['text']}" for point in marked)
    said = (
        f"Cost by {along}. The cheapest measured point is at {at}. "
        f"{points or 'Where the chosen point lies was not given'}."
    )
    few = rows[:: -(-len(rows) // MOST_ROWS)]
    listed = [
        [Cell(_place_on(axis, row["x"])), Cell(money(row["cost"], currency)), Cell(_interval(row, currency))]
        for row in few
    ]
    table = Table([along.capitalize(), cost.capitalize(), "Interval"], listed, text_columns=0)
    spec = cost_curve(rows, marked, x_title=along, y_title=cost, share=axis == "share")
    return Chart("Cost by operating point", spec, said, table, note=said)


def _place_on(axis: str, value: float) -> str:
    return percent(value) if axis == "share" else plain(value)


def _marked(evaluate: Mapping[str, Any], axis: str, currency: str) -> list[dict[str, Any]]:
    """Return the chosen point and the rule's, where they are given."""
    chosen = mapping(evaluate, "chosen_point")
    rule = mapping(evaluate, "rule_point") or mapping(chosen, "rule")
    points = []
    for name, one in (("chosen", chosen), ("rule", rule)):
        x, cost = number(one, axis), number(one, "cost")
        if x is not None and cost is not None:
            said = f"{money(cost, currency)} at {_place_on(axis, x)}"
            points.append({"x": x, "cost": cost, "name": name, "text": said, "marked": name == "chosen"})
    return points


def _interval(row: Mapping[str, Any], currency: str) -> str:
    low, high = number(row, "low"), number(row, "high")
    return "no interval" if low is None or high is None else f"{money(low)} to {money(high, currency)}"


def _confusion(result: Mapping[str, Any]) -> Iterator[Block]:
    cells = items(result, "evaluate", "confusion")
    if not cells:
        yield Absent("Confusion in money", "nothing was decided on rows whose outcome is known.")
        return
    currency = currency_of(result)
    actions = list(dict.fromkeys(text(one, "action") for one in cells))
    outcomes = list(dict.fromkeys(text(one, "outcome") for one in cells))
    by_place = {(text(one, "action"), text(one, "outcome")): one for one in cells}
    rows = []
    for action in actions:
        here = [by_place.get((action, outcome), {}) for outcome in outcomes]
        rows.append([Cell(action), *(_place(one, currency) for one in here), _total(here, currency)])
    columns = [[by_place.get((action, outcome), {}) for action in actions] for outcome in outcomes]
    rows.append([Cell("all"), *(_total(column, currency) for column in columns), _total(cells, currency)])
    yield Table(
        ["Action", *(str(outcome) for outcome in outcomes), "Together"],
        rows,
        "What was done by what was true: money, and rows below it",
        emphasis=(len(rows) - 1,),
    )


def _place(one: Mapping[str, Any], currency: str) -> Cell:
    n = number(one, "n")
    if not n:
        return Cell("\N{EN DASH}")
    amount = _amount(one)
    return Cell("not assessed" if amount is None else money(amount, currency), f"n {count(n)}")


def _amount(one: Any) -> float | None:
    """Return the money of a cell; where some of its rows have no known cost it has none."""
    n, priced = number(one, "n"), number(one, "priced")
    if priced is not None and n is not None and priced < n:
        return None
    given = number(one, "money")
    return number(one, "cost") if given is None else given


def _total(cells: list[Any], currency: str) -> Cell:
    n = sum(number(one, "n") or 0.0 for one in cells)
    amounts = [amount for one in cells if (amount := _amount(one)) is not None]
    return _place({"n": n, "money": sum(amounts) if amounts else None}, currency)
