"""Write the reference pages that follow from the code: the framing's keys, codes, metrics, functions.

`python scripts/write_reference.py` writes them; a test compares them with the code.
"""

from collections.abc import Iterator
from pathlib import Path
from string import digits
from typing import Any, get_args

from truenorth.audit.explain import index, page
from truenorth.audit.rules import BUILT_IN
from truenorth.framing.codes import CODES
from truenorth.framing.framing import Framing
from truenorth.framing.functions import FUNCTIONS
from truenorth.framing.metrics import METRICS
from truenorth.framing.section import Section
from truenorth.workflow.codes import CODES as OTHER_CODES

DOCS = Path(__file__).resolve().parent.parent / "docs"
DIRECTIONS = {"up": "up is good", "down": "down is good", "none": ""}


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


FAMILIES = {
    "AUDIT": "The audit itself",
    "WAIVER": "Waivers",
    "LOG": "Logs and files",
    "DATA": "What a table holds",
    "ENGINE": "The engine and the system",
    "MODEL": "Models",
    "POLICY": "Decisions",
    "METRIC": "Figures",
    "STRESS": "Stress tests and other policies",
    "RUN": "Runs",
    "BUNDLE": "Bundles",
    "SYSTEM": "Ready systems",
    "DATASET": "Their real data",
    "INTERVIEW": "The interview, the canvas and the kickoff sheet",
    "WORLD": "Simulated worlds",
}
"""What the codes of each beginning are about, in the order of the page."""


def errors() -> str:
    rows = [[f"`{code}`", it.severity, it.sentence, it.fix] for code, it in CODES.items()]
    families = "\n\n".join(f"### {title}\n\n{_family(name)}" for name, title in FAMILIES.items())
    return f"""# Codes

Every message ends with a code: `where: expected X, got Y. [CODE]`, and on the next line what to do.
A code never changes its meaning.

## Mistakes in a framing

All mistakes of a file are reported at once, each with its place, its value, its code and its fix.
`error` refuses the framing (exit code 2), `warn` does not.

{table(["code", "severity", "what is wrong", "what to do"], rows)}

## Everything else

What cannot go on ends with an exit code of [the command line](reference.md#command-line); all else is a
finding of the run and stands in its report. A finding of severity `error` blocks the [gate](run.md#the-gate),
unless a waiver covers its code. The codes of the audit's rules (GOAL, LEAK, PROXY and so on) have
[pages of their own](rules/index.md); how each leak arises, and what to write instead, is in
[leaks](leaks.md).

{families}
"""


def _family(name: str) -> str:
    rows = [[f"`{code}`", sentence] for code, sentence in OTHER_CODES.items() if code.rstrip(digits) == name]
    return table(["code", "what is wrong"], rows)


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


def framing() -> str:
    chapters = [
        f"## {'The file' if model is Framing else f'`{path}`'}\n\n{_sentence(model)}\n\n{_keys(model)}"
        for path, model in sections(Framing, "")
    ]
    return "# The keys of a framing\n\n" + FRAMING_HEAD + "\n\n".join(chapters) + "\n"


FRAMING_HEAD = """Every section and key, in the order of the file. `NAME` stands for a name that you choose.
What each form computes is in [semantics](semantics.md), what may stand in an expression in
[expressions](expressions.md), and what a metric is called in [metrics](metrics.md). The same sentences are in
[the JSON Schema](../schema/framing.schema.json), with which an editor completes and checks the file.

"""


def sections(model: type[Section], path: str) -> Iterator[tuple[str, type[Section]]]:
    """Yield every section with the path at which it stands, outer before inner."""
    seen: set[type[Section]] = set()
    waiting = [(path, model)]
    while waiting:
        at, section = waiting.pop(0)
        if section in seen:
            continue
        seen.add(section)
        yield at, section
        inner = []
        for name, field in section.model_fields.items():
            for found, is_named in _inside(field.annotation):
                inner.append(
                    (f"{at}.{field.alias or name}".lstrip(".") + (".NAME" if is_named else ""), found)
                )
        waiting = inner + waiting


def _inside(annotation: Any, is_named: bool = False) -> Iterator[tuple[type[Section], bool]]:
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation, is_named
    for part in get_args(annotation):
        yield from _inside(part, is_named or getattr(annotation, "__origin__", None) is dict)


def _sentence(model: type[Section]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _keys(model: type[Section]) -> str:
    rows = [
        [f"`{field.alias or name}`", " ".join((field.description or "").split()), _default(field)]
        for name, field in model.model_fields.items()
    ]
    return table(["key", "what it says", "default"], rows)


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    default = field.default
    if default is None or default in ((), {}) or isinstance(default, Section):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


PAGES = {"framing.md": framing, "errors.md": errors, "metrics.md": metrics, "expressions.md": expressions}


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


def rule_pages() -> dict[str, str]:
    """Return the page of each built-in rule and their index, by file name below docs/rules."""
    return {"index.md": index(BUILT_IN)} | {f"{rule.code}.md": page(rule) for rule in BUILT_IN}


def write_rules(folder: Path) -> None:
    pages = rule_pages()
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    for name, text in PAGES.items():
        (DOCS / name).write_text(text())
    write_rules(DOCS / "rules")
