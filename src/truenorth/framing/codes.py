"""The codes of mistakes in the file itself: one table, one sentence and one remedy each.

A code never changes its meaning. Rules about leaks and labels stand with their checks.
"""

from __future__ import annotations

from dataclasses import dataclass

from truenorth.errors import Severity


@dataclass(frozen=True)
class Mistake:
    """One kind of mistake in a framing."""

    sentence: str
    """What is wrong."""
    fix: str
    """The remedy where the check knows no better one."""
    severity: Severity = "error"
    """`error` refuses the framing, `warn` does not."""


CODES: dict[str, Mistake] = {
    "SPEC001": Mistake("The text is not YAML.", "mend the syntax at this place"),
    "SPEC002": Mistake("A key stands twice in one map.", "keep one of the two"),
    "SPEC003": Mistake(
        "An expression with a comma stands unquoted in a flow map or list.", "quote the expression"
    ),
    "SPEC004": Mistake("The file cannot be read, or is too large.", "write one framing of at most 1 MB"),
    "SPEC005": Mistake("A key is not part of the language.", "remove it; `truenorth schema` lists the keys"),
    "SPEC006": Mistake("A required key is missing.", "add it"),
    "SPEC007": Mistake("A value has another type than expected.", "write a value of the expected type"),
    "SPEC008": Mistake("A value is not one of the allowed words.", "write one of the allowed words"),
    "SPEC009": Mistake("A number or count is out of its range.", "write a value in the range"),
    "SPEC010": Mistake("A name is not allowed.", "rename it"),
    "SPEC011": Mistake("A section contradicts itself.", "keep one of the contradicting keys"),
    "SPEC012": Mistake("A text is not a duration.", "write a positive duration, for example 7d, 36h or 90m"),
    "SPEC013": Mistake(
        "A text is not a moment or a period.",
        "write ISO 8601, for example 2026-01-31, or 2026-01-01..2026-04-01",
    ),
    "SPEC014": Mistake(
        "A text is not a percentage.", "write for example -30% (relative), +4pp (points) or 0.05"
    ),
    "SPEC015": Mistake("A text is not a capacity.", "write for example 100 per 1d, or 300 per 7d together"),
    "SPEC016": Mistake(
        "A text is not an expression of the language.", "write scalar SQL; docs/expressions.md has it all"
    ),
    "SPEC017": Mistake(
        "A text is not a metric reference.",
        "name a metric, for example average_precision(fraud); docs/metrics.md lists them",
    ),
    "SPEC018": Mistake(
        "A text is not a constraint.", "write METRIC <= NUMBER, for example mean(hide) <= 0.4%"
    ),
    "SPEC020": Mistake("A source does not exist.", "name one of the sources"),
    "SPEC021": Mistake("A column does not exist in its source.", "name a column of the source"),
    "SPEC022": Mistake("A label or feature does not exist.", "name a label or a feature of this framing"),
    "SPEC023": Mistake("An action does not exist.", "name one of policy.actions"),
    "SPEC024": Mistake("An example table does not exist.", "name one of the tables in examples"),
    "SPEC025": Mistake("A name is used twice.", "rename one of the two"),
    "SPEC026": Mistake(
        "A label of a dated framing reads a column that does not say when it becomes known.",
        "add the column to known_at or known_after of its source; 0s is allowed, but must be said",
    ),
    "SPEC027": Mistake("A file beside the framing is missing.", "add the file, or mend the path", "warn"),
    "SPEC028": Mistake("A lookup cannot find one row.", "look up by the key of the other source"),
    "SPEC029": Mistake("Definitions refer to each other in a circle.", "break the circle"),
    "SPEC030": Mistake("A waiver has run out.", "mend what it waives, or renew it with its owner"),
    "SPEC031": Mistake(
        "The shorthand business.errors cannot be spelled out.", "write policy.actions instead"
    ),
    "SPEC032": Mistake(
        "A column seems to stand on another source only.",
        "take it over with lookup, or declare it under types",
        "warn",
    ),
    "SPEC033": Mistake(
        "Undated examples have judged labels and own-row features only.",
        "say judged: {by: ...}, or give the source a time",
    ),
    "SPEC034": Mistake(
        "A context column is also a feature.",
        "rename the feature, or take the column out of examples.context",
        "warn",
    ),
    "SPEC035": Mistake(
        "A change on the command line cannot be read, or has no place in the framing.",
        "write --set section.key=value",
    ),
}
