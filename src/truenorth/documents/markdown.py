"""Blocks as Markdown: the same content where a page is too much, such as a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from truenorth.documents.blocks import Absent, Block, Bullets, Cell, Chart, Facts, Prose, Section, Table

_MARKS = re.compile(r"([\\`*\[\]<>|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^(?:[#+-](?=\s)|=+$|\d+[.)](?=\s)))")


def escaped(text: str) -> str:
    r"""Return text on one line that Markdown shows as it is written.

    Examples:
        >>> escaped("<b>|a*b|</b>"), escaped("average_precision(fraud)"), escaped("# no heading")
        ('\\<b\\>\\|a\\*b\\|\\</b\\>', 'average_precision(fraud)', '\\# no heading')
    """
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def markdown(title: str, sections: Sequence[Section], *, lead: str = "") -> str:
    """Return a document: a title, a lead and sections."""
    paragraphs = [f"# {escaped(title)}", *([escaped(lead)] if lead else [])]
    for section in sections:
        paragraphs += [f"## {escaped(section.title)}", *([escaped(section.lead)] if section.lead else [])]
        for block in section.blocks:
            paragraphs += _paragraphs(block)
    return "\n\n".join(paragraphs) + "\n"


def _paragraphs(block: Block) -> Iterator[str]:
    if isinstance(block, Prose):
        yield f"**{escaped(block.strong)}** {escaped(block.text)}" if block.strong else escaped(block.text)
    elif isinstance(block, Absent):
        yield f"*{escaped(block.what)}*: {escaped(block.why)}"
    elif isinstance(block, Bullets):
        yield from _titled(block.title)
        yield "\n".join(f"- {escaped(item)}" for item in block.items)
    elif isinstance(block, Facts):
        yield from _titled(block.title)
        yield "\n".join(f"- **{escaped(name)}**: {_cell(cell)}" for name, cell in block.rows)
    elif isinstance(block, Table):
        yield from _titled(block.title)
        yield _table(block)
    else:
        yield from _chart(block)


def _titled(title: str) -> list[str]:
    return [f"### {escaped(title)}"] if title else []


def _chart(chart: Chart) -> Iterator[str]:
    """Say in words and numbers what the chart shows."""
    yield f"### {escaped(chart.title)}"
    yield escaped(chart.description)
    if chart.table is not None:
        yield from _paragraphs(chart.table)


def _table(table: Table) -> str:
    rule = ["---" if index < table.text_columns else "---:" for index in range(len(table.columns))]
    lines = [[escaped(column) for column in table.columns], rule]
    lines += [[_cell(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell) -> str:
    note = cell.note.replace("\n", "; ")
    return f"{escaped(cell.text)} ({escaped(note)})" if note else escaped(cell.text)
