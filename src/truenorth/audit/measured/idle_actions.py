"""Actions that a run never found the best, by what it said and by what the test rows got."""

from __future__ import annotations

from collections.abc import Mapping

from truenorth.audit.measured.figures import Plain, entries, metric_row, number, section


def never_cheapest(run: Plain | None) -> Mapping[str, str]:
    """Return the actions that the run found cheapest nowhere, each with what it said."""
    said = [one for one in entries(section(run).get("findings")) if one.get("code") == "POLICY006"]
    return {str(one["path"][-1]): str(one.get("evidence")) for one in said if _has_path(one)}


def _has_path(finding: Plain) -> bool:
    return isinstance(finding.get("path"), list | tuple) and bool(finding["path"])


def never_taken(run: Plain | None, action: str) -> float:
    """Return the number of test rows if none of them took the action; 0 if one did, or nothing is known."""
    figure = section(metric_row(run, f"share(action = '{action}')"), "model")
    return (number(figure.get("n")) or 0.0) if number(figure.get("value")) == 0 else 0.0
