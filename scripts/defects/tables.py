"""The same data as tables, which is what a linter is given: one clean, one per defect, one with all.

Every table comes as a training and a test part with a target. `clean` holds what True North leaves of the
log: point-in-time features, mature labels, a split in time with its embargo. Proxy gaming and undeclared
delay cannot be written into a table, so there is none of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import truenorth

TARGET = "enjoyed"
TIME = "requested_at"
PLANTED = {"D1": "read_seconds", "D2": "user_enjoyed_14d", "D3": "user_listens_3d", "D7": "slot"}
"""The column that carries a defect, for those that are one column."""
TEST_SHARE = 0.25
_TEST_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class Table:
    """A training and a test part."""

    name: str
    train: pd.DataFrame
    test: pd.DataFrame


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Every built example beside the columns of the log, and what the columns are."""

    frame: pd.DataFrame
    features: tuple[str, ...]

    @property
    def shown(self) -> pd.DataFrame:
        """The shown rows."""
        return self.frame[self.frame["shown"]]

    def part(self, name: str) -> pd.DataFrame:
        """Return the rows of a part of the clean split whose label is observed."""
        return self.shown[(self.shown["split"] == name) & (self.shown["enjoyed__state"] == "observed")]


def read_rows(framing: Path) -> Rows:
    """Build the examples of the clean framing, and join them to their rows of the log and to the truth."""
    log = framing.parent
    examples = truenorth.build(framing).examples.to_pandas()
    examples["request_id"] = examples["group"].astype("int64")
    planted = pd.read_parquet(
        log / "candidates.parquet",
        columns=["request_id", "item", TIME, *PLANTED.values(), "enjoyed_flag"],
    )
    truth = pd.read_parquet(log / "truth.parquet").rename(columns={"enjoyed": "enjoyed_in_the_end"})
    keys = ["request_id", "item"]
    frame = examples.merge(planted, on=keys, validate="one_to_one").merge(truth, on=keys, how="left")
    frame = frame.sort_values(keys, ignore_index=True)  # a build writes its rows in any order
    frame["same_language"] = frame["same_language"].astype("int64")
    return Rows(frame=frame, features=tuple(truenorth.load(framing).features))


def make_tables(rows: Rows, *, seed: int) -> list[Table]:
    """Return the tables, the clean one first."""
    clean = _table("clean", rows.part("train"), rows.part("test"), rows.features)
    planted = [
        _table(defect, rows.part("train"), rows.part("test"), (*rows.features, column))
        for defect, column in PLANTED.items()
    ]
    everything = _as_exported(rows.shown)
    return [
        clean, *planted, _immature(rows), _shuffled("D5", [clean.train, clean.test], seed),
        _hidden(rows, clean),
        _shuffled("all", [_columns(everything, (*rows.features, *PLANTED.values()))], seed),
    ]  # fmt: skip


def write_tables(tables: list[Table], folder: Path) -> Path:
    """Write the tables as Parquet, and return the file that lists them."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in tables:
        table.train.to_parquet(folder / f"{table.name}_train.parquet", index=False)
        table.test.to_parquet(folder / f"{table.name}_test.parquet", index=False)
    listing = folder / "tables.json"
    names = [table.name for table in tables]
    listing.write_text(json.dumps({"target": TARGET, "time": TIME, "tables": names}))
    return listing


def _table(name: str, train: pd.DataFrame, test: pd.DataFrame, features: tuple[str, ...]) -> Table:
    return Table(name=name, train=_columns(train, features), test=_columns(test, features))


def _columns(frame: pd.DataFrame, features: tuple[str, ...]) -> pd.DataFrame:
    chosen = frame[[TIME, *features, TARGET]].reset_index(drop=True)
    return chosen.assign(**{TARGET: chosen[TARGET].astype("int64")})


def _as_exported(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the label as the log shows it at its end: what was not yet received counts as 0."""
    return frame.assign(**{TARGET: frame["enjoyed_flag"]})


def _immature(rows: Rows) -> Table:
    """D4: the last two weeks are the test part, with their labels as they were exported."""
    exported = _as_exported(rows.shown)
    is_last = exported[TIME] >= exported[TIME].max() - pd.Timedelta(days=_TEST_DAYS)
    return _table("D4", exported[~is_last], exported[is_last], rows.features)


def _shuffled(name: str, parts: list[pd.DataFrame], seed: int) -> Table:
    """D5: rows are dealt out by chance."""
    train, test = shuffle(pd.concat(parts, ignore_index=True), seed)
    return Table(name=name, train=train, test=test)


def shuffle(frame: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split rows by chance."""
    is_test = np.random.default_rng(seed).random(len(frame)) < TEST_SHARE
    return frame[~is_test], frame[is_test]


def _hidden(rows: Rows, clean: Table) -> Table:
    """D8: what was not shown joins the clean rows as negatives."""
    unshown = rows.frame[~rows.frame["shown"]].assign(**{TARGET: 0})

    def joined(part: str, shown: pd.DataFrame) -> pd.DataFrame:
        more = _columns(unshown[unshown["split"] == part], rows.features)
        return pd.concat([shown, more], ignore_index=True).sort_values(TIME, kind="stable")

    return Table(name="D8", train=joined("train", clean.train), test=joined("test", clean.test))
