"""Labels that are several: tags become one binary label each; class files are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sqlglot import exp

from truenorth.errors import Finding, FramingError
from truenorth.framing.expressions import Expression, parse_expression, quote_name
from truenorth.framing.labels import ClassFile, Label

Classes = tuple[str | int | float, ...]


def read_classes(labels: Mapping[str, Label], base: Path) -> dict[str, Classes]:
    """Return the allowed values of every label that lists them, files read.

    Raises:
        FramingError: If a class file is missing or empty.
    """
    found: dict[str, Classes] = {}
    for name, label in labels.items():
        if isinstance(label.classes, ClassFile):
            found[name] = _from_file(name, base / label.classes.file)
        elif label.classes is not None:
            found[name] = label.classes
    return found


def members(labels: Mapping[str, Label], classes: Mapping[str, Classes]) -> dict[str, Label]:
    """Return the labels with every family of tags spelled out as binary labels."""
    spelled: dict[str, Label] = {}
    for name, label in labels.items():
        spelled |= {name: label} if label.kind != "tags" else _tags(name, label, classes.get(name, ()))
    return spelled


def _tags(name: str, label: Label, classes: Classes) -> dict[str, Label]:
    if label.columns:
        conditions = {
            column: parse_expression(f"cast({quote_name(column)} as boolean)") for column in label.columns
        }
    else:
        assert label.value is not None
        conditions = {str(tag): Expression(_has_item(label.value, str(tag))) for tag in classes}
    common = {"columns": (), "value": None, "classes": None, "kind": "binary"}
    return {
        f"{name}_{tag}": label.model_copy(update={**common, "when": condition})
        for tag, condition in conditions.items()
    }


def _has_item(items: Expression, tag: str) -> exp.Expression:
    return exp.Anonymous(this="has_item", expressions=[items.tree.copy(), exp.Literal.string(tag)])


def _from_file(name: str, path: Path) -> Classes:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        problem = error.strerror or str(error)
        raise FramingError(
            _bad_file(name, f"a readable file of classes, got {path.name!r} ({problem}).")
        ) from None
    listed = tuple(line.strip() for line in lines if line.strip())
    if not listed:
        raise FramingError(_bad_file(name, f"one class per line, got the empty file {path.name!r}."))
    return listed


def _bad_file(name: str, expected: str) -> Finding:
    place = ("labels", name, "classes", "file")
    return Finding(
        code="SPEC027",
        where=".".join(place),
        path=place,
        evidence=f"expected {expected}",
        fix="write the file beside the framing.",
    )
