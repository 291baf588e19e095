"""What the audit costs: beside reading the framing, and beside building the examples.

`python bench/audit.py [FILE...]` audits the ready systems, or the framings given, and prints one line each;
`--data` also builds the card-fraud world and asks the rules of its data. Exits with 1 where the rules of a
framing take longer than the bar.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from truenorth.audit import Subject, audit, read_subject
from truenorth.audit.reading import build_evidence
from truenorth.systems import SYSTEMS, new_project

BAR_MS = 150.0
REPEATS = 5


def fastest(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the shortest of several times in ms of processor, and what the work returned."""
    times, made = [], None
    for _ in range(REPEATS):
        began = time.process_time()
        made = work()
        times.append((time.process_time() - began) * 1e3)
    return min(times), made


def framing_line(file: Path) -> tuple[str, float]:
    reading, subject = fastest(lambda: read_subject(file))
    rules, made = fastest(lambda: audit(subject).findings)
    whole = reading + rules
    said = f"{file.parent.name:<16} read {reading:6.1f} ms   rules {rules:6.1f} ms   x {rules / reading:4.2f}"
    return f"{said}   findings {len(made)}", whole


def data_line(folder: Path) -> str:
    file = new_project("card-fraud", folder / "card-fraud")
    subject = read_subject(file)
    began = time.perf_counter()
    evidence = build_evidence(subject.framing, subject.proved, base=file.parent)
    built = time.perf_counter() - began
    whole = Subject(
        framing=subject.framing, today=date.today(), document=subject.document, proved=subject.proved,
        data=evidence,
    )  # fmt: skip
    began = time.perf_counter()
    made = audit(whole)
    asked = time.perf_counter() - began
    rows = evidence.dataset.n_rows
    return (
        f"card-fraud world: {rows:,} rows, build and read {built:.1f} s, every rule {asked:.1f} s, {made!r}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--data", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        files = asked.files or [new_project(name, place / f"{name}-real", on="real") for name in SYSTEMS]
        lines = [framing_line(file) for file in files]
        print("\n".join(line for line, _ in lines))
        if asked.data:
            print(data_line(place))
    slow = [line for line, whole in lines if whole > BAR_MS]
    print(f"bar: {BAR_MS:.0f} ms of processor for reading and rules together; missed by {len(slow)}")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
