"""The kickoff page: the framing as everyone signs it, before anything was built.

`write_kickoff` writes the framing of a run in full; `sheet_markdown` and `sheet_html` write the one-page
sheet with its blanks and its signature lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from truenorth.documents.blocks import Cell, Facts, Prose, Section, Table
from truenorth.documents.files import write_whole
from truenorth.documents.markdown import markdown
from truenorth.documents.reading import text
from truenorth.documents.rendering import environment, package_text
from truenorth.documents.sections.kickoff import kickoff
from truenorth.documents.sheet import SIGNED_BY, Sheet

BLANK = "_" * 32
"""What stands in Markdown where nobody wrote anything."""


def write_kickoff(result: Mapping[str, Any], path: Path) -> Path:
    """Write the framing of a run as a Markdown page, whole or not at all.

    Args:
        result: The JSON of a run, or any map with the canonical framing under `framing`.
        path: File to write; its folder is made where needed.

    Returns:
        The path.
    """
    name = text(result, "name") or text(result, "framing", "name") or "unnamed"
    goal = text(result, "framing", "business", "goal")
    return write_whole(Path(path), markdown(f"Kickoff: {name}", [kickoff(result)], lead=goal))


def sheet_markdown(sheet: Sheet) -> str:
    """Return a kickoff sheet as Markdown, with blanks and signature lines."""
    sections = [
        Section("", field.title, [Facts([(line.name, Cell(line.text or BLANK)) for line in field.lines])])
        for field in sheet.fields
    ]
    rows = [[Cell(role), Cell(""), Cell("")] for role in SIGNED_BY]
    signed = Section("", "Signed", [Table(["Role", "Name and signature", "Date"], rows, text_columns=3)])
    first = [Section("", "Draft", [Prose(sheet.remark)])] if sheet.remark else []
    return markdown(f"Kickoff: {sheet.name}", [*first, *sections, signed])


def sheet_html(sheet: Sheet) -> str:
    """Return a kickoff sheet as one HTML page that asks for nothing from outside and prints on one A4."""
    template = environment().get_template("kickoff.html")
    style = Markup(package_text("templates/kickoff.css"))  # the package's own, not anybody's text
    return template.render(sheet=sheet, signed_by=SIGNED_BY, style=style)
