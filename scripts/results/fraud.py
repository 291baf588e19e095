"""Card fraud: the handbook's protocol on its own weeks, then a longer history with more features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray

from scripts.results.finished import Finished, difference, figure, start
from scripts.results.places import DATA, FRAMINGS
from scripts.results.row import Part, Row
from truenorth.evaluation.contract import Figure
from truenorth.statistics.bootstrap import cluster_weights, percentile_interval
from truenorth.statistics.estimates import codes_of

FOLDER = "fraud_handbook"
TITLE = "Card fraud: transactions of the Fraud Detection Handbook"
ATTRIBUTION = (
    "Le Borgne, Siblini, Lebichot, Bontempi (2022), Reproducible Machine Learning for Credit Card Fraud "
    "Detection - Practical Handbook; simulated transactions, no licence stated, used for evaluation only"
)
TEST = date(2018, 8, 8)
WEEK = timedelta(days=7)
DAY = 86_400_000_000
REVIEWS = 100
DRAWS = 200
FOLDS = 4
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Log:
    """The log of payments in the order of their ids."""

    ids: Rows
    at: Rows
    customer: Rows
    fraud: NDArray[np.float64]

    @classmethod
    def read(cls) -> Log:
        names = ["TRANSACTION_ID", "TX_DATETIME", "CUSTOMER_ID", "TX_FRAUD"]
        table = pq.read_table(DATA / FOLDER / "transactions.parquet", columns=names).sort_by(names[0])
        ids, at, customer, fraud = (table[name].to_numpy() for name in names)
        stamps = at.astype("datetime64[us]").astype(np.int64)
        return cls(ids.astype(np.int64), stamps, customer.astype(np.int64), fraud.astype(np.float64))


def run(out: Path, *, fresh: bool = False) -> Part:
    log = Log.read()
    folds = [_protocol(fold, out, fresh) for fold in range(FOLDS)]
    own = start(FRAMINGS / "fraud_own.yaml", out=out, fresh=fresh)
    rows = [
        *_of_one_week(folds[0], log),
        *_of_folds(folds, log),
        *_of_own(own, folds[0], log),
    ]
    return Part(
        dataset=FOLDER, title=TITLE, attribution=ATTRIBUTION, rows=tuple(rows),
        text=(
            "Protocol: the handbook's 15 features, labels known after 7 days, one week to train and, a "
            "week later, one week to test. Validation and calibration are two weeks before the training "
            "week, so that they cost no training row; the last 7 days before the test are left out, as "
            "their labels were not known. As in the handbook a test day leaves out customers whose fraud "
            "was known by then.",
            "Own framing: ten weeks of history, customers' usual amounts, largest amounts, delayed fraud "
            "counts of terminals and customers.",
            "Money: cost of frauds that settle and of reviews, per day, all payments of the test week, "
            "at 100 reviews a day.",
        ),
        notes=(str(folds[0].run.result["train"]["sentence"]), str(own.run.result["train"]["sentence"])),
        runs={
            **{f"protocol, fold {k}": one.told for k, one in enumerate(folds)},
            "own": own.told,
        },
    )  # fmt: skip


def _protocol(fold: int, out: Path, fresh: bool) -> Finished:
    framing = yaml.safe_load((FRAMINGS / "fraud_handbook.yaml").read_text(encoding="utf-8"))
    return start(protocol(framing, TEST - fold * WEEK), out=out, fresh=fresh)


def protocol(framing: dict[str, Any], test: date) -> dict[str, Any]:
    """Return the handbook's framing for the week that begins on `test`.

    The parts are told by a column, because validation comes before training: every label was known by then.
    """
    begins = {
        "test": test, "train": test - 2 * WEEK, "validation": test - 4 * WEEK, "calibration": test - 6 * WEEK,
    }  # fmt: skip
    cases = " ".join(
        f"when time >= timestamp '{day} 00:00:00' and time < timestamp '{day + WEEK} 00:00:00' then '{part}'"
        for part, day in begins.items()
    )
    source = {**framing["sources"]["payments"], "columns": {"part": f"case {cases} end"}}
    return {
        **framing,
        "sources": {"payments": source},
        "models": {**framing["models"], "choose": "best"},
        "split": {"column": "part", **{part: part for part in begins}},
    }


def _of_one_week(one: Finished, log: Log) -> Iterator[Row]:
    chosen = one.run.chosen
    rows = published_rows(one, log, TEST)
    best = "logistic .871/.606, forest .867/.658, boosted .862/.639; best .871 / .658"
    judged = one.judged(chosen, rows)
    yield Row(
        what=f"AUC, test week, {chosen}", figure=figure("roc_auc(fraud)", judged), published=best, bar=0.870
    )
    found = figure("average_precision(fraud)", judged)
    yield Row(what=f"average precision, test week, {chosen}", figure=found, published=best, bar=0.655)
    precision = card_precision(one, chosen, rows)
    yield Row(
        what=f"card-precision@100, test week, {chosen}", figure=precision,
        published="logistic .291, forest .287, boosted .273",
        note="mean over the seven days; interval over days drawn again",
    )  # fmt: skip
    for rung in (name for name in one.rungs if name != chosen):
        other = one.judged(rung, rows)
        yield Row(what=f"AUC, test week, {rung}", figure=figure("roc_auc(fraud)", other))
        yield Row(
            what=f"average precision, test week, {rung}", figure=figure("average_precision(fraud)", other)
        )


def _of_folds(folds: list[Finished], log: Log) -> Iterator[Row]:
    parts = [(one, published_rows(one, log, TEST - fold * WEEK)) for fold, one in enumerate(folds)]
    judged = [one.judged(one.run.chosen, rows) for one, rows in parts]
    chosen = ", ".join(sorted({one.run.chosen for one in folds}))
    published = "logistic .868/.623, forest .870/.678, boosted .869/.687, best .872/.687"
    for metric, name, bar in (("roc_auc", "AUC", 0.870), ("average_precision", "average precision", 0.680)):
        mean = _mean([figure(f"{metric}(fraud)", one) for one in judged])
        yield Row(what=f"{name}, four prequential folds, {chosen}", figure=mean, published=published, bar=bar)
    cards = _mean([card_precision(one, one.run.chosen, rows) for one, rows in parts])
    yield Row(
        what=f"card-precision@100, four prequential folds, {chosen}", figure=cards,
        published="logistic .297, forest .299, boosted .303, balanced forest .305",
    )  # fmt: skip


def _mean(figures: list[Figure]) -> Figure:
    """Return the mean of figures of different weeks, with the standard error of independent ones."""
    values = np.array([one.value for one in figures], dtype=float)
    errors = np.array([one.standard_error or np.nan for one in figures])
    error = float(np.sqrt(np.sum(errors**2)) / len(figures))
    value = float(values.mean())
    return replace(
        figures[0], value=value, low=value - 1.96 * error, high=value + 1.96 * error, standard_error=error,
        n=sum(one.n for one in figures), n_units=max(one.n_units for one in figures),
        method="mean of four weeks, errors taken as independent",
    )  # fmt: skip


def _of_own(own: Finished, protocol_run: Finished, log: Log) -> Iterator[Row]:
    chosen = own.run.chosen
    rows = published_rows(own, log, TEST)
    base = published_rows(protocol_run, log, TEST)
    judged, before = own.judged(chosen, rows), protocol_run.judged(protocol_run.run.chosen, base)
    for metric, name, best in (("roc_auc", "AUC", 0.871), ("average_precision", "average precision", 0.658)):
        now, then = figure(f"{metric}(fraud)", judged), figure(f"{metric}(fraud)", before)
        ahead = (now.value or 0) - (then.value or 0), (now.value or 0) - best
        yield Row(
            what=f"{name}, test week, own framing, {chosen}", figure=now, published=f"best {best:.3f}",
            note=f"{ahead[0]:+.3f} to the protocol's features, {ahead[1]:+.3f} to the best published",
        )  # fmt: skip
    yield Row(
        what=f"card-precision@100, test week, own framing, {chosen}",
        figure=card_precision(own, chosen, rows), published="best .291",
    )  # fmt: skip
    whole = own.dataset.is_in("test")
    policy, rule = own.judged(chosen, whole), own.judged("rule", whole)
    yield Row(
        what="cost per day, own framing, all payments, EUR", figure=figure("cost per 1d", policy), digits=0
    )
    yield Row(
        what=f"cost per day, rule `{own.framing.models.rule}`, EUR",
        figure=figure("cost per 1d", rule),
        digits=0,
    )
    saved = difference("cost per 1d", rule, policy)
    yield Row(
        what="money saved per day at 100 reviews a day against the rule, EUR", figure=saved, bar=0.0,
        strict=True, digits=0, note="paired on the same payments, clustered by customer",
    )  # fmt: skip


def published_rows(one: Finished, log: Log, test: date) -> Rows:
    """Return the rows of a test week that the handbook keeps, as places in the dataset.

    Day by day it drops customers with a fraud in the training week or on a day that ended 7 days ago.
    """
    columns = one.dataset.columns
    ids = np.asarray(columns["example_id"].values, dtype=np.int64)
    begin = int(np.datetime64(test, "us").astype(np.int64))
    place = np.argsort(ids)
    kept = []
    for start_of_day in range(begin, begin + 7 * DAY, DAY):
        is_known = (log.fraud > 0) & (log.at >= begin - 14 * DAY) & (log.at < start_of_day - 7 * DAY)
        today = (log.at >= start_of_day) & (log.at < start_of_day + DAY)
        today &= ~np.isin(log.customer, log.customer[is_known])
        kept.append(log.ids[today])
    wanted = np.concatenate(kept)
    return np.asarray(place[np.searchsorted(ids, wanted, sorter=place)])


def card_precision(one: Finished, rung: str, rows: Rows) -> Figure:
    """Return the handbook's card-precision@100: per day the share of frauds among the 100 riskiest cards.

    A card's risk is its largest of the day; cards that were found are left out on later days.
    """
    judged = one.judged(rung, rows)
    columns = judged.dataset.columns
    card = codes_of(columns["customer"].values)
    score = judged.batch.predictions["fraud"].values
    fraud = judged.dataset.labels["fraud"].values.values
    day = columns["at"].values // DAY
    days = card_precision_by_day(day, card, score, fraud)
    draws = np.array(
        [
            np.average(days, weights=weight)
            for weight in cluster_weights(np.arange(len(days)), draws=DRAWS, seed=0)
        ]
    )
    ends = percentile_interval(draws)
    return Figure(
        metric="card_precision@100", value=float(days.mean()), low=ends.low, high=ends.high, n=len(rows),
        n_units=len(days), standard_error=float(draws.std()), method="bootstrap of days",
    )  # fmt: skip


def card_precision_by_day(
    day: NDArray[Any], card: NDArray[Any], score: NDArray[Any], fraud: NDArray[Any], top: int = REVIEWS
) -> NDArray[np.float64]:
    """Return the share of compromised cards among the `top` riskiest of each day."""
    found: NDArray[Any] = np.empty(0, dtype=card.dtype)
    shares = []
    for today in np.unique(day):
        rows = (day == today) & ~np.isin(card, found)
        cards, place = np.unique(card[rows], return_inverse=True)
        risk, bad = np.full(len(cards), -np.inf), np.zeros(len(cards))
        np.maximum.at(risk, place, score[rows])
        np.maximum.at(bad, place, fraud[rows])
        first = np.argsort(-risk, kind="stable")[:top]
        found = np.append(found, cards[first][bad[first] > 0])
        shares.append(bad[first].sum() / top)
    return np.asarray(shares)
