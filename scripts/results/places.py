"""Where the framings and the real logs are, relative to the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
FRAMINGS = ROOT / "examples" / "real"
DATA = ROOT.parent / "shared" / "data"
OUT = ROOT / "build" / "runs"
JSON = ROOT / "build" / "results.json"
PAGE = ROOT / "docs" / "results.md"
