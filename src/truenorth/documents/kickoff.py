"""The kickoff page as Markdown: the framing as everyone signs it, before anything was built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from truenorth.documents.files import write_whole
from truenorth.documents.markdown import markdown
from truenorth.documents.reading import text
from truenorth.documents.sections.kickoff import kickoff


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
