"""Report and bundle: what people read, and what decides."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from truenorth.documents.card import write_card
from truenorth.documents.kickoff import write_kickoff
from truenorth.documents.report import write_report
from truenorth.framing.canonical import dump
from truenorth.serving.bundle import CALIBRATION, write_bundle
from truenorth.workflow.learning import RULE
from truenorth.workflow.store import write_json
from truenorth.workflow.work import Work


def write_documents(work: Work, result: Mapping[str, Any], folder: Path) -> None:
    """Write report, kickoff page, model card and bundle, each whole or not at all."""
    write_report(result, folder / "report.html")
    write_kickoff(result, folder / "kickoff.md")
    write_card(result, folder / "card.md")
    draft = Path(tempfile.mkdtemp(prefix=".bundle-", dir=folder))
    try:
        _fill(work, result, draft)
        _replace(draft, folder / "bundle")
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fill(work: Work, result: Mapping[str, Any], draft: Path) -> None:
    with tempfile.TemporaryDirectory() as rungs:
        chosen = _with_calibration(work, str(result["chosen"]), Path(rungs) / "chosen")
        rule = _with_calibration(work, RULE, Path(rungs) / "rule")
        decided = work.results["decide"]
        about = {
            key: result[key] for key in ("name", "run", "framing_hash", "truenorth", "created", "chosen")
        }
        write_bundle(
            draft, framing=dump(work.framing), chosen=chosen, rule=rule,
            policies=(decided["chosen"], decided["rule"]), about=about,
        )  # fmt: skip


def _with_calibration(work: Work, name: str, place: Path) -> Path:
    shutil.copytree(work.rung_folder(name), place)
    for task, plain in work.results["calibrate"]["rungs"][name].items():
        write_json(plain, place / task / CALIBRATION)
    return place


def _replace(draft: Path, place: Path) -> None:
    """Put a folder in the place of another; for an instant a reader may see neither."""
    old = place.with_name(f".old-{place.name}-{os.getpid()}")
    with suppress(FileNotFoundError):  # there is none, or another run moved it away just now
        place.rename(old)
    try:
        draft.rename(place)
    except OSError:  # another run of the same content was quicker
        if not place.exists():
            raise
    shutil.rmtree(old, ignore_errors=True)
