"""From a file to a framing that can be trusted, or to all of its mistakes at once.

The steps: read the text, validate the sections, spell out the short forms, check what sections owe each
other, and refuse future reads. Later steps run on what earlier ones could read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path as FilePath
from typing import Any

from truenorth.errors import Finding, FramingError
from truenorth.framing.canonical import expand
from truenorth.framing.changes import changed
from truenorth.framing.checks import check_framing
from truenorth.framing.document import Document, read_document
from truenorth.framing.framing import Framing
from truenorth.framing.leaks import check_leaks
from truenorth.framing.problems import Reading, read_framing
from truenorth.framing.scope import Scope, finding
from truenorth.framing.waivers import Waiver


def load(path: str | FilePath, *, today: date | None = None) -> Framing:
    """Read a framing and return it with every default and short form spelled out.

    Args:
        path: The file.
        today: The day on which waivers must still hold; without it they are taken to hold.

    Raises:
        FramingError: With every mistake of the file, each with its line, value and fix.
    """
    return load_with_findings(path, today=today)[0]


def load_with_findings(
    path: str | FilePath, *, today: date | None = None, changes: Mapping[str, Any] | None = None
) -> tuple[Framing, tuple[Finding, ...]]:
    """Do as `load` after setting `changes` by dotted key, and return what was waived or is worth knowing."""
    framing, made = load_inspected(path, today=today, changes=changes)
    return framing, made.findings


def load_text(text: str, *, path: str = "framing.yaml", today: date | None = None) -> Framing:
    """Read a framing from its text.

    Args:
        text: The YAML text.
        path: The name to show in messages; files beside it are not looked for.
        today: The day on which waivers must still hold; without it they are taken to hold.

    Raises:
        FramingError: With every mistake of the text.
    """
    return load_text_with_findings(text, path=path, today=today)[0]


def load_text_with_findings(
    text: str,
    *,
    path: str = "framing.yaml",
    today: date | None = None,
    changes: Mapping[str, Any] | None = None,
) -> tuple[Framing, tuple[Finding, ...]]:
    """Do as `load_text`, after setting `changes`, and also return what was waived or is worth knowing."""
    return _load(changed(read_document(text, path=path), changes or {}), None, today)


@dataclass(frozen=True)
class Inspection:
    """A framing as far as it could be read, and everything that is wrong with it; nothing was raised."""

    framing: Framing | None
    """Expanded; without the parts that are wrong; None where too little is left."""
    findings: tuple[Finding, ...]
    """Mistakes, future reads and warnings, in the order of the file; waived refusals are warnings."""
    document: Document
    """The text as it was written, with the line of every key."""


def inspect_file(
    path: str | FilePath, *, today: date | None = None, changes: Mapping[str, Any] | None = None
) -> Inspection:
    """Read a framing and say what is wrong with it, without refusing it.

    Raises:
        FramingError: If the file itself cannot be read.
    """
    path = FilePath(path)
    return _inspect(changed(read_document(_text(path), path=str(path)), changes or {}), path.parent, today)


def inspect_text(
    text: str,
    *,
    path: str = "framing.yaml",
    folder: FilePath | None = None,
    today: date | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Inspection:
    """Do as `inspect_file` for a text; files beside it are looked for in `folder` only."""
    return _inspect(changed(read_document(text, path=path), changes or {}), folder, today)


def _text(path: FilePath) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        evidence = f"expected a readable UTF-8 file, got {getattr(error, 'strerror', None) or error}."
        raise FramingError(replace(finding("SPEC004", (), evidence), where=str(path))) from None


def load_inspected(
    path: str | FilePath, *, today: date | None = None, changes: Mapping[str, Any] | None = None
) -> tuple[Framing, Inspection]:
    """Do as `load_with_findings`, and also return the document.

    Raises:
        FramingError: With every mistake of the file.
    """
    made = inspect_file(path, today=today, changes=changes)
    return accepted(made), made


def accepted(made: Inspection) -> Framing:
    """Return the framing of an inspection in which nothing is wrong.

    Raises:
        FramingError: With every mistake.
    """
    if made.framing is None or any(found.severity == "error" for found in made.findings):
        raise FramingError(found for found in made.findings if found.severity == "error")
    return made.framing


def _load(
    document: Document, folder: FilePath | None, today: date | None
) -> tuple[Framing, tuple[Finding, ...]]:
    made = _inspect(document, folder, today)
    return accepted(made), made.findings


def _inspect(document: Document, folder: FilePath | None, today: date | None) -> Inspection:
    if not document.data and document.problems:
        return Inspection(None, document.problems, document)
    reading = read_framing(document.data)
    findings = [*document.problems, *reading.findings]
    framing, reading, more = _expanded(reading, document)
    findings += more
    if framing is not None:
        sound = not any(found.severity == "error" for found in findings)
        findings += _checked(framing, reading, document, folder, today, is_sound=sound)
    return Inspection(framing, tuple(_placed(findings, document)), document)


def _expanded(reading: Reading, document: Document) -> tuple[Framing | None, Reading, list[Finding]]:
    """Spell out the short forms, leaving out those that cannot be."""
    findings: list[Finding] = []
    while reading.framing is not None:
        try:
            return expand(reading.framing), reading, findings
        except FramingError as error:
            findings += error.findings
            wrong = tuple(document.written(found.path) for found in error.findings)
        if set(wrong) <= set(reading.removed):
            break
        reading = read_framing(document.data, without=(*reading.removed, *wrong))
    return None, reading, findings


def _checked(
    framing: Framing,
    reading: Reading,
    document: Document,
    folder: FilePath | None,
    today: date | None,
    *,
    is_sound: bool,
) -> list[Finding]:
    """Check what sections owe each other, and, where all is sound, that nothing reads the future."""
    findings = list(check_framing(Scope(framing, document.data, reading.removed, folder)))
    if is_sound and not any(found.severity == "error" for found in findings):
        findings += _waived(check_leaks(framing), framing.waivers, today)
    return findings + _expired(framing.waivers, today)


def _waived(findings: Iterable[Finding], waivers: Iterable[Waiver], today: date | None) -> list[Finding]:
    """Turn a refusal whose rule is waived into a warning that says who waived it."""
    holding = {waiver.rule: waiver for waiver in waivers if today is None or waiver.holds_on(today)}
    return [_soften(found, holding[found.code]) if found.code in holding else found for found in findings]


def _soften(found: Finding, waiver: Waiver) -> Finding:
    note = f"Waived by {waiver.owner} until {waiver.expires}: {waiver.reason.rstrip('.')}."
    return replace(found, severity="warn", evidence=f"{found.evidence} {note}")


def _expired(waivers: Iterable[Waiver], today: date | None) -> list[Finding]:
    return [
        finding(
            "SPEC030",
            ("waivers", index, "expires"),
            f"expected a waiver that holds on {today}, got {waiver.expires}.",
        )
        for index, waiver in enumerate(waivers)
        if today is not None and not waiver.holds_on(today)
    ]


def _placed(findings: Iterable[Finding], document: Document) -> list[Finding]:
    """Fill in file and line, drop repetitions, and sort as the file is read."""
    placed: dict[tuple[str, str, str], Finding] = {}
    for found in findings:
        where = found.where if found in document.problems else document.where(found.path)
        placed.setdefault((found.code, where, found.evidence), replace(found, where=where))
    return sorted(placed.values(), key=lambda found: (document.line(found.path), found.code))
