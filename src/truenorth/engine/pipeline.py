"""The queries of a build, in order, each with the reason for its form.

A step is a view unless it must be computed once; a dry pipeline runs nothing and only remembers, which is
what `truenorth sql` prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from truenorth.engine.contract import Engine
from truenorth.engine.lowering import Tree
from truenorth.engine.trees import alias
from truenorth.engine.windows import Frame


@dataclass(frozen=True, kw_only=True)
class Step:
    """One query of a build."""

    name: str
    """Relation that it makes."""
    query: exp.Query
    reason: str
    """Why it exists and why it has this form."""
    is_table: bool
    """Whether it is computed once and kept, instead of being a view."""


@dataclass
class Pipeline:
    """Builds one relation of examples step by step."""

    engine: Engine
    dialect: str
    prefix: str = "examples"
    is_dry: bool = False
    steps: list[Step] = field(default_factory=list)

    def then(
        self, query: exp.Query, columns: Iterable[str], *, reason: str, is_table: bool = False, name: str = ""
    ) -> Frame:
        """Add a step and return its relation."""
        name = name or f"{self.prefix}_{len(self.steps):02d}"
        self.steps.append(Step(name=name, query=query, reason=reason, is_table=is_table))
        if not self.is_dry:
            make = self.engine.create_table if is_table else self.engine.create_view
            make(name, query)
        return Frame(name, tuple(columns))

    def add(self, frame: Frame, columns: dict[str, Tree], *, reason: str, is_table: bool = False) -> Frame:
        """Return the frame with computed columns; a column of the same name is replaced."""
        added = [alias(tree, name) for name, tree in columns.items()]
        kept = [name for name in frame.columns if name not in columns]
        query = frame.select(*added, without=columns)
        return self.then(query, (*kept, *columns), reason=reason, is_table=is_table)

    def script(self) -> str:
        """Return all steps as SQL in the pipeline's dialect, with their reasons as comments."""
        return "\n\n".join(written_step(step, self.dialect) for step in self.steps)


def written_step(step: Step, dialect: str) -> str:
    """Return a step as SQL, its reason as comments."""
    kind = "TABLE" if step.is_table else "VIEW"
    reason = "\n".join(f"-- {line}" for line in step.reason.splitlines())
    name = exp.to_identifier(step.name, quoted=True).sql(dialect=dialect)
    query = step.query.sql(dialect=dialect, pretty=True, identify=True)
    return f"{reason}\nCREATE TEMPORARY {kind} {name} AS\n{query};"
