"""What a rule is, what it reads and what it says.

A rule is a function from a `Subject` to hits, with a code, a name, a severity and a stage. Its docstring is
its documentation: one sentence, then *What it checks*, *Why it hurts*, *Example*, *How to fix*, and *Source*
where it is a rule of thumb. `truenorth explain` and the page of the rule are written from it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from truenorth.audit.subject import Subject
from truenorth.errors import Finding, Severity

Stage = Literal["static", "data", "run"]
"""What a rule needs: the framing alone, the built examples, or the results of a run."""
State = Literal["silent", "fired", "waived", "not assessed"]
Path = tuple[str | int, ...]

CHAPTERS = ("What it checks", "Why it hurts", "Example", "How to fix")
"""Chapters that every rule's docstring has, in this order; `Source` may follow."""
_CHAPTER = re.compile(r"^(What it checks|Why it hurts|Example|How to fix|Source):[ ]*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One place where a rule is broken."""

    path: Path
    """Keys from the root of the framing to the place."""
    evidence: str
    """`expected X, got Y.`, with the values."""
    fix: str
    """What to do; where it can be, text to paste into the framing."""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    """The evidence as numbers, by name."""
    severity: Severity | None = None
    """Another severity than the rule's, where the place makes a difference."""


@dataclass(frozen=True)
class Unknown:
    """A rule that could not be answered, and what is missing for it."""

    reason: str


Check = Callable[[Subject], Iterator[Hit | Unknown]]


@dataclass(frozen=True)
class Rule:
    """One rule of the audit."""

    code: str
    """Stable, such as `GOAL001`."""
    name: str
    """A few words with hyphens, such as `no-measurable-kpi`."""
    severity: Severity
    """`error` blocks the gate, `warn` lowers the score, `info` teaches."""
    stage: Stage
    check: Check = field(repr=False)

    @property
    def section(self) -> str:
        """The letters of the code: GOAL, LEAK, ..."""
        return self.code.rstrip("0123456789")

    @property
    def sentence(self) -> str:
        """What is wrong where the rule fires, in one sentence."""
        return self.documentation.partition("\n")[0]

    @property
    def documentation(self) -> str:
        """The whole docstring, without its indentation."""
        return inspect.getdoc(self.check) or ""

    @property
    def chapters(self) -> Mapping[str, str]:
        """The text of each chapter of the docstring, by its title."""
        parts = _CHAPTER.split(self.documentation)[1:]
        return {title: inspect.cleandoc(text) for title, text in zip(parts[::2], parts[1::2], strict=True)}

    def to_dict(self) -> dict[str, Any]:
        """Return what is known of the rule as plain JSON values."""
        return {
            "code": self.code, "name": self.name, "severity": self.severity, "stage": self.stage,
            "sentence": self.sentence, "chapters": dict(self.chapters),
        }  # fmt: skip


def rule(code: str, name: str, *, severity: Severity, stage: Stage = "static") -> Callable[[Check], Rule]:
    """Make a rule of a function; the function's docstring is the rule's documentation.

    Args:
        code: Letters of the section and three digits.
        name: A few words with hyphens.
        severity: What a finding of it does to the gate.
        stage: What it needs to be answered.

    Examples:
        >>> @rule("ACME001", "no-goal", severity="info")
        ... def no_goal(subject):
        ...     '''The goal is missing.'''
        ...     yield from ()
        >>> no_goal.code, no_goal.sentence
        ('ACME001', 'The goal is missing.')
    """
    return lambda check: Rule(code, name, severity, stage, check)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of one rule."""

    rule: Rule
    state: State
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    """Why it was not assessed, or who waived it."""

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain JSON values."""
        return {
            "code": self.rule.code, "name": self.rule.name, "severity": self.rule.severity,
            "stage": self.rule.stage, "state": self.state, "reason": self.reason,
            "findings": [finding.to_dict() for finding in self.findings],
        }  # fmt: skip
