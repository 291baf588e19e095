"""The verb: from a framing and logs to a decision, a report and a bundle.

    runs/<name>/<hash>/     one run; the hash covers framing, logs, as-of time, seed and version
    runs/<name>/.stages/    finished stages by content key, shared between runs of the name

A stage whose key is there is not made again, so an interrupted run goes on where it was, and a run with
another policy trains nothing anew.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from truenorth.decision.chains import score_findings
from truenorth.engine.contract import EngineName, EngineSettings
from truenorth.errors import FramingError
from truenorth.examples.plan import Request
from truenorth.framing.canonical import dump, expand, framing_hash
from truenorth.workflow.documenting import write_documents
from truenorth.workflow.keys import code_digest, content_key, data_fingerprint, files_read, sections
from truenorth.workflow.preparing import check_usable
from truenorth.workflow.result import Run, assemble
from truenorth.workflow.stages import STAGES
from truenorth.workflow.store import RESULT, Store, link_tree, read_json, write_json
from truenorth.workflow.work import Work

FILES = {"evaluate": "evaluation", "audit": "framing_audit", "verdict": "audit"}
"""Files of stages that are not called as the stage; `audit.json` holds every rule's answer."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a run is made; none of it but the seed changes what comes out."""

    seed: int = 0
    engine: EngineName = "duckdb"
    settings: EngineSettings = field(default_factory=EngineSettings)
    fresh: bool = False
    """Make every stage anew, whatever is cached."""


def run_request(request: Request, out: Path, options: RunOptions) -> Run:
    """Run every stage that is not done yet, and write report and bundle.

    Args:
        request: The framing, where its logs are, and when they are read.
        out: Folder of all runs, usually `runs/`.
        options: Seed, engine, threads, memory.

    Returns:
        The run: its folder, its gate, and every stage's result.

    Raises:
        FramingError: If the framing names what the logs do not have.
        DataError: If the logs cannot answer it.
    """
    from truenorth import __version__

    request = _checked(request)
    started = time.perf_counter()
    framing = request.framing
    fingerprint = data_fingerprint(framing.sources, request.base, request.frames) or uuid4().hex
    files = files_read(framing, request.base)
    root = content_key(code_digest(), fingerprint, files, request.as_of, request.fold, options.seed)
    run_key = content_key(root, framing_hash(framing))
    work = Work(request=request, seed=options.seed, engine=options.engine, settings=options.settings)
    home = out / framing.name
    seconds = _run_stages(work, Store(home / ".stages"), root, fresh=options.fresh)
    folder = home / run_key
    folder.mkdir(parents=True, exist_ok=True)
    result = assemble(work, run=run_key, version=__version__, created=_now())
    documents = time.perf_counter()
    result["seconds"] = {**seconds, "document": 0.0}
    result["memory_mb"] = _peak_memory()
    _write(work, result, folder)
    result["seconds"]["document"] = round(time.perf_counter() - documents, 3)
    result["seconds"]["total"] = round(time.perf_counter() - started, 3)
    write_json(result, folder / "run.json")
    return Run(folder=folder, result=result)


def _checked(request: Request) -> Request:
    """Return the request with the framing expanded, and with what its score is not.

    Raises:
        FramingError: If a task that is no probability stands in a product or a cost.
    """
    framing = expand(request.framing)
    found = tuple(score_findings(framing))
    refused = [finding for finding in found if finding.severity == "error"]
    if refused:
        raise FramingError(refused)
    return replace(request, framing=framing, findings=(*request.findings, *found))


def _run_stages(work: Work, store: Store, root: str, *, fresh: bool) -> dict[str, float]:
    """Run or find every stage; return its wall time as it was when it ran."""
    key, seconds = root, {}
    for number, stage in enumerate(STAGES, 1):
        made_of = content_key(key, stage.name, sections(work.framing, stage.sections), stage.also(work))
        key = made_of if stage.feeds else key
        found = None if fresh else store.find(stage.name, made_of)
        if found is None:
            work.say(f"{number} of {len(STAGES)} {stage.says}")
            with store.draft(stage.name, made_of, replace=fresh) as draft:
                began = time.perf_counter()
                result = dict(stage.work(work, draft))
                result["seconds_here"] = round(time.perf_counter() - began, 3)
                write_json(result, draft / RESULT)
            found = store.root / f"{stage.name}-{made_of}"
        work.folders[stage.name] = found
        work.results[stage.name] = read_json(found / RESULT)
        seconds[stage.name] = work.results[stage.name]["seconds_here"]
        if stage.name == "examples":
            check_usable(work.results["examples"])
    return seconds


def _write(work: Work, result: Mapping[str, Any], folder: Path) -> None:
    """Fill the run's folder: links to what stages made, then lock file, documents and bundle."""
    work.say("writing the report")
    link_tree(work.folders["examples"], folder)
    link_tree(work.folders["train"] / "rungs", folder / "models")
    link_tree(work.folders["stress"], folder)
    (folder / "framing.lock.yaml").write_text(dump(work.framing), encoding="utf-8")
    for stage in STAGES:
        write_json(work.results[stage.name], folder / f"{FILES.get(stage.name, stage.name)}.json")
    write_documents(work, result, folder)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _peak_memory() -> int:
    """Return the most memory that this process held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3))
