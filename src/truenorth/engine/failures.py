"""What an engine's failure means to the user: a finding with its fix instead of a traceback."""

from __future__ import annotations

from dataclasses import dataclass

from truenorth.errors import DataError, EngineError, Finding, TrueNorthError

_TEXT = 300


@dataclass(frozen=True)
class _Failure:
    marks: tuple[str, ...]
    error: type[TrueNorthError]
    code: str
    expected: str
    fix: str


FAILURES = (
    _Failure(
        ("no space left", "disk quota", "max_temp_directory_size", "disk full"),
        EngineError,
        "ENGINE004",
        "enough room on the disk",
        "free some space, or name a spill folder on a larger disk",
    ),
    _Failure(
        ("out of memory", "outofmemory", "failed to allocate", "could not allocate", "java heap space"),
        EngineError,
        "ENGINE003",
        "the work to fit in the memory limit with spilling",
        "raise the memory limit, use fewer threads, or name a spill folder on a larger disk",
    ),
    _Failure(
        ("no such file", "no files found", "path_not_found"),
        DataError,
        "LOG001",
        "a file that exists",
        "check the path; it is read relative to the framing's folder",
    ),
    _Failure(
        (
            "permission denied", "cannot open file", "no magic bytes", "not a parquet",
            "too small to be a parquet",
            "cannot_read_file", "corrupt", "malformed json", "csv", "unicode", "codec", "unknown encoding",
        ),
        DataError,
        "LOG002",
        "a file that can be read",
        "check the file, its format and its options",
    ),
    _Failure(
        ("conversion error", "cast_invalid_input", "could not convert", "cannot be cast", "out of range"),
        DataError,
        "LOG009",
        "values of the type that the framing gives",
        "say the column's role under types, or mend the value",
    ),
)  # fmt: skip


def as_error(error: BaseException, doing: str) -> TrueNorthError:
    """Return the engine's exception as one of ours; raise it `from` the original.

    Args:
        error: What the engine raised.
        doing: The relation or file that was being made or read.
    """
    text = f"{type(error).__name__}: {error}"
    lowered = text.lower()
    for failure in FAILURES:
        if any(mark in lowered for mark in failure.marks):
            evidence = f"expected {failure.expected}, got: {_short(error)}"
            return failure.error(Finding(code=failure.code, where=doing, evidence=evidence, fix=failure.fix))
    return EngineError(
        Finding(
            code="ENGINE002",
            where=doing,
            evidence=f"expected the engine to run the query, got: {_short(error)}",
            fix="run again with --debug and report it with the framing",
        )
    )


def refused(code: str, *, where: str, evidence: str, fix: str) -> DataError:
    """Return the error for logs that cannot answer the framing."""
    return DataError(Finding(code=code, where=where, evidence=evidence, fix=fix))


def _short(error: BaseException) -> str:
    line = " ".join(str(error).split("\n\n")[0].split())
    return line if len(line) <= _TEXT else line[: _TEXT - 3] + "..."
