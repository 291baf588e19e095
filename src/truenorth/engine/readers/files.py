"""Which files a path means: one file, a folder, a glob, a list, or files by name."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from truenorth.engine.failures import refused
from truenorth.errors import DataError, near_names, suggest
from truenorth.framing.sources import Format, Source

ENDINGS: tuple[tuple[Format, str], ...] = (
    ("parquet", r"\.(parquet|pq)(\.\w+)?$"),
    ("csv", r"\.(csv|tsv|txt)(\.gz)?$"),
    ("json", r"\.(json|jsonl|ndjson)(\.gz)?$"),
    ("duckdb", r"\.(duckdb|ddb|db)$"),
    ("postgres", r"^postgres(ql)?://"),
)


@dataclass(frozen=True)
class Part:
    """Files that are read together."""

    label: str | None
    """Name that the framing gives them, in a source of files by name."""
    files: tuple[str, ...]
    root: str | None = None
    """Folder below which `key=value` folders are columns."""

    @property
    def hive_columns(self) -> tuple[str, ...]:
        """Columns that the folders between root and file carry."""
        if self.root is None:
            return ()
        folders = Path(self.files[0]).relative_to(self.root).parts[:-1]
        return tuple(folder.split("=", 1)[0] for folder in folders if "=" in folder)


@dataclass(frozen=True)
class Files:
    """Everything a path means."""

    format: Format
    parts: tuple[Part, ...]
    adds_file: bool
    """Whether the rows carry the column `file`: the part's label, or the file's base name."""


def find_files(name: str, source: Source, base: Path) -> Files:
    """Return the files of a source, sorted.

    Raises:
        DataError: If nothing is there, or the format is not known.
    """
    path = source.path
    if isinstance(path, dict):
        parts = tuple(_part(name, one, base, label) for label, one in path.items())
    elif isinstance(path, tuple):
        parts = (Part(None, tuple(file for one in path for file in _part(name, one, base, None).files)),)
    else:
        parts = (_part(name, path or "", base, None),)
    adds_file = not isinstance(path, str) or bool(glob.has_magic(path))
    return Files(source.format or format_of(name, parts[0].files[0]), parts, adds_file)


def format_of(name: str, path: str) -> Format:
    """Return the format that a file's ending says."""
    for file_format, ending in ENDINGS:
        if re.search(ending, path, re.IGNORECASE):
            return file_format
    raise refused(
        "LOG002",
        where=f"sources.{name}.path",
        evidence=f"expected a file ending such as .parquet, .csv or .jsonl, got {path!r}.",
        fix="say the format, for example format: csv",
    )


def _part(name: str, path: str, base: Path, label: str | None) -> Part:
    if "://" in path:
        return Part(label, (path,))
    full = base / path
    if glob.has_magic(path) and not full.exists():
        found = sorted(file for file in glob.glob(str(full), recursive=True) if Path(file).is_file())
        return Part(label, tuple(found)) if found else _missing(name, path, full)
    if full.is_dir():
        found = sorted(
            str(file) for file in full.rglob("*") if file.is_file() and _is_data(file.relative_to(full))
        )
        return Part(label, tuple(found), str(full)) if found else _missing(name, path, full)
    return Part(label, (str(full),)) if full.is_file() else _missing(name, path, full)


def _is_data(file: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in file.parts)
    return not hidden and any(re.search(ending, file.name, re.IGNORECASE) for _, ending in ENDINGS)


def _missing(name: str, path: str, full: Path) -> Part:
    folder = full if full.is_dir() else full.parent
    there = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    shown = [f"{Path(path).parent / near}" for near in near_names(full.name, there)]
    otherwise = (
        "paths are read from the framing's folder; check the name"
        if folder.is_dir()
        else f"there is no folder {folder}"
    )
    raise refused(
        "LOG001",
        where=f"sources.{name}.path",
        evidence=f"expected a file that exists, got {path!r}, which names nothing (looked for {full}).",
        fix=f"did you mean {' or '.join(repr(one) for one in shown)}?" if shown else otherwise,
    )


def missing_column(name: str, place: str, column: str, known: Iterable[str]) -> DataError:
    """Return the error for a column that the source does not have."""
    names = list(known)
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return refused(
        "LOG004",
        where=f"sources.{name}.{place}",
        evidence=f"expected a column of {name!r} ({shown}), got {column!r}.",
        fix=suggest(column, names, otherwise="name a column that the log has"),
    )
