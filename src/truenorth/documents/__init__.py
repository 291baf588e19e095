"""Documents: what a run leaves behind for people, made from its JSON alone.

    write_report    one HTML page: decision, gate, evidence; opens offline
    write_kickoff   the framing as a page that everyone signs (Markdown)
    write_card      model card (Markdown)
    summary_html    a few lines for a notebook

`sections` turn a run into `blocks`; `report` writes blocks as HTML, `markdown` as Markdown; `charts` are
Vega-Lite.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from truenorth.documents.card import write_card
    from truenorth.documents.fragment import summary_html
    from truenorth.documents.kickoff import write_kickoff
    from truenorth.documents.report import write_report

_PLACES = {
    "summary_html": "truenorth.documents.fragment",
    "write_card": "truenorth.documents.card",
    "write_kickoff": "truenorth.documents.kickoff",
    "write_report": "truenorth.documents.report",
}

__all__ = ["summary_html", "write_card", "write_kickoff", "write_report"]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'truenorth.documents' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)
