"""The verb: every rule is asked, waivers are applied, and what comes out is one value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from truenorth.audit.contract import Answer, Hit, Rule, State, Unknown
from truenorth.audit.registry import rules as every_rule
from truenorth.audit.result import Audit
from truenorth.audit.subject import Subject
from truenorth.errors import Finding
from truenorth.framing.document import Path, dotted
from truenorth.framing.waivers import Waiver

MISSING = {
    "data": "it reads the built examples, and there are none: audit with --data or --run",
    "run": "it reads the results of a run, and there are none: audit with --run",
}
"""Why a rule of a stage was not asked."""


def audit(subject: Subject, *, rules: Sequence[Rule] | None = None, known: Collection[str] = ()) -> Audit:
    """Ask every rule about a framing.

    Args:
        subject: The framing, and what is known about it.
        rules: Rules to ask; all where absent. Waivers are checked only where all are asked.
        known: Codes other than rules that a waiver may name.

    Returns:
        One answer per rule, with its findings; what waivers cover is marked, not left out.
    """
    asked = every_rule() if rules is None else tuple(rules)
    waivers = {one.rule: one for one in subject.framing.waivers if one.holds_on(subject.today)}
    answers = tuple(_answer(rule, subject, waivers.get(rule.code)) for rule in asked)
    about_waivers = () if rules is not None else tuple(_waiver_findings(subject, answers, known))
    beside = (*subject.notes, *about_waivers)
    return Audit(name=subject.framing.name, answers=answers, beside=beside, subject=subject)


def _answer(rule: Rule, subject: Subject, waiver: Waiver | None) -> Answer:
    if (rule.stage == "data" and subject.data is None) or (rule.stage == "run" and subject.run is None):
        return Answer(rule=rule, state="not assessed", reason=MISSING[rule.stage])
    try:
        said = list(rule.check(subject))
    except Exception as error:  # a rule that fails, ours or another's, must not hide what the others found
        reason = f"the rule failed: {type(error).__name__}: {error}"
        return Answer(rule=rule, state="not assessed", findings=(_failed(rule, reason),), reason=reason)
    hits = [one for one in said if isinstance(one, Hit)]
    unknown = [one for one in said if isinstance(one, Unknown)]
    findings = tuple(_finding(rule, hit, subject) for hit in hits)
    if not hits:
        state: State = "not assessed" if unknown else "silent"
        return Answer(rule=rule, state=state, reason="; ".join(one.reason for one in unknown))
    if waiver is None:
        return Answer(rule=rule, state="fired", findings=findings)
    reason = f"waived by {waiver.owner} until {waiver.expires}: {waiver.reason}"
    return Answer(rule=rule, state="waived", findings=findings, reason=reason)


def _finding(rule: Rule, hit: Hit, subject: Subject) -> Finding:
    return Finding(
        code=rule.code,
        severity=hit.severity or rule.severity,
        where=_where(subject, hit.path),
        evidence=hit.evidence,
        fix=hit.fix,
        path=hit.path,
        numbers=hit.numbers,
    )


def _failed(rule: Rule, reason: str) -> Finding:
    return Finding(
        code="AUDIT001", where=rule.code, evidence=f"expected an answer, got none: {reason}.",
        fix="report it with the framing; the other rules were asked all the same.",
    )  # fmt: skip


def _where(subject: Subject, path: Path) -> str:
    return dotted(path) if subject.document is None else subject.document.where(path)


def _waiver_findings(
    subject: Subject, answers: Iterable[Answer], known: Collection[str]
) -> Iterator[Finding]:
    """Say which waivers have run out, cover nothing, or name no rule."""
    by_code = {answer.rule.code: answer for answer in answers}
    for index, waiver in enumerate(subject.framing.waivers):
        path: Path = ("waivers", index)
        where = _where(subject, path)
        if not waiver.holds_on(subject.today):
            yield Finding(
                code="WAIVER002", where=where, path=path,
                evidence=f"expected a waiver that holds on {subject.today}, got one until {waiver.expires}.",
                fix=f"mend what {waiver.rule} says, or let {waiver.owner} renew it: expires: YYYY-MM-DD.",
            )  # fmt: skip
        elif waiver.rule not in by_code and waiver.rule not in known:
            yield Finding(
                code="WAIVER003", severity="warn", where=where, path=path,
                evidence=f"expected the code of a rule, got {waiver.rule!r}.",
                fix="truenorth explain lists the rules; take the waiver out if the rule is gone.",
            )  # fmt: skip
        elif waiver.rule in by_code and by_code[waiver.rule].state == "silent":
            yield Finding(
                code="WAIVER001", severity="warn", where=where, path=path,
                evidence=f"expected {waiver.rule} to be broken, got nothing that it covers.",
                fix="take the waiver out: it would hide the next one.",
            )  # fmt: skip
