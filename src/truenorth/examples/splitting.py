"""Every example into its part: lists stay whole, and what must stay together does."""

from __future__ import annotations

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.lowering import Tree, call, column, number, text
from truenorth.engine.pipeline import Pipeline
from truenorth.engine.trees import alias, stored
from truenorth.engine.windows import AS_OF, Frame
from truenorth.errors import DataError, Finding
from truenorth.examples.attrition import Removal, count_removed, stays
from truenorth.examples.parts import SPLIT, Parts, hash_fraction
from truenorth.framing.examples import ExampleTable

_FIRST, _LAST, _TOGETHER = "__first_at", "__last_at", "__together"


def add_parts(
    pipeline: Pipeline,
    frame: Frame,
    parts: Parts,
    table: ExampleTable,
    group: list[Tree],
    engine: Engine,
    *,
    is_dry: bool,
) -> tuple[Frame, list[Removal]]:
    """Return the frame with the part of each row and when its labels are read.

    A group belongs to the part of its first row; one whose last row lies at or past that part's reading is
    dropped whole.
    Rows of a later part whose `together` value stands in an earlier one are dropped.
    """
    split = parts.split
    if split is not None and split.form == "random" and not is_dry:
        _refuse_random_of_dated(engine, frame)
    by_time = bool(parts.parts) and table.at == "time"
    together = _together(pipeline, frame, table, split.together if split else None, engine, is_dry=is_dry)
    if together is not None:
        frame, kept_together = together
    hashed_by = kept_together if together else _written(group) if group else column("__id")
    hashed = hash_fraction(hashed_by, split.seed if split else 0, pipeline.dialect)
    at: Tree = column("__at")
    removals: list[Removal] = []
    if by_time and group:
        frame = pipeline.add(frame, _ends(group), reason="first and last row of each list")
        at = column(_FIRST)
    frame = pipeline.add(
        frame, {SPLIT: parts.part_of(at, hashed), AS_OF: parts.as_of_of(at)},
        reason="the part of the split, and when its labels are read", is_table=by_time and bool(group),
    )  # fmt: skip
    if by_time and group:
        whole = exp.or_(column(SPLIT).is_(exp.null()), exp.LT(this=column(_LAST), expression=column(AS_OF)))
        frame, removals = _drop(pipeline, frame, "group past its part", whole, is_dry=is_dry)
    if by_time and together is not None:
        frame = pipeline.add(
            frame,
            {_FIRST: _first_part(parts, kept_together)},
            reason="where each value kept together stands first",
        )
        first = exp.or_(
            column(SPLIT).is_(exp.null()), exp.EQ(this=column(_FIRST), expression=_rank(parts, column(SPLIT)))
        )
        frame, more = _drop(pipeline, frame, "together in an earlier part", first, is_dry=is_dry)
        removals += more
    return frame, removals


def _written(group: list[Tree]) -> Tree:
    """Return a list's identity as one text."""
    return call("concat_ws", text("|"), *(as_text(part.copy()) for part in group))


def as_text(tree: Tree) -> Tree:
    """Return the value as text."""
    return exp.cast(tree, "VARCHAR")


def _drop(
    pipeline: Pipeline, frame: Frame, step: str, keep: Tree, *, is_dry: bool
) -> tuple[Frame, list[Removal]]:
    removals = [] if is_dry else count_removed(pipeline.engine, frame, {step: keep})
    return pipeline.then(frame.select().where(stays([keep])), frame.columns, reason=step), removals


def _ends(group: list[Tree]) -> dict[str, Tree]:
    def over(function: type[exp.AggFunc]) -> Tree:
        return exp.Window(this=function(this=column("__at")), partition_by=[part.copy() for part in group])

    return {_FIRST: over(exp.Min), _LAST: over(exp.Max)}


def _rank(parts: Parts, name: Tree) -> Tree:
    """Number the parts in time; parts of one stretch (a share by hash) have one number."""
    ifs = []
    for index, part in enumerate(parts.parts):
        ifs.append(exp.If(this=exp.EQ(this=name.copy(), expression=text(part.name)), true=number(index)))
        if part.name == "validation":
            shared = exp.EQ(this=name.copy(), expression=text("calibration"))
            ifs.append(exp.If(this=shared, true=number(index)))
    return exp.Case(ifs=ifs) if ifs else exp.null()


def _first_part(parts: Parts, kept_together: Tree) -> Tree:
    return exp.Window(this=exp.Min(this=_rank(parts, column(SPLIT))), partition_by=[kept_together.copy()])


def _together(
    pipeline: Pipeline,
    frame: Frame,
    table: ExampleTable,
    together: str | None,
    engine: Engine,
    *,
    is_dry: bool,
) -> tuple[Frame, Tree] | None:
    if together is None:
        return None
    if together != "component":
        return frame, exp.Coalesce(
            this=as_text(column(f"c__{together}")), expressions=[as_text(column("__id"))]
        )
    keys = [f"c__{name}" for name in table.entity[:2]]
    if not is_dry:
        _register_components(engine, frame, keys, f"{pipeline.prefix}_components")
    components = stored(f"{pipeline.prefix}_components", "p")
    query = frame.select(alias(column("component", "p"), _TOGETHER), table="f").join(
        components,
        on=exp.EQ(this=exp.cast(column(keys[0], "f"), "VARCHAR"), expression=column("record", "p")),
        join_type="LEFT",
    )
    frame = pipeline.then(
        query,
        (*frame.columns, _TOGETHER),
        reason="pairs that share a record, transitively, are one component",
    )
    return frame, column(_TOGETHER)


def _register_components(engine: Engine, frame: Frame, keys: list[str], name: str) -> None:
    """Make the relation (record, component) of the graph whose edges are the pairs."""
    import numpy as np
    import pyarrow as pa
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    named = [alias(exp.cast(column(key), "VARCHAR"), side) for key, side in zip(keys, "ab", strict=True)]
    pairs = engine.fetch(exp.select(*named).distinct().from_(stored(frame.name)))
    records = (
        pa.chunked_array([*pairs["a"].chunks, *pairs["b"].chunks])
        .dictionary_encode()
        .unify_dictionaries()
        .combine_chunks()
    )
    if isinstance(records, pa.ChunkedArray):
        records = records.chunk(0) if records.num_chunks else pa.array([], pa.string()).dictionary_encode()
    codes = np.asarray(records.indices)
    half, n_records = len(codes) // 2, len(records.dictionary)
    edges = coo_array((np.ones(half, np.int8), (codes[:half], codes[half:])), shape=(n_records, n_records))
    _, component = connected_components(edges, directed=False)
    engine.register(
        name, pa.table({"record": records.dictionary, "component": pa.array(component, pa.int64())})
    )


def _refuse_random_of_dated(engine: Engine, frame: Frame) -> None:
    """Raise where rows of several prediction times would be split at random."""
    distinct = exp.Count(this=exp.Distinct(expressions=[column("__at")]))
    query = exp.select(alias(distinct, "n")).from_(stored(frame.name))
    n = int(engine.fetch(query).column(0)[0].as_py())
    if n > 1:
        raise DataError(
            Finding(
                code="LEAK006",
                where="split.random",
                path=("split", "random"),
                evidence=f"expected one prediction time for a random split, got {n:,} distinct ones.",
                fix="split by time: {train: 60d, validation: 7d, test: 7d}.",
            )
        )
