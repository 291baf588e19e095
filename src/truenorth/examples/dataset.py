"""An examples table read back as arrays: what is learned from, decided on and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from truenorth.engine.vectors import Vector, Vectors, from_arrow
from truenorth.errors import DataError, Finding, near_names
from truenorth.examples.members import Classes, members, read_classes
from truenorth.framing.canonical import expand
from truenorth.framing.framing import Framing
from truenorth.framing.labels import Label

if TYPE_CHECKING:
    import pyarrow as pa

STATES = ("observed", "immature", "undefined")
_OF_A_LABEL = ("state", "mature_at", "event_at", "event_known_at", "weight")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """One label of every row."""

    name: str
    kind: str
    """binary, number, amount, grade, class or time_to_event."""
    values: Vector
    """NULL where nothing is known; text for a class. Immature rows hold a value where the label is weighed
    (`maturity: ipcw`) or a time to an event: then it is how long the row was followed."""
    state: NDArray[np.int8]
    """Index into `STATES`."""
    weight: NDArray[np.float64]
    """Label weight of a row (inverse probability of maturing, or what the label declares), 1 by default."""
    event: NDArray[np.bool_] | None = None
    """For time_to_event: whether the event happened; False is censored after `values` days."""
    event_at: Vector | None = None
    """For a label that is weighed (`maturity: ipcw`): when its first event happened, as far as is known."""
    mature_at: Vector | None = None
    """For such a label: when it is due."""

    @property
    def is_observed(self) -> NDArray[np.bool_]:
        """Rows whose label is known, shape (n,)."""
        return np.asarray(self.state == 0)

    @property
    def is_trainable(self) -> NDArray[np.bool_]:
        """Rows that can be learned from: observed, censored, or immature and weighed; shape (n,)."""
        return np.asarray((self.state < 2) & (self.weight > 0) & ~self.values.is_null)

    def take(self, rows: NDArray[Any]) -> Outcomes:
        """Return the rows of a mask or an index."""
        event, times = self.event, (self.event_at, self.mature_at)
        event_at, mature_at = (None if one is None else one.take(rows) for one in times)
        return replace(
            self, values=self.values.take(rows), state=self.state[rows], weight=self.weight[rows],
            event=None if event is None else event[rows], event_at=event_at, mature_at=mature_at,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Dataset:
    """Examples as arrays; parts of it are cut out by name."""

    framing: Framing
    """Expanded."""
    columns: Vectors
    """Every column but the labels: keys, times, features, context."""
    labels: Mapping[str, Outcomes]
    """By label column; tags families are spelled out."""
    classes: Mapping[str, tuple[str, ...]]
    """Values of each class and grade label, in the framing's order, else sorted as observed in training."""
    families: Mapping[str, tuple[str, ...]]
    """Columns of each label of the framing: itself, or one per tag."""

    @property
    def n_rows(self) -> int:
        """Number of examples."""
        return self.columns.n_rows

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts that hold rows, in the order of their use: train, validation, ..., test.feb."""
        split = self.columns["split"]
        present = set(split.texts()[np.unique(split.values, return_index=True)[1]]) - {None}
        order = ("train", "validation", "calibration", "test")
        return tuple(sorted(present, key=lambda name: (order.index(name.partition(".")[0]), name)))

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Dataset:
        """Return the rows of a mask or an index."""
        labels = {name: outcomes.take(rows) for name, outcomes in self.labels.items()}
        return replace(self, columns=self.columns.take(rows), labels=labels)

    def part(self, name: str) -> Dataset:
        """Return the rows of a part; `test` is every test, `test.feb` one of them."""
        return self.take(self.is_in(name))

    def is_in(self, name: str) -> NDArray[np.bool_]:
        """Return which rows belong to a part, shape (n,)."""
        split = self.columns["split"]
        levels = split.levels if split.levels is not None else np.empty(0, dtype=object)
        inside = [str(level) == name or str(level).startswith(f"{name}.") for level in levels]
        return np.asarray(np.append(np.asarray(inside, dtype=bool), False)[split.values])

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {int(self.is_in(name).sum()):,}" for name in self.parts)
        return f"Dataset({self.framing.name}: {counts}; labels {', '.join(self.labels)})"


def read_dataset(path: Path, framing: Framing, *, base: Path) -> Dataset:
    """Read the rows of an examples table that belong to a part of the split.

    Args:
        path: `examples.parquet` as a build wrote it.
        framing: What the table was built from.
        base: Folder that the framing's class files start from.

    Raises:
        DataError: If the file cannot be read, or is no examples table of this framing.
        FramingError: If a class file is missing.
    """
    import pyarrow.parquet as pq

    framing = expand(framing)
    listed = read_classes(framing.labels, base)
    first = next(iter(framing.examples))
    families = {
        name: members({name: label}, listed) for name, label in framing.labels.items() if label.on == first
    }
    labels = {column: label for family in families.values() for column, label in family.items()}
    schema = _schema(path)
    _check_columns(path, schema.names, labels)
    own = {f"{name}__{suffix}" for name in labels for suffix in _OF_A_LABEL} | labels.keys()
    # a file's row groups become vectors column by column, so that Arrow never holds the whole table
    source = pq.ParquetFile(path)
    kept = _in_a_part(source)
    order = _order(source, kept, schema.names)
    outcomes = {name: _outcomes(source, name, label, kept).take(order) for name, label in labels.items()}
    columns: dict[str, Vector] = {}
    for name in schema.names:
        if name not in own:
            columns[name] = sorted_levels(from_arrow(_column(source, name, kept))[name]).take(order)
    table = Vectors(columns, int(kept.sum()))
    spelled = {name: tuple(family) for name, family in families.items()}
    dataset = Dataset(framing, table, outcomes, {}, spelled)
    return replace(dataset, classes=_classes(dataset, labels, listed))


def _schema(path: Path) -> pa.Schema:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        problem = str(error).splitlines()[0][:120]
        raise DataError(
            _unreadable(path, f"expected an examples table, got a file that cannot be read ({problem}).")
        ) from None


def _check_columns(path: Path, names: list[str], labels: Mapping[str, Label]) -> None:
    for name in ("split", *labels):
        if name not in names:
            near = near_names(name, names)
            hint = f" (near: {', '.join(near)})" if near else ""
            raise DataError(_unreadable(path, f"expected the column {name!r}, got a table without it{hint}."))


def _unreadable(path: Path, evidence: str) -> Finding:
    return Finding(
        code="LOG001",
        where=path.name,
        evidence=evidence,
        fix="build the examples of this framing again: truenorth build FILE.",
    )


def _in_a_part(source: Any) -> NDArray[np.bool_]:
    import pyarrow.compute as pc

    split = source.read(columns=["split"]).column("split")
    return np.asarray(pc.is_valid(split).to_numpy(), dtype=bool)


def _order(source: Any, kept: NDArray[np.bool_], names: list[str]) -> NDArray[np.int64]:
    """Return the rows by time and key: an engine with several threads writes them in any order."""
    keys = [from_arrow(_column(source, name, kept))[name] for name in ("example_id", "at") if name in names]
    return np.lexsort([sorted_levels(key).values for key in keys])


def sorted_levels(vector: Vector) -> Vector:
    """Return a text vector whose codes follow the order of its texts; any other vector as it is."""
    if vector.levels is None:
        return vector
    order = np.argsort(vector.levels.astype(str), kind="stable")
    place = np.empty(len(order) + 1, dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    place[-1] = -1
    return Vector("text", place[vector.values], vector.levels[order])


def _column(source: Any, name: str, kept: NDArray[np.bool_]) -> pa.Table:
    import pyarrow as pa

    table = source.read(columns=[name])
    return table if kept.all() else table.filter(pa.array(kept))


def _outcomes(source: Any, name: str, label: Label, kept: NDArray[np.bool_]) -> Outcomes:
    import pyarrow.compute as pc

    def read(column: str) -> Vector:
        return from_arrow(_column(source, column, kept))[column]

    values, state, weight = read(name), read(f"{name}__state"), read(f"{name}__weight").values
    codes = [STATES.index(level) for level in state.levels if level is not None]  # type: ignore[union-attr]
    event = None
    if label.kind == "time_to_event":
        stamps = _column(source, f"{name}__event_at", kept).column(0)
        event = np.asarray(pc.is_valid(stamps).to_numpy(), dtype=bool)
    is_weighed = label.maturity == "ipcw" and label.source is not None
    return Outcomes(
        name=name, kind=str(label.kind), values=values, event=event,
        event_at=read(f"{name}__event_at") if is_weighed else None,
        mature_at=read(f"{name}__mature_at") if is_weighed else None,
        # a state that is missing is undefined
        state=np.append(np.asarray(codes, dtype=np.int8), np.int8(2))[state.values],
        weight=np.where(np.isnan(weight), 1.0, weight),
    )  # fmt: skip


def _classes(
    dataset: Dataset, labels: Mapping[str, Label], listed: Mapping[str, Classes]
) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, label in labels.items():
        if label.kind not in ("class", "grade"):
            continue
        if name in listed:
            found[name] = tuple(class_name(item) for item in listed[name])
        else:
            found[name] = _observed(dataset.labels[name], dataset.is_in("train"))
    return found


def _observed(outcomes: Outcomes, is_train: NDArray[np.bool_]) -> tuple[str, ...]:
    values = outcomes.values.take(is_train & outcomes.is_observed)
    distinct = np.unique(values.values)
    if values.levels is not None:
        return tuple(sorted(str(values.levels[code]) for code in distinct))
    return tuple(class_name(float(value)) for value in distinct)


def class_name(value: str | float) -> str:
    """Return a class or grade as text; a whole number has no decimal point."""
    if isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() else repr(float(value))
