"""`truenorth.run`: the same run from Python, with frames in place of files where wanted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from truenorth.engine.contract import EngineName, EngineSettings
from truenorth.examples.plan import Request
from truenorth.framing.framing import Framing
from truenorth.framing.load import Inspection, accepted, inspect_text, load_inspected
from truenorth.framing.periods import Moment
from truenorth.workflow.result import Run
from truenorth.workflow.run import RunOptions, run_request


def run(
    framing: Framing | Mapping[str, Any] | str | Path,
    *,
    out: str | Path = "runs",
    as_of: str | None = None,
    changes: Mapping[str, Any] | None = None,
    frames: Mapping[str, Any] | None = None,
    base: str | Path | None = None,
    fold: int = 0,
    seed: int = 0,
    engine: EngineName = "duckdb",
    settings: EngineSettings | None = None,
    fresh: bool = False,
    today: date | None = None,
) -> Run:
    """Run a framing over its logs: examples, models, calibration, policy, evaluation, report, bundle.

    Args:
        framing: A framing, its file, or its content as a mapping.
        out: Folder of all runs; this one is `<out>/<name>/<hash>`.
        as_of: When everything is read, ISO 8601; by default the latest end of what the sources cover.
        changes: Values to set before the framing is checked, by dotted key, such as
            `{"policy.capacity.review": "50 per 1d"}`.
        frames: Arrow, pandas or polars frames by source name, for sources without a path.
        base: Folder that the framing's paths start from; by default the file's folder.
        fold: Rolling fold of the split; 0 is the latest.
        seed: Seed of everything random.
        engine: `duckdb` or `spark`, for the examples.
        settings: Threads, memory, spill folder, cluster address, progress.
        fresh: Make every stage anew, whatever is cached.
        today: The day on which waivers must still hold; without it they are taken to hold.

    Returns:
        The run; printing it says what was decided and why.

    Raises:
        FramingError: If the framing is wrong or reads the future.
        DataError: If the logs cannot answer it.
    """
    read, made, folder = _read(framing, changes or {}, today)
    request = Request(
        framing=read,
        findings=made.findings,
        document=made.document,
        base=Path(base) if base is not None else folder,
        as_of=None if as_of is None else Moment.parse(as_of).microseconds,
        fold=fold,
        frames=frames or {},
    )
    options = RunOptions(seed=seed, engine=engine, settings=settings or EngineSettings(), fresh=fresh)
    return run_request(request, Path(out), options)


def _read(framing: Any, changes: Mapping[str, Any], today: date | None) -> tuple[Framing, Inspection, Path]:
    if isinstance(framing, Framing):
        framing = _plain(framing)
    if isinstance(framing, Mapping):
        import yaml

        text = yaml.safe_dump(dict(framing), sort_keys=False)
        made = inspect_text(text, path="", today=today, changes=changes)
        return accepted(made), made, Path()
    path = Path(framing)
    return *load_inspected(path, today=today, changes=changes), path.parent


def _plain(framing: Framing) -> Mapping[str, Any]:
    from truenorth.framing.canonical import to_plain

    return dict(to_plain(framing))
