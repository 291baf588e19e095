"""Searching settings within a budget of trials and time (optuna's tree-structured Parzen estimator).

The search knows no model: it asks a function for the loss of some settings on validation rows. The
settings given are judged first, so that what comes back is never worse than them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from truenorth.errors import missing_extra

WARM_UP_STEPS = 100
"""Rounds before a trial may be given up: slow learners look bad early."""


@dataclass(frozen=True)
class Span:
    """Numbers from `low` to `high`."""

    low: float
    high: float
    log: bool = False
    """Whether the search is even on the logarithm."""
    whole: bool = False


@dataclass(frozen=True)
class Choice:
    """One of these values."""

    values: tuple[Any, ...]


Space = Mapping[str, Span | Choice]


class Trial(Protocol):
    """One attempt, told how it goes."""

    def report(self, step: int, loss: float) -> None:
        """Say the loss so far; may raise to give the attempt up."""
        ...


Judge = Callable[[dict[str, Any], Trial], float]
"""Returns the loss of settings on validation rows."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search came back with."""

    best: dict[str, Any]
    loss: float
    first_loss: float
    """Loss of the settings it began with."""
    trials: int
    """Settings judged, those given up included, the first ones not."""
    pruned: int
    seconds: float
    stopped: str
    """`trials` or `time`."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "best": self.best, "loss": self.loss, "first_loss": self.first_loss, "trials": self.trials,
            "pruned": self.pruned, "stopped": self.stopped,
        }  # fmt: skip


def search(
    judge: Judge, space: Space, *, first: Mapping[str, Any], trials: int, deadline: float | None, seed: int
) -> Found:
    """Search for the settings with the least loss.

    Args:
        judge: Loss of settings; it has to keep the deadline itself.
        space: What may vary.
        first: Settings judged before any other; those outside the space are judged all the same.
        trials: Settings to try beyond the first, >= 0.
        deadline: `time.monotonic()` after which no trial begins; None is none.
        seed: Seed of the search; the same seed tries the same settings.

    Raises:
        EngineError: If optuna is not installed.

    References:
        Bergstra et al. (2011). Algorithms for Hyper-Parameter Optimization. NeurIPS.
        Akiba et al. (2019). Optuna: A Next-generation Hyperparameter Optimization Framework. KDD.
    """
    optuna = _optuna()
    began = time.monotonic()
    first_loss = judge(dict(first), _Silent())
    study = optuna.create_study(
        direction="minimize", sampler=optuna.samplers.TPESampler(seed=seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=WARM_UP_STEPS),
    )  # fmt: skip
    best, loss, done, pruned = dict(first), first_loss, 0, 0
    while done < trials and (deadline is None or time.monotonic() < deadline):
        trial = study.ask()
        values = {name: _suggest(trial, name, span) for name, span in space.items()}
        done += 1
        try:
            tried = judge(values, _Watched(trial, optuna.TrialPruned))
        except optuna.TrialPruned:
            pruned += 1
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            continue
        study.tell(trial, tried)
        if tried < loss:
            best, loss = values, tried
    return Found(
        best=best, loss=loss, first_loss=first_loss, trials=done, pruned=pruned,
        seconds=time.monotonic() - began, stopped="trials" if done == trials else "time",
    )  # fmt: skip


class _Silent:
    def report(self, step: int, loss: float) -> None:
        """Ignore it: the first settings are always judged to the end."""


@dataclass(frozen=True)
class _Watched:
    trial: Any
    pruned: type[Exception]

    def report(self, step: int, loss: float) -> None:
        """Pass it on, and give up where others were better at this step."""
        self.trial.report(loss, step)
        if self.trial.should_prune():
            raise self.pruned


def _suggest(trial: Any, name: str, span: Span | Choice) -> Any:
    if isinstance(span, Choice):
        return trial.suggest_categorical(name, span.values)
    if span.whole:
        return trial.suggest_int(name, int(span.low), int(span.high), log=span.log)
    return trial.suggest_float(name, span.low, span.high, log=span.log)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise missing_extra("optuna", "tune", "tuning") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna
