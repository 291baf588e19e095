"""Stage `examples`: the logs become one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from truenorth.errors import DataError, Finding
from truenorth.examples.build import build_examples
from truenorth.workflow.work import Work


def prepare(work: Work, folder: Path) -> Mapping[str, Any]:
    """Build the examples; what stands in the way of using them ends the run.

    Raises:
        DataError: If there is nothing to learn from or to test on; the table is kept in `folder`'s stage.
    """
    # what the framing itself is told changes without the examples: it is no part of what is kept
    request = replace(work.request, findings=())
    built = build_examples(request, folder, engine=work.engine, settings=work.settings)
    first = next(iter(built.profile["tables"]))
    return {**built.to_dict(), "profile": built.profile["tables"][first], "usable": built.is_usable}


def check_usable(result: Mapping[str, Any]) -> None:
    """Refuse examples that cannot be trained on.

    Raises:
        DataError: With what stands in the way.
    """
    if not result["usable"]:
        found = map(Finding.from_dict, result["findings"])
        raise DataError(one for one in found if one.severity == "error")
