"""Writing a document so that a reader sees the whole of the old one or the whole of the new one."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_whole(path: Path, content: str) -> Path:
    """Write a text file under a temporary name beside it and rename it, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f".{path.name}.{uuid.uuid4().hex}"
    try:
        with draft.open("xb") as file:
            file.write(content.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return path
