"""Which settings of trees are searched, and how a trial is judged: by the loss on validation rows."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from truenorth.models.contract import FitSettings
from truenorth.models.trees_boost import Grown
from truenorth.models.trees_settings import TreeSettings
from truenorth.models.trees_work import Work, grow_bags
from truenorth.models.tuning import Choice, Space, Span, Trial, search

SPACE: Space = {
    "learning_rate": Span(0.02, 0.2, log=True),
    "leaves": Span(4, 128, log=True, whole=True),
    "min_leaf": Span(5, 300, log=True, whole=True),
    "min_hessian": Span(1e-3, 10.0, log=True),
    "l2": Span(1e-2, 100.0, log=True),
    "column_share": Span(0.4, 1.0),
    "row_share": Choice((0.5, 0.7, 0.9, 1.0)),
}


def tune(
    work: Work, shape: TreeSettings, settings: FitSettings, deadline: float | None
) -> tuple[TreeSettings, list[list[Grown]], dict[str, Any]]:
    """Return the best settings found, the boosters grown with them, and what was tried.

    The defaults are tried first, so that tuning is never worse than none on the rows it is judged on. Without
    validation rows there is nothing to judge by, and the defaults stay.
    """
    if work.validation is None:
        return shape, grow_bags(work, shape, deadline=deadline), {"trials": 0, "why": "no validation rows"}
    best: dict[float, tuple[TreeSettings, list[list[Grown]]]] = {}

    def judge(values: dict[str, Any], trial: Trial) -> float:
        tried = replace(shape, **values)
        one_booster = work.head.boosters == 1 and tried.bags == 1
        grown = grow_bags(work, tried, deadline=deadline, report=trial.report if one_booster else None)
        losses = [one.loss for bag in grown for one in bag if one.loss is not None]
        loss = float(sum(losses) / len(losses))
        if not best or loss < min(best):
            best.clear()
            best[loss] = (tried, grown)
        return loss

    first = {name: asdict(shape)[name] for name in SPACE}
    found = search(judge, SPACE, first=first, trials=settings.trials, deadline=deadline, seed=settings.seed)
    chosen, grown = next(iter(best.values()))
    return chosen, grown, found.to_dict()
