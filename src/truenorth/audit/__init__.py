"""The audit: a linter for framings, with findings that name the place, the evidence and the mend.

contract.py    what a rule is: code, name, severity, stage, and a docstring that is its page   Rule, rule, Hit
rules/         the rules, one file per section of the catalogue: GOAL, NEED, PROXY, LABEL, LEAK
registry.py    the table of rules, with those that other packages bring         rules, find_rule
subject.py     what rules read: the framing, the file, the examples, a run      Subject
evidence.py    the built examples, read once; heads.py reads a source's first   DataEvidence
stated/        what a framing states, drawn together for rules
measured/      what examples and runs show, measured for rules; identifiers/ finds those of persons
check.py       the verb                                                         audit
result.py      one answer per rule, and the verdict                             Audit
summary/       what the answers add up to: signals, feasibility, killers, advice
reading.py     from a file, a build or a run to a subject                       audit_file
formats.py     text, compact, JSON, SARIF, GitHub; explain.py writes rules out
"""

from truenorth.audit.check import audit
from truenorth.audit.contract import Answer, Hit, Rule, Unknown, rule
from truenorth.audit.evidence import DataEvidence
from truenorth.audit.reading import audit_file, read_subject
from truenorth.audit.registry import find_rule, rules, selected
from truenorth.audit.result import Audit
from truenorth.audit.subject import Subject

__all__ = [
    "Answer", "Audit", "DataEvidence", "Hit", "Rule", "Subject", "Unknown", "audit", "audit_file",
    "find_rule", "read_subject", "rule", "rules", "selected",
]  # fmt: skip
