"""An audit as people and machines read it: text, one line per finding, JSON, SARIF, GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import PurePath
from typing import Any

from truenorth.audit.check import MISSING
from truenorth.audit.contract import Answer, Rule
from truenorth.audit.result import Audit
from truenorth.audit.summary import summary
from truenorth.errors import Finding, json_values

_LEVELS = {"error": "error", "warn": "warning", "info": "note"}
_GITHUB = {"error": "error", "warn": "warning", "info": "notice"}
_HELP = {
    "data": "audit with --data, which builds the examples",
    "run": "audit with --run RUN, after truenorth run",
}


def as_text(audits: Sequence[Audit]) -> str:
    """Return every finding with its fix, then the verdict, the five signals and what was not asked."""
    return "\n".join(_one_text(audit) for audit in audits)


def as_compact(audits: Sequence[Audit]) -> str:
    """Return one line per finding, for editors and grep."""
    return "".join(f"{line}\n" for audit in audits for line in _one_per_line(audit))


def as_json(audits: Sequence[Audit], *, is_list: bool = False) -> str:
    """Return everything as JSON: an object for one framing, a list for several or where it is asked for."""
    plain = [audit.to_dict() for audit in audits]
    return json.dumps(plain if is_list or len(plain) != 1 else plain[0], indent=1, default=str) + "\n"


def as_sarif(audits: Sequence[Audit]) -> str:
    """Return a SARIF 2.1.0 log, which code hosts show beside the file."""
    rules = {answer.rule.code: answer.rule for audit in audits for answer in audit.answers}
    described = [_described(rule) for rule in rules.values()]
    driver = {"name": "truenorth", "version": version("truenorth"), "rules": described}
    results = [result for audit in audits for result in _results(audit)]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(log, indent=1, default=str) + "\n"


def as_github(audits: Sequence[Audit]) -> str:
    """Return workflow commands that GitHub shows as annotations of the changed lines."""
    return "".join(f"{line}\n" for audit in audits for line in [*_annotations(audit), repr(audit)])


FORMATS: Mapping[str, Callable[[Sequence[Audit]], str]] = {
    "text": as_text, "compact": as_compact, "json": as_json, "sarif": as_sarif, "github": as_github,
}  # fmt: skip
"""Formats of `truenorth audit --format`."""


def _one_text(audit: Audit) -> str:
    parts = [_block(finding) for finding in audit.findings]
    parts += [_waived(answer) for answer in audit.waived]
    return "\n".join([*parts, *([""] if parts else []), *_closing(audit)]) + "\n"


def _one_per_line(audit: Audit) -> Iterator[str]:
    for one in audit.findings:
        yield f"{one.where}: {one.severity} {one.code} {one.evidence}"
    yield repr(audit)


def _block(finding: Finding) -> str:
    return f"{finding.where}: {finding.evidence} [{finding.code} {finding.severity}]\n  Fix: {finding.fix}"


def _waived(answer: Answer) -> str:
    return f"{answer.rule.code} {answer.rule.name}: {answer.reason}"


def _closing(audit: Audit) -> Iterator[str]:
    """Yield the verdict, the signals, and how to have the rest assessed."""
    yield repr(audit)
    yield from summary(audit).scorecard.lines()
    for stage, help_text in _HELP.items():
        asked = [one for one in audit.not_assessed if one.rule.stage == stage]
        missing = audit.subject.data is None if stage == "data" else audit.subject.run is None
        if asked and missing:
            yield f"not assessed: {len(asked)} {stage} rules; {help_text}"
    for answer in audit.not_assessed:
        if answer.reason not in MISSING.values():
            yield f"not assessed: {answer.rule.code} {answer.rule.name}: {answer.reason}"
    if audit.findings:
        yield f"truenorth explain {audit.findings[0].code} says why, with an example"


def _described(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.sentence},
        "help": {"text": rule.documentation},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _results(audit: Audit) -> Iterator[dict[str, Any]]:
    for one in audit.findings:
        yield _sarif(one, audit, "")
    for answer in audit.waived:
        for one in answer.findings:
            yield _sarif(one, audit, answer.reason)


def _sarif(finding: Finding, audit: Audit, waived: str) -> dict[str, Any]:
    document = audit.subject.document
    file = document.path if document else "framing.yaml"
    region: dict[str, int] = {"startLine": document.line(finding.path) if document else 1}
    if document:
        region["startColumn"] = document.column(finding.path)
    place = {"artifactLocation": {"uri": PurePath(file).as_posix()}, "region": region}
    made: dict[str, Any] = {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.evidence} Fix: {finding.fix}"},
        "locations": [{"physicalLocation": place}],
        "properties": {"numbers": json_values(finding.numbers)},
    }
    if waived:
        made["suppressions"] = [{"kind": "inSource", "justification": waived}]
    return made


def _annotations(audit: Audit) -> Iterator[str]:
    document = audit.subject.document
    for one in audit.findings:
        line = document.line(one.path) if document else 1
        file = document.path if document else "framing.yaml"
        text = _escaped(f"{one.evidence} Fix: {one.fix}")
        place = f"file={_escaped_property(file)},line={line},title={_escaped_property(one.code)}"
        yield f"::{_GITHUB[one.severity]} {place}::{text}"


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
