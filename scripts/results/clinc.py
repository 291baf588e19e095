"""CLINC150: 150 intents and questions that are out of scope, with the linear model and abstention."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.results.finished import Finished, figure_of, start
from scripts.results.places import DATA, FRAMINGS
from scripts.results.row import Part, Row
from truenorth.statistics.estimates import mean
from truenorth.systems.reshape import clinc150_queries

FOLDER = "clinc150"
TITLE = "Intent routing: CLINC150"
ATTRIBUTION = (
    "Larson et al. (2019), An Evaluation Dataset for Intent Classification and Out-of-Scope Prediction; "
    "CC BY 3.0"
)
PUBLISHED = "SVM 91.0 / 14.5, FastText 89.0 / 9.7, MLP 93.5 / 47.4, BERT 96.9 / 40.3"


def run(out: Path, *, fresh: bool = False) -> Part:
    done = start(
        FRAMINGS / "clinc150_intent.yaml", out=out, fresh=fresh, frames={"queries": queries(out)},
    )  # fmt: skip
    return Part(
        dataset=FOLDER, title=TITLE, attribution=ATTRIBUTION, rows=tuple(_rows(done)),
        text=(
            "The publisher's parts. In-scope accuracy is the likeliest of the 150 intents on in-scope "
            "test questions. An out-of-scope question is recalled where the policy asks instead of "
            "routing: it routes where the chance of a wrong desk costs less than asking, with "
            "probabilities calibrated on validation questions.",
        ),
        notes=(str(done.run.result["train"]["sentence"]), str(done.run.result["decision"])),
        runs={"run": done.told},
    )  # fmt: skip


def queries(out: Path) -> pa.Table:
    """Return one row per question, as the framing reads them."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "clinc150.parquet"
    clinc150_queries(DATA / FOLDER, path)
    return pq.read_table(path)


def _rows(done: Finished) -> list[Row]:
    test = np.flatnonzero(done.dataset.is_in("test"))
    judged = done.judged("linear", test)
    data, task = judged.dataset, judged.batch.predictions["intent"]
    is_inside = data.labels["in_scope"].values.values == 1
    truth = data.labels["intent"].values.texts()
    said = np.array(task.task.classes, dtype=object)[task.values.argmax(axis=1)]
    routed = judged.decisions.action.texts() == "route" if judged.decisions.action is not None else ~is_inside
    right, row = said == truth, np.arange(len(truth))

    def share(what: str, hits: np.ndarray, among: np.ndarray, **more: object) -> Row:
        found = mean(hits[among].astype(float))
        figure = figure_of(what, found, row[among], n=int(among.sum()), unit="question", scale="share")
        return Row(what=what, figure=figure, **more)  # type: ignore[arg-type]

    everything = np.ones(len(row), dtype=bool)
    return [
        share("in-scope accuracy", right, is_inside, published=PUBLISHED, bar=0.910),
        share("out-of-scope recall", ~routed, ~is_inside, published=PUBLISHED, bar=0.145, strict=True),
        share("in-scope accuracy, abstaining counts as wrong", right & routed, is_inside),
        share("in-scope questions that are routed", routed, is_inside),
        share("routed questions that reach the right desk", right & is_inside, routed),
        share("questions routed", routed, everything),
    ]
