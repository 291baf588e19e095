"""From pydantic's errors to findings: one readable message per mistake, and what can still be checked.

A field that accepts several forms gives one error for each; only those of the form that was meant are kept.
"""

from __future__ import annotations

import copy
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from truenorth.errors import Finding, near_names, suggest
from truenorth.framing.codes import CODES
from truenorth.framing.document import Path, dotted
from truenorth.framing.framing import Framing
from truenorth.framing.scalars import shown
from truenorth.framing.section import Section

_CODES = {
    "SPEC005": "extra_forbidden",
    "SPEC006": "missing",
    "SPEC008": "literal_error",
    "SPEC009": """greater_than greater_than_equal less_than less_than_equal too_short string_too_short
        finite_number""",
    "SPEC010": "name string_pattern_mismatch",
    "SPEC011": "time source examples label feature split policy candidates framing",
    "SPEC012": "duration calendar_duration clock",
    "SPEC013": "moment period date_from_datetime_parsing date_parsing date_type date_from_datetime_inexact",
    "SPEC014": "percentage",
    "SPEC015": "capacity",
    "SPEC016": "expression",
    "SPEC017": "metric_reference metricreference",
    "SPEC018": "constraint",
}
_CODE = {type_: code for code, types_ in _CODES.items() for type_ in types_.split()}
_DATE = "a date such as '2027-03-01'"
_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a map",
    "model_type": "a map",
    "model_attributes_type": "a map",
    "tuple_type": "a list",
    "list_type": "a list",
    "too_short": "at least {min_length} item",
    "string_too_short": "a text",
    "string_pattern_mismatch": "text of the form {pattern}",
    "literal_error": "{expected}",
    "finite_number": "a finite number",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number of at least {ge}",
    "less_than": "a number below {lt}",
    "less_than_equal": "a number of at most {le}",
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
}
_MAX_ROUNDS = 30
_STAND_INS: dict[str, Any] = {
    "framing": 1,
    "name": "unnamed",
    "business": {"goal": "unknown"},
    "objective": {"score": 0},
}
"""What takes the place of a section that is missing or wrong, so that the others can still be checked."""


@dataclass(frozen=True)
class Reading:
    """What could be read of a framing."""

    framing: Framing | None
    """The framing without the parts that are wrong; None where too little is left."""
    findings: tuple[Finding, ...]
    """What is wrong, one finding per mistake."""
    data: dict[str, Any]
    """The values that were left."""
    removed: tuple[Path, ...]
    """The parts that were left out."""


def read_framing(data: dict[str, Any], *, without: tuple[Path, ...] = ()) -> Reading:
    """Validate a framing; leave out what is wrong until the rest can be read.

    Args:
        data: The file's values.
        without: Parts that are known to be wrong.
    """
    data = copy.deepcopy(data)
    for path in without:
        _remove(data, path)
    findings: tuple[Finding, ...] = ()
    removed = list(without)
    for round_ in range(_MAX_ROUNDS):
        try:
            return Reading(Framing.model_validate(data), findings, data, tuple(removed))
        except ValidationError as error:
            mistakes = _mistakes(error, data)
        if round_ == 0:
            findings = tuple(_finding(mistake) for mistake in mistakes)
        for mistake in sorted(mistakes, key=_from_the_end):
            path = mistake.path[:-1] if mistake.type == "missing" else mistake.path
            removed.append(path or mistake.path)
            _remove(data, path)
        absent = _STAND_INS.keys() - data.keys()
        if not absent and any(mistake.type == "missing" and len(mistake.path) == 1 for mistake in mistakes):
            break
        for section in absent:
            data[section] = copy.deepcopy(_STAND_INS[section])
    return Reading(None, findings, data, tuple(removed))


@dataclass(frozen=True)
class _Mistake:
    """One pydantic error at the place where it was written."""

    type: str
    path: Path
    choice: tuple[Path, str] | None
    """Where a field offers several forms, and which of them this error is about."""
    value: Any
    message: str
    context: dict[str, Any]


def _mistakes(error: ValidationError, data: dict[str, Any]) -> list[_Mistake]:
    found = [_mistake(detail, data) for detail in error.errors(include_url=False)]
    kept = [mistake for mistake in found if mistake.choice is None or _is_meant(mistake, found)]
    unique: dict[tuple[Path, str], _Mistake] = {}
    for mistake in kept:
        key = (mistake.path, "" if mistake.choice else mistake.type)
        other = unique.get(key)
        if other is None or _weight(mistake) > _weight(other):
            unique[key] = mistake
        elif mistake.type in _WANTED and (other.type in _WANTED or other.type == "either"):
            unique[key] = _either(other, mistake)
    return list(unique.values())


def _mistake(detail: ErrorDetails, data: dict[str, Any]) -> _Mistake:
    """Drop from pydantic's location what is not written in the file: names of forms, `[key]`."""
    path: Path = ()
    choice: tuple[Path, str] | None = None
    here: Any = data
    context = dict(detail.get("ctx", {}))
    inner = context.get("key", ())
    location = (*detail["loc"], *(inner if isinstance(inner, tuple) else (inner,)))
    for index, part in enumerate(location):
        if _holds(here, part) or (detail["type"] == "missing" and index == len(location) - 1):
            path = (*path, part)
            here = here[part] if _holds(here, part) else None
        elif part != "[key]":
            choice = choice or (path, str(part))
    return _Mistake(detail["type"], path, choice, detail["input"], detail["msg"], context)


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, dict):
        return part in value
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _is_meant(mistake: _Mistake, found: list[_Mistake]) -> bool:
    """Whether this error's form is the one that fits the value best among the forms of its field."""
    assert mistake.choice is not None
    weights: dict[str, int] = {}
    for other in found:
        if other.choice is not None and other.choice[0] == mistake.choice[0]:
            weights[other.choice[1]] = max(weights.get(other.choice[1], 0), _weight(other))
    return weights[mistake.choice[1]] == max(weights.values())


def _weight(mistake: _Mistake) -> int:
    """How far a form got before it failed: wrong type, wrong word, wrong text, wrong part of a map."""
    if mistake.choice is not None and len(mistake.path) > len(mistake.choice[0]):
        return 3
    code = _CODE.get(mistake.type, "SPEC007")
    return {"SPEC007": 0, "SPEC008": 1}.get(code, 2)


def _either(first: _Mistake, second: _Mistake) -> _Mistake:
    wanted = f"{_wanted(first)} or {_wanted(second)}"
    return _Mistake("either", first.path, first.choice, first.value, first.message, {"wanted": wanted})


def _wanted(mistake: _Mistake) -> str:
    if mistake.type == "either":
        return str(mistake.context["wanted"])
    return _WANTED[mistake.type].format_map(mistake.context) if mistake.type in _WANTED else "another value"


def _finding(mistake: _Mistake) -> Finding:
    code = _CODE.get(mistake.type, "SPEC007")
    fix = CODES[code].fix
    if mistake.type == "missing":
        evidence = f"expected the key {str(mistake.path[-1])!r}, got none"
    elif mistake.type == "extra_forbidden":
        key = str(mistake.path[-1])
        known = sorted(set(_keys(_annotation(mistake.path[:-1]))))
        evidence = f"expected a key of the language, got {key!r}"
        fix = suggest(key, known, otherwise=f"use one of {', '.join(known)}" if known else fix)
    elif mistake.type in _WANTED or mistake.type == "either":
        evidence = f"expected {_wanted(mistake)}, got {shown(mistake.value)}"
        fix = _near_word(mistake) or _quoting(mistake) or fix
    else:
        evidence, _, own_fix = mistake.message.partition(". Fix: ")
        fix = own_fix or fix
    return Finding(
        code=code,
        where=dotted(mistake.path),
        evidence=_sentence(evidence),
        fix=_sentence(fix),
        path=mistake.path,
    )


def _near_word(mistake: _Mistake) -> str | None:
    words = re.findall(r"'([^']+)'", str(mistake.context.get("expected", "")))
    near = near_names(str(mistake.value), words)
    return f"did you mean {near[0]!r}?" if near else None


def _quoting(mistake: _Mistake) -> str | None:
    if mistake.type == "string_type" and isinstance(mistake.value, int | float):
        return f"quote it: {str(mistake.value).lower()!r}"
    return None


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?")) else text + "."


def _annotation(path: Path) -> Any:
    """Return the type of what stands at a path of the file."""
    here: Any = Framing
    for part in path:
        here = next((step for step in _steps(here, part) if step is not None), None)
    return here


def _steps(annotation: Any, part: str | int) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        for name, field in annotation.model_fields.items():
            if part in (name, field.alias):
                yield field.annotation
        return
    if get_origin(annotation) is dict:
        value = get_args(annotation)[1]
        # a single example table is written without its name
        inner = list(_steps(value, part)) if isinstance(value, type) and issubclass(value, Section) else []
        yield from inner or [value]
        return
    if get_origin(annotation) is tuple and isinstance(part, int):
        yield get_args(annotation)[0]
        return
    if get_origin(annotation) in (Union, types.UnionType) or hasattr(annotation, "__metadata__"):
        members = get_args(annotation)
        for member in members[:1] if hasattr(annotation, "__metadata__") else members:
            yield from _steps(member, part)


def _keys(annotation: Any) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield from (field.alias or name for name, field in annotation.model_fields.items())
    elif get_origin(annotation) is dict:
        yield from _keys(get_args(annotation)[1])
    else:
        for member in get_args(annotation):
            yield from _keys(member)


def _from_the_end(mistake: _Mistake) -> list[tuple[int, str]]:
    """Later items of a list first, so that taking one out does not move the others."""
    return [(-part, "") if isinstance(part, int) else (0, part) for part in mistake.path]


def _remove(data: Any, path: Path) -> None:
    if not path:
        return
    for part in path[:-1]:
        if not _holds(data, part):
            return
        data = data[part]
    if isinstance(data, dict):
        data.pop(path[-1], None)
    elif isinstance(data, list) and _holds(data, path[-1]):
        data.pop(path[-1])  # type: ignore[arg-type]
