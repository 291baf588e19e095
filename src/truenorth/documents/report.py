"""The report of a run: one HTML file that needs nothing from outside.

The page forbids itself every request and every script but its own two (a content security policy with their
hashes), so that no text from a framing or a log can run or fetch anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from truenorth.documents.blocks import Chart, Section
from truenorth.documents.files import write_whole
from truenorth.documents.header import Header, header
from truenorth.documents.reading import one_line
from truenorth.documents.rendering import environment, package_text
from truenorth.documents.sections.audit import audit
from truenorth.documents.sections.calibration import calibration
from truenorth.documents.sections.contributions import contributions
from truenorth.documents.sections.examples import examples
from truenorth.documents.sections.kickoff import kickoff
from truenorth.documents.sections.ladder import ladder
from truenorth.documents.sections.metrics import metrics
from truenorth.documents.sections.operating import operating_point
from truenorth.documents.sections.record import findings, not_assessed, record
from truenorth.documents.sections.stress import stress

SECTIONS = (
    kickoff, audit, examples, ladder, calibration, operating_point, metrics, stress, contributions,
    not_assessed, findings, record,
)  # fmt: skip
"""Chapters in the order of reading."""


def write_report(result: Mapping[str, Any], path: Path) -> Path:
    """Write the report of a run as one self-contained HTML file, whole or not at all.

    Args:
        result: The JSON of a run. What it does not hold is reported as not assessed.
        path: File to write; its folder is made where needed.

    Returns:
        The path.
    """
    return write_whole(Path(path), render_report(result))


def render_report(result: Mapping[str, Any]) -> str:
    """Return the report of a run as HTML."""
    sections = [section(result) for section in SECTIONS]
    return render_page(header(result), sections, made_from="the JSON of the run")


def render_page(top: Header, sections: list[Section], *, made_from: str) -> str:
    """Return a page of a header and sections as HTML that needs nothing from outside.

    Args:
        top: What is read first.
        sections: Chapters in the order of reading.
        made_from: What the footer names as the origin.
    """
    charts = _charts(sections)
    scripts = (package_text("static/vega.js"), package_text("templates/charts.js")) if charts else ()
    return environment().get_template("report.html").render(
        header=top, sections=sections, made_from=made_from,
        style=Markup(package_text("templates/report.css")),
        charts=Markup(embedded_json([{**chart.spec, "description": chart.description} for chart in charts])),
        numbers={id(chart): index for index, chart in enumerate(charts)},
        scripts=[Markup(script) for script in scripts], policy=content_policy(scripts),
    )  # fmt: skip


def embedded_json(value: Any) -> str:
    r"""Return JSON that can stand inside a script element: nothing in it ends the element or opens another.

    Examples:
        >>> embedded_json(["</script>", float("nan")])
        '["\\u003c/script\\u003e",null]'
    """
    written = json.dumps(_plain(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def content_policy(scripts: tuple[str, ...]) -> str:
    """Return a policy under which only these scripts run and nothing is requested."""
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts) or "'none'"
    others = "style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
    return f"default-src 'none'; script-src {hashes}; {others}"


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _charts(sections: list[Section]) -> list[Chart]:
    return [block for section in sections for block in section.blocks if isinstance(block, Chart)]


def _plain(value: Any) -> Any:
    """Return the value with texts on one line, and every NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {one_line(str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, str):
        return one_line(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
