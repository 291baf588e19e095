"""A population of clusters whose metrics are known, and samples of clusters from it.

Clusters are drawn with replacement, so that the population's own value is the truth of every sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tests.evaluation.scenes import DAY, START, framing, metric, outcome, prediction
from truenorth.decision.contract import Batch, Decisions
from truenorth.engine.vectors import Vector, Vectors
from truenorth.evaluation.contract import Judged
from truenorth.evaluation.measure import measure
from truenorth.examples.dataset import Dataset

N_CLUSTERS = 3_000


@dataclass(frozen=True, eq=False)
class Population:
    judged: Judged
    rows_of: list[np.ndarray]
    """Rows of each cluster."""

    def sample(self, n_clusters: int, seed: int) -> Judged:
        """Return the rows of clusters drawn with replacement, each draw a cluster of its own."""
        drawn = np.random.default_rng(seed).integers(0, len(self.rows_of), n_clusters)
        rows = np.concatenate([self.rows_of[one] for one in drawn])
        own = np.repeat(np.arange(n_clusters), [len(self.rows_of[one]) for one in drawn])
        taken = self.judged.take(rows)
        group = taken.dataset.columns["group"].values + 1_000.0 * own
        columns = taken.dataset.columns.with_columns(
            {"unit": Vector.numbers(own), "group": Vector.numbers(group)}
        )
        return replace(
            taken,
            dataset=replace(taken.dataset, columns=columns),
            batch=replace(taken.batch, columns=columns),
        )


def population(seed: int = 0, *, rate: float = -1.0) -> Population:
    """Return clusters of 1 to 12 rows that share an effect, in lists of up to four."""
    random = np.random.default_rng(seed)
    size = random.integers(1, 13, N_CLUSTERS)
    cluster = np.repeat(np.arange(N_CLUSTERS), size)
    n = len(cluster)
    place = np.arange(n) - np.repeat(np.cumsum(size) - size, size)
    shared, known = random.normal(0, 0.8, N_CLUSTERS)[cluster], random.normal(0, 1.2, n)
    probability = 1 / (1 + np.exp(-(rate + known)))
    truth = (random.random(n) < 1 / (1 + np.exp(-(rate + known + shared)))).astype(float)
    amount = np.exp(random.normal(3, 1, n) + 0.3 * shared)
    columns = Vectors(
        {
            "at": Vector.times(START + random.integers(0, 10 * DAY, n)), "unit": Vector.numbers(cluster),
            "group": Vector.numbers(place // 4), "weight": Vector.numbers(np.ones(n)),
            "amount": Vector.numbers(amount),
        },
        n,
    )  # fmt: skip
    labels = {"fraud": outcome("fraud", "binary", truth)}
    dataset = Dataset(framing(), columns, labels, {}, {"fraud": ("fraud",)})
    action = np.where(amount * probability > 15 * (1 - probability), 1, 0).astype(np.int32)
    decisions = Decisions(
        score=probability * amount, action=Vector("text", action, np.array(["allow", "block"], dtype=object))
    )
    batch = Batch(columns=columns, predictions={"fraud": prediction("fraud", "binary", probability)})
    ends = np.cumsum(size)
    rows = [np.arange(end - one, end) for end, one in zip(ends, size, strict=True)]
    return Population(Judged(dataset=dataset, batch=batch, decisions=decisions), rows)


def truth_of(whole: Population, text: str, n_clusters: int) -> float:
    """Return the population's value; a total is that of so many clusters."""
    found = measure(metric(text), _everyone(whole)).value
    assert found is not None
    return found * n_clusters / N_CLUSTERS if text.startswith(("cost", "sum")) else found


def _everyone(whole: Population) -> Judged:
    cluster = whole.judged.dataset.columns["unit"].values
    group = whole.judged.dataset.columns["group"].values + 1_000.0 * cluster
    columns = whole.judged.dataset.columns.with_columns({"group": Vector.numbers(group)})
    dataset = replace(whole.judged.dataset, columns=columns)
    return replace(whole.judged, dataset=dataset, batch=replace(whole.judged.batch, columns=columns))


def coverage(whole: Population, text: str, *, n_clusters: int, draws: int) -> float:
    """Return the share of samples whose interval holds the truth."""
    truth, reference = truth_of(whole, text, n_clusters), metric(text)
    inside = 0
    for seed in range(draws):
        found = measure(reference, whole.sample(n_clusters, seed))
        assert found.low is not None and found.high is not None
        inside += found.low <= truth <= found.high
    return inside / draws
