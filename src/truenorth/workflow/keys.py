"""Content keys: what a stage's result depends on, as a hash.

A stage's key covers the sections of the framing that it reads, the keys of the stages before it, the logs'
content, the seed and the version of True North. What has the same key need not be made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from truenorth.framing.canonical import to_plain
from truenorth.framing.framing import Framing
from truenorth.framing.labels import ClassFile
from truenorth.framing.models import Keywords
from truenorth.framing.sources import Source

_BLOCK = 1 << 20
_LENGTH = 16


def content_key(*parts: Any) -> str:
    """Return a short hash of plain values; the same values give the same key on every machine."""
    text = json.dumps(parts, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def code_digest() -> str:
    """Return a hash of True North's own source: what another version made is made again."""
    import truenorth

    folder = Path(str(truenorth.__file__)).parent
    digest = hashlib.blake2b(digest_size=_LENGTH)
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def sections(framing: Framing, names: Iterable[str]) -> dict[str, Any]:
    """Return sections of the canonical form."""
    plain = to_plain(framing)
    return {name: plain.get(name) for name in names}


def data_fingerprint(sources: Mapping[str, Source], base: Path, frames: Mapping[str, Any]) -> str | None:
    """Return a hash of the logs' content; None where a source cannot be fingerprinted, such as a database."""
    digests: dict[str, Any] = {}
    for name, source in sources.items():
        if source.is_derived:
            continue
        if name in frames:
            digests[name] = _frame_digest(frames[name])
            continue
        paths = list(_paths(source))
        if any("://" in path for path in paths):
            return None
        digests[name] = [(path, _digest(base, path)) for path in paths]
    return content_key(digests)


def files_read(framing: Framing, base: Path) -> dict[str, Any]:
    """Return name and hash of every file beside the logs that a framing names: classes and keywords."""
    classes = [one.classes.file for one in framing.labels.values() if isinstance(one.classes, ClassFile)]
    rule = framing.models.rule
    keywords = [rule.keywords] if isinstance(rule, Keywords) else []
    return {path: _digest(base, path) for path in (*classes, *keywords)}


def _paths(source: Source) -> Iterable[str]:
    if isinstance(source.path, str):
        return [source.path]
    return list(source.path.values() if isinstance(source.path, dict) else source.path or ())


def _digest(base: Path, path: str) -> list[tuple[str, str]]:
    """Return name and hash of every file that a path or pattern names."""
    place = base / path
    if place.is_dir():
        files = [file for file in place.rglob("*") if file.is_file()]
    elif place.is_file():
        files = [place]
    else:
        anchor = Path(place.anchor or ".")
        files = list(anchor.glob(str(place.relative_to(anchor)) if place.anchor else str(place)))
    return [(file.name, _file_digest(file)) for file in sorted(files) if file.is_file()]


def _file_digest(file: Path) -> str:
    digest = hashlib.blake2b(digest_size=_LENGTH)
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _frame_digest(frame: Any) -> str:
    import pyarrow as pa

    table = frame if isinstance(frame, pa.Table) else pa.table(frame)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return hashlib.blake2b(sink.getvalue(), digest_size=_LENGTH).hexdigest()
