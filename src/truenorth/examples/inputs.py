"""What one examples table is planned from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.ingest import SourceTable
from truenorth.engine.lowering import Tree, column, when
from truenorth.engine.trees import is_null
from truenorth.examples.members import Classes
from truenorth.features.own import Row
from truenorth.framing.examples import ExampleTable
from truenorth.framing.framing import Framing

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Inputs:
    """The framing, its sources as they were read, and the table that is made."""

    engine: Engine
    framing: Framing
    fold: int
    sources: Mapping[str, SourceTable]
    classes: Mapping[str, Classes]
    """Allowed values of labels that list them."""
    as_of: int
    trained: frozenset[str]
    """Labels that are read part by part: the tasks and all that they depend on."""
    horizon: int
    """Longest time until a trained label of any table that waits is mature, microseconds."""
    name: str
    table: ExampleTable
    dialect: str
    is_dry: bool
    """Whether logs are only measured, and nothing is computed."""

    @property
    def is_dated(self) -> bool:
        """Whether the examples have a prediction time."""
        return self.table.at == "time"

    @property
    def group(self) -> list[Tree]:
        """What identifies a list; a row without a group is a list of its own."""
        names = [column(f"c__{name}") for name in self.table.group]
        if not names:
            return []
        return [*names, when(exp.or_(*(is_null(name) for name in names)), column("__id"))]

    def relations(self) -> dict[str, str]:
        """Return the engine's relation of each source."""
        return {name: one.relation for name, one in self.sources.items()}

    def known(self) -> dict[str, frozenset[str]]:
        """Return the columns of each source that have a known time of their own."""
        return {name: frozenset(one.known_columns) for name, one in self.sources.items()}

    def lateness(self) -> dict[str, int]:
        """Return, per source with known times of its own, how late 99 % of its values are."""
        found = {}
        for name, one in self.sources.items():
            lags = [quantiles.get(0.99, 0.0) or 0.0 for quantiles in one.report.lag_seconds.values()]
            found[name] = int(max([*lags, 0.0]) * 1_000_000) + 1 if lags else 0
        return found

    def relation_columns(self, name: str) -> tuple[str, ...]:
        """Return all columns of a source's relation."""
        one = self.sources[name]
        return (*one.columns, "__time", "__known", *(f"__known_{column}" for column in one.known_columns))


def read_own(columns: Collection[str]) -> Row:
    """Return how a name is read on the example's own row."""

    def read(name: str) -> Tree:
        if name in ("at", "time") and f"c__{name}" not in columns:
            return column("__at")
        if name in ("target", "step") and f"c__{name}" not in columns:
            return column(f"__{name}")
        return column(f"c__{name}")

    return read
