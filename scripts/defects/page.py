"""The page of the planted defects, written from the JSON of a run and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.defects.framings import DEFECTS, TOGETHER

Json = Mapping[str, Any]
NOT_GIVEN = "not given"

_HEAD = """# Nine planted defects

This page is written by `python -m scripts.defects`. One seeded log of a feed is framed without a defect, and
then once per defect. True North is asked by `truenorth audit --data` about each framing; linters of tables
get the same data as tables: {n_shown:,} shown items, a training part, a test part, a target, and the time
column where they have an option for it. All settings are defaults.
"""
_LEGEND = """\
A code is True North's, in **bold** where the framing is refused before anything can be trained; a word is the
tool's own severity. A finding counts if the clean control does not have it and it speaks of what is planted;
`info` and `low` are shown and not counted. `-` is nothing said, `not given` a defect that cannot be written
into a table. *Nothing declared* is the same defect in a framing that is silent about the delay, so that only
the data can tell. A false alarm is a finding on the clean control that should be looked at, or worse; those
of the linters are in part about true differences between two periods, and nothing has to be mended for them.
"""
_LIMITS = """## What this does not show

The log, the framings and the rules are by the same hands, the log is one, and the sizes of the defects were
chosen. The table says which of these mistakes a tool is able to name, not how often it is right elsewhere.
A linter of tables is not told what a column means or when it was known; a framing says so, and that is the
point. The name of the column of D2 holds the target's name, which two linters read.
"""


def page(results: Json) -> str:
    """Return the page as Markdown."""
    head = _HEAD.format(n_shown=results["rows"]["truth"])
    lines = [head, *_found(results), *_evidence(results), *_lines(results), *_rates(results)]
    lines += [_LIMITS, *_asked(results), *_made(results["made"])]
    return "\n".join(lines).rstrip() + "\n"


def _found(results: Json) -> Iterator[str]:
    tools = results["peers"]
    yield "## Who finds what\n"
    yield _row("defect", "what is planted", "True North", *(tool["name"] for tool in tools))
    yield _row(*["---"] * (3 + len(tools)))
    clean, *planted, together = results["truenorth"]
    for one in planted:
        defect = one["defect"]
        is_bare = one["name"] != defect
        what = "the same, nothing declared" if is_bare else DEFECTS[defect]
        cells = ["" if is_bare else _cell(tool, defect) for tool in tools]
        yield _row("" if is_bare else defect, what, codes(one["answers"], refused=one["refused"]), *cells)
    own = {one["defect"] for one in planted if one["found"]}
    them = ", ".join(TOGETHER)
    said = codes(together["answers"], refused=together["refused"])
    yield _row("", f"all at once (True North: {them})", said, *map(_together, tools))
    yield _row("found", f"of {len(DEFECTS)}", str(len(own)), *(_count(tool) for tool in tools))
    yield _row("", "false alarms on the clean control", str(len(clean["codes"])), *map(_alarms, tools))
    yield ""
    yield _LEGEND


def codes(said: Sequence[str], *, refused: str) -> str:
    """Return the codes that name a defect as they are shown, bold with the occasion of a refusal.

    Examples:
        >>> codes(["LEAK002", "LEAK002"], refused="when loaded"), codes([], refused="")
        ('**LEAK002** (when loaded)', '-')
    """
    mark = "**" if refused else ""
    shown = ", ".join(f"{mark}{code}{mark}" for code in dict.fromkeys(said)) or "-"
    return f"{shown} ({refused})" if refused and said else shown


def _cell(tool: Json, defect: str) -> str:
    if tool["error"]:
        return "not run"
    if defect not in tool["answers"]:
        return NOT_GIVEN
    if defect in tool["failed"]:
        return "failed"
    answer = tool["answers"][defect]
    return "-" if answer is None else answer["severity"]


def _together(tool: Json) -> str:
    return "not run" if tool["error"] else ", ".join(tool["together"]) or "-"


def _count(tool: Json) -> str:
    return "not run" if tool["error"] else str(len(tool["found"]))


def _alarms(tool: Json) -> str:
    return "not run" if tool["error"] or "clean" in tool["failed"] else str(len(tool["alarms"]))


def _evidence(results: Json) -> Iterator[str]:
    yield "## What True North says\n"
    for one in results["truenorth"][1:-1]:
        bare = "" if one["name"] in DEFECTS else ", nothing declared"
        yield f"- {one['defect']}{bare}: {_plain(one['evidence']) or 'nothing of it'}"
    yield ""


def _lines(results: Json) -> Iterator[str]:
    yield "## What a defect does to the figure\n"
    yield "ROC area of one LightGBM with the same settings; intervals are 95 %, clustered by user.\n"
    yield _row("columns and split", "AUC", "95 % interval", "rows to train", "rows to test")
    yield _row(*["---"] * 5)
    for line in results["lines"]:
        band = f"{line['low']:.3f} to {line['high']:.3f}"
        yield _row(line["what"], f"{line['auc']:.3f}", band, f"{line['n_train']:,}", f"{line['n_test']:,}")
    alone = ", ".join(f"{defect} {value:.3f}" for defect, value in results["alone"].items())
    yield f"\nThe planted columns alone: {alone}.\n"


def _rates(results: Json) -> Iterator[str]:
    yield "## What immature labels do (D4)\n"
    yield "They hardly move the AUC; what they move is the rate that thresholds, costs and budgets rest on.\n"
    yield _row("share of positives", "as exported", "in the end", "rows")
    yield _row(*["---"] * 4)
    for rate in results["rates"]:
        yield _row(rate["what"], f"{rate['exported']:.3f}", f"{rate['true']:.3f}", f"{rate['n']:,}")
    yield ""


def _asked(results: Json) -> Iterator[str]:
    yield "## How each was asked\n"
    yield _row("tool", "version", "how", "false alarms on the clean control")
    yield _row(*["---"] * 4)
    for tool in results["peers"]:
        if tool["error"]:
            yield _row(tool["name"], "not run", _plain(tool["error"]), "")
            continue
        failed = [f"failed on {name}: {_plain(text)}" for name, text in tool["failed"].items()]
        broken = [f"checks that failed inside it: {', '.join(tool['internal'])}"] if tool["internal"] else []
        alarms = ", ".join(tool["alarms"]) or "none"
        yield _row(tool["name"], tool["version"], "; ".join([tool["settings"], *failed, *broken]), alarms)
    yield ""


def _made(made: Json) -> Iterator[str]:
    yield "## How it was made\n"
    yield f"`{made['command']}` on {made['machine']}: {made['seconds']:.0f} seconds, {made['day']}.\n"
    yield ", ".join(f"{name} {version}" for name, version in made["versions"].items()) + "."


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
