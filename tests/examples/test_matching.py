"""Text matches by BM25, whose document frequencies come from the training rows."""

import math
from typing import Any

import pyarrow as pa
import pytest

from tests.examples.logs import build, column, frame

K1, B = 1.2, 0.75


def matching(**match: Any) -> dict[str, Any]:
    return {
        "framing": 1, "name": "matching", "business": {"goal": "find it"},
        "sources": {"log": {"time": None, "key": "id"}},
        "examples": {"source": "log", "entity": "id", "at": "none"},
        "labels": {"good": {"when": "grade > 1", "judged": {"by": "us"}}},
        "features": {"fits": {"match": ["query", "document"], "by": "bm25", **match}},
        "objective": {"score": "good", "metric": "mean(good)"},
        "split": {"column": "part", "train": "train", "test": "test"},
    }  # fmt: skip


def log(*more: tuple[Any, ...]) -> pa.Table:
    return frame(
        "id text, query text, document text, part text, grade int",
        [
            ("a", "hat", "red hat", "train", 2),
            ("b", "hat", "blue hat", "train", 2),
            ("c", "coat", "warm blue winter coat", "train", 1),
            ("d", "hat", "red hat", "train", 1),  # equal texts are one document
            *more,
        ],
    )


def score(query: str, document: str, holding: dict[str, int], n: int, mean: float) -> float:
    """Okapi BM25 by hand; `holding` counts the documents of the training rows that hold a term."""
    words, total = document.split(), 0.0
    for term in query.split():
        tf = words.count(term)
        idf = math.log(1 + (n - holding.get(term, 0) + 0.5) / (holding.get(term, 0) + 0.5))
        total += idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * len(words) / mean))
    return total


TRAINING = {"holding": {"red": 1, "hat": 2, "blue": 2, "warm": 1, "winter": 1, "coat": 1}, "n": 3}
MEAN = (2 + 2 + 4) / 3


def test_a_match_is_the_bm25_of_the_training_documents() -> None:
    fits = column(build(matching(), {"log": log()}), "fits")
    assert fits["a"] == pytest.approx(score("hat", "red hat", **TRAINING, mean=MEAN))
    assert fits["c"] == pytest.approx(score("coat", "warm blue winter coat", **TRAINING, mean=MEAN))
    assert fits["a"] == fits["d"] == fits["b"]


def test_a_term_that_only_test_documents_hold_counts_as_unseen() -> None:
    tested = [("x", "scarf", "scarf", "test", 1), ("y", "scarf", "scarf hat", "test", 1)]
    fits = column(build(matching(), {"log": log(*tested)}), "fits")
    assert fits["x"] == pytest.approx(score("scarf", "scarf", **TRAINING, mean=MEAN))
    assert fits["y"] == pytest.approx(score("scarf", "scarf hat", **TRAINING, mean=MEAN))


def test_test_documents_change_no_training_score() -> None:
    alone = column(build(matching(), {"log": log()}), "fits")
    tested = [(f"t{n}", "hat", "hat " * (n + 1), "test", 1) for n in range(5)]
    joined = column(build(matching(), {"log": log(*tested)}), "fits")
    assert {key: joined[key] for key in alone} == alone


def test_words_match_whatever_their_case_and_marks() -> None:
    tested = ("x", "HAT!", "a red-hat, a hat", "test", 1)
    fits = column(build(matching(), {"log": log(tested)}), "fits")
    assert fits["x"] == pytest.approx(score("hat", "a red hat a hat", **TRAINING, mean=MEAN))


def test_nothing_shared_is_zero_and_a_missing_text_is_null_or_the_default() -> None:
    tested = [
        ("x", "coat", "red hat", "test", 1),
        ("y", None, "red hat", "test", 1),
        ("z", "hat", None, "test", 1),
    ]
    fits = column(build(matching(), {"log": log(*tested)}), "fits")
    assert (fits["x"], fits["y"], fits["z"]) == (0.0, None, None)
    fits = column(build(matching(default=-1.0), {"log": log(*tested)}), "fits")
    assert (fits["x"], fits["y"], fits["z"]) == (0.0, -1.0, -1.0)


def test_a_match_reads_other_features() -> None:
    framed = matching()
    framed["features"]["query_text"] = {"column": "query", "as": "text"}
    framed["features"]["fits"]["match"] = ["query_text", "document"]
    fits = column(build(framed, {"log": log()}), "fits")
    assert fits["a"] == pytest.approx(score("hat", "red hat", **TRAINING, mean=MEAN))
