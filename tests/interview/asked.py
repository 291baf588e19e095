"""What the source articles ask: sentences with a question mark, entries of lists that tell to clarify.

Only places are named here, never the sentences: an entry is known by its file and a hash of its letters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parents[3] / "shared" / "sources"

LISTS: dict[str, tuple[str, ...]] = {
    "000": (
        "Level 2: The Proxy Metric", "Implicit Feedback Bias", "Step 1: Clarify the Business",
        "Step 2: Define the ML", "Step 3: Define the Data", "Step 4: Feature", "Step 5: Model Arch",
        "Step 6: Offline", "Step 7: Online", "Step 8: Monitoring", "Clarifying questions:",
        "Scale constraints", "Latency constraints", "Accuracy vs cost", "Data constraints",
        "Business constraints", "Calibration matters when", "A framework for deciding",
        "The reasons to avoid ML",
    ),
    "001": (
        "Why this step exists", "### Level 3", "Use ML when", "Don't use ML when", "## 3)",
        "### Choose task type", "### Proxy label selection", "### The 8", "### Minimal feasibility",
        "### Separate metrics", "### Must-do", "### Common", "## 10)",
    ),
    "002": (
        "scorecard", "The 8-step", "define the actual decision", "Ask:", "Cover these", "Practice drawing",
        "online metric layer", "failure modes visible",
    ),
    "003": ("## Step 1", "## Step 2", "## Step 3", "## Step 4", "## Step 5", "## Step 6", "## Step 7"),
    "004": (
        "6-Step Design", "Key Design Tradeoffs", "Key Challenges", "Architecture (Netflix", "Search Pipeline",
        "ML System Design Interview Tips",
    ),
}  # fmt: skip
"""Words of the headings whose lists tell what to clarify, by source; a list ends where other text begins."""

PARAGRAPHS: dict[str, tuple[str, ...]] = {
    "000": (":::danger", ":::warning"),
    "001": ("**Heuristic:**", "**Rule of thumb:**", "**Rule:**"),
    "002": (
        "Optimizing offline", "Ignoring feedback", "No fallback", "Label leakage", "Overclaiming",
        "Forgetting", "Say how you would",
    ),
    "003": (),
    "004": (
        "Red Flags", "The Rule of Three", "Real-time vs", "Freshness vs", "Latency vs", "Precision vs",
        "Exploration vs",
    ),
}  # fmt: skip
"""How the paragraphs begin whose every sentence tells what to clarify: traps, red flags, rules of thumb."""

_ITEM = re.compile(r"^\s*(?:[-*\u2022]|\d+\.|\|)(?:\s+(.*))?$")
_ROWS = re.compile(r"\|\s+\|")
_SENTENCE = re.compile(r"(?<=[.?!])[\"\u201d)]*\s+")


@dataclass(frozen=True)
class Asked:
    """One thing that a source asks."""

    origin: str
    """File and hash, as the bank names it."""
    place: str
    """File and line, to find it."""
    text: str


def origin(source: str, text: str) -> str:
    """Return file and hash: what is asked, whatever its punctuation and case."""
    letters = "".join(re.findall(r"[a-z0-9]", text.lower()))
    return f"{source}:{hashlib.sha256(letters.encode()).hexdigest()[:8]}"


def asked() -> tuple[Asked, ...]:
    """Return everything that the sources ask, in order, each once."""
    found: dict[str, Asked] = {}
    for path in sorted(SOURCES.glob("*.txt")):
        source = path.name[:3]
        for number, text in _asked_in(path.read_text(encoding="utf-8").splitlines(), source):
            one = Asked(origin(source, text), f"{source}:{number}", text)
            found.setdefault(one.origin, one)
    return tuple(found.values())


def _asked_in(lines: list[str], source: str) -> Iterator[tuple[int, str]]:
    in_list = began = False
    for number, line in enumerate(lines, start=1):
        item = _ITEM.match(line)
        if not item and any(heading in line for heading in LISTS[source]):
            in_list, began = True, False
        elif in_list and line.strip():
            continues = item or lines[number - 2].strip() == "-"
            in_list = bool(continues) or not began
            began = began or bool(item)
        yield from ((number, text) for text in _texts(line, source, is_entry=in_list and began))


def _texts(line: str, source: str, *, is_entry: bool) -> Iterator[str]:
    item = _ITEM.match(line)
    text = (item[1] or "") if item else line.strip()
    if is_entry:
        yield from (
            row.strip(" |") for row in _ROWS.split(text) if re.search("[a-z]", row) and "---" not in row
        )
    elif line.startswith(PARAGRAPHS[source]):
        yield from (part for part in _SENTENCE.split(text) if re.search("[a-z]", part))
    else:
        yield from (part for part in _SENTENCE.split(text) if "?" in part)
