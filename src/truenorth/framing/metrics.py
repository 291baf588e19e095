"""The metrics a framing may name: one table, so that a prose metric cannot exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """One metric name of the language."""

    meaning: str
    """What it measures, in one sentence."""
    direction: Literal["up", "down", "none"]
    """Which way is good."""
    argument: Literal["optional", "required", "none", "text"] = "optional"
    """Whether it takes an expression; without one it measures the score's task."""
    at: bool = False
    """Whether `@K` is allowed: only the first K of a list."""
    parameter: bool = False
    """Whether a second argument, a number, is allowed."""


METRICS: dict[str, Metric] = {
    "accuracy": Metric("share of rows whose chosen class is right", "up"),
    "any": Metric("share of groups in which it happened at least once", "up", "required"),
    "auuc": Metric("area under the uplift curve", "up"),
    "average_precision": Metric("area under precision and recall", "up", at=True),
    "balanced_accuracy": Metric("mean recall over the classes", "up"),
    "brier": Metric("mean squared error of a probability", "down"),
    "calibration_error": Metric("mean distance of predicted from observed rate", "down"),
    "calibration_slope": Metric("slope of observed on predicted log-odds; 1 is right", "none"),
    "concordance": Metric("share of comparable pairs whose times are in the predicted order", "up"),
    "cost": Metric("realised cost of the actions taken", "down", "none"),
    "count": Metric("number of rows", "none"),
    "coverage": Metric("share of values inside their interval", "none", "required", parameter=True),
    "distinct": Metric("number of distinct values", "none", "required", at=True),
    "external": Metric("measured elsewhere: always `not assessed` offline", "none", "text"),
    "f1": Metric("harmonic mean of precision and recall", "up"),
    "false_negative_rate": Metric("share of positives that were let pass", "down"),
    "false_positive_rate": Metric("share of negatives that were acted on", "down"),
    "gauc": Metric("ROC area within each group, weighted by its rows", "up"),
    "gini": Metric("concentration of a total over a column's values, 0 even to 1", "down", "required"),
    "hit_rate": Metric("share of lists with a hit among the first K", "up", at=True),
    "kpi": Metric("the metric of business.kpi", "none", "none"),
    "latency_p50": Metric("median time of one decision", "down", "none"),
    "latency_p90": Metric("time within which 90 % of decisions are made", "down", "none"),
    "latency_p95": Metric("time within which 95 % of decisions are made", "down", "none"),
    "latency_p99": Metric("time within which 99 % of decisions are made", "down", "none"),
    "log_loss": Metric("mean negative log-likelihood of what happened", "down"),
    "mae": Metric("mean absolute error", "down"),
    "mape": Metric("mean absolute error relative to the value", "down"),
    "mase": Metric("absolute error relative to the seasonal naive forecast", "down"),
    "max": Metric("largest value", "none", "required"),
    "mean": Metric("mean of a realised value", "none", "required"),
    "mean_average_precision": Metric("mean over lists of average precision", "up", at=True),
    "min": Metric("smallest value", "none", "required"),
    "mrr": Metric("mean over lists of one over the rank of the first hit", "up", at=True),
    "ndcg": Metric("gain of a list's order relative to the best order", "up", at=True),
    "pinball": Metric("quantile loss at the stated level", "down", parameter=True),
    "policy_value": Metric("value of the policy by its logged propensities", "up"),
    "precision": Metric("share of those acted on that are positive", "up", at=True),
    "qini": Metric("uplift gained over random targeting", "up"),
    "quantile": Metric("quantile of a realised value", "none", "required", parameter=True),
    "r2": Metric("share of the variance explained", "up"),
    "recall": Metric("share of positives that are found", "up", at=True),
    "rmse": Metric("root of the mean squared error", "down"),
    "roc_auc": Metric("chance that a positive outranks a negative", "up"),
    "share": Metric("share of rows for which a condition holds", "none", "required"),
    "smape": Metric("absolute error relative to the mean of value and forecast", "down"),
    "specificity": Metric("share of negatives that were let pass", "up"),
    "std": Metric("sample standard deviation of a realised value", "none", "required"),
    "sum": Metric("total of a realised value", "none", "required"),
    "true_positive_rate": Metric("share of positives that were acted on", "up"),
    "value": Metric("realised value of the score over the first K of a list", "up", at=True),
    "width": Metric("mean width of the interval of the stated level", "down", "required", parameter=True),
}  # fmt: skip
