"""The AUC lines: what the defects make of a figure, what the linters leave of it, and what is true.

One LightGBM with the same few settings everywhere; intervals are the clustered bootstrap over users.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import lightgbm
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from scripts.defects.tables import PLANTED, TARGET, TIME, Rows, shuffle
from truenorth.statistics.bootstrap import bootstrap, percentile_interval

SETTINGS = {
    "n_estimators": 200, "num_leaves": 7, "learning_rate": 0.03, "min_child_samples": 50, "n_jobs": 1,
    "random_state": 0, "verbose": -1,
}  # fmt: skip
DRAWS = 200


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure, with what it was measured on."""

    what: str
    auc: float
    low: float
    high: float
    n_train: int
    n_test: int


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A base rate as exported beside the true one."""

    what: str
    exported: float
    true: float
    n: int


def auc_lines(rows: Rows, *, removed: Iterable[str], seed: int) -> list[Line]:
    """Return the lines, from all columns and a split by chance to what True North leaves.

    Args:
        rows: Every built example.
        removed: Planted columns that at least one linter says must be mended.
        seed: Seed of the split by chance.
    """
    exported = rows.shown.assign(**{TARGET: rows.shown["enjoyed_flag"]})
    every = [*rows.features, *PLANTED.values()]
    left = [name for name in every if name not in set(removed)]
    chance = shuffle(exported, seed)
    in_time = _in_time(exported)
    honest = rows.part("train"), rows.part("test")
    features = [*rows.features]
    return [
        _line("all columns, random split, labels as exported", chance, every),
        _line(f"without what a linter says must go ({_told(removed)})", chance, left),
        _line("the same, split in time as well, as linters ask", in_time, left),
        _line("what True North leaves", honest, features),
        *(
            _line(f"what True North leaves + {defect} (`{column}`)", honest, [*features, column])
            for defect, column in PLANTED.items()
            if defect != "D1"
        ),
        _line(
            "what True North leaves, trained on labels as exported (D4), read in the end",
            (_until(exported, rows), honest[1]), features,
        ),
    ]  # fmt: skip


def base_rates(rows: Rows) -> list[Rate]:
    """Return the base rate of the whole log and of its last week, as exported and in the end."""
    shown = rows.shown
    last = shown[shown[TIME] >= shown[TIME].max() - pd.Timedelta(days=7)]
    return [
        Rate(
            what=what, n=len(part), exported=float(part["enjoyed_flag"].mean()),
            true=float(part["enjoyed_in_the_end"].mean()),
        )
        for what, part in (("whole log", shown), ("last week", last))
    ]  # fmt: skip


def alone(rows: Rows) -> dict[str, float]:
    """Return the ROC area of each planted column alone, on shown rows and what came of them in the end."""
    truth = rows.shown["enjoyed_in_the_end"]
    found = {name: float(roc_auc_score(truth, rows.shown[column])) for name, column in PLANTED.items()}
    return {name: max(value, 1 - value) for name, value in found.items()}


def recent_calibration(rows: Rows) -> Rate:
    """D4: train on the last two weeks of the log, exported or true, and compare the mean with the truth.

    The mean prediction of a model that is retrained on fresh rows is what its thresholds, costs and budgets
    rest on.
    """
    shown = rows.shown
    days = shown[TIME].max() - shown[TIME]
    recent = shown[days <= pd.Timedelta(days=14)]
    before = shown[(days > pd.Timedelta(days=14)) & (days <= pd.Timedelta(days=28))]
    features = [*rows.features]
    predicted = {
        column: float(_fitted(recent, features, column).predict_proba(_plain(before, features))[:, 1].mean())
        for column in ("enjoyed_flag", "enjoyed_in_the_end")
    }
    return Rate(
        what="mean prediction of a model of the last two weeks, on the two before", n=len(before),
        exported=predicted["enjoyed_flag"], true=predicted["enjoyed_in_the_end"],
    )  # fmt: skip


def _told(removed: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(removed)) or "nothing"


def _in_time(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split at three quarters of the rows, in time, with neither embargo nor maturity."""
    ordered = frame.sort_values(TIME, kind="stable")
    cut = int(len(ordered) * 0.75)
    return ordered[:cut], ordered[cut:]


def _until(exported: pd.DataFrame, rows: Rows) -> pd.DataFrame:
    """Return the rows before the honest test part, with no embargo and labels as they were known then."""
    start = rows.part("test")[TIME].min()
    before = exported[exported[TIME] < start]
    is_known = before["enjoyed__event_known_at"].notna() & (before["enjoyed__event_known_at"] < start)
    return before.assign(**{TARGET: is_known.astype("int64")})


def _line(what: str, parts: tuple[pd.DataFrame, pd.DataFrame], features: list[str]) -> Line:
    train, test = parts
    score = _fitted(train, features, TARGET).predict_proba(_plain(test, features))[:, 1]
    truth = test[TARGET].to_numpy(dtype="int64")
    cluster = np.unique(test["user"].to_numpy(), return_inverse=True)[1]
    draws = bootstrap(lambda weight: _auc(truth, score, weight), cluster, draws=DRAWS)
    band = percentile_interval(draws)
    return Line(
        what=what, auc=_auc(truth, score, np.ones(len(truth))), low=band.low, high=band.high,
        n_train=len(train), n_test=len(test),
    )  # fmt: skip


def _fitted(train: pd.DataFrame, features: list[str], target: str) -> lightgbm.LGBMClassifier:
    model = lightgbm.LGBMClassifier(**SETTINGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(_plain(train, features), train[target].astype("int64"))


def _plain(frame: pd.DataFrame, features: list[str]) -> pd.DataFrame:
    text = {name: "category" for name in features if frame[name].dtype.kind not in "biuf"}
    return frame[features].astype(text)


def _auc(truth: np.ndarray, score: np.ndarray, weight: np.ndarray) -> float:
    is_used = weight > 0
    if len(set(truth[is_used])) < 2:
        return float("nan")
    return float(roc_auc_score(truth[is_used], score[is_used], sample_weight=weight[is_used]))
