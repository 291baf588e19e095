"""Write the reference pages that follow from tables in the code: errors, metrics, functions.

`python scripts/write_reference.py` writes them; a test compares them with the code.
"""

from pathlib import Path

from truenorth.framing.codes import CODES
from truenorth.framing.functions import FUNCTIONS
from truenorth.framing.metrics import METRICS

DOCS = Path(__file__).resolve().parent.parent / "docs"
DIRECTIONS = {"up": "up is good", "down": "down is good", "none": ""}


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def errors() -> str:
    rows = [[f"`{code}`", it.severity, it.sentence, it.fix] for code, it in CODES.items()]
    return f"""# Mistakes in a framing

All mistakes of a file are reported at once, each with its place, its value, its code and its fix.
A code never changes its meaning. `error` refuses the framing (exit code 2), `warn` does not.
The rules about leaks are in [semantics](semantics.md).

{table(["code", "severity", "what is wrong", "what to do"], rows)}
"""


def metrics() -> str:
    rows = [[f"`{name}`", it.meaning, DIRECTIONS[it.direction], _form(name)] for name, it in METRICS.items()]
    return f"""# Metrics

Wherever a framing names a metric it uses one grammar:

    NAME[@K][(EXPR[, n])] [where PRED] [by COLUMN [mean|worst|gap|ratio]] [per DURATION] [OP VALUE]

Without its brackets a metric measures the task of the score, where its form is not marked `required`.
`external(...)` is measured elsewhere and is always `not assessed` offline; a metric in prose does not exist.

{table(["name", "what it measures", "direction", "form"], rows)}
"""


def expressions() -> str:
    rows = [[f"`{name}`", _count(it.arguments), it.meaning] for name, it in FUNCTIONS.items()]
    return f"""# Expressions

An expression is scalar SQL: columns, numbers, texts, `+ - * / %`, comparisons, `and or not`, `between`,
`in (...)`, `is [not] null`, `like 'pattern'`, `case when`, `cast` to double, bigint, int, boolean or varchar,
literals such as `timestamp '2026-01-31'`, durations such as `60d` (their length in days), and these
functions. It is parsed, checked against this list and written anew; it is never run as given.

{table(["function", "arguments", "what it returns"], rows)}
"""


PAGES = {"errors.md": errors, "metrics.md": metrics, "expressions.md": expressions}


def _form(name: str) -> str:
    metric = METRICS[name]
    inside = {"none": "", "text": "(what)", "required": "(EXPR)", "optional": "(EXPR)"}[metric.argument]
    if metric.parameter:
        inside = inside.replace("EXPR", "EXPR, n")
    needed = " required" if metric.argument == "required" else ""
    return f"`{name}{'@K' if metric.at else ''}{inside}`{needed}"


def _count(arguments: tuple[int, int]) -> str:
    least, most = arguments
    return str(least) if least == most else f"{least} to {most}"


if __name__ == "__main__":
    for page, text in PAGES.items():
        (DOCS / page).write_text(text())
