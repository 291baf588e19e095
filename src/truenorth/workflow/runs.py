"""Runs that were made before: listed, found by a prefix of their name, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from truenorth.errors import DataError, Finding, suggest
from truenorth.workflow.result import Run
from truenorth.workflow.store import read_json


def list_runs(out: str | Path = "runs") -> list[Run]:
    """Return every finished run below a folder, the latest first."""
    found = [Run(path.parent, result) for path in Path(out).glob("*/*/run.json") if (result := _read(path))]
    return sorted(found, key=lambda run: (str(run.result["created"]), run.folder.name), reverse=True)


def find_run(name: str, out: str | Path = "runs") -> Run:
    """Return a run by its folder, its hash or a unique start of it, or `NAME` for the latest of a framing.

    Raises:
        DataError: If there is none, or several begin so.
    """
    place = Path(name)
    if (place / "run.json").is_file():
        return Run(place, read_json(place / "run.json"))
    runs = list_runs(out)
    named = [run for run in runs if run.result["name"] == name]
    if named:
        return named[0]
    matching = [run for run in runs if run.folder.name.startswith(name.rpartition("/")[2])]
    if name and len(matching) == 1:
        return matching[0]
    got = f"{len(matching)} runs that begin with" if name and matching else "no run named"
    known = sorted({run.folder.name for run in runs} | {str(run.result["name"]) for run in runs})
    fix = suggest(name, known, otherwise=f"truenorth runs --out {out} lists them.")
    raise DataError(
        Finding(code="RUN001", where=str(out), evidence=f"expected one run, got {got} {name!r}.", fix=fix)
    )


def compare_runs(first: Run, second: Run) -> dict[str, Any]:
    """Return what differs between two runs: framing, choice, and every metric that both measured."""
    metrics = [
        {"metric": metric, "first": one, "second": other, "overlap": _overlap(one, other)}
        for metric, one, other in _shared(first.result, second.result)
    ]
    return {
        "first": first.result["run"],
        "second": second.result["run"],
        "framing": list(_differences(first.result["framing"], second.result["framing"])),
        "gate": [first.gate, second.gate],
        "chosen": [first.chosen, second.chosen],
        "decision": [first.result["decision"], second.result["decision"]],
        "metrics": metrics,
    }


def _read(path: Path) -> Mapping[str, Any] | None:
    try:
        return dict(read_json(path))
    except (OSError, ValueError):  # being removed, or written by something else
        return None


def _shared(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    others = {one["metric"]: one["model"] for one in second["metrics"]}
    for one in first["metrics"]:
        if one["metric"] in others:
            yield one["metric"], one["model"], others[one["metric"]]


def _overlap(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool | None:
    """Return whether the intervals overlap; None where one of them is missing."""
    ends = [one[end] for one in (first, second) for end in ("low", "high") if one.get(end) is not None]
    if len(ends) < 4:
        return None
    low, high, other_low, other_high = ends
    return bool(low <= other_high and other_low <= high)


def _differences(first: Any, second: Any, path: str = "") -> Iterator[dict[str, Any]]:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in dict.fromkeys([*first, *second]):
            yield from _differences(first.get(key), second.get(key), f"{path}.{key}" if path else str(key))
    elif first != second:
        yield {"key": path, "first": first, "second": second}
