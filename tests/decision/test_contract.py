"""One suite over every form of policy."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.decision.policies import binary, framing, labels_of, number, rows
from truenorth.decision.contract import Batch
from truenorth.decision.fit import fit_policy, load_policy
from truenorth.engine.vectors import Vector
from truenorth.errors import TrueNorthError

POLICIES = {
    "score": "",
    "actions": "{actions: {allow: fraud * amount, review: 5, block: 15 * (1 - fraud)}}",
    "capacity": "{actions: {allow: fraud * amount, review: 5}, capacity: {review: 3 per 1d}}",
    "together": "{actions: {allow: fraud * amount, review: 5}, capacity: {review: 3 per 1d together}}",
    "explored": "{actions: {allow: fraud * amount, review: 5}, explore: {share: 20%},"
    " capacity: {review: 3 per 1d}}",
    "threshold": "{threshold: {task: fraud, act: block, keep: false_positive_rate <= 20%}}",
    "precision": "{threshold: {task: fraud, act: block, keep: precision >= 0.1, maximise: f1}}",
    "select": "{select: {top: 5 per 1d, by: fraud * amount}}",
    "rank": "{rank: {by: score, show: 4, rules: [{at_most: 2, per: creator}, {drop: blocked},"
    " {fresh: 1, where: age < 3}, {diverse: topic}, {pin: amount > 60}]},"
    " explore: {share: 30%, how: softmax, temperature: 5}}",
    "quantity": "{quantity: {order: minutes, over: 1, under: 4}}",
    "bid": "{bid: {amount: score, price: price, budget: 20 per 1d, pace: even}}",
    "each": "{each: tag, actions: {attach: 2 * (1 - tag), skip: tag}}",
}
SCORES = {"each": "tag", "quantity": "minutes"}


def example(form: str, n: int = 400):
    """Return framing, batch and labels of one form."""
    random = np.random.default_rng(3)
    probability = random.beta(1, 4, n)
    columns = rows(
        n,
        days=4,
        group=Vector.text([f"g{i // 7}" for i in range(n)]),
        creator=Vector.text([f"c{i}" for i in random.integers(0, 5, n)]),
        topic=Vector.text([f"t{i}" if i else None for i in random.integers(0, 3, n)]),
        age=random.exponential(4, n),
        blocked=Vector.booleans(random.random(n) < 0.2),
        price=random.exponential(3, n),
    )
    batch = Batch(
        columns=columns,
        predictions={
            "fraud": binary(probability),
            "minutes": number(random.normal(20, 4, n)),
            "tag_red": binary(probability, "tag_red"),
            "tag_wool": binary(1 - probability, "tag_wool"),
        },
    )
    framed = framing(POLICIES[form], score=SCORES.get(form, "fraud * amount"))
    truth = {
        "fraud": (random.random(n) < probability).astype(float),
        "minutes": batch.predictions["minutes"].values + random.normal(0, 3, n),
    }
    return framed, batch, labels_of(columns, truth, framed, {"minutes": "number"})


def facts(decisions):
    """Return decisions as plain lists, to compare."""
    found = {"score": decisions.score, "rank": decisions.rank, "quantity": decisions.quantity}
    found |= {"explored": decisions.explored, "propensity": decisions.propensity, **decisions.costs}
    for name, vector in {"action": decisions.action, "reason": decisions.reason, **decisions.tags}.items():
        found[name] = None if vector is None else vector.texts()
    return {name: None if values is None else values.tolist() for name, values in found.items()}


def same(one, other):
    assert repr(facts(one)) == repr(facts(other))


@pytest.fixture(params=list(POLICIES))
def form(request):
    return request.param


def test_deciding_leaves_its_inputs_as_they_were(form):
    framed, batch, labels = example(form)
    before = {name: vector.values.copy() for name, vector in batch.columns.items()}
    guesses = {name: one.values.copy() for name, one in batch.predictions.items()}
    fit_policy(framed, batch, labels).decide(batch, seed=1)
    for name, values in before.items():
        assert batch.columns[name].values.tobytes() == values.tobytes()
    for name, values in guesses.items():
        assert batch.predictions[name].values.tobytes() == values.tobytes()


def test_the_same_seed_decides_the_same(form):
    framed, batch, labels = example(form)
    one, other = fit_policy(framed, batch, labels), fit_policy(framed, batch, labels)
    assert one.to_dict() == other.to_dict()
    same(one.decide(batch, seed=5), other.decide(batch, seed=5))


def test_a_policy_survives_json(form):
    framed, batch, labels = example(form)
    fitted = fit_policy(framed, batch, labels)
    text = json.dumps(fitted.to_dict(), allow_nan=False)
    read = load_policy(json.loads(text), framed)
    assert json.dumps(read.to_dict()) == text
    assert read.form == fitted.form and read.findings == fitted.findings
    same(read.decide(batch, seed=2), fitted.decide(batch, seed=2))


def test_every_decision_has_one_entry_per_row(form):
    framed, batch, labels = example(form)
    for values in facts(fit_policy(framed, batch, labels).decide(batch)).values():
        assert values is None or len(values) == batch.n_rows


def test_an_empty_batch_gets_empty_decisions(form):
    framed, batch, labels = example(form)
    none = batch.take(np.zeros(0, dtype=int))
    found = fit_policy(framed, batch, labels).decide(none)
    assert all(values is None or values == [] for values in facts(found).values())


def test_a_policy_set_on_no_rows_decides_or_says_what_it_needs(form):
    framed, batch, labels = example(form)
    no_rows = np.zeros(0, dtype=int)
    try:
        fitted = fit_policy(framed, batch.take(no_rows), labels.take(no_rows))
    except TrueNorthError as error:
        assert error.findings[0].code == "POLICY016" and form == "quantity"
        return
    assert len(fitted.decide(batch).score) == batch.n_rows


def test_one_row_is_decided(form):
    framed, batch, labels = example(form)
    found = fit_policy(framed, batch, labels).decide(batch.take(np.array([3])))
    assert len(found.score) == 1


def test_a_row_is_decided_alike_wherever_it_stands(form):
    if form in ("rank", "explored"):
        pytest.skip("draws go by the order of rows")
    framed, batch, labels = example(form)
    fitted = fit_policy(framed, batch, labels)
    turned = np.random.default_rng(0).permutation(batch.n_rows)
    same(fitted.decide(batch.take(turned)), fitted.decide(batch).take(turned))


def test_constant_predictions_decide(form):
    framed, batch, labels = example(form)
    flat = {
        name: replace(one, values=np.full_like(one.values, 0.3)) for name, one in batch.predictions.items()
    }
    found = fit_policy(framed, replace(batch, predictions=flat), labels).decide(
        replace(batch, predictions=flat)
    )
    assert np.isfinite(found.score).all()


@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf])
def test_wild_predictions_give_defined_decisions(form, wild):
    framed, batch, labels = example(form)
    fitted = fit_policy(framed, batch, labels)
    torn = {}
    for name, one in batch.predictions.items():
        values = one.values.copy()
        values[::5] = wild
        torn[name] = replace(one, values=values)
    found = fitted.decide(replace(batch, predictions=torn))
    if found.action is not None:
        assert not found.action.is_null.any()
    if found.rank is not None:
        assert (found.rank >= 0).all()
    if form == "bid":
        assert np.isfinite(found.quantity).all()
    if found.propensity is not None:
        assert ((found.propensity >= 0) & (found.propensity <= 1)).all()
    sane = np.arange(batch.n_rows) % 5 != 0
    assert np.isfinite(found.score[sane]).all()


@pytest.mark.parametrize("wild", [np.nan, np.inf])
def test_a_policy_can_be_set_on_wild_predictions(form, wild):
    framed, batch, labels = example(form)
    torn = {}
    for name, one in batch.predictions.items():
        values = one.values.copy()
        values[::5] = wild
        torn[name] = replace(one, values=values)
    fitted = fit_policy(framed, replace(batch, predictions=torn), labels)
    json.dumps(fitted.to_dict(), allow_nan=False)


def test_a_fitted_policy_says_itself_in_a_sentence(form):
    framed, batch, labels = example(form)
    sentence = fit_policy(framed, batch, labels).sentence()
    assert sentence[0].isupper() and sentence.endswith(".") and "nan" not in sentence


def test_a_policy_of_another_form_is_not_loaded(form):
    framed, batch, labels = example(form)
    other = "select" if form != "select" else "rank"
    with pytest.raises(TrueNorthError, match="POLICY037"):
        load_policy({**fit_policy(framed, batch, labels).to_dict(), "form": other}, framed)
