"""The canonical form: every default and short form spelled out; it is printed, compared and hashed.

`expand` is idempotent, and two framings that mean the same have the same canonical form.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, TypeVar

import yaml
from sqlglot import exp

from truenorth.errors import Finding, FramingError
from truenorth.framing.codes import CODES
from truenorth.framing.durations import Duration
from truenorth.framing.examples import Active, ExampleTable
from truenorth.framing.expressions import Expression, parse_expression
from truenorth.framing.features import Feature
from truenorth.framing.framing import Framing
from truenorth.framing.labels import Kind, Label
from truenorth.framing.models import Models, Task
from truenorth.framing.names import tasks
from truenorth.framing.policy import Policy
from truenorth.framing.scalars import typed
from truenorth.framing.section import Section
from truenorth.framing.sources import Source

Item = TypeVar("Item", Label, Feature)


def expand(framing: Framing) -> Framing:
    """Return the framing with every default and short form spelled out.

    Raises:
        FramingError: If two members of families get one name, or `business.errors` cannot be spelled out.
    """
    framing = framing.model_copy(update={"examples": _tables(framing), "sources": _sources(framing)})
    labels = {name: _label(framing, label) for name, label in _members(framing.labels, "labels")}
    kinds: dict[str, Kind] = {}
    for name in labels:
        _settle_kind(name, labels, kinds)
    labels = {name: label.model_copy(update={"kind": kinds[name]}) for name, label in labels.items()}
    features = {name: _feature(framing, feature) for name, feature in _members(framing.features, "features")}
    framing = framing.model_copy(update={"labels": labels, "features": features})
    framing = _errors_as_actions(framing)
    update: dict[str, Any] = {"models": _models(framing)}
    if framing.experiment and not framing.experiment.unit:
        update["experiment"] = framing.experiment.model_copy(update={"unit": framing.table.unit})
    return framing.model_copy(update=update)


def dump(framing: Framing) -> str:
    """Return the canonical form as YAML: sections in order, nothing that is empty."""
    return yaml.dump(
        to_plain(expand(framing)),
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=110,
    )


def framing_hash(framing: Framing) -> str:
    """Return the SHA-256 of the canonical form; the order of keys and short forms do not matter.

    The order of example tables does: the first is the one decided on.
    """
    canonical = expand(framing)
    plain = {**to_plain(canonical), "decided": next(iter(canonical.examples))}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def to_plain(value: Any) -> Any:
    """Return a section as maps, lists, texts and numbers, without what is absent or empty."""
    if isinstance(value, Section):
        fields = type(value).model_fields
        items = ((field.alias or name, to_plain(getattr(value, name))) for name, field in fields.items())
        return {name: item for name, item in items if not (item is None or item == {} or item == [])}
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    number = typed(str(value)) if isinstance(value, Expression) else None
    return number if isinstance(number, int | float) and str(number) == str(value) else str(value)


class _Dumper(yaml.SafeDumper):
    """Quotes every text that reading would type."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(typed(text), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted)


def _sources(framing: Framing) -> dict[str, Source]:
    """Mark the unions of undated sources: other unions inherit the event time of their members."""

    def has_time(name: str, opened: frozenset[str]) -> bool:
        source = framing.sources.get(name)
        if source is None or name in opened:
            return False
        if not source.union or source.time is not None:
            return source.is_dated
        return any(has_time(one, opened | {name}) for one in source.union)

    return {
        name: source if not source.union or has_time(name, frozenset()) else source.as_undated_union()
        for name, source in framing.sources.items()
    }


def _tables(framing: Framing) -> dict[str, ExampleTable]:
    return {name: _table(framing, table) for name, table in framing.examples.items()}


def _table(framing: Framing, table: ExampleTable) -> ExampleTable:
    update: dict[str, Any] = {
        "unit": table.unit or table.entity[0],
        "decision": table.decision or table.group,
    }
    if table.every and table.active is None:
        source = next((label.source for label in framing.labels.values() if label.source), None)
        update["active"] = Active(source=source) if source else None
    return table.model_copy(update=update)


def _members(items: dict[str, Item], section: str) -> Iterator[tuple[str, Item]]:
    """Spell out families: a list of lengths becomes one member each, named by the length as written."""
    seen: set[str] = set()
    for name, item in items.items():
        for suffix, lengths in _lengths(item):
            member = name + suffix
            if member in seen or (suffix and member in items):
                raise _refused("SPEC025", (section, name), f"expected each name once, got {member!r} twice.")
            seen.add(member)
            yield member, item.model_copy(update=lengths)


def _lengths(item: Label | Feature) -> Iterator[tuple[str, dict[str, Duration | None]]]:
    length = "within" if isinstance(item, Label) else "last"
    for last_suffix, last in _each(getattr(item, length)):
        for gap_suffix, gap in _each(item.gap):
            yield last_suffix + gap_suffix, {length: last, "gap": gap}


def _each(value: Duration | tuple[Duration, ...] | None) -> Iterator[tuple[str, Duration | None]]:
    if not isinstance(value, tuple):
        yield "", value
        return
    for duration in value:
        yield f"_{duration.written or duration}", duration


def _label(framing: Framing, label: Label) -> Label:
    on = label.on or next(iter(framing.examples))
    update: dict[str, Any] = {"on": on}
    if label.source:
        table = framing.examples.get(on, framing.table)
        by = label.by or table.entity
        update["by"] = by
        for name in ("until", "unless"):
            event = getattr(label, name)
            update[name] = event and event.model_copy(update={"by": event.by or by})
    return label.model_copy(update=update)


def _settle_kind(name: str, labels: dict[str, Label], kinds: dict[str, Kind]) -> Kind:
    """Find the kind of a label; one that is combined is binary where its expression can only be 0 or 1."""
    if name in kinds:
        return kinds[name]
    label = labels[name]
    kinds[name] = label.kind or "number"  # a circle of combined labels, which a check refuses, ends here
    if label.kind is None:
        kinds[name] = _kind(label, labels, kinds)
    return kinds[name]


def _kind(label: Label, labels: dict[str, Label], kinds: dict[str, Kind]) -> Kind:
    if label.combine is not None:
        parts = {part: _settle_kind(part, labels, kinds) for part in label.combine.columns if part in labels}
        binary = {part for part, kind in parts.items() if kind == "binary"}
        return "binary" if _is_binary(label.combine.tree, binary) else "number"
    if label.columns:
        return "tags"
    if label.first is not None and label.first.column == "days":
        return "time_to_event"
    return "binary" if label.aggregate in (None, "absent") else "number"


def _is_binary(tree: exp.Expr, binary: set[str]) -> bool:
    """Return whether an expression over binary labels can only be 0, 1 or NULL."""
    if isinstance(tree, exp.Paren | exp.Not):
        return isinstance(tree, exp.Not) or _is_binary(tree.this, binary)
    if isinstance(tree, exp.Column):
        return tree.name in binary
    if isinstance(tree, exp.Mul):
        return _is_binary(tree.left, binary) and _is_binary(tree.right, binary)
    if isinstance(tree, exp.Anonymous) and str(tree.this).lower() in ("coalesce", "greatest", "least"):
        return all(_is_binary(item, binary) for item in tree.expressions)
    if isinstance(tree, exp.Literal):
        return not tree.is_string and float(tree.this) in (0, 1)
    return isinstance(tree, exp.Predicate | exp.And | exp.Or | exp.Boolean)


def _feature(framing: Framing, feature: Feature) -> Feature:
    update: dict[str, Any] = {"serve": feature.serve or _serve(feature)}
    if feature.source and not feature.by:
        update["by"] = framing.table.entity
    if feature.match and not feature.by:
        update["by"] = ("bm25",)
    if feature.as_ is None and (
        feature.match or feature.aggregate not in (None, "latest", "first", "min", "max")
    ):
        update["as_"] = "number"
    return feature.model_copy(update=update)


def _serve(feature: Feature) -> str:
    if not feature.source:
        return "request"
    return "batch" if feature.refresh or feature.latest is not None else "stream"


def _errors_as_actions(framing: Framing) -> Framing:
    """Spell out `business.errors` as two actions on the one task of the score."""
    errors = framing.business.errors
    if errors is None:
        return framing
    named = [name for name in framing.labels if name in framing.objective.score.columns]
    if len(named) != 1 or framing.labels[named[0]].kind != "binary":
        got = " and ".join(named) or "none"
        evidence = f"expected one binary task in objective.score, got {got}."
        raise _refused("SPEC031", ("business", "errors"), evidence)
    actions = {
        "act": parse_expression(f"({errors.false_positive}) * (1 - {named[0]})"),
        "wait": parse_expression(f"({errors.false_negative}) * {named[0]}"),
    }
    policy = (framing.policy or Policy()).model_copy(update={"actions": actions})
    business = framing.business.model_copy(update={"errors": None})
    return framing.model_copy(update={"policy": policy, "business": business})


def _models(framing: Framing) -> Models:
    """Move `downsample` and `monotone` to the tasks that they concern."""
    models = framing.models
    spelled = {}
    for name in dict.fromkeys((*tasks(framing), *models.tasks, *models.downsample)):
        task = models.tasks.get(name, Task())
        kept = task.downsample if task.downsample is not None else models.downsample.get(name)
        spelled[name] = task.model_copy(
            update={"downsample": kept, "monotone": {**models.monotone, **task.monotone}}
        )
    return models.model_copy(update={"tasks": spelled, "downsample": {}, "monotone": {}})


def _refused(code: str, path: tuple[str | int, ...], evidence: str) -> FramingError:
    place = ".".join(map(str, path))
    return FramingError(
        Finding(code=code, where=place, evidence=evidence, fix=CODES[code].fix + ".", path=path)
    )
