"""The values that travel between the steps of reading a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from truenorth.engine.contract import Engine
from truenorth.engine.draft import Draft
from truenorth.engine.report import SourceReport
from truenorth.framing.sources import Known, Source


@dataclass(frozen=True)
class SourceTable:
    """A source that can be queried."""

    name: str
    relation: str
    """Relation in the engine: the user's columns, `__time`, `__known`, and `__known_<column>` for some."""
    columns: dict[str, str]
    """The user's columns with their roles; a `time` is stored as BIGINT microseconds UTC."""
    is_dated: bool
    known_columns: dict[str, Known]
    """Columns that are known later than their row, with what is promised."""
    report: SourceReport


@dataclass(frozen=True)
class Reading:
    """What reading one source may need besides its own part of the framing."""

    engine: Engine
    base: Path
    frames: Mapping[str, Any]
    sources: Mapping[str, Source]
    done: Mapping[str, SourceTable]
    """Sources that have been read, among them all that this one depends on."""


@dataclass(frozen=True)
class Origin:
    """Where a source's rows come from: its files, or other sources."""

    draft: Callable[[SourceReport | None], Draft]
    """The rows; given a report, without the guards and flags that it shows to be needless."""
    content: tuple[str, ...] = ()
    """Columns that make two rows equal."""
    flags: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Flag columns of the first draft: (kind, the user's column)."""
    is_computed: bool = False
    """Whether the event time is read from a column."""
    covers: tuple[int, int] | None = None
    """Period for which the rows are complete, where it is not what was observed."""
    zone: str | None = None
    """Zone of the event time's local stamps."""
    resolution: int = 0
    """Microseconds that were added to a local stamp's time."""
