"""One label's columns: value, state, mature_at, event_at, event_known_at, weight.

The state is decided in this order: not shown; `given` or the anchor's label says no; one of those is open;
the own window is open; no value, or a class that is not listed; observed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from truenorth.engine.events import latest_of
from truenorth.engine.lowering import Tree, both, call, column, double, lower, number, text, when
from truenorth.framing.durations import DAY, microseconds
from truenorth.framing.expressions import Expression
from truenorth.framing.horizon import delay, read_columns
from truenorth.framing.labels import TIME_ANCHORS, Label
from truenorth.labels.contract import (
    AT,
    IMMATURE,
    OBSERVED,
    SHOWN,
    UNDEFINED,
    LabelContext,
    event_known_of,
    event_of,
    mature_of,
    own_known,
    state_of,
    value_of,
)  # fmt: skip
from truenorth.labels.events import anchor_column, has_constant_delay, is_duration, until_of
from truenorth.labels.verdict import Verdict, judge

Row = Callable[[str], Tree]
"""How a name that is no label is read on the example's own row."""


@dataclass(frozen=True)
class _Found:
    """What a label's form gives before the state is decided."""

    value: Tree
    mature_at: Tree | None
    event_at: Tree | None = None
    event_known_at: Tree | None = None
    state: Tree | None = None
    """The state of its parts, for `combine`."""
    partial: Tree | None = None
    """Value beside the state immature; None for NULL."""


def label_state(context: LabelContext, name: str, row: Row) -> Tree:
    """Return a label's state, 0 to 2 (its event measures must be in the frame)."""
    return exp.cast(_state(context, name, _find(context, name, row), row), "INT")


def label_columns(context: LabelContext, name: str, row: Row) -> dict[str, Tree]:
    """Return a label's value and times (its state must be in the frame)."""
    label = context.labels[name]
    found = _find(context, name, row)
    state = column(state_of(name))
    partial = exp.null() if found.partial is None else _typed(label, found.partial, None)
    value = exp.Case(
        ifs=[
            exp.If(
                this=exp.EQ(this=state, expression=number(OBSERVED)),
                true=_typed(label, found.value, context.classes.get(name)),
            ),
            exp.If(this=exp.EQ(this=state.copy(), expression=number(IMMATURE)), true=partial),
        ]
    )
    return {
        value_of(name): value,
        mature_of(name): _microseconds(found.mature_at),
        event_of(name): _unless_undefined(name, found.event_at),
        event_known_of(name): _unless_undefined(name, found.event_known_at),
    }


def label_weight(context: LabelContext, name: str, row: Row) -> Tree:
    """Return a label's training weight: its expression where it is data (censored times are), 0 elsewhere."""
    least = IMMATURE if context.labels[name].kind == "time_to_event" else OBSERVED
    counts = exp.GTE(this=column(state_of(name)), expression=number(least))
    return when(counts, declared_weight(context, name, row), number(0.0))


def declared_weight(context: LabelContext, name: str, row: Row) -> Tree:
    """Return what the framing says a row weighs: at least 0, and 0 where it cannot be known yet."""
    label = context.labels[name]
    if label.weight is None:
        return number(1.0)
    weight = judge(label.weight, _part_reader(context, name, label.weight, row)).value
    return call(
        "greatest", exp.Coalesce(this=double(exp.paren(weight)), expressions=[number(0.0)]), number(0.0)
    )


def _microseconds(tree: Tree | None) -> Tree:
    return exp.cast(exp.null() if tree is None else tree, "BIGINT")


def _unless_undefined(name: str, tree: Tree | None) -> Tree:
    if tree is None:
        return _microseconds(None)
    return _microseconds(when(exp.GT(this=column(state_of(name)), expression=number(UNDEFINED)), tree))


def _find(context: LabelContext, name: str, row: Row) -> _Found:
    label = context.labels[name]
    if label.combine is not None:
        return _combined(context, name, label.combine, row)
    if label.source is None:
        return _own(context, name, row)
    return _happened(context, name)


def _own(context: LabelContext, name: str, row: Row) -> _Found:
    """A label on the example's own row, visible once its columns are known."""
    label = context.labels[name]
    expression = label.when or label.value
    assert expression is not None
    value = lower(expression, row)
    if not context.is_dated:
        return _Found(value, None)
    known = _own_known(context, label)
    visible = exp.LT(this=known.copy(), expression=context.reading(name).as_of)
    due = column(AT) + number(delay(label, context.sources, context.table.source))
    return _Found(when(visible, value), due, event_known_at=when(visible.copy(), known))


def _own_known(context: LabelContext, label: Label) -> Tree:
    source = context.table.source
    own = sorted(read_columns(label) & context.known_columns.get(source or "", frozenset()))
    return latest_of([column(own_known(name)) for name in own] or [column(own_known(""))])


def _happened(context: LabelContext, name: str) -> _Found:
    """A label over later events, from its measures."""
    label = context.labels[name]
    assert label.source is not None
    if not context.sources[label.source].is_dated:
        return _Found(_undated_value(label, name), None)
    event = _first_event(label, name)
    anchor = column(anchor_column(label))
    known = _first_known(context, name, event)
    happened = event.copy().is_(exp.null()).not_()
    partial: Tree | None = (
        when(happened.copy(), _event_value(label, name, event, anchor)) if label.maturity == "ipcw" else None
    )
    value = _event_value(label, name, event, anchor)
    if label.kind == "time_to_event":
        value = partial = _followed(context, name, event, anchor)
    return _Found(value, _due(context, name, anchor), event, known, partial=partial)


def _undated_value(label: Label, name: str) -> Tree:
    count = exp.Coalesce(this=column(event_of(name)), expressions=[number(0)])
    if label.aggregate in (None, "absent"):
        happened = exp.GT(this=count, expression=number(0))
        return exp.cast(exp.Not(this=happened) if label.absent else happened, "INT")
    return column(value_of(name))


def _first_event(label: Label, name: str) -> Tree:
    """The first event's time; NULL where another event ended the window before it."""
    event: Tree = column(event_of(name))
    if label.until is None:
        return event
    end = column(until_of(name))
    in_time = exp.or_(end.is_(exp.null()), exp.LTE(this=event.copy(), expression=end.copy()))
    return exp.paren(when(in_time, event))


def _first_known(context: LabelContext, name: str, event: Tree) -> Tree:
    label = context.labels[name]
    assert label.source is not None
    read = read_columns(label)
    if not has_constant_delay(context, label.source, read):
        known: Tree = column(event_known_of(name))
        return when(event.copy().is_(exp.null()).not_(), known)
    return event.copy() + number(delay(label, context.sources, None))


def _event_value(label: Label, name: str, event: Tree, anchor: Tree) -> Tree:
    happened = event.copy().is_(exp.null()).not_()
    if label.aggregate is None:
        return exp.cast(happened, "INT")
    if label.absent:
        return exp.cast(event.copy().is_(exp.null()), "INT")
    if is_duration(label):
        return exp.Div(this=double(exp.paren(event.copy() - anchor.copy())), expression=number(float(DAY)))
    value: Tree = column(value_of(name))
    return when(happened, value) if label.aggregate == "first" and label.until else value


def _followed(context: LabelContext, name: str, event: Tree, anchor: Tree) -> Tree:
    """Days from the anchor to the event, or for how long the row was followed without one."""
    label = context.labels[name]
    wait = number(delay(label, context.sources, None))
    followed: Tree = exp.paren(context.limit(name, label.source) - wait)
    within = microseconds(label.within)
    if within is not None:
        followed = call("least", followed, anchor.copy() + number((microseconds(label.gap) or 0) + within))
    end = exp.Coalesce(this=event.copy(), expressions=[call("greatest", followed, anchor.copy())])
    return exp.Div(this=double(exp.paren(end - anchor.copy())), expression=number(float(DAY)))


def _due(context: LabelContext, name: str, anchor: Tree) -> Tree | None:
    label = context.labels[name]
    within = microseconds(label.within)
    if within is None:
        return None
    return anchor.copy() + number(
        (microseconds(label.gap) or 0) + within + delay(label, context.sources, None)
    )


def _combined(context: LabelContext, name: str, expression: Expression, row: Row) -> _Found:
    parts = sorted(expression.columns & context.labels.keys())
    verdict = judge(expression, _part_reader(context, name, expression, row))
    due: list[Tree] = [column(mature_of(part)) for part in parts]
    due += [_due_of_column(context, read) for read in sorted(expression.columns - context.labels.keys())]
    return _Found(verdict.value, latest_of(due) if context.is_dated else None, state=verdict.state)


def _part_reader(
    context: LabelContext, name: str, expression: Expression, row: Row
) -> Callable[[str], Verdict]:
    """Read a label with its state; one whose `given` label beside it is observed 0 counts as 0."""

    def part(read: str) -> Verdict:
        if read not in context.labels:
            return _column_verdict(context, name, read, row)
        value, state = column(value_of(read)), column(state_of(read))
        no = _said_no(context, expression.columns & context.labels.keys(), read)
        if no is None:
            return Verdict(value, state)
        return Verdict(when(no, number(0), value), when(no.copy(), number(OBSERVED), state))

    return part


def _said_no(context: LabelContext, beside: frozenset[str], label: str) -> Tree | None:
    """Whether a label's `given` label, beside it in an expression, was observed 0, or itself counts as 0."""
    parent = context.labels[label].given
    if parent is None or parent.column not in beside:
        return None
    name = str(parent.column)
    zero = exp.EQ(this=column(value_of(name)), expression=number(0))
    no = exp.and_(exp.EQ(this=column(state_of(name)), expression=number(OBSERVED)), zero)
    further = _said_no(context, beside, name)
    return no if further is None else exp.or_(no, further)


def _state(context: LabelContext, name: str, found: _Found, row: Row) -> Tree:
    rules: list[tuple[Tree | None, int]] = []
    if context.has_shown:
        rules.append((exp.Not(this=exp.Coalesce(this=column(SHOWN), expressions=[exp.false()])), UNDEFINED))
    open_parents: list[Tree] = []
    for verdict in _parents(context, name, row):
        rules.append((verdict.is_state(UNDEFINED), UNDEFINED))
        no = exp.Not(
            this=exp.Coalesce(this=exp.cast(exp.paren(verdict.value), "BOOLEAN"), expressions=[exp.false()])
        )
        rules.append((both(verdict.is_state(OBSERVED), no), UNDEFINED))
        open_parents.append(verdict.is_state(IMMATURE))
    if found.state is not None:
        rules.append((exp.EQ(this=exp.paren(found.state.copy()), expression=number(UNDEFINED)), UNDEFINED))
        open_parents.append(exp.EQ(this=exp.paren(found.state.copy()), expression=number(IMMATURE)))
    rules += [(condition, IMMATURE) for condition in open_parents]
    rules.append((_is_open(context, name, found), IMMATURE))
    rules.append((_is_no_value(context, name, found), UNDEFINED))
    ifs = [exp.If(this=condition, true=number(state)) for condition, state in rules if condition is not None]
    return exp.Case(ifs=ifs, default=number(OBSERVED))


def _parents(context: LabelContext, name: str, row: Row) -> list[Verdict]:
    """Return what must have happened for the label to be defined: its anchor's label, its `given`."""
    label = context.labels[name]
    parents = []
    if label.anchor not in TIME_ANCHORS:
        anchor = column(anchor_column(label)).is_(exp.null()).not_()
        parents.append(Verdict(exp.paren(anchor), column(state_of(label.anchor))))
    if label.given is not None:
        parents.append(judge(label.given, _given_reader(context, name, row)))
    return parents


def _given_reader(context: LabelContext, name: str, row: Row) -> Callable[[str], Verdict]:
    """Read labels with their state and own-row columns once they are known."""

    def part(read: str) -> Verdict:
        if read in context.labels and read != name:
            return Verdict(column(value_of(read)), column(state_of(read)))
        return _column_verdict(context, name, read, row)

    return part


def _column_verdict(context: LabelContext, name: str, read: str, row: Row) -> Verdict:
    """Read a column of the own row: immature until it is due, NULL until it is known."""
    source = context.table.source
    if not context.is_dated or source is None or read in ("at", "time", "target", "step"):
        return Verdict(row(read), None)
    has_entry = read in context.known_columns[source]
    spec = context.sources[source].row_known
    if not has_entry and spec.at is None and not spec.after:
        return Verdict(row(read), None)
    known = column(own_known(read if has_entry else ""))
    is_open = exp.GTE(this=_due_of_column(context, read), expression=context.limit(name, source))
    visible = exp.LT(this=known, expression=context.reading(name).as_of)
    return Verdict(when(visible, row(read)), when(is_open, number(IMMATURE), number(OBSERVED)))


def _due_of_column(context: LabelContext, read: str) -> Tree:
    """Return when a column of the own row is due."""
    value = Label.model_construct(value=Expression(exp.column(exp.to_identifier(read, quoted=True))))
    return column(AT) + number(delay(value, context.sources, context.table.source))


def _is_open(context: LabelContext, name: str, found: _Found) -> Tree | None:
    """Whether the own window is not yet over and reported. Depends on time only, never on what happened."""
    label = context.labels[name]
    if label.combine is not None or not context.is_dated:
        return None
    source = label.source or context.table.source
    if label.source is not None and not context.sources[label.source].is_dated:
        return None
    if found.mature_at is None:
        return exp.true()
    return exp.Not(
        this=exp.paren(exp.LT(this=found.mature_at.copy(), expression=context.limit(name, source)))
    )


def _is_no_value(context: LabelContext, name: str, found: _Found) -> Tree | None:
    label = context.labels[name]
    classes = context.classes.get(name)
    must_have = label.source is None or not context.sources[label.source].is_dated
    conditions: list[Tree] = [found.value.copy().is_(exp.null())] if must_have else []
    if classes is not None and label.kind != "tags":
        listed = exp.In(this=exp.paren(found.value.copy()), expressions=[_literal(item) for item in classes])
        conditions.append(exp.Not(this=exp.Coalesce(this=listed, expressions=[exp.false()])))
    return exp.or_(*conditions) if conditions else None


def _literal(item: str | int | float) -> Tree:
    return text(item) if isinstance(item, str) else number(item)


def _typed(label: Label, value: Tree, classes: tuple[str | int | float, ...] | None) -> Tree:
    """Return the value in the type of the label's kind."""
    value = exp.paren(value.copy())
    if label.kind == "binary":
        return exp.cast(exp.cast(value, "BOOLEAN"), "INT")
    if label.kind == "class":
        return exp.cast(value, "VARCHAR")
    if label.kind == "grade" and classes and all(isinstance(item, int) for item in classes):
        return exp.cast(value, "INT")
    return double(value)
