"""The functions an expression may call, and the words a name may not be.

The table is the whole allow-list: a function that is not in it does not exist in the language.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """One function of the expression language."""

    arguments: tuple[int, int]
    """Least and most number of arguments."""
    meaning: str
    """What it returns, in one sentence; NULL arguments give NULL unless it says otherwise."""


_MANY = 16

FUNCTIONS: dict[str, Function] = {
    "abs": Function((1, 1), "absolute value"),
    "ceil": Function((1, 1), "smallest whole number not below x"),
    "floor": Function((1, 1), "largest whole number not above x"),
    "round": Function((1, 2), "x rounded to n decimals (0), halves away from zero"),
    "sign": Function((1, 1), "-1, 0 or 1"),
    "sqrt": Function((1, 1), "square root; NULL below 0"),
    "exp": Function((1, 1), "e to the x"),
    "ln": Function((1, 1), "natural logarithm; NULL at or below 0"),
    "log1p": Function((1, 1), "ln(1 + x); NULL at or below -1"),
    "power": Function((2, 2), "x to the y"),
    "coalesce": Function((1, _MANY), "the first argument that is not NULL"),
    "nullif": Function((2, 2), "NULL where a equals b, else a"),
    "greatest": Function((1, _MANY), "the largest argument, NULLs passed over"),
    "least": Function((1, _MANY), "the smallest argument, NULLs passed over"),
    "lower": Function((1, 1), "text in lower case"),
    "upper": Function((1, 1), "text in upper case"),
    "trim": Function((1, 1), "text without spaces at its ends"),
    "length": Function((1, 1), "number of characters of a text"),
    "substring": Function((3, 3), "n characters of a text from position i, counted from 1"),
    "starts_with": Function((2, 2), "whether a text begins with another"),
    "contains_text": Function((2, 2), "whether a text holds another"),
    "levenshtein": Function((2, 2), "number of single-character edits between two texts"),
    "hour": Function((1, 1), "hour of the day of a time, UTC, 0 to 23"),
    "dayofweek": Function((1, 1), "day of the week of a time, UTC, 0 = Sunday to 6 = Saturday"),
    "seconds_between": Function((2, 2), "seconds from time a to time b; negative where b is earlier"),
    "days_between": Function((2, 2), "days from time a to time b, with their fraction"),
    "size": Function((1, 1), "number of items of a list"),
    "has_item": Function((2, 2), "whether a list holds an item"),
    "overlap": Function((2, 2), "number of distinct items that two lists share"),
    "jaccard": Function((2, 2), "shared over all distinct items of two lists; NULL if both are empty"),
    "distance_km": Function(
        (4, 4), "great-circle distance from (lat, lon) to (lat, lon), degrees in, km out"
    ),
    "hit": Function((1, 1), "the chosen class of a task is right (scores and metrics only)"),
    "wrong": Function((1, 1), "the chosen class of a task is wrong (scores and metrics only)"),
}

SCORE_ONLY = frozenset({"hit", "wrong"})

SQL_KEYWORDS = frozenset(
    """all alter analyze and any array as asc between both by case cast check collate column constraint
    create cross current cursor database default delete desc describe distinct drop else end escape
    except exclude exists explain false fetch filter for foreign from full function grant group
    having if ilike in index inner insert intersect interval into is isnull join key lateral leading
    left like limit merge natural not notnull null offset on only or order outer over partition
    pivot primary qualify range references returning revoke right row rows select semi set show some
    table tablesample then to trailing trigger true truncate union unique unpivot update using
    values view when where window with""".split()
)

TABLE_COLUMNS = frozenset(
    """example_id at unit group decision position shown action propensity explored split weight time
    target step""".split()
)
"""Columns that the examples table always has: a label or feature of the same name would hide them."""
