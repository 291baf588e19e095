"""Plant nine defects in one log, and write what every tool finds of them.

python -m scripts.defects                    everything; docs/defects.md and build/defects.json
python -m scripts.defects --only truenorth   True North's half; prints it, keeps the page
python -m scripts.defects --fresh            asks every linter anew

The linters are installed into environments of their own under `.peers/` on the first run, and what they say
of the same tables is kept there. One that cannot be installed or run stands in the page as such.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.defects import audits, peers
from scripts.defects.framings import ALL, PLANTED, write_framings
from scripts.defects.lines import alone, auc_lines, base_rates, recent_calibration
from scripts.defects.log import Size
from scripts.defects.log_tables import write_log
from scripts.defects.page import page
from scripts.defects.tables import make_tables, read_rows, write_tables

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "defects.md"
JSON = ROOT / "build" / "defects.json"
SEED = 7
_VERSIONS = ("truenorth", "duckdb", "numpy", "pandas", "pyarrow", "scikit-learn", "lightgbm")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.defects", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("truenorth",), help="one half; the page is kept")
    parser.add_argument("--fresh", action="store_true", help="ask every linter anew, whatever is kept")
    chosen = parser.parse_args(arguments)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="defects-") as folder:
        results = ask_everyone(Path(folder), with_peers=chosen.only is None, fresh=chosen.fresh)
    results["made"] = _made(time.perf_counter() - started)
    if chosen.only is None:
        JSON.parent.mkdir(parents=True, exist_ok=True)
        JSON.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        PAGE.write_text(page(results), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
    else:
        for one in results["truenorth"]:
            print(*(f"{key}={value}" for key, value in one.items()), sep="  ")
    return 1 if any(one["error"] or one["failed"] for one in results["peers"]) else 0


def ask_everyone(folder: Path, *, with_peers: bool, fresh: bool) -> dict[str, Any]:
    """Return what is said of every framing and of every table, as plain values."""
    rows = write_log(folder, size=Size(), seed=SEED)
    paths = write_framings(folder)
    results: dict[str, Any] = {"seed": SEED, "rows": rows, "truenorth": _truenorth(paths), "peers": []}
    if not with_peers:
        return results
    read = read_rows(paths["clean"])
    listing = write_tables(make_tables(read, seed=SEED), folder / "tables")
    said = [_asked(tool, listing, fresh=fresh) for tool in peers.TOOLS]
    removed = {column for one in said for column in one.blocked("all")}
    return {
        **results,
        "peers": [one.to_dict() for one in said],
        "alone": alone(read),
        "lines": [asdict(line) for line in auc_lines(read, removed=removed, seed=SEED)],
        "rates": [asdict(rate) for rate in (*base_rates(read), recent_calibration(read))],
    }


def _truenorth(paths: dict[str, Path]) -> list[dict[str, Any]]:
    """Return what is said of the clean framing, then of each planted one beside it."""
    clean = audits.ask("clean", paths["clean"])
    told = [{"name": "clean", "codes": [*clean.codes], "gate": clean.gate}]
    for planted in (*PLANTED, ALL):
        answer = audits.ask(planted.name, paths[planted.name])
        naming = answer.naming(planted.answers)
        told.append(
            {
                "name": planted.name,
                "defect": planted.defect,
                "found": bool(naming),
                "gate": answer.gate,
                "answers": [*dict.fromkeys(one.code for one in naming)],
                "refused": answer.refused,
                "others": [code for code in answer.beside(clean) if code not in planted.answers],
                "evidence": f"{naming[0].evidence} [{naming[0].code}]" if naming else "",
            }
        )
    return told


def _asked(tool: peers.Tool, listing: Path, *, fresh: bool) -> peers.Result:
    print(f"{tool.name} ...", file=sys.stderr, flush=True)
    return peers.ask(tool, listing, fresh=fresh)


def _made(seconds: float) -> dict[str, Any]:
    return {
        "command": "python -m scripts.defects", "seconds": round(seconds),
        "day": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "versions": {
            "Python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in _VERSIONS},
        },
    }  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
