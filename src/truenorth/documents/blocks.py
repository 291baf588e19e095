"""What a document is made of: sections of a few kinds of blocks, before HTML or Markdown is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

Tone = Literal["", "good", "caution", "bad", "unknown", "chosen"]


@dataclass(frozen=True)
class Cell:
    """One value of a table or of a list of facts, as people read it."""

    text: str
    note: str = ""
    """Smaller, beside or below: interval, count, unit."""
    tone: Tone = ""


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    kind: ClassVar[str] = "prose"
    text: str
    strong: str = ""
    """What stands before the text in bold."""
    quiet: bool = False
    """Whether it is a remark in small print."""


@dataclass(frozen=True)
class Bullets:
    """A short list."""

    kind: ClassVar[str] = "bullets"
    items: Sequence[str]
    title: str = ""


@dataclass(frozen=True)
class Facts:
    """Names with their values."""

    kind: ClassVar[str] = "facts"
    rows: Sequence[tuple[str, Cell]]
    title: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under headings."""

    kind: ClassVar[str] = "table"
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    text_columns: int = 1
    """So many columns from the left hold text; what follows are numbers and is set flush right."""
    emphasis: Sequence[int] = ()
    """Indices of rows that stand out."""


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite chart with what it says in words and in numbers."""

    kind: ClassVar[str] = "chart"
    title: str
    spec: Mapping[str, Any]
    description: str
    """What the chart shows, for who cannot see it."""
    table: Table | None = None
    """The numbers behind it; None where a table of the section holds them."""
    note: str = ""


@dataclass(frozen=True)
class Absent:
    """Something that was not assessed or does not apply, and why."""

    kind: ClassVar[str] = "absent"
    what: str
    why: str


Block = Prose | Bullets | Facts | Table | Chart | Absent


@dataclass(frozen=True)
class Section:
    """A chapter of a document."""

    key: str
    """Anchor in the page."""
    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    lead: str = ""
    """One sentence that says what to look for."""
