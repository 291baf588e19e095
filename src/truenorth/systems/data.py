"""Real data: where its publisher keeps it, what may be done with it, and how a downloaded copy is laid.

Nothing is downloaded here and nothing is shipped. A copy that somebody has is verified against the SHA-256 of
the files that the published figures were computed from, then copied, or reshaped where a framing cannot
read it as it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from truenorth.errors import DataError, Finding, suggest
from truenorth.systems.datasets import DATASETS, DataFile, Dataset

__all__ = ["DATASETS", "DataFile", "Dataset", "checksum", "lay_data", "named"]


def named(name: str) -> Dataset:
    """Return a dataset.

    Raises:
        DataError: If there is none of this name.
    """
    if name not in DATASETS:
        fix = suggest(name, tuple(DATASETS), otherwise=f"choose one of {', '.join(DATASETS)}.")
        raise DataError(
            Finding(code="DATASET001", where="data", evidence=f"expected a dataset, got {name!r}.", fix=fix)
        )
    return DATASETS[name]


def lay_data(name: str, source: str | Path, out: str | Path = "data") -> tuple[Path, ...]:
    """Verify a downloaded copy of a dataset and lay it where the framings read it.

    Args:
        name: A key of `DATASETS`.
        source: Folder that holds the publisher's files.
        out: Folder of the project's data; the files come to lie in `out/NAME`.

    Returns:
        What was written: the files, and what was reshaped from them.

    Raises:
        DataError: If a file is missing or is not the one that it should be; all are named.
    """
    dataset, folder = named(name), Path(out) / name
    found = _verified(dataset, Path(source))
    folder.mkdir(parents=True, exist_ok=True)
    written = [_placed(folder / file.name, partial(shutil.copyfile, path)) for file, path in found]
    made = [_placed(folder / one, partial(reshape, folder)) for one, reshape in dataset.reshaped]
    return (*written, *made)


def _verified(dataset: Dataset, source: Path) -> list[tuple[DataFile, Path]]:
    if not source.is_dir():
        fix = f"download {dataset.title} from {dataset.address} into a folder, and name that folder."
        raise DataError(
            Finding(code="DATASET002", where=str(source), evidence="expected a folder, got none.", fix=fix)
        )
    found, wrong = [], []
    for file in dataset.files:
        names = [name for name in (file.name, file.also) if name is not None]
        path = next((source / name for name in names if (source / name).is_file()), None)
        if path is None:
            wrong.append(_missing(dataset, source, names))
        elif (sum_ := checksum(path)) != file.sha256:
            wrong.append(_differs(dataset, file, path, sum_))
        else:
            found.append((file, path))
    if wrong:
        raise DataError(wrong)
    return found


def _missing(dataset: Dataset, source: Path, names: list[str]) -> Finding:
    near = ", ".join(sorted(path.name for path in source.iterdir())[:5]) or "nothing"
    note = f" ({dataset.note})" if dataset.note else ""
    return Finding(
        code="DATASET002",
        where=str(source / names[0]),
        evidence=f"expected the file {' or '.join(names)}, got none: the folder holds {near}.",
        fix=f"get it from {dataset.address}{note}.",
    )


def _differs(dataset: Dataset, file: DataFile, path: Path, got: str) -> Finding:
    size = path.stat().st_size
    return Finding(
        code="DATASET003",
        where=str(path),
        evidence=f"expected {file.bytes:,} bytes with SHA-256 {file.sha256}, got {size:,} bytes with {got}.",
        fix=f"download it again from {dataset.address}; figures of another file are not comparable.",
    )


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _placed(path: Path, write: Callable[[Path], object]) -> Path:
    """Write a file under another name, then give it its own: it is there whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        write(draft)
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
