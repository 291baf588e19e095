"""SMS spam: as much as can be blocked while good messages are promised to get through."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scripts.results.finished import Finished, figure, start
from scripts.results.places import FRAMINGS
from scripts.results.row import Part, Row
from truenorth.evaluation.contract import Figure
from truenorth.statistics.binomial import clopper_pearson

FOLDER = "sms_spam"
TITLE = "Spam filter: SMS Spam Collection"
ATTRIBUTION = "Almeida, Gomez Hidalgo (2011), SMS Spam Collection; CC BY 4.0"
CEILING = 0.002


def run(out: Path, *, fresh: bool = False) -> Part:
    done = start(FRAMINGS / "sms_spam.yaml", out=out, fresh=fresh)
    promise = done.run.result["policy"].get("guarantee", {})
    return Part(
        dataset=FOLDER, title=TITLE, attribution=ATTRIBUTION, rows=tuple(_rows(done, promise)),
        text=(
            "No dates, so the split is by a hash of the text, equal texts together. The threshold is an "
            "order statistic of the scores of good messages that neither the model nor its calibrator "
            "saw.",
        ),
        notes=(str(done.run.result["train"]["sentence"]), str(done.run.result["decision"])),
        runs={"run": done.told},
    )  # fmt: skip


def _rows(done: Finished, promise: dict[str, float]) -> list[Row]:
    judged = done.judged(done.run.chosen, np.flatnonzero(done.dataset.is_in("test")))
    action = judged.decisions.action
    blocked = action.texts() == "block" if action is not None else np.zeros(judged.dataset.n_rows, dtype=bool)
    spam = judged.dataset.labels["spam"].values.values == 1
    seen, needed = int(promise.get("n", 0)), int(promise.get("needed", 0))
    threshold = Figure(metric="threshold", value=promise.get("threshold"), n=seen)
    sure = f"{promise.get('confidence', 0):.0%} sure by {seen:,} good messages, {needed:,} needed"
    bound = Figure(
        metric="promise", value=promise["ceiling"] if promise.get("threshold") is not None else None,
        n=seen, note=sure,
    )  # fmt: skip
    return [
        Row(what="threshold on the probability of spam", figure=threshold, digits=4),
        Row(
            what="promised: share of good messages blocked, at most", figure=bound, bar=CEILING,
            higher_is_better=False, digits=4, note=sure,
        ),
        Row(
            what="good messages blocked, test", figure=_exact(blocked, ~spam), digits=4,
            note=f"{int((blocked & ~spam).sum())} of {int((~spam).sum()):,}; too few to prove the ceiling",
        ),
        Row(what="spam blocked, test", figure=_exact(blocked, spam)),
        Row(what="average precision, test", figure=figure("average_precision(spam)", judged)),
    ]  # fmt: skip


def _exact(hits: np.ndarray, among: np.ndarray) -> Figure:
    """Return a share with its exact binomial interval; every message is a unit."""
    count, n = int((hits & among).sum()), int(among.sum())
    low, high = clopper_pearson(count, n)
    return Figure(
        metric="share",
        value=count / n,
        low=float(low),
        high=float(high),
        n=n,
        n_units=n,
        method="exact binomial",
    )
