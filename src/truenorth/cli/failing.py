"""From an error to a message and an exit code: 2 for the framing, 3 for the data, 130 for Ctrl-C."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from truenorth.errors import TrueNorthError

INTERRUPTED = 130


@contextmanager
def told(*, as_json: bool, debug: bool, file: Path | None = None) -> Iterator[None]:
    """Turn errors into messages on stderr (or one JSON object on stdout) and an exit code."""
    try:
        yield
    except TrueNorthError as error:
        if debug:
            raise
        if as_json:
            findings = [finding.to_dict() for finding in error.findings]
            sys.stdout.write(json.dumps({"error": type(error).__name__, "findings": findings}) + "\n")
        else:
            sys.stderr.write(_placed(error, file) + "\n")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: what was complete before is unchanged\n")
        raise SystemExit(INTERRUPTED) from None


def _placed(error: TrueNorthError, file: Path | None) -> str:
    """Return the message, with the framing's file and line for findings that only name a key."""
    lines = _lines(file) if file is not None else None
    return "\n".join(_with_line(finding, file, lines) for finding in error.findings)


def _with_line(finding: Any, file: Path | None, lines: Any) -> str:
    if lines is None or not finding.path or str(file) in finding.where:
        return str(finding)
    return f"{file}:{lines.line(finding.path)} {finding}"


def _lines(file: Path) -> Any:
    from truenorth.framing.document import read_document

    try:
        return read_document(file.read_text(encoding="utf-8"), path=str(file))
    except (OSError, UnicodeDecodeError):
        return None
