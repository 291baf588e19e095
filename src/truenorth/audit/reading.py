"""From a file, and what was built or run of it, to what rules read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from truenorth.audit.check import audit
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.heads import read_heads
from truenorth.audit.registry import selected
from truenorth.audit.result import Audit
from truenorth.audit.subject import Subject
from truenorth.decision.chains import score_findings
from truenorth.errors import DataError, Finding, FramingError
from truenorth.framing.canonical import framing_hash
from truenorth.framing.document import Document
from truenorth.framing.framing import Framing
from truenorth.framing.load import Inspection, inspect_file


def audit_file(
    path: str | Path,
    *,
    data: bool = False,
    run: str | Path | None = None,
    select: Iterable[str] = (),
    known: Collection[str] = (),
    today: date | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Audit:
    """Audit a framing file.

    Args:
        path: The framing.
        data: Whether to build the examples and ask the data rules too.
        run: Folder of a finished run of it, for data and run rules; nothing is built then.
        select: Beginnings of codes, such as `GOAL` or `LEAK00`; all rules where empty.
        known: Codes other than rules that a waiver may name.
        today: Day on which waivers must hold; today where absent.
        changes: Values to set before the framing is read, by dotted key.

    Raises:
        FramingError: If the file is no framing; future reads do not count, they are findings.
        DataError: If the logs cannot be read.
    """
    subject = read_subject(path, data=data, run=run, today=today, changes=changes)
    chosen = tuple(one for one in select if one.strip())
    return audit(subject, rules=selected(chosen) if chosen else None, known=known)


def read_subject(
    path: str | Path,
    *,
    data: bool = False,
    run: str | Path | None = None,
    today: date | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Subject:
    """Return what rules read of a framing file; see `audit_file`."""
    day = today or date.today()
    made = inspect_file(path, today=day, changes=changes)
    framing, base = readable(made), Path(path).parent
    notes = [_placed(one, made.document) for one in score_findings(framing) if one.severity == "error"]
    evidence, result = None, None
    if run is not None:
        evidence, result = read_run(Path(run), framing, base=base)
        notes += _of_another_version(framing, result)
    elif data:
        evidence = build_evidence(framing, made.findings, base=base)
    return Subject(
        framing=framing, today=day, document=made.document, proved=made.findings, data=evidence, run=result,
        base=base, notes=tuple(notes),
    )  # fmt: skip


def _placed(finding: Finding, document: Document) -> Finding:
    return replace(finding, where=document.where(finding.path))


def _of_another_version(framing: Framing, result: Mapping[str, Any]) -> Iterator[Finding]:
    """Say that a run was made of another version of the framing: its figures answer for that one."""
    if result.get("framing_hash") != framing_hash(framing):
        yield Finding(
            code="AUDIT004", severity="warn", where="--run",
            evidence=f"expected a run of this framing, got {result.get('run')} of another version of it.",
            fix="run it again, and audit that run.",
        )  # fmt: skip


def readable(made: Inspection) -> Framing:
    """Return the framing of an inspection that rules can read.

    Raises:
        FramingError: With every mistake of the file that is no judgement: what is not language, what does not
            exist. Future reads and waivers that have run out are for the rules.
    """
    mistakes = [
        one
        for one in made.findings
        if one.severity == "error" and one.code.startswith("SPEC") and one.code != "SPEC030"
    ]
    if made.framing is None or mistakes:
        raise FramingError(mistakes or made.findings)
    return made.framing


def build_evidence(framing: Framing, findings: Iterable[Finding], *, base: Path) -> DataEvidence:
    """Build the examples of a framing in a folder of their own and read them once."""
    import tempfile

    from truenorth.examples.build import build_examples
    from truenorth.examples.dataset import read_dataset
    from truenorth.examples.plan import Request

    with tempfile.TemporaryDirectory(prefix="truenorth-audit-") as folder:
        request = Request(framing=framing, findings=tuple(findings), base=base)
        built = build_examples(request, Path(folder))
        dataset = read_dataset(Path(folder) / "examples.parquet", framing, base=base)
    heads = read_heads(framing, base)
    return DataEvidence(dataset=dataset, build=built.profile, found=built.findings, heads=heads)


def read_run(folder: Path, framing: Framing, *, base: Path) -> tuple[DataEvidence, Mapping[str, Any]]:
    """Return the examples and the results of a finished run.

    Raises:
        DataError: If the run is of a framing of another name.
    """
    import json

    from truenorth.examples.dataset import read_dataset

    result = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    if result["name"] != framing.name:
        evidence = f"expected a run of {framing.name!r}, got one of {result['name']!r}."
        fix = f"name a run of {framing.name}: truenorth runs lists them."
        raise DataError(Finding(code="AUDIT005", where="--run", evidence=evidence, fix=fix))
    profile = json.loads((folder / "profile.json").read_text(encoding="utf-8"))
    dataset = read_dataset(folder / "examples.parquet", framing, base=base)
    examples = json.loads((folder / "examples.json").read_text(encoding="utf-8"))
    found = tuple(Finding.from_dict(one) for one in examples.get("findings", ()))
    heads = read_heads(framing, base)
    return DataEvidence(dataset=dataset, build=profile, found=found, heads=heads), result
