"""Where stages leave what they made: complete folders under a content key, or nothing.

A stage writes into a temporary folder that is renamed when it is whole. A process that is killed leaves a
temporary folder behind, which the next run removes; two processes that make the same thing both succeed,
and the second one's copy is thrown away.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truenorth.errors import json_values

_DRAFT = ".draft-"
RESULT = "result.json"


@dataclass(frozen=True)
class Store:
    """Folders of finished stages, `<root>/<stage>-<key>`."""

    root: Path

    def find(self, stage: str, key: str) -> Path | None:
        """Return the folder of a finished stage, or None."""
        folder = self.root / f"{stage}-{key}"
        return folder if (folder / RESULT).is_file() else None

    @contextmanager
    def draft(self, stage: str, key: str, *, replace: bool = False) -> Iterator[Path]:
        """Yield a temporary folder; it becomes the stage's folder if the block ends without an error.

        A folder that another run finished meanwhile is kept, unless `replace` is set.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        self._sweep()
        made = Path(tempfile.mkdtemp(prefix=f"{_DRAFT}{os.getpid()}-", dir=self.root))
        try:
            yield made
            _settle(made, self.root / f"{stage}-{key}", replace=replace)
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove the drafts of processes that are gone."""
        for draft in self.root.glob(f"{_DRAFT}*"):
            owner = draft.name.removeprefix(_DRAFT).partition("-")[0]
            if owner.isdigit() and not _is_running(int(owner)):
                shutil.rmtree(draft, ignore_errors=True)


def write_json(value: Any, path: Path) -> None:
    """Write plain JSON, whole or not at all; infinity and NaN are not JSON and become null."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    text = json.dumps(json_values(value), indent=1, default=str, allow_nan=False)
    temporary.write_text(text + "\n", encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> Any:
    """Return the JSON of a file."""
    return json.loads(path.read_text(encoding="utf-8"))


def link_tree(source: Path, target: Path) -> None:
    """Show the files of a folder under another one: hard links where the disk has them, copies elsewhere."""
    for path in sorted(source.rglob("*")):
        if path.is_file() and path.name != RESULT:
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            link_file(path, place)


def link_file(source: Path, target: Path) -> None:
    """Put a file at a place, replacing what is there at once."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copy2(source, temporary)
    temporary.replace(target)
    temporary.unlink(missing_ok=True)  # renaming a link onto a link of the same file does nothing


def _settle(made: Path, place: Path, *, replace: bool) -> None:
    """Give a whole folder its name; what stands there is kept if it is whole, too."""
    if replace or (place.exists() and not (place / RESULT).is_file()):
        # renamed first: who is killed while removing must not leave half a folder under a finished one's name
        old = place.with_name(f"{_DRAFT}{os.getpid()}-{place.name}")
        with suppress(FileNotFoundError):
            place.rename(old)
        shutil.rmtree(old, ignore_errors=True)
    try:
        made.rename(place)
    except OSError:
        if not (place / RESULT).is_file():  # not another run's finished copy: the disk refuses
            raise


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
