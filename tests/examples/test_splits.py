"""Splits: tails, shares, rolling folds, what stays together, and who is dropped for it."""

from typing import Any

import pyarrow as pa
import pytest

import truenorth
from tests.examples.logs import build, column, covers, frame, removed, t


def split_by(split: dict[str, Any], **examples: Any) -> dict[str, Any]:
    """A log whose label is known after a day."""
    return {
        "framing": 1, "name": "splits", "business": {"goal": "test on what comes later"},
        "sources": {
            "log": {"time": "at_time", "key": "n", "covers": covers(0, 90), "known_after": {"good": "1d"}}
        },
        "examples": {"source": "log", "entity": "user", "at": "time", **examples},
        "labels": {"ok": {"when": "good = 1"}},
        "features": {"cost": {"column": "price"}},
        "objective": {"score": "ok", "metric": "mean(ok)"},
        "split": split,
    }  # fmt: skip


def log(n_days: int = 40, *more: tuple[Any, ...]) -> pa.Table:
    """A row a day at noon, from day 0; its number is the day."""
    days = [(n, f"u{n % 7}", f"list {n}", t(n, 12), 1.0, n % 2) for n in range(n_days)]
    return frame("n int, user text, list text, at_time time, price number, good int", [*days, *more])


def parts(built: Any) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for n, part in sorted(column(built, "split").items()):
        found.setdefault(str(part), []).append(n)
    return found


def periods(**changes: str) -> dict[str, str]:
    return {"train": covers(0, 20), "test": covers(30, 40), **changes}


AS_OF = t(40).isoformat()


def test_lengths_are_counted_back_with_a_wait_between() -> None:
    built = build(split_by({"train": "10d", "validation": "5d", "test": "7d"}), {"log": log()}, as_of=AS_OF)
    # The test ends a day before day 40; each part before it ends a day before the next one starts.
    assert parts(built) == {
        "test": list(range(32, 39)), "validation": list(range(26, 31)), "train": list(range(15, 25)),
        "None": [*range(15), 25, 31, 39],
    }  # fmt: skip


def test_a_tail_of_training_is_validation() -> None:
    built = build(split_by(periods(validation="7d of train")), {"log": log()}, as_of=AS_OF)
    assert parts(built) == {
        "train": list(range(13)), "validation": list(range(13, 20)), "test": list(range(30, 40)),
        "None": list(range(20, 30)),
    }  # fmt: skip


def test_labels_of_training_are_read_where_its_tail_begins() -> None:
    built = build(split_by(periods(validation="7d of train")), {"log": log()}, as_of=AS_OF)
    state = column(built, "ok__state")
    assert (state[11], state[12], state[18], state[19]) == ("observed", "immature", "observed", "observed")


def test_half_of_validation_by_hash_is_calibration() -> None:
    framed = split_by({"validation": "100d", "calibration": "50% of validation", "test": "20d"})
    framed["sources"]["log"]["covers"] = covers(0, 300)
    big = log(200)
    first = build(framed, {"log": big}, as_of=t(200).isoformat())
    found = parts(first)
    halves = len(found["validation"]), len(found["calibration"])
    assert sum(halves) == 100
    assert 30 <= halves[0] <= 70  # four standard deviations of a fair coin
    assert min(found["validation"]) < max(found["calibration"])
    assert max(found["validation"]) > min(found["calibration"])  # mixed in time
    assert parts(build(framed, {"log": big}, as_of=t(200).isoformat())) == found


def test_lists_are_not_cut_by_a_share() -> None:
    framed = split_by({"validation": "30d", "calibration": "50% of validation", "test": "2d"}, group="list")
    rows = [(1000 + n, "u", f"list {n}", t(n, 12, 5), 1.0, 0) for n in range(40)]
    built = build(framed, {"log": log(40, *rows)}, as_of=AS_OF)
    of_list: dict[str, set[str]] = {}
    for row in built.examples.to_pylist():
        of_list.setdefault(row["group"], set()).add(row["split"])
    assert all(len(found) == 1 for found in of_list.values())
    assert {"validation", "calibration"} <= set().union(*of_list.values())


def test_an_earlier_fold_is_the_same_split_moved_back() -> None:
    split = {"train": "10d", "test": "5d", "folds": {"count": 3, "every": "4d"}}
    latest = build(split_by(split), {"log": log()}, as_of=AS_OF, fold=0)
    earlier = build(split_by(split), {"log": log()}, as_of=AS_OF, fold=1)
    assert parts(latest)["test"] == list(range(34, 39))
    assert parts(earlier)["test"] == list(range(30, 35))
    assert parts(latest)["train"] == list(range(23, 33))
    assert parts(earlier)["train"] == list(range(19, 29))


def test_folds_of_periods_move_back_too() -> None:
    split = periods(train=covers(10, 20))
    built = build(
        split_by({**split, "folds": {"count": 2, "every": "7d"}}), {"log": log()}, as_of=AS_OF, fold=1
    )
    assert parts(built)["train"] == list(range(3, 13))
    assert parts(built)["test"] == list(range(23, 33))


def test_a_fold_that_does_not_exist_is_refused() -> None:
    split = {"train": "10d", "test": "5d", "folds": {"count": 2, "every": "4d"}}
    with pytest.raises(truenorth.TrueNorthError):
        build(split_by(split), {"log": log()}, as_of=AS_OF, fold=2)


def test_a_list_belongs_to_the_part_of_its_first_row() -> None:
    late = (100, "u", "list 19", t(25), 1.0, 0)  # first seen on day 19, again between the parts
    built = build(split_by(periods(), group="list"), {"log": log(40, late)}, as_of=AS_OF)
    assert parts(built)["train"] == [*range(20), 100]
    assert removed(built) == {}


def test_a_list_that_outlives_its_part_is_dropped_whole() -> None:
    late = (100, "u", "list 19", t(30), 1.0, 0)  # on day 30 the training labels are read
    built = build(split_by(periods(), group="list"), {"log": log(40, late)}, as_of=AS_OF)
    assert 19 not in column(built, "split")
    assert 100 not in column(built, "split")
    assert removed(built) == {"group past its part": 2}


def test_what_is_kept_together_is_not_tested_after_it_trained() -> None:
    framed = split_by({**periods(), "together": "user"})
    rows = [(100 + n, "newcomer", "x", t(30 + n, 13), 1.0, 0) for n in range(3)]
    built = build(framed, {"log": log(40, *rows)}, as_of=AS_OF)
    assert parts(built)["test"] == [100, 101, 102]  # all seven users of the daily rows train
    assert removed(built) == {"together in an earlier part": 10}


def test_a_random_split_keeps_together_what_belongs_together() -> None:
    split = {"random": {"train": "50%", "test": "50%"}, "seed": 3, "reason": "one day", "together": "user"}
    rows = [(n, f"u{n % 40}", f"l{n}", t(5), 1.0, n % 2) for n in range(200)]
    built = build(split_by(split), {"log": log(0, *rows)}, as_of=AS_OF)
    of_user: dict[str, set[str]] = {}
    for row in built.examples.to_pylist():
        of_user.setdefault(row["user"], set()).add(row["split"])
    assert all(len(found) == 1 for found in of_user.values())
    assert set().union(*of_user.values()) == {"train", "test"}


def test_no_split_reads_everything_at_the_end() -> None:
    framed = split_by({})
    del framed["split"]
    built = build(framed, {"log": log()}, as_of=AS_OF)
    assert set(column(built, "split").values()) == {None}
    state = column(built, "ok__state")
    assert (state[38], state[39]) == ("observed", "immature")


def test_rows_held_back_by_the_embargo_are_counted() -> None:
    built = build(split_by(periods(validation="7d of train")), {"log": log()}, as_of=AS_OF)
    found = built.profile["tables"]["examples"]["parts"]
    assert {name: found[name]["embargo"] for name in ("train", "validation", "test")} == {
        "train": 1, "validation": 0, "test": 1,
    }  # fmt: skip


def test_a_split_without_test_rows_is_a_finding() -> None:
    built = build(split_by(periods(test=covers(60, 70))), {"log": log()}, as_of=AS_OF)
    assert "LABEL006" in {finding.code for finding in built.findings}
