"""KuaiRand: the order of a user's videos, and what a multi-task score does that a proxy does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scripts.results.finished import Finished, difference, figure, figure_of, start
from scripts.results.places import FRAMINGS
from scripts.results.row import Part, Row
from truenorth.evaluation.contract import Judged
from truenorth.statistics.estimates import codes_of, mean

FOLDER = "kuairand_pure"
TITLE = "Video feed: KuaiRand-Pure"
ATTRIBUTION = (
    "Gao et al. (2022), KuaiRand: An Unbiased Sequential Recommendation Dataset with Randomly Exposed "
    "Videos; CC BY-SA 4.0"
)
GAUC = "gauc(long_view) by user_id"
NDCG = "ndcg@5(long_view) by user_id"
PUBLISHED = "factorisation machine with two more weeks of log"
TOP = 5
DAY = 86_400_000_000


def run(out: Path, *, fresh: bool = False) -> Part:
    done = start(FRAMINGS / "kuairand_ranking.yaml", out=out, fresh=fresh)
    return Part(
        dataset=FOLDER, title=TITLE, attribution=ATTRIBUTION, rows=(*_order(done), *_proxies(done)),
        text=(
            "Test 2022-04-29 to 05-08, trained on what precedes, of which the last day validates. The "
            "aggregates of the whole month are not read. GAUC and nDCG@5 are of a user's impressions of "
            "the whole test period, ordered by the long-view task.",
            "Top 5: the log has no request ids, so a list is a user's impressions of one UTC day, six or "
            "more of them. Each ranker orders the same lists by predictions of the same rung; rates are "
            "of the five it puts first, and the lists are of what the feed had shown already.",
        ),
        notes=(str(done.run.result["train"]["sentence"]),), runs={"run": done.told},
    )  # fmt: skip


def _order(done: Finished) -> Iterator[Row]:
    test = np.flatnonzero(done.dataset.is_in("test"))
    judged = {rung: done.judged(rung, test) for rung in done.rungs}
    chosen = done.run.chosen
    for rung in (chosen, *(name for name in judged if name != chosen)):
        bar = 0.60 if rung == chosen else None
        found = figure(GAUC, judged[rung])
        yield Row(
            what=f"GAUC, {rung}",
            figure=found,
            bar=bar,
            strict=True,
            published=f"{PUBLISHED} .6674, LightGBM .597",
        )
    ahead = difference(GAUC, judged[chosen], judged["rule"])
    yield Row(what=f"GAUC, {chosen} less the popularity rule", figure=ahead, bar=0.0, strict=True)
    ahead = difference(GAUC, judged["trees"], judged["linear"])
    yield Row(what="GAUC, trees less linear", figure=ahead, bar=0.0, strict=True)
    yield Row(what=f"AUC, {chosen}", figure=figure("roc_auc(long_view)", judged[chosen]))
    for rung in (chosen, "rule"):
        yield Row(what=f"nDCG@5, {rung}", figure=figure(NDCG, judged[rung]), published=f"{PUBLISHED} .5357")


def _proxies(done: Finished) -> Iterator[Row]:
    judged = done.judged(done.run.chosen, np.flatnonzero(done.dataset.is_in("test")))
    predictions = judged.batch.predictions
    scores = {
        "multi-task score": judged.decisions.score,
        "long-view ranker": predictions["long_view"].values,
        "click ranker": predictions["click"].values,
        "watch-time ranker": predictions["watch_seconds"].values,
    }
    labels = {"long_view": "long views", "reaction": "likes", "hate": "hates"}
    user, lists = _lists(judged)
    known = np.all([judged.dataset.labels[name].is_observed for name in labels], axis=0)
    tops = {name: top_of_lists(score, lists, known) for name, score in scores.items()}
    for label, said in labels.items():
        happened = judged.dataset.labels[label].values.values
        for name, rows in tops.items():
            what = f"{said} among the top {TOP}, {name}"
            found = figure_of(what, mean(happened[rows]), user[rows], n=len(rows), unit="user", scale="share")
            yield Row(what=what, figure=found, digits=4 if label != "hate" else 5)


def _lists(judged: Judged) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the user and the list of each row: a user's impressions of one UTC day."""
    columns = judged.dataset.columns
    user = codes_of(columns["user_id"].values)
    day = columns["at"].values // DAY
    return user, codes_of(user * 100_000 + day)


def top_of_lists(
    score: NDArray[np.float64], lists: NDArray[np.int64], known: NDArray[np.bool_], top: int = TOP
) -> NDArray[np.int64]:
    """Return the rows that a score puts first in lists longer than `top`; ties in the log's order."""
    rows = np.flatnonzero(known)
    order = rows[np.lexsort((-score[rows], lists[rows]))]
    starts = np.flatnonzero(np.append(True, np.diff(lists[order]) != 0))
    sizes = np.diff(np.append(starts, len(order)))
    place = np.arange(len(order)) - np.repeat(starts, sizes)
    return np.asarray(order[(place < top) & (np.repeat(sizes, sizes) > top)])
