"""The record: what was not assessed, what was found, and what it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from truenorth.documents.blocks import Absent, Block, Cell, Facts, Prose, Section, Table, Tone
from truenorth.documents.numbers import seconds, size
from truenorth.documents.reading import items, mapping, number, text, values

SEVERITY_TONES: dict[str, Tone] = {"error": "bad", "warn": "caution", "info": ""}


def not_assessed(result: Mapping[str, Any]) -> Section:
    """Return everything that the run did not measure, with the reason."""
    listed = [(text(one, "what"), text(one, "why")) for one in items(result, "not_assessed")]
    listed += [(str(one), "") for one in values(result, "not_assessed") if isinstance(one, str)]
    blocks: list[Block]
    if listed:
        rows = [[Cell(what), Cell(why or "no reason given")] for what, why in dict.fromkeys(listed)]
        blocks = [Table(["What", "Why"], rows, text_columns=2)]
    else:
        blocks = [Prose("The run lists nothing that was asked for and not assessed.")]
    lead = "What is not measured here is unknown; it is not fine."
    return Section("not-assessed", "What was not assessed", blocks, lead)


def findings(result: Mapping[str, Any]) -> Section:
    """Return the findings with evidence and fix."""
    found = items(result, "findings")
    order = {severity: index for index, severity in enumerate(SEVERITY_TONES)}
    found = sorted(found, key=lambda one: order.get(text(one, "severity"), len(order)))
    rows = [
        [
            Cell(text(one, "code"), text(one, "severity"), SEVERITY_TONES.get(text(one, "severity"), "")),
            Cell(text(one, "evidence"), text(one, "where")),
            Cell(text(one, "fix")),
        ]
        for one in found
    ]
    blocks: list[Block] = (
        [Table(["Code", "Evidence", "Fix"], rows, text_columns=3)] if rows else [Prose("None.")]
    )
    return Section("findings", "Findings", blocks)


def record(result: Mapping[str, Any]) -> Section:
    """Return time by stage, memory, versions, seed, hash and where the data come from."""
    return Section("record", "The record", [*_stages(result), *_provenance(result)])


def _stages(result: Mapping[str, Any]) -> Iterator[Block]:
    given = result.get("seconds")
    stages = {name: number(value) for name, value in mapping(given).items()}
    stages = {name: value for name, value in stages.items() if value is not None}
    total = number(given) if not stages else stages.pop("total", None)
    if total is None and stages:
        total = sum(value for value in stages.values() if value is not None)
    if total is None:
        yield Absent("Time by stage", "the run holds none.")
        return
    rows = [[Cell(name.replace("_", " ")), Cell(seconds(value))] for name, value in stages.items()]
    yield Table(
        ["Stage", "Time"], [*rows, [Cell("together"), Cell(seconds(total))]], "Time", emphasis=(len(rows),)
    )


def _provenance(result: Mapping[str, Any]) -> Iterator[Block]:
    memory = number(result, "memory_mb")
    rows = [
        ("Run", text(result, "run")),
        ("Written", text(result, "created")),
        ("Data as of", text(result, "as_of")),
        ("Framing hash", text(result, "framing_hash")),
        ("Seed", text(result, "seed")),
        ("Most memory", size(memory * 1e6) if memory is not None else ""),
        ("True North", text(result, "truenorth")),
        ("Versions", ", ".join(f"{name} {text(v)}" for name, v in mapping(result, "versions").items())),
        ("Data", _attribution(result)),
    ]
    yield Facts([(name, Cell(value)) for name, value in rows if value], "Provenance")


def _attribution(result: Mapping[str, Any]) -> str:
    given = result.get("attribution")
    if isinstance(given, Mapping):
        return ", ".join(text(value) for value in given.values() if text(value))
    return (
        "; ".join(text(one) for one in given if text(one)) if isinstance(given, list | tuple) else text(given)
    )
