"""From an error to a message and an exit code.

0 done, 1 the engine or the system failed, 2 the framing, 3 the data, 130 Ctrl-C.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from truenorth.errors import EngineError, Finding, TrueNorthError

INTERRUPTED = 130


@contextmanager
def told(*, as_json: bool, debug: bool, file: Path | None = None) -> Iterator[None]:
    """Turn errors into messages on stderr (or one JSON object on stdout) and an exit code."""
    try:
        yield
    except TrueNorthError as error:
        if debug:
            raise
        _tell(error, as_json=as_json, file=file)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: what was complete before is unchanged\n")
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:  # the reader has enough, as in `truenorth sql FILE | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        if debug:
            raise
        _tell(_unexpected(error), as_json=as_json, file=file)
        raise SystemExit(1) from None


def _tell(error: TrueNorthError, *, as_json: bool, file: Path | None) -> None:
    if as_json:
        findings = [finding.to_dict() for finding in error.findings]
        sys.stdout.write(json.dumps({"error": type(error).__name__, "findings": findings}) + "\n")
    else:
        sys.stderr.write(_placed(error, file) + "\n")


def _unexpected(error: Exception) -> TrueNorthError:
    """Return what to say where the system, or True North itself, fails."""
    if isinstance(error, OSError) and error.filename is not None:
        evidence = f"expected a place that can be read and written, got: {error.strerror}."
        fix = "check the path and the rights, or name another folder."
        return EngineError(Finding(code="ENGINE006", where=str(error.filename), evidence=evidence, fix=fix))
    return EngineError(
        Finding(
            code="ENGINE007",
            where="truenorth",
            evidence=f"expected to finish, got an error of its own: {type(error).__name__}: {error}.",
            fix="run again with --debug, and report what it prints with the framing.",
        )
    )


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
