"""Changes to a framing before it is checked: `policy.capacity.review = 50 per 1d`."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from truenorth.errors import Finding, FramingError
from truenorth.framing.document import Document, read_document


def changed(document: Document, changes: Mapping[str, Any]) -> Document:
    """Return the document with values set by dotted keys; a number in a key is an item of a list.

    Args:
        document: The framing as it was written.
        changes: Values by key. A text is read as YAML, so `2`, `[linear]` and `{a: 1}` mean what they mean
            in the file.

    Raises:
        FramingError: If a key leads through something that has no keys.
    """
    if not changes:
        return document
    data = copy.deepcopy(document.data)
    for key, value in changes.items():
        _set(data, key, _read(key, value) if isinstance(value, str) else value)
    return replace(document, data=data)


def _read(key: str, text: str) -> Any:
    read = read_document(f"value: {text}", path=f"--set {key}")
    if read.problems or "value" not in read.data:
        raise FramingError(read.problems or _problem(key, f"a value, got {text!r}"))
    return read.data["value"]


def _set(data: Any, key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for name in parents:
        data = _child(data, name, key)
    if isinstance(data, list) and last.isdigit() and int(last) < len(data):
        data[int(last)] = value
    elif isinstance(data, dict) and last:
        data[last] = value
    else:
        raise FramingError(_problem(key, f"a place that has keys, got {type(data).__name__} before {last!r}"))


def _child(data: Any, name: str, key: str) -> Any:
    if isinstance(data, list) and name.isdigit() and int(name) < len(data):
        return data[int(name)]
    if isinstance(data, dict) and name:
        return data.setdefault(name, {})
    raise FramingError(_problem(key, f"a place that has keys, got {type(data).__name__} before {name!r}"))


def _problem(key: str, expected: str) -> Finding:
    fix = "write section.key=value as the file has them; truenorth show FILE prints every key."
    return Finding(code="SPEC035", where=f"--set {key}", evidence=f"expected {expected}.", fix=fix)
