"""What a runner reads and prints. It runs in every linter's own environment: pandas, nothing of ours."""

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as a linter gets it."""

    train: pd.DataFrame
    test: pd.DataFrame
    target: str
    time: str

    def without_time(self) -> "Table":
        """Return the table without its time, for a linter that has no option for it."""
        return Table(
            train=self.train.drop(columns=self.time), test=self.test.drop(columns=self.time),
            target=self.target, time=self.time,
        )  # fmt: skip

    @property
    def features(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Both parts without the target."""
        return self.train.drop(columns=self.target), self.test.drop(columns=self.target)

    @property
    def targets(self) -> tuple[pd.Series, pd.Series]:
        """The target of both parts."""
        return self.train[self.target], self.test[self.target]


@dataclass(frozen=True, kw_only=True)
class Said:
    """One finding, in the linter's words."""

    check: str
    severity: str
    columns: tuple[str, ...] = ()
    text: str = ""


def main(*, tool: str, version: str, settings: str, lint: Callable[[Table], Iterable[Said]]) -> None:
    """Lint every table of the listing that the first argument names, and print what was said as JSON.

    A table on which the linter raises is reported with its message; the others are linted all the same.
    """
    listing = Path(sys.argv[1])
    asked = json.loads(listing.read_text())
    said, failed = {}, {}
    for name in asked["tables"]:
        parts = (pd.read_parquet(listing.parent / f"{name}_{part}.parquet") for part in ("train", "test"))
        train, test = (part.reset_index(drop=True) for part in parts)
        try:
            found = lint(Table(train=train, test=test, target=asked["target"], time=asked["time"]))
            said[name] = [asdict(one) for one in found]
        except Exception as error:  # what a linter raises is part of what it says
            failed[name] = f"{type(error).__name__}: {str(error)[:200]}"
    result = {"tool": tool, "version": version, "settings": settings, "said": said, "failed": failed}
    sys.__stdout__.write(json.dumps(result, default=str) + "\n")
