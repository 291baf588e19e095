"""The metrics that are reported for every task of a kind, asked for or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from truenorth.evaluation.families import binary, catalogue, decided, numbers
from truenorth.evaluation.measure import Ask
from truenorth.evaluation.reading import Reading
from truenorth.framing.expressions import quote_name
from truenorth.framing.references import MetricReference
from truenorth.models.rows import QUANTILE

RECALL = 0.8
RATE = 0.01


@dataclass(frozen=True, eq=False)
class Asked:
    """One metric to report."""

    reference: MetricReference
    ask: Ask | None = None
    name: str | None = None

    @property
    def title(self) -> str:
        """What the figure is called."""
        return self.name or str(self.reference)


def declared(reading: Reading, primary: MetricReference) -> list[Asked]:
    """Return the metrics that the framing names: the objective's, the KPI's and the further ones."""
    framing = reading.framing
    kpi = [framing.business.kpi.metric] if framing.business.kpi else []
    return _distinct(Asked(one) for one in (primary, *kpi, *framing.evaluation.metrics))


def standard(reading: Reading) -> list[Asked]:
    """Return the metrics of each predicted task, and of what was decided, that every report shows."""
    found = [one for task in reading.judged.batch.predictions for one in _of_task(reading, task)]
    return _distinct([*found, *_of_lists(reading), *_of_decisions(reading)])


def _distinct(asked: Iterator[Asked] | list[Asked]) -> list[Asked]:
    return list({one.title: one for one in asked}.values())


def _parsed(*texts: str) -> list[Asked]:
    return [Asked(MetricReference.parse(text)) for text in texts]


def _of_task(reading: Reading, task: str) -> list[Asked]:
    label = reading.judged.dataset.labels.get(task)
    prediction = reading.judged.batch.predictions[task]
    if label is None or prediction.task.loss in ("pairwise", "listwise"):
        return []
    name = quote_name(task)
    kind = prediction.task.kind
    if kind == "binary":
        return [
            *_parsed(*(f"{metric}({name})" for metric in _BINARY)), *_of_brier(name), *_of_curves(name)
        ]  # fmt: skip
    if kind in ("number", "amount", "grade"):
        found = _parsed(f"rmse({name})", f"mae({name})", f"r2({name})", f"smape({name})")
        scaled = _parsed(f"mase({name})") if reading.judged.scale is not None else []
        return [*found, *scaled, *_of_quantiles(reading, task, name)]
    if kind == "class":
        return _parsed(
            f"accuracy({name})", f"balanced_accuracy({name})", f"log_loss({name})", f"brier({name})"
        )
    return _parsed(f"concordance({name})", *(f"brier({name} <= {end:g})" for end in prediction.task.bins))


_BINARY = ("roc_auc", "average_precision", "log_loss", "brier", "calibration_error", "calibration_slope")


def _of_brier(name: str) -> list[Asked]:
    reference = MetricReference.parse(f"brier({name})")
    return [
        Asked(reference, ask, f"{part} part of brier({name})") for part, ask in binary.BRIER_PARTS.items()
    ]


def _of_curves(name: str) -> list[Asked]:
    reference = MetricReference.parse(f"roc_auc({name})")
    at_rate, at_recall = binary.recall_at_false_positive_rate(RATE), binary.precision_at_recall(RECALL)
    return [
        Asked(reference, at_rate, f"recall({name}) at a false-positive rate of {RATE:.0%}"),
        Asked(reference, at_recall, f"precision({name}) at a recall of {RECALL:.0%}"),
    ]


def _of_quantiles(reading: Reading, task: str, name: str) -> list[Asked]:
    one = reading.judged.batch.predictions.get(task + QUANTILE) or reading.judged.batch.predictions[task]
    levels = one.task.levels
    if not levels:
        return []
    found = _parsed(f"pinball({name})")
    for low in levels:
        if low < 0.5 and any(abs(1 - low - high) < 1e-9 for high in levels):
            level = f"{1 - 2 * low:.6g}"
            found += _parsed(f"coverage({name}, {level})", f"width({name}, {level})")
            score = MetricReference.parse(f"width({name}, {level})")
            found.append(Asked(score, numbers.interval_score, f"interval score({name}, {level})"))
    return found


def _of_lists(reading: Reading) -> list[Asked]:
    if reading.group() is None:
        return []
    policy = reading.framing.policy
    at = policy.rank.show if policy and policy.rank and policy.rank.show else 10
    found = _parsed(f"value@{at}")
    for task, one in reading.judged.batch.predictions.items():
        label = reading.judged.dataset.labels.get(task)
        name = quote_name(task)
        if label is not None and one.task.kind in ("binary", "grade"):
            found += _parsed(f"ndcg@{at}({name})")
        if label is not None and one.task.kind == "binary":
            found += _parsed(f"mean_average_precision@{at}({name})", f"mrr({name})", f"hit_rate@{at}({name})",
                             f"gauc({name})")  # fmt: skip
    return found + _of_catalogue(reading, at)


def _of_catalogue(reading: Reading, at: int) -> list[Asked]:
    """Return what lists show: of which items, and of what the re-ranking rules name."""
    rank = reading.framing.policy.rank if reading.framing.policy else None
    ruled = [one.diverse or one.per for one in rank.rules] if rank else []
    kinds = [name for name in dict.fromkeys(ruled) if name and name in reading.vectors]
    item = catalogue.item_column(reading.judged.dataset)
    first = f"in the first {at}"
    found = []
    if item is not None:
        shown = MetricReference.parse(f"distinct@{at}({quote_name(item)})")
        found.append(Asked(shown, catalogue.coverage, f"share of {item} shown {first}"))
        if reading.judged.popularity is not None:
            found.append(Asked(shown, catalogue.novelty, f"novelty of {item} {first}, bits"))
    for name in kinds:
        pairs = MetricReference.parse(f"distinct@{at}({quote_name(name)})")
        found.append(Asked(pairs, catalogue.diversity, f"pairs of different {name} {first}"))
    if reading.judged.decisions.rank is not None:
        found += _parsed(*(f"gini(shown) by {name}" for name in [*([item] if item else []), *kinds]))
    return found


def _of_decisions(reading: Reading) -> list[Asked]:
    policy, decisions = reading.framing.policy, reading.judged.decisions
    if policy is None:
        return []
    found = _parsed("cost") if policy.actions or policy.quantity or policy.bid else []
    if policy.quantity:
        task = quote_name(policy.quantity.task)
        found += [
            Asked(
                MetricReference.parse(f"mae({task})"),
                decided.quantity_cost(side),
                f"mean cost of {side}({task})",
            )
            for side in decided.SIDES
        ]
    if decisions.action is None or decisions.rank is not None or policy.form == "bid":
        return found
    acted_on = reading.labels_in(*policy.actions.values()) | (
        {policy.threshold.task} if policy.threshold else set()
    )
    for name, label in reading.judged.dataset.labels.items():
        if label.kind == "binary" and name in acted_on:
            found += _parsed(*(f"{metric}({quote_name(name)})" for metric in _ACTED))
    if decisions.action.levels is not None:
        levels = sorted(one for one in decisions.action.levels if one is not None)
        found += _parsed(*(f"share(action = '{one.replace(chr(39), chr(39) * 2)}')" for one in levels))
    return found


_ACTED = ("precision", "recall", "false_positive_rate", "f1")
