"""What a build prints: the waterfall, the labels, and what stands in the way."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from truenorth.examples.build import Built
from truenorth.framing.periods import Moment


def show_build(built: Built, console: Console) -> None:
    """Print the attrition waterfall, label counts, parts and findings."""
    console.print(f"[bold]{built.name}[/]  as of {Moment(built.as_of)}  framing {built.framing_hash[:12]}")
    console.print(_attrition(built))
    for name, table in built.profile["tables"].items():
        console.print(_labels(name, table))
        if table["parts"]:
            console.print(_parts(table))
    for finding in built.findings:
        console.print(
            f"{finding.where}: {finding.evidence} [{finding.code}]\n  Fix: {finding.fix}",
            markup=False,
            style="red" if finding.severity == "error" else "yellow",
            soft_wrap=True,
        )
    for path in built.paths.values():
        console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
    profile = next(iter(built.paths.values())).with_name("profile.json")
    console.print(f"wrote {profile}", markup=False, highlight=False, soft_wrap=True)


def _attrition(built: Built) -> Table:
    table = Table("step", *_right("removed", "left"), title="attrition", title_justify="left", box=None)
    for step, removed, left in built.attrition:
        table.add_row(step, f"{removed:,}" if removed else "-", f"{left:,}")
    return table


def _right(*names: str) -> list[Any]:
    from rich.table import Column

    return [Column(name, justify="right") for name in names]


def _labels(name: str, profile: dict[str, Any]) -> Table:
    columns = _right("observed", "positive", "mean", "immature", "undefined")
    table = Table(
        "label", *columns, title=f"labels of {name}: {profile['rows']:,} rows", title_justify="left", box=None
    )
    for label, one in profile["labels"].items():
        mean = one.get("mean")
        positive = f"{one['positives']:,}" if "positives" in one else f"{one['distinct']:,} classes"
        table.add_row(
            label, f"{one['observed']:,}", positive,
            "-" if mean is None else f"{mean:.4g}", f"{one['immature']:,}", f"{one['undefined']:,}",
        )  # fmt: skip
    return table


def _parts(profile: dict[str, Any]) -> Table:
    columns = ("from", "to", "labels read")
    table = Table("part", *_right("rows", "embargo"), *columns, title="split", title_justify="left", box=None)
    for part, one in profile["parts"].items():
        planned = one["planned"] or {}
        times = [planned.get("start") or one["first_at"] or "-", planned.get("end") or one["last_at"] or "-"]
        table.add_row(
            part,
            f"{one['rows']:,}",
            f"{one['embargo']:,}",
            *(str(time)[:19] for time in times),
            planned.get("as_of") or "-",
        )
    return table
