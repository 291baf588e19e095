"""Run the framings of real logs and write their figures beside the published ones.

python -m scripts.results                    everything; docs/results.md and build/results.json
python -m scripts.results --only fraud       one dataset; prints its figures, keeps the page
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.results import clinc, fraud, kuairand, m4, sms, taxi
from scripts.results.page import page
from scripts.results.places import DATA, JSON, OUT, PAGE
from scripts.results.row import Part
from truenorth.errors import TrueNorthError
from truenorth.workflow.store import read_json, write_json

DATASETS: dict[str, Any] = {
    "fraud": fraud, "kuairand": kuairand, "clinc": clinc, "taxi": taxi, "m4": m4, "sms": sms,
}  # fmt: skip
"""Modules by the name that `--only` takes: FOLDER, TITLE, ATTRIBUTION, run."""
_VERSIONS = ("truenorth", "duckdb", "numpy", "scipy", "pyarrow", "scikit-learn", "lightgbm")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.results", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=DATASETS, action="append", help="a dataset; may be repeated")
    parser.add_argument("--fresh", action="store_true", help="make every stage anew, whatever is cached")
    parser.add_argument("--out", type=Path, default=OUT, help="folder of the runs")
    chosen = parser.parse_args(arguments)
    started = time.perf_counter()
    parts = [_one(name, chosen.out, chosen.fresh).to_dict() for name in chosen.only or DATASETS]
    results = {"made": _made(time.perf_counter() - started), "parts": parts}
    if chosen.only is None:
        JSON.parent.mkdir(parents=True, exist_ok=True)
        write_json(results, JSON)
        PAGE.write_text(page(read_json(JSON)), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")
    else:
        print(page(results))
    return 1 if any(part["skipped"].startswith("failed") for part in parts) else 0


def _one(name: str, out: Path, fresh: bool) -> Part:
    """Run one dataset; what is absent is skipped with its reason, and a failure does not hide the others."""
    module = DATASETS[name]
    empty = Part(dataset=module.FOLDER, title=module.TITLE, attribution=module.ATTRIBUTION)
    if not (DATA / module.FOLDER).is_dir():
        return replace(
            empty, skipped=f"{module.FOLDER} is not beside the repository; real logs are not shipped"
        )
    print(f"{name} ...", file=sys.stderr, flush=True)
    started = time.perf_counter()
    run: Callable[..., Part] = module.run
    try:
        done = run(out, fresh=fresh)
    except TrueNorthError as error:
        done = replace(empty, skipped=f"failed: {error.findings[0].evidence} [{error.findings[0].code}]")
    return replace(done, seconds=round(time.perf_counter() - started, 1))


def _made(seconds: float) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    packages = {name: importlib.metadata.version(name) for name in _VERSIONS}
    return {
        "command": "make results", "seconds": round(seconds, 1),
        "day": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "memory_mb": round(peak / (1e6 if sys.platform == "darwin" else 1e3)),
        "versions": {"Python": platform.python_version(), **packages},
    }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
