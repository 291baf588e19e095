"""The framings: one without a defect, and one per defect, told or not.

A defect is written as the text of `clean.yaml` that it changes. *Declared* is the framing of somebody who
says what the log holds; *bare* is that of somebody who says nothing of a delay, so that only the data can tell.
"""

# ruff: noqa: E501 (lines of a framing are as long as it wants)

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CLEAN = Path(__file__).with_name("clean.yaml")
DEFECTS = {
    "D1": "a column that is filled in after the outcome",
    "D2": "a count whose window includes the labelled event",
    "D3": "a feature by event time, whose record arrives 20 days later",
    "D4": "labels that are not mature near the end of the log",
    "D5": "a random split over time",
    "D6": "a proxy that can be gamed: bait is clicked, and keeps people away",
    "D7": "the logged position as a feature",
    "D8": "labels that the decision itself selects: what was not shown is a negative",
    "D9": "a reporting delay that nobody declared",
}
Edit = tuple[str, str]
"""Text of the clean framing that stands there once, and what stands there instead."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A framing with a defect."""

    name: str
    defect: str
    edits: tuple[Edit, ...]
    answers: frozenset[str]
    """Codes any of which names the defect."""
    is_bare: bool = False
    """Whether nothing in the framing tells, so that only the data can."""

    def text(self) -> str:
        """Return the framing."""
        return edited(CLEAN.read_text(encoding="utf-8"), self.edits)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with every edit made.

    Raises:
        ValueError: If what an edit replaces does not stand there exactly once.
    """
    for old, new in edits:
        if text.count(old) != 1:
            raise ValueError(f"expected {old!r} once in the framing, got it {text.count(old)} times")
        text = text.replace(old, new)
    return text


def _feature(line: str) -> Edit:
    return "features:\n", f"features:\n  {line}\n"


def _joined(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return edits that can follow each other: those of one place become one."""
    new: dict[str, str] = {}
    for old, instead in edits:
        new[old] = new[old] + instead.removeprefix(old) if old in new else instead
    return tuple(new.items())


_KNOWN = "known_after: {read_seconds: 9d, user_enjoyed_14d: 9d, user_listens_3d: 20d, enjoyed_flag: 9d, saved_flag: 5d, skipped_flag: 5d}"


def _without(*columns: str) -> Edit:
    """Leave columns out of the candidates' known times: they then count as known with their row."""
    kept = [part for part in _KNOWN[14:-1].split(", ") if part.split(":")[0] not in columns]
    return _KNOWN, f"known_after: {{{', '.join(kept)}}}"


_READ_SECONDS = _feature("read_time: {column: read_seconds, serve: request}")
_ENJOYED_14D = _feature("user_enjoyed: {column: user_enjoyed_14d, serve: batch, freshness: 1d, default: 0}")
_OWN_ROW = _feature(
    "user_enjoyed: {source: candidates, by: user, sum: enjoyed_flag, last: 14d, closed: both, "
    "serve: stream, freshness: 1h, default: 0}"
)
_NO_GAP: Edit = ("by: user, count: true, last: 3d, gap: 20d,", "by: user, count: true, last: 3d,")
_ONLY_BOUND: Edit = ("known_at: reported_at, known_after: 20d,", "known_after: 20d,")
_NO_REPORTED: Edit = ("known_at: reported_at, known_after: 20d,", "")
_FLAGS: tuple[Edit, ...] = (
    ("enjoyed: {source: actions, where: action = 'finish', within: 5d}", "enjoyed: {when: enjoyed_flag = 1}"),
    ("saved: {source: actions, where: action = 'save', within: 1d}", "saved: {when: saved_flag = 1}"),
    ("skipped: {source: actions, where: action = 'skip', within: 1d}", "skipped: {when: skipped_flag = 1}"),
    (
        "enjoyed_flag: 9d, saved_flag: 5d, skipped_flag: 5d",
        "enjoyed_flag: 0s, saved_flag: 0s, skipped_flag: 0s",
    ),
)
_RANDOM: Edit = (
    "split: {validation: 14d, calibration: 20% of validation, test: 14d}",
    "split: {random: {train: 60%, validation: 15%, test: 25%}, seed: 7, reason: rows are many}",
)
_CLICK: tuple[Edit, ...] = (
    ("score: 3*enjoyed + 2*saved - 1*skipped", "score: click"),
    (
        "  reasons:\n    enjoyed: feed ranking; what is finished is followed by a return more often than anything else\n    saved: feed ranking; saved items are come back for\n    skipped: feed ranking; takes back what bait wins\n",
        "",
    ),
    ("  enjoyed: {alignment: 5, gaming: 2, coverage: 4, latency: 3, causal: 4, if_pushed: short items that are easily finished}\n", ""),
    ("  saved: {alignment: 4, gaming: 2, coverage: 3, latency: 5, causal: 4, if_pushed: reference lists that nobody reads}\n", ""),
    (
        "  skipped: {alignment: 4, gaming: 2, coverage: 4, latency: 5, causal: 3, if_pushed: slow openings that hide what follows}\n",
        "  click: {alignment: 4, gaming: 2, coverage: 5, latency: 5, causal: 4, if_pushed: headlines that are read}\n",
    ),
)  # fmt: skip
_PLACE = _feature("place: {column: position, as: category, serve: request}")
_HIDDEN: tuple[Edit, ...] = (
    ("  decision: [request_id, slot]                  # each place has candidates of its own\n", ""),
    ("  shown: position is not null\n", ""),
    ("  position: position\n", ""),
    ("  propensity: logged_probability\n", ""),
    ("  explored: arm = 'random'\n", ""),
    ("  slices: [user_language, item_topic, explored]", "  slices: [user_language, item_topic]"),
    ("  metrics: [average_precision(enjoyed), mean(hide), mean(click), gini(shown) by creator]",
     "  metrics: [average_precision(enjoyed), mean(hide), mean(click)]"),
    ("constraints: [mean(hide) <= 0.03, gini(shown) by creator <= 0.7,", "constraints: [mean(hide) <= 0.03,"),
    ("  explore: {share: 5%, how: uniform}\n", ""),
)  # fmt: skip
_NO_BOUND: Edit = ("    known_after: 4d                             # no device is offline for longer\n", "")
_NO_RECEIPT: Edit = ("    known_at: received_at\n", "")

PLANTED = (
    Planted(name="D1", defect="D1", edits=(_READ_SECONDS,), answers=frozenset({"LEAK001"})),
    Planted(
        name="D1-bare", defect="D1", is_bare=True, edits=(_READ_SECONDS, _without("read_seconds")),
        answers=frozenset({"LEAK005"}),
    ),
    Planted(name="D2", defect="D2", edits=(_OWN_ROW,), answers=frozenset({"LEAK001", "LABEL016"})),
    Planted(
        name="D2-bare", defect="D2", is_bare=True, edits=(_ENJOYED_14D, _without("user_enjoyed_14d")),
        answers=frozenset({"LEAK005", "LEAK010", "LEAK011"}),
    ),
    Planted(name="D3", defect="D3", edits=(_NO_GAP, _ONLY_BOUND), answers=frozenset({"LEAK002"})),
    Planted(
        name="D3-bare", defect="D3", is_bare=True, edits=(_NO_GAP, _NO_REPORTED),
        answers=frozenset({"LEAK002", "LEAK010", "LABEL004"}),
    ),
    Planted(name="D4", defect="D4", edits=_FLAGS, answers=frozenset({"LABEL005"})),
    Planted(name="D5", defect="D5", edits=(_RANDOM,), answers=frozenset({"LEAK006"})),
    Planted(
        name="D6", defect="D6", edits=_CLICK, answers=frozenset({"PROXY001", "PROXY002", "PROXY007"}),
    ),
    Planted(name="D7", defect="D7", edits=(_PLACE,), answers=frozenset({"LEAK009"})),
    Planted(
        name="D8", defect="D8", edits=_HIDDEN, answers=frozenset({"LABEL009", "LABEL013", "POLICY004"}),
    ),
    Planted(name="D9", defect="D9", edits=(_NO_BOUND,), answers=frozenset({"LABEL004"})),
    Planted(
        name="D9-bare", defect="D9", is_bare=True, edits=(_NO_BOUND, _NO_RECEIPT),
        answers=frozenset({"LABEL004", "LABEL005", "LEAK002"}),
    ),
)  # fmt: skip
"""One framing per defect, and a bare one where the declared one tells by itself."""

TOGETHER = ("D1", "D2", "D3", "D6", "D7", "D8", "D9")
"""Defects of the framing with all of them: D5 stops the build, and D6 takes the place of D4's labels."""
_TOGETHER = [one for one in PLANTED if one.name in TOGETHER]
ALL = Planted(
    name="all",
    defect="all",
    edits=_joined(edit for one in _TOGETHER for edit in one.edits),
    answers=frozenset(code for one in _TOGETHER for code in one.answers),
)
"""Everything that can stand together, each as it was declared."""


def write_framings(folder: Path) -> dict[str, Path]:
    """Write every framing into the folder of the log, by name."""
    texts = {"clean": CLEAN.read_text(encoding="utf-8")}
    texts |= {one.name: one.text() for one in (*PLANTED, ALL)}
    paths = {name: folder / f"{name}.yaml" for name in texts}
    for name, path in paths.items():
        path.write_text(texts[name], encoding="utf-8")
    return paths
