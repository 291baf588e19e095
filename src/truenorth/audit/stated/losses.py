"""Which losses do not fit the decision: one check per way of not fitting, for one task at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from truenorth.audit.stated.decided import Path, computed_with, ranked_alone
from truenorth.framing.framing import Framing
from truenorth.models.rows import asked_of_tasks

OF_MEANS = frozenset(("squared", "absolute", "huber", "log_squared", "poisson", "tweedie", "quantile"))
"""Losses whose best prediction is a mean, a median or a quantile of the value itself."""
OF_ROWS = OF_MEANS | {"log", "cross_entropy", "ordinal", "focal", "pointwise"}
"""Losses that judge one row at a time."""
OF_LISTS = frozenset(("ndcg", "mrr", "mean_average_precision", "gauc"))
"""Metrics that read nothing but the order within a list."""


@dataclass(frozen=True)
class Mismatch:
    """One loss that does not fit."""

    path: Path
    evidence: str
    fix: str


def mismatches(framing: Framing, task: str) -> Iterator[Mismatch]:
    """Yield how the loss of a task does not fit what is decided with it, the plainest first."""
    loss = str(asked_of_tasks(framing)[task][0])
    found = (check(framing, task, loss) for check in (_of_a_list, _of_a_sum, _of_a_quantity, _of_a_time))
    yield from (one for one in found if one is not None)


def _place(framing: Framing, task: str) -> Path:
    is_named = task in framing.models.tasks and framing.models.tasks[task].loss is not None
    return ("models", "tasks", task, "loss") if is_named else ("models", "tasks")


def _of_a_list(framing: Framing, task: str, loss: str) -> Mismatch | None:
    """A list that one task orders alone needs the order of pairs, not the value of each row."""
    if ranked_alone(framing) != task or task in computed_with(framing):
        return None
    metric = framing.objective.metric
    is_judged_by_order = metric is not None and metric.name in OF_LISTS
    if loss not in (OF_ROWS if is_judged_by_order else OF_MEANS):
        return None
    judged = f", which {metric} judges by its order," if is_judged_by_order else ","
    return Mismatch(
        _place(framing, task),
        f"expected a loss of pairs or lists where {task!r} alone orders the list{judged} "
        f"got {loss!r} of single rows.",
        f"tasks: {{{task}: {{loss: listwise}}}}",
    )


def _of_a_sum(framing: Framing, task: str, loss: str) -> Mismatch | None:
    """A median or a quantile cannot be added up or priced: expected values need means."""
    quantity = framing.policy.quantity if framing.policy else None
    place = computed_with(framing).get(task)
    if loss not in ("absolute", "quantile") or place is None or (quantity and quantity.task == task):
        return None
    return Mismatch(
        _place(framing, task),
        f"expected a mean of {task!r} in {'.'.join(map(str, place))}, got the loss {loss!r}, "
        "whose prediction is none.",
        f"tasks: {{{task}: {{loss: squared}}}}",
    )


def _of_a_quantity(framing: Framing, task: str, loss: str) -> Mismatch | None:
    """A quantity is a quantile: the level that its two costs ask for must be among those learned."""
    quantity = framing.policy.quantity if framing.policy else None
    settings = framing.models.tasks.get(task)
    levels = settings.levels if settings else ()
    if quantity is None or quantity.task != task or loss != "quantile" or not levels:
        return None
    if any(abs(level - quantity.level) < 5e-4 for level in levels):
        return None
    wanted = sorted({*levels, round(quantity.level, 4)})
    return Mismatch(
        ("models", "tasks", task, "levels"),
        f"expected the level {quantity.level:.4g} = under / (under + over) of {quantity.name!r}, "
        f"got {', '.join(f'{level:g}' for level in levels)}.",
        f"levels: [{', '.join(f'{level:g}' for level in wanted)}]",
    )


def _of_a_time(framing: Framing, task: str, loss: str) -> Mismatch | None:
    """A time to an event that has not happened yet is no number: its loss must know of censoring."""
    if framing.labels[task].kind != "time_to_event" or loss == "hazard":
        return None
    return Mismatch(
        _place(framing, task),
        f"expected a loss that knows of events still to come, got {loss!r} for the time {task!r}.",
        f"tasks: {{{task}: {{loss: hazard}}}}",
    )


def reshaped(framing: Framing) -> Mapping[str, tuple[Path, str]]:
    """Return the tasks that learn from another share of positives than there is: where, and by what."""
    found: dict[str, tuple[Path, str]] = {}
    for task, settings in framing.models.tasks.items():
        ways = {
            "downsample": settings.downsample not in (None, 1.0),
            "weight": settings.weight not in (None, 1.0),
            "loss": settings.loss == "focal",
            "negatives": settings.negatives is not None,
        }
        way = next((name for name, is_used in ways.items() if is_used), None)
        if way is not None:
            found[task] = ("models", "tasks", task, way), f"{way}: {getattr(settings, way)}"
    return found
