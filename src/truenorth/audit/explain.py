"""A rule in words: for the terminal, and as a page of the documentation; both from its docstring."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from truenorth.audit.contract import Rule

STAGES = {
    "static": "reads the framing alone",
    "data": "reads the built examples",
    "run": "reads the results of a run",
}
SEVERITIES = {"error": "blocks the gate", "warn": "lowers the score", "info": "teaches"}
SECTIONS = {
    "GOAL": "The business goal",
    "NEED": "Should this be machine learning at all",
    "PROXY": "The proxy metric trap",
    "LABEL": "Labels",
    "LEAK": "Reading the future",
    "FEAT": "Features",
    "MODEL": "Models",
    "POLICY": "The decision policy",
    "EVAL": "Offline evaluation",
    "EXP": "The experiment",
    "SERVE": "Serving",
    "MON": "Monitoring",
    "DATA": "The logs themselves",
    "GEN": "Generation and structured output",
    "GOV": "Governance",
}
"""Titles of the sections, in the order of framing."""
_WIDTH = 100


def explained(rule: Rule) -> str:
    """Return what a rule checks, why, and how to mend it, for the terminal.

    Examples:
        >>> from truenorth.audit.registry import find_rule
        >>> print(explained(find_rule("GOAL005")).splitlines()[0])
        GOAL005 no-owner (warn: lowers the score; static: reads the framing alone)
    """
    head = f"{rule.code} {rule.name} ({_about(rule)})"
    chapters = (f"{title}:\n{_wrapped(text)}" for title, text in rule.chapters.items())
    return "\n\n".join([f"{head}\n{rule.sentence}", *chapters])


def page(rule: Rule) -> str:
    """Return a rule's page as Markdown."""
    chapters = "\n\n".join(f"## {title}\n\n{_flowing(text)}" for title, text in rule.chapters.items())
    waiver = f"waivers: [{{rule: {rule.code}, reason: ..., owner: ..., expires: YYYY-MM-DD}}]"
    return (
        f"# {rule.code} {rule.name}\n\n{rule.sentence}\n\n"
        f"`{rule.severity}`: {SEVERITIES[rule.severity]}. `{rule.stage}`: {STAGES[rule.stage]}.\n\n"
        f"{chapters}\n\n## If it is right as it is\n\n"
        f"Say so in the framing; the waiver is shown in every report:\n\n```yaml\n{waiver}\n```\n"
    )


def index(rules: Iterable[Rule]) -> str:
    """Return the page that lists every rule by section, as Markdown."""
    rules = tuple(rules)
    counts = ", ".join(f"{sum(one.stage == stage for one in rules)} {stage}" for stage in STAGES)
    chapters = "\n\n".join(
        _chapter(section, rules) for section in dict.fromkeys(one.section for one in rules)
    )
    return (
        "# The rules of the audit\n\n"
        f"{len(rules)} rules: {counts}. `truenorth explain CODE` prints one, `truenorth audit FILE` asks "
        f"them "
        "all; [the guide](../guides/audit.md) says how findings add up. What could not be looked at is `not "
        f"assessed`, never a pass.\n\n{chapters}\n"
    )


def _chapter(section: str, rules: tuple[Rule, ...]) -> str:
    rows = [
        f"| [{one.code}]({one.code}.md) | {one.name} | {one.severity} | {one.stage} | {one.sentence} |"
        for one in rules
        if one.section == section
    ]
    head = "| code | name | severity | stage | what is wrong |\n|---|---|---|---|---|"
    return f"## {section}: {SECTIONS.get(section, section)}\n\n{head}\n" + "\n".join(rows)


def _about(rule: Rule) -> str:
    severity = f"{rule.severity}: {SEVERITIES[rule.severity]}"
    return f"{severity}; {rule.stage}: {STAGES[rule.stage]}"


def _wrapped(text: str) -> str:
    return "\n\n".join(textwrap.indent(textwrap.fill(part, _WIDTH - 4), "    ") for part in _paragraphs(text))


def _flowing(text: str) -> str:
    return "\n\n".join(_paragraphs(text))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield " ".join(paragraph.split())
