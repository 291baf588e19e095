"""A few lines of HTML about a run, for a notebook cell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from truenorth.documents.header import header
from truenorth.documents.rendering import environment


def summary_html(result: Mapping[str, Any]) -> str:
    """Return decision, gate and main figures as an HTML fragment with inline styles, safe to embed.

    Args:
        result: The JSON of a run.

    Returns:
        One `div`; it holds no script and asks for nothing from outside.
    """
    return environment().get_template("fragment.html").render(header=header(result))
