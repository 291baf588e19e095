"""Stages `audit` and `verdict`: the framing under its rules first, and everything under them at the end."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from truenorth.audit.check import audit
from truenorth.audit.contract import Rule
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.heads import read_heads
from truenorth.audit.registry import rules
from truenorth.audit.result import Audit
from truenorth.audit.rules import BUILT_IN
from truenorth.audit.subject import Subject
from truenorth.errors import Finding
from truenorth.evaluation.gate import gate_of
from truenorth.workflow.codes import CODES
from truenorth.workflow.work import Work


def audit_framing(work: Work, folder: Path) -> Mapping[str, Any]:
    """Ask the rules that need the framing alone, so that whoever waits knows early what will block."""
    made = audit(_subject(work), known=CODES)
    counts = made.counts()
    work.say(f"audit: {counts['error']} errors, {counts['warn']} warnings")
    return {"gate": made.gate, "counts": counts, "findings": [one.to_dict() for one in made.findings]}


def give_verdict(work: Work, folder: Path) -> Mapping[str, Any]:
    """Ask every rule, on the examples and the results, and give the one verdict of the run."""
    made = audit(_subject(work, data=_evidence(work), run=_results(work)), known=CODES)
    return {"gate": _gate(work, made), "audit": made.to_dict(), "findings": []}


def asked_of_the_audit(work: Work) -> list[Any]:
    """Return what the audit reads beside framing and results: the file, the day, the findings, the rules."""
    document = work.request.document
    lines = [] if document is None else sorted((str(path), line) for path, line in document.lines.items())
    written = None if document is None else [document.path, document.data, lines]
    return [written, work.today, [finding.to_dict() for finding in work.request.findings], _brought()]


def _brought() -> list[Any]:
    """Return the rules of other packages with their text: one that is new or changed is asked again."""
    return [[one.code, one.severity, one.stage, _text(one)] for one in rules() if one not in BUILT_IN]


def _text(rule: Rule) -> str:
    try:
        return inspect.getsource(inspect.getmodule(rule.check) or rule.check)
    except (OSError, TypeError):  # no source at hand, as in a compiled package
        return rule.documentation


def _subject(
    work: Work, *, data: DataEvidence | None = None, run: Mapping[str, Any] | None = None
) -> Subject:
    return Subject(
        framing=work.framing, today=work.today, document=work.request.document, proved=work.request.findings,
        data=data, run=run, base=work.request.base,
    )  # fmt: skip


def _evidence(work: Work) -> DataEvidence:
    folder = work.folders["examples"]
    profile = json.loads((folder / "profile.json").read_text(encoding="utf-8"))
    found = tuple(map(Finding.from_dict, work.results["examples"].get("findings", ())))
    heads = read_heads(work.framing, work.request.base, work.request.frames)
    return DataEvidence(dataset=work.dataset, build=profile, found=found, heads=heads)


def _results(work: Work) -> Mapping[str, Any]:
    from truenorth.workflow.result import assemble

    made = assemble(work, run="", version="", created="")
    seconds = {name: one["seconds_here"] for name, one in work.results.items()}
    return {**made, "seconds": {**seconds, "total": sum(seconds.values())}}


def _gate(work: Work, made: Audit) -> str:
    """Return the verdict over constraints, the audit, and what the stages found that is no rule."""
    asked = made.by_code.keys()
    stages = [one for result in work.results.values() for one in result.get("findings", ())]
    others = [*work.request.findings, *map(Finding.from_dict, stages)]
    waived = [finding for answer in made.waived for finding in answer.findings]
    found = [*made.findings, *waived, *(one for one in others if one.code not in asked)]
    statuses = {one["status"] for one in work.results["evaluate"]["constraints"]}
    return gate_of(statuses, found, work.framing.waivers, today=work.today)
