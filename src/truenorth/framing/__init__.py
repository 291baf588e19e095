"""The framing: one file that says what is wanted, read into frozen values that touch no table.

load.py         a file -> a framing, or all of its mistakes at once      load, load_text
canonical.py    every default and short form spelled out, and its hash   expand, dump, framing_hash
framing.py      the root; one module per section beside it               Framing
expressions.py  scalar SQL by allow-list; functions.py is the list       Expression, parse_expression
references.py   metrics and constraints; metrics.py is the list          MetricReference, Constraint
checks.py       what the sections owe each other; codes.py, problems.py, scope.py serve it
leaks.py        future reads, proved from the framing alone              check_leaks
schema.py       the JSON Schema, for editors                             framing_schema
"""

from truenorth.framing.canonical import dump, expand, framing_hash
from truenorth.framing.durations import Duration
from truenorth.framing.expressions import Expression, ExpressionError, parse_expression
from truenorth.framing.framing import Framing
from truenorth.framing.leaks import check_leaks
from truenorth.framing.load import load, load_text, load_with_findings
from truenorth.framing.names import label_columns, tasks
from truenorth.framing.references import Constraint, MetricReference
from truenorth.framing.schema import framing_schema

__all__ = [
    "Constraint",
    "Duration",
    "Expression",
    "ExpressionError",
    "Framing",
    "MetricReference",
    "check_leaks",
    "dump",
    "expand",
    "framing_hash",
    "framing_schema",
    "label_columns",
    "load",
    "load_text",
    "load_with_findings",
    "parse_expression",
    "tasks",
]
