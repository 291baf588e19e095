"""`truenorth.build`: the same build from Python, with frames in place of files where wanted."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from truenorth.engine.contract import EngineName, EngineSettings
from truenorth.errors import Finding
from truenorth.examples.build import Built, build_examples
from truenorth.examples.plan import Request
from truenorth.framing.framing import Framing
from truenorth.framing.load import load_text_with_findings, load_with_findings
from truenorth.framing.periods import Moment


def build(
    framing: Framing | Mapping[str, Any] | str | Path,
    *,
    as_of: str | None = None,
    out: str | Path | None = None,
    engine: EngineName = "duckdb",
    settings: EngineSettings | None = None,
    frames: Mapping[str, Any] | None = None,
    fold: int = 0,
    base: str | Path | None = None,
    today: date | None = None,
) -> Built:
    """Build the examples of a framing: point-in-time features, matured labels, the split.

    Args:
        framing: A framing, its file, or its content as a mapping.
        as_of: When everything is read, ISO 8601; by default the latest end of what the sources cover.
        out: Folder for `examples.parquet` and `profile.json`; a temporary one where absent.
        engine: `duckdb` or `spark`.
        settings: Threads, memory, spill folder, cluster address, progress.
        frames: Arrow, pandas or polars frames by source name, for sources without a path.
        fold: Rolling fold of the split; 0 is the latest.
        base: Folder that the framing's paths start from; by default the file's folder.
        today: The day on which waivers must still hold; without it they are taken to hold.

    Returns:
        What was made: `.examples` (Arrow table), `.attrition`, `.profile`, `.findings`.

    Raises:
        FramingError: If the framing is wrong or reads the future.
        DataError: If the logs cannot answer it.
    """
    read, findings, folder = _read(framing, today)
    request = Request(
        framing=read,
        findings=findings,
        base=Path(base) if base is not None else folder,
        as_of=None if as_of is None else Moment.parse(as_of).microseconds,
        fold=fold,
        frames=frames or {},
    )
    made = Path(out) if out is not None else Path(tempfile.mkdtemp(prefix="truenorth-"))
    return build_examples(request, made, engine=engine, settings=settings)


def _read(
    framing: Framing | Mapping[str, Any] | str | Path, today: date | None
) -> tuple[Framing, tuple[Finding, ...], Path]:
    if isinstance(framing, Framing):
        return framing, (), Path()
    if isinstance(framing, Mapping):
        text = yaml.safe_dump(dict(framing), sort_keys=False)
        return *load_text_with_findings(text, today=today), Path()
    path = Path(framing)
    return *load_with_findings(path, today=today), path.parent
