"""The gate: one word on whether a run may be released."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from truenorth.errors import Finding
from truenorth.evaluation.contract import Gate, Outcome
from truenorth.framing.waivers import Waiver


def gate(
    outcomes: Iterable[Outcome],
    findings: Iterable[Finding] = (),
    waivers: Sequence[Waiver] = (),
    *,
    today: date,
) -> Gate:
    """Return the verdict.

    A constraint that is violated or in error blocks, and so does a finding of severity `error` that no waiver
    covers. Else a constraint that is undecided or not assessed gives `not assessed`; a finding that is waived
    gives `pass with waivers`.

    Args:
        outcomes: What became of the constraints.
        findings: What the stages found.
        waivers: Rules that are knowingly broken.
        today: Day on which the waivers must hold.
    """
    return gate_of({outcome.status for outcome in outcomes}, findings, waivers, today=today)


def gate_of(
    statuses: Collection[str], findings: Iterable[Finding], waivers: Sequence[Waiver], *, today: date
) -> Gate:
    """Return the verdict from the statuses of the constraints alone; see `gate`."""
    waived, standing = split_waived(findings, waivers, today=today)
    statuses = set(statuses)
    if statuses & {"violated", "error"} or any(finding.severity == "error" for finding in standing):
        return "blocked"
    if statuses & {"undecided", "not assessed"}:
        return "not assessed"
    return "pass with waivers" if waived else "pass"


def split_waived(
    findings: Iterable[Finding], waivers: Sequence[Waiver], *, today: date
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return the findings that a waiver covers on that day, and the others; without what only teaches."""
    held = {waiver.rule for waiver in waivers if waiver.holds_on(today)}
    serious = [finding for finding in findings if finding.severity != "info"]
    waived = tuple(finding for finding in serious if finding.code in held)
    return waived, tuple(finding for finding in serious if finding.code not in held)
