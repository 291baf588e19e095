"""What compiling labels needs to know, and the names of a label's columns in a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from truenorth.engine.lowering import Tree, call, column, number
from truenorth.engine.windows import AS_OF, Cutoff
from truenorth.framing.examples import ExampleTable
from truenorth.framing.labels import Label
from truenorth.framing.sources import Source

UNDEFINED, IMMATURE, OBSERVED = 0, 1, 2
STATES = ("undefined", "immature", "observed")
"""A state's number is its place here; the smaller number is the worse state."""

AT = "__at"
SHOWN = "__shown"


def value_of(name: str) -> str:
    """Frame column with a label's value."""
    return f"l__{name}"


def state_of(name: str) -> str:
    """Frame column with a label's state, 0 to 2."""
    return f"s__{name}"


def mature_of(name: str) -> str:
    """Frame column with the time a label matures."""
    return f"m__{name}"


def event_of(name: str) -> str:
    """Frame column with the time of a label's first event."""
    return f"e__{name}"


def event_known_of(name: str) -> str:
    """Frame column with the time a label's first event was known."""
    return f"k__{name}"


def weight_of(name: str) -> str:
    """Frame column with a label's training weight."""
    return f"w__{name}"


def own_column(name: str) -> str:
    """Frame column with a column of the example's own row."""
    return f"c__{name}"


def own_known(name: str) -> str:
    """Frame column with the known time of a column of the example's own row."""
    return f"n__{name}"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """When a label's events and states are read."""

    cutoffs: tuple[Cutoff, ...]
    """One for the whole table, or one per part of the split."""

    @property
    def as_of(self) -> Tree:
        """The time at which an example's label is read."""
        return number(self.cutoffs[0].as_of) if len(self.cutoffs) == 1 else column(AS_OF)


@dataclass(frozen=True, kw_only=True)
class LabelContext:
    """Everything that the labels of one example table are compiled from."""

    labels: Mapping[str, Label]
    sources: Mapping[str, Source]
    table: ExampleTable
    relations: Mapping[str, str]
    """Engine relation of each source."""
    known_columns: Mapping[str, frozenset[str]]
    """Columns of each source that have a known time of their own."""
    covers_end: Mapping[str, int]
    """End of each dated source, microseconds."""
    trained: frozenset[str]
    """Labels that are read part by part: the tasks and all that they depend on."""
    parts: Reading
    whole: Reading
    classes: Mapping[str, tuple[str | int | float, ...]]
    """Allowed values of labels that list them."""
    own: frozenset[str]
    """Columns of the example's source that stand on its row."""
    is_dated: bool
    has_shown: bool
    dialect: str = "duckdb"

    def reading(self, name: str) -> Reading:
        """When a label is read."""
        return self.parts if name in self.trained else self.whole

    def limit(self, name: str, source: str | None) -> Tree:
        """The time before which the label must be due: its reading, or the end of what its source covers."""
        reading = self.reading(name)
        end = self.covers_end.get(source) if source else None
        if end is None:
            return reading.as_of
        if len(reading.cutoffs) == 1:
            return number(min(reading.cutoffs[0].as_of, end))
        return call("least", reading.as_of, number(end))
