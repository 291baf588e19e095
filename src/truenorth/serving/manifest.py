"""The manifest of a bundle: which files belong to it, and their SHA-256 sums."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from truenorth.errors import DataError, Finding

MANIFEST = "manifest.json"
SEAL = "manifest.sha256"
"""Holds the sum of the manifest itself."""
FORMAT = 1


def write_manifest(folder: Path, about: dict[str, Any]) -> None:
    """Write the manifest of a folder whose other files are complete."""
    files = {str(path.relative_to(folder).as_posix()): sha256(path) for path in _files(folder)}
    content = {"format": FORMAT, **about, "files": files}
    (folder / MANIFEST).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (folder / SEAL).write_text(f"{sha256(folder / MANIFEST)}\n", encoding="ascii")


def verify_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a bundle after checking every file against it.

    Raises:
        DataError: If the folder is no bundle, or a file was changed, is missing or does not belong.
    """
    try:
        sealed = (folder / SEAL).read_bytes() == f"{sha256(folder / MANIFEST)}\n".encode()
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = dict(content["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise _refused(folder, "a bundle with a readable manifest.json, got none", "BUNDLE001") from None
    if not sealed:
        raise _refused(folder, f"a manifest with the sum in {SEAL}, got another", "BUNDLE002")
    if content.get("format") != FORMAT:
        raise _refused(folder, f"format {FORMAT}, got {content.get('format')!r}", "BUNDLE001")
    found = {str(path.relative_to(folder).as_posix()): path for path in _files(folder)}
    problems = [f"{name} is missing" for name in sorted(files.keys() - found.keys())]
    problems += [f"{name} does not belong to it" for name in sorted(found.keys() - files.keys())]
    problems += [
        f"{name} was changed"
        for name, path in sorted(found.items())
        if name in files and sha256(path) != files[name]
    ]
    if problems:
        raise _refused(folder, f"the files of its manifest, got: {'; '.join(problems[:5])}", "BUNDLE002")
    return dict(content)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _files(folder: Path) -> list[Path]:
    # a link to a folder is no file, but what it shows would be read: it counts, and belongs to no bundle
    return sorted(
        path
        for path in folder.rglob("*")
        if (path.is_file() or path.is_symlink())
        and path.relative_to(folder).as_posix() not in (MANIFEST, SEAL)
    )


def _refused(folder: Path, expected: str, code: str) -> DataError:
    fix = "copy the whole bundle again from its run; nothing of it was loaded."
    return DataError(Finding(code=code, where=str(folder), evidence=f"expected {expected}.", fix=fix))
