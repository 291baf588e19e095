"""What fitting a policy set: thresholds and their guarantee, shadow prices, shares of the actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Cell, Facts, Prose, Table
from truenorth.documents.currency import currency_of
from truenorth.documents.numbers import NOT_ASSESSED, count, money, percent, plain
from truenorth.documents.reading import mapping, number, text, values

_TOLD = (
    "form",
    "sentence",
    "findings",
    "actions",
    "note",
    "prices",
    "envelope",
    "shares",
    "curves",
    "guarantee",
)
"""Keys that have a place of their own."""
MOST_FACTS = 14


def settings(result: Mapping[str, Any]) -> Iterator[Block]:
    """Yield what the policy says of itself."""
    policy = mapping(result, "policy")
    if not policy:
        yield Absent("Policy", "no policy was fitted.")
        return
    if text(policy, "sentence"):
        yield Prose(text(policy, "sentence"))
    yield from _guarantee(mapping(policy, "guarantee"))
    yield from _actions(policy, currency_of(result))
    rows = [("Form", Cell(text(policy, "form") or "not stated"))]
    rows += [(_title(key), Cell(said)) for key, said in _others(policy)][:MOST_FACTS]
    yield Facts(rows, "What was set")


def _guarantee(found: Mapping[str, Any]) -> Iterator[Block]:
    """Show what a threshold promises, or the rows that it would take to promise it."""
    if not found:
        return
    threshold, n, needed = (number(found, key) for key in ("threshold", "n", "needed"))
    kind = text(found, "of") or "rows"
    rows = [("Promise", Cell(text(found, "keep") or "not stated"))]
    if threshold is None:
        why = text(found, "note")
        rows.append(("Threshold", Cell("none: nothing can be promised", why, "bad")))
    else:
        rows.append(("Threshold", Cell(plain(threshold))))
    rows.append(("Confidence", Cell(percent(number(found, "confidence")))))
    errors = number(found, "errors")
    rows.append(
        (
            "Rests on",
            Cell(f"{count(n)} {kind}", f"{count(errors)} errors among them" if errors is not None else ""),
        )
    )
    rows.append(("Fewest that could promise it", Cell(f"{count(needed)} {kind}")))
    yield Facts(rows, "The guarantee")


def _actions(policy: Mapping[str, Any], currency: str) -> Iterator[Block]:
    """Show each action with its share, the probability up to which it is cheapest, and its shadow price."""
    shares, prices = mapping(policy, "shares"), mapping(policy, "prices")
    ends = {
        text(pair[0]): number(pair[1])
        for pair in values(policy, "envelope")
        if isinstance(pair, list | tuple) and len(pair) == 2
    }
    names = list(dict.fromkeys([*ends, *shares, *prices]))
    if not names:
        return
    rows = [
        [
            Cell(name),
            Cell(percent(share)) if (share := number(shares, name)) is not None else _dash(),
            Cell(plain(ends[name])) if ends.get(name) is not None else _dash(),
            *_price(mapping(prices, name), currency),
        ]
        for name in names
    ]
    columns = ["Action", "Share of rows", "Cheapest up to", "Shadow price", "Wanted", "Given"]
    yield Table(columns, rows, "Actions as they were set")


def _price(one: Mapping[str, Any], currency: str) -> list[Cell]:
    if not one:
        return [_dash(), _dash(), _dash()]
    amounts = [number(one, key) for key in ("wanted", "used")]
    given = [Cell(NOT_ASSESSED) if value is None else Cell(plain(value)) for value in amounts]
    return [Cell(money(number(one, "price"), currency)), *given]


def _dash() -> Cell:
    return Cell("\N{EN DASH}")


def _others(policy: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield what is left, one level of nesting spelled out."""
    for key, value in policy.items():
        if value is None or (not prefix and key in _TOLD):
            continue
        if isinstance(value, Mapping):
            if not prefix:
                yield from _others(value, f"{key}: ")
        elif isinstance(value, list | tuple):
            simple = [_setting(one) for one in value if not isinstance(one, Mapping | list | tuple)]
            if simple and len(simple) <= 8:
                yield f"{prefix}{key}", ", ".join(simple)
        else:
            yield f"{prefix}{key}", _setting(value)


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    found = number(value)
    if found is None:
        return text(value)
    return count(found) if found == int(found) and abs(found) >= 10 else plain(found)


def _title(key: str) -> str:
    said = "rows it rests on" if key == "n_rows" else key.replace("_", " ")
    return said[:1].upper() + said[1:]
