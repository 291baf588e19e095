"""The examples table as it is written: names, types and order of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from truenorth.engine.lowering import Bind, Tree, call, column, double, lower, moment, number, text, when
from truenorth.engine.pipeline import Pipeline
from truenorth.engine.trees import alias, stored
from truenorth.engine.windows import Frame
from truenorth.errors import Finding, FramingError
from truenorth.examples.parts import SPLIT
from truenorth.features.contract import feature_column
from truenorth.framing.examples import ExampleTable, Softmax
from truenorth.framing.features import Feature
from truenorth.framing.labels import Label
from truenorth.labels.contract import (
    SHOWN,
    STATES,
    event_known_of,
    event_of,
    mature_of,
    state_of,
    value_of,
    weight_of,
)  # fmt: skip

_LARGEST, _PROPENSITY = "__largest_score", "__propensity"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What one example table holds."""

    table: ExampleTable
    labels: Mapping[str, Label]
    features: Mapping[str, Feature]
    row: Bind
    is_time: frozenset[str]
    """Own-row columns that hold times."""
    dialect: str


def written(frame: Frame, shape: Shape) -> tuple[exp.Select, tuple[str, ...]]:
    """Return the query of the examples table and the names of its columns.

    Raises:
        FramingError: If two things would be columns of one name.
    """
    columns: dict[str, Tree] = {}
    for group in (_identity(shape), _decision(shape), _labels(shape)):
        columns |= group
    for name in shape.table.context:
        columns.setdefault(name, _own(shape, name))
    taken = frozenset(columns)
    problems = []
    for name, feature in shape.features.items():
        if name in taken and not (feature.column == name and feature.default is None):
            problems.append(_taken(name))
        columns[name] = _feature(shape, name, feature)
    problems += [
        _taken(name) for name in shape.labels if name in shape.table.entity or name in shape.table.context
    ]
    if problems:
        raise FramingError(problems)
    return _select(frame, columns), tuple(columns)


def _select(frame: Frame, columns: Mapping[str, Tree]) -> exp.Select:
    named = [alias(tree, name) for name, tree in columns.items()]
    return exp.select(*named).from_(stored(frame.name))


def _identity(shape: Shape) -> dict[str, Tree]:
    table = shape.table
    entities = {name: _own(shape, name) for name in table.entity if name != "row"}
    unit = column("__id") if table.unit == "row" else _own(shape, table.unit or table.entity[0])
    identity = {"example_id": column("__id"), **entities, "at": moment(column("__at"), shape.dialect)}
    if table.ahead is not None:
        identity |= {"step": column("__step"), "target": moment(column("__target"), shape.dialect)}
    return identity | {"unit": unit}


def _decision(shape: Shape) -> dict[str, Tree]:
    table, bind = shape.table, read_row(shape)
    sampled = None if table.sampled is None else lower(table.sampled, bind)
    return {
        "group": _joined(shape, table.group),
        "decision": _joined(shape, table.decision),
        "position": _or_null(table.position, bind, "DOUBLE"),
        "shown": exp.Coalesce(this=column(SHOWN), expressions=[exp.false()]) if table.shown else exp.true(),
        "action": _or_null(table.action, bind, "VARCHAR"),
        "propensity": _propensity(shape),
        "explored": _or_null(table.explored, bind, "BOOLEAN"),
        "split": column(SPLIT),
        "weight": number(1.0)
        if sampled is None
        else exp.Div(this=number(1.0), expression=_positive(double(sampled))),
    }


def _positive(tree: Tree) -> Tree:
    return when(exp.GT(this=tree.copy(), expression=number(0)), tree)


def _or_null(expression: object, bind: Bind, kind: str) -> Tree:
    return exp.cast(exp.null() if expression is None else lower(expression, bind), kind)  # type: ignore[arg-type]


def with_propensity(pipeline: Pipeline, frame: Frame, table: ExampleTable, row: Bind) -> Frame:
    """Return the frame with the probability that a logged score became, by softmax in its decision."""
    declared = table.propensity
    if not isinstance(declared, Softmax):
        return frame
    decision = [row(name) for name in table.decision]
    score = double(lower(declared.softmax, row))
    largest = exp.Window(this=exp.Max(this=score.copy()), partition_by=[part.copy() for part in decision])
    frame = pipeline.add(frame, {_LARGEST: largest}, reason="the largest logged score of each decision")
    below = exp.paren(score - column(_LARGEST))
    power = exp.Exp(this=exp.Div(this=below, expression=number(declared.temperature)))
    total = exp.Window(this=exp.Sum(this=power.copy()), partition_by=decision)
    share = exp.Div(this=power, expression=total)
    return pipeline.add(frame, {_PROPENSITY: share}, reason="logged scores as probabilities, by softmax")


def _propensity(shape: Shape) -> Tree:
    declared = shape.table.propensity
    if isinstance(declared, Softmax):
        return column(_PROPENSITY)
    return _or_null(declared, read_row(shape), "DOUBLE")


def _joined(shape: Shape, names: tuple[str, ...]) -> Tree:
    if not names:
        return exp.cast(exp.null(), "VARCHAR")
    parts = [exp.cast(_own(shape, name), "VARCHAR") for name in names]
    return parts[0] if len(parts) == 1 else call("concat_ws", text("|"), *parts)


def _own(shape: Shape, name: str) -> Tree:
    value = shape.row(name)
    return moment(value, shape.dialect) if name in shape.is_time else value


def read_row(shape: Shape) -> Bind:
    """Read features by name, and everything else on the example's row."""
    return lambda name: column(feature_column(name)) if name in shape.features else shape.row(name)


def _labels(shape: Shape) -> dict[str, Tree]:
    columns: dict[str, Tree] = {}
    for name in shape.labels:
        state = column(state_of(name))
        ifs = [
            exp.If(this=exp.EQ(this=state.copy(), expression=number(index)), true=text(word))
            for index, word in enumerate(STATES)
        ]
        columns |= {
            name: column(value_of(name)),
            f"{name}__state": exp.Case(ifs=ifs),
            f"{name}__mature_at": moment(column(mature_of(name)), shape.dialect),
            f"{name}__event_at": moment(column(event_of(name)), shape.dialect),
            f"{name}__event_known_at": moment(column(event_known_of(name)), shape.dialect),
            f"{name}__weight": column(weight_of(name)),
        }
    return columns


def _feature(shape: Shape, name: str, feature: Feature) -> Tree:
    value: Tree = column(feature_column(name))
    is_time = feature.column in shape.is_time or feature.as_ == "time"
    return moment(value, shape.dialect) if is_time else value


def _taken(name: str) -> Finding:
    return Finding(
        code="SPEC025",
        where=f"features.{name}",
        path=("features", name),
        evidence=f"expected a name that is no other column of the examples table, got {name!r}.",
        fix=f"rename it, for example {name}_value.",
    )
