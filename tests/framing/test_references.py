"""Metric references and constraints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from truenorth.framing.expressions import parse_expression
from truenorth.framing.metrics import METRICS
from truenorth.framing.references import Constraint, MetricReference

REFERENCES = {
    "average_precision(fraud)": "average_precision(fraud)",
    "gauc(long_view) by user": "gauc(long_view) by user",
    "ndcg@10(gain)": "ndcg@10(gain)",
    "mean(returned) by user mean": "mean(returned) by user mean",
    "sum(fraud*amount) where action = 'allow' per 1d": "sum(fraud * amount) where action = 'allow' per 1d",
    "sum(twice * b_sum where action = 'pay') per 30d": "sum(twice * b_sum) where action = 'pay' per 30d",
    "recall@1000(candidates)": "recall@1000(candidates)",
    "value@10": "value@10",
    "cost per 1d": "cost per 1d",
    "-cost per 30d": "-cost per 30d",
    "external": "external",
    "external(complaint rate)": "external(complaint rate)",
    "external(complaints per call)": "external(complaints per call)",
    "share(action = 'route' and wrong(intent))": "share(action = 'route' AND wrong(intent))",
    "any(purchase) by session mean": "any(purchase) by session mean",
    "average_precision(tag) by class mean": "average_precision(tag) by class mean",
    "precision@300(churn) per 7d": "precision@300(churn) per 7d",
    "brier(lapse <= 60d)": "brier(lapse <= 60)",
    "share(minutes <= promise)": "share(minutes <= promise)",
    "gini(shown) by creator": "gini(shown) by creator",
    "smape(units) by series mean": "smape(units) by series mean",
    "coverage(units, 0.95)": "coverage(units, 0.95)",
    "coverage(greatest(a, b), .5)": "coverage(greatest(a, b), 0.5)",
    "mean(x) where name = 'by per where'": "mean(x) where name = 'by per where'",
    'mean(x) by "order"': 'mean(x) by "order"',
    "roc_auc": "roc_auc",
    "policy_value": "policy_value",
    "kpi": "kpi",
}

CONSTRAINTS = {
    "share(action = 'approve') by sex ratio >= 0.8": (">=", 0.8),
    "share(action = 'approve') where defaulted = 0 by age_band gap <= 0.05": ("<=", 0.05),
    "share(action = 'ask') where not in_scope >= 0.145": (">=", 0.145),
    "average_precision(fraud) < 0.9 * released": ("<", 0.9),
    "value@10 < 0.9 * released": ("<", 0.9),
    "latency_p99 <= 50ms": ("<=", 50.0),
    "latency_p99 <= 2s": ("<=", 2000.0),
    "coverage(units, 0.95) >= 0.93": (">=", 0.93),
    "share(minutes > promise) <= 0.1": ("<=", 0.1),
    "precision(tag) by class worst >= 0.9": (">=", 0.9),
    "false_positive_rate <= 0.5%": ("<=", 0.005),
    "mean(hide) <= 0.004 on estimate": ("<=", 0.004),
    "recall(pairs) >= 0.98": (">=", 0.98),
    "mean(x) where y > 3 > -1e-3": (">", -0.001),
}


@pytest.mark.parametrize(("text", "canonical"), REFERENCES.items(), ids=REFERENCES.keys())
def test_a_reference_has_one_canonical_text(text, canonical):
    reference = MetricReference.parse(text)
    assert str(reference) == canonical
    assert MetricReference.parse(canonical) == reference


@pytest.mark.parametrize(("text", "wanted"), CONSTRAINTS.items(), ids=CONSTRAINTS.keys())
def test_a_constraint_is_a_metric_with_a_bound(text, wanted):
    constraint = Constraint.parse(text)
    assert (constraint.operator, constraint.bound) == wanted
    assert Constraint.parse(str(constraint)) == constraint


def test_the_parts_of_a_reference_are_typed():
    constraint = Constraint.parse("share(action = 'approve') where y = 0 by sex ratio >= 80% on estimate")
    metric = constraint.metric
    assert metric.argument == parse_expression("action = 'approve'")
    assert metric.where == parse_expression("y = 0")
    assert (metric.by, metric.reduction) == ("sex", "ratio")
    assert metric.columns == {"action", "y", "sex"}
    assert (constraint.unit, constraint.on_estimate, constraint.of_released) == ("%", True, False)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("user satisfaction", r"write external\(user satisfaction\)"),
        ("people come back because the feed was good", "expected a known metric"),
        ("averge_precision(fraud)", "did you mean 'average_precision'"),
        ("", "expected a metric such as"),
        ("mean", r"expected an expression in mean"),
        ("mean(fraud", "closing bracket"),
        ("mean(fraud))", "expected where, by, per or nothing"),
        ("mean()", "expected an expression"),
        ("mean(a, b)", "expected a number after the comma"),
        ("mean(a, 1)", "expected one argument"),
        ("cost(fraud)", "without brackets"),
        ("roc_auc@10(fraud)", "without @10"),
        ("ndcg@0(gain)", "without @0"),
        ("mean(x) by user median", r"by COLUMN \[mean\|worst\|gap\|ratio\]"),
        ("mean(x) per month", "expected a duration"),
        ("mean(x) per 0s", "positive duration"),
        ("mean(x) per 1d by user", "once and in this order"),
        ("mean(x where y) where z", "one where"),
        ("mean(drop table users)", "expected scalar SQL"),
        ("mean(x) <= 3", "expected where, by, per or nothing"),
    ],
)
def test_what_is_no_reference_is_refused(text, part):
    with pytest.raises(PydanticCustomError, match=part):
        MetricReference.parse(text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("mean(x)", "expected a bound"),
        ("mean(x) = 3", "expected <, <=, > or >="),
        ("mean(x) <= lots", "expected"),
        ("fast <= 3", "expected a known metric"),
        ("latency_p99 <= 50 ms or so", "expected"),
    ],
)
def test_what_is_no_constraint_is_refused(text, part):
    with pytest.raises(PydanticCustomError, match=part):
        Constraint.parse(text)


@given(st.text("abcmeanshr@(),'\" <=>0.19%*wherbypd", max_size=60))
def test_any_text_is_a_reference_or_refused(text):
    for parse in (MetricReference.parse, Constraint.parse):
        try:
            value = parse(text)
        except PydanticCustomError:
            continue
        assert parse(str(value)) == value


def test_every_metric_says_what_it_measures():
    for name, metric in METRICS.items():
        assert name.isidentifier() and name == name.lower()
        assert metric.meaning
    assert list(METRICS) == sorted(METRICS)
