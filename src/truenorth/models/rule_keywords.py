"""Keywords: a file of words and the class that each points to.

A word is found as a whole word, whatever its case; the longest of several that start at one place is taken.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from truenorth.engine.vectors import Vectors
from truenorth.errors import Finding, FramingError
from truenorth.models.contract import Floats, Rows, TaskSpec
from truenorth.models.written import read_json, task_from_dict, task_to_dict, write_json

PRIOR = 0.1
"""Matches that the share of a class in training counts as."""
YES = ("1", "true", "yes")


@dataclass(frozen=True, eq=False)
class KeywordsModel:
    """Classes by the words that a text holds."""

    task: TaskSpec
    name: str
    columns: tuple[str, ...]
    """Texts that are read."""
    words: dict[str, int]
    """Class of each word, lower case: a code into the classes; 1 for a binary task."""
    prior: tuple[float, ...]
    """Shares of the classes in training, or of the positives."""

    form = "keywords"

    @property
    def text(self) -> str:
        """The rule in words."""
        return f"{len(self.words)} keywords in {' and '.join(self.columns)}"

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Every word, the longest first, between what is no letter or digit."""
        longest = sorted(self.words, key=lambda word: (-len(word), word))
        spelled = "|".join(r"\s+".join(map(re.escape, word.split())) for word in longest)
        return re.compile(rf"(?<!\w)(?:{spelled})(?!\w)")

    def hits(self, features: Vectors) -> Floats:
        """Return how many keywords of each class a row's texts hold, shape (n, classes) or (n, 1)."""
        width = self.task.width or 1
        total = np.zeros((features.n_rows, width))
        for column in self.columns:
            vector = features[column]
            if vector.levels is None:
                continue
            used, codes = np.unique(vector.values, return_inverse=True)
            counted = np.zeros((len(used), width))
            for i, level in enumerate(used):
                for word in self.pattern.findall(str(vector.levels[level]).lower()) if level >= 0 else ():
                    code = self.words[" ".join(word.split())]
                    counted[i, code if self.task.width else 0] += 1
            total += counted[codes]
        return total

    def predict(self, features: Vectors) -> Floats:
        """Return predictions as `Model.predict` promises: of a binary task whether any keyword is there."""
        found = self.hits(features)
        if not self.task.width:
            return np.asarray(found[:, 0] > 0, dtype=np.float64)
        smoothed = found + PRIOR * np.asarray(self.prior)
        return np.asarray(smoothed / smoothed.sum(axis=1, keepdims=True))

    def contributions(self, features: Vectors) -> None:
        """Return None: the words are the explanation."""
        return None

    def dump(self, folder: Path) -> None:
        """Write `model.json`."""
        about = {
            "form": self.form, "task": task_to_dict(self.task), "name": self.name,
            "columns": list(self.columns),
            "words": self.words, "prior": list(self.prior), "files": [],
        }  # fmt: skip
        write_json(folder / "model.json", about)

    def summary(self) -> dict[str, Any]:
        """Return the words and their classes."""
        names = self.task.classes or ("", self.task.name)
        words = {word: names[code] for word, code in list(self.words.items())[:50]}
        return {"form": self.form, "name": self.name, "columns": list(self.columns), "words": words}


def load_keywords(folder: Path) -> KeywordsModel:
    """Read what `KeywordsModel.dump` wrote."""
    about = read_json(folder / "model.json")
    return KeywordsModel(
        task_from_dict(about["task"]),
        about["name"],
        tuple(about["columns"]),
        about["words"],
        tuple(about["prior"]),
    )


def make_keywords(spec: TaskSpec, file: str, rows: Rows, *, base: Path) -> KeywordsModel | None:
    """Return a file of keywords as a task's rule; None where no word points to the task.

    Of a class task a word's class must be one of its classes; of a binary one the task's name, its tag, or
    `1`.

    Args:
        spec: The task.
        file: CSV file with the columns word and class.
        rows: Training rows.
        base: Folder that the path starts from.

    Raises:
        FramingError: If the file cannot be read.
    """
    pairs = read_keywords(base / file)
    texts = tuple(name for name, role in spec.roles.items() if role == "text") or tuple(
        name for name, role in spec.roles.items() if role == "category"
    )
    codes = ((word, _code(spec, name)) for word, name in pairs)
    words = {word: code for word, code in codes if code is not None}
    if not words or not texts or (spec.kind not in ("class", "binary")):
        return None
    prior = (float(np.average(rows.target, weights=rows.weight)),)
    if spec.kind == "class":
        counts = np.bincount(rows.target.astype(np.int64), rows.weight, len(spec.classes))
        prior = tuple((counts / counts.sum()).tolist())
    return KeywordsModel(spec, f"keywords of {Path(file).name}", texts, words, prior)


def _code(spec: TaskSpec, name: str) -> int | None:
    if spec.kind == "class":
        return spec.classes.index(name) if name in spec.classes else None
    is_own = name == spec.name or spec.name.endswith(f"_{name}") or name.lower() in YES
    return 1 if is_own else None


def read_keywords(path: Path) -> list[tuple[str, str]]:
    """Return words, lower case and with single spaces, and their classes.

    Raises:
        FramingError: If the file is missing or lacks a column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            if not {"word", "class"} <= set(reader.fieldnames or ()):
                got = ", ".join(reader.fieldnames or ()) or "an empty file"
                raise _refused(path, f"the columns word and class, got {got}")
            pairs = [
                (" ".join((row["word"] or "").lower().split()), (row["class"] or "").strip())
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _refused(path, f"a readable file, got {type(error).__name__}") from error
    return [(word, name) for word, name in pairs if word and name]


def _refused(path: Path, evidence: str) -> FramingError:
    return FramingError(
        Finding(
            code="MODEL048", where="models.rule.keywords", path=("models", "rule", "keywords"),
            evidence=f"expected {evidence} ({path.name}).",
            fix="write a CSV file with the columns word and class, relative to the framing.",
        )
    )  # fmt: skip
