"""Rules, keywords, baselines and logged scores."""

from dataclasses import replace

import numpy as np
import pytest

from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import DataError, FramingError
from truenorth.examples.dataset import Dataset, Outcomes
from truenorth.framing import expand, load_text
from truenorth.framing.expressions import parse_expression
from truenorth.framing.models import Rule
from truenorth.models import Rows, TaskSpec, load_model
from truenorth.models.baseline import HOUR_OF_WEEK, fit_table
from truenorth.models.external import make_external
from truenorth.models.rule import fit_rule, make_rule
from truenorth.models.rule_keywords import make_keywords, read_keywords
from truenorth.models.rules import make_rules, rule_report

BINARY = TaskSpec(name="fraud", kind="binary", loss="log")
NUMBER = TaskSpec(name="units", kind="number", loss="squared")
INTENT = TaskSpec(
    name="intent",
    kind="class",
    loss="cross_entropy",
    classes=("billing", "travel", "other"),
    roles={"text": "text"},
)
HOUR = 3_600_000_000


def rows(labels, weight=None, event=None, **columns):
    vectors = {name: v if isinstance(v, Vector) else Vector.numbers(v) for name, v in columns.items()}
    target = np.asarray(labels, dtype=float)
    weight = np.ones(len(target)) if weight is None else np.asarray(weight, dtype=float)
    return Rows(features=Vectors(vectors, len(target)), target=target, weight=weight, event=event)


def test_a_condition_predicts_0_and_1_and_null_is_no_match():
    model = fit_rule(
        BINARY, parse_expression("amount > 220"), rows([0, 1, 1, 0], amount=[100, 300, 221, np.nan])
    )
    fresh = Vectors({"amount": Vector.numbers([220, 221, np.nan, np.inf])}, 4)
    assert model.predict(fresh).tolist() == [0.0, 1.0, 0.0, 0.0]
    assert (model.name, model.text, model.form) == ("amount > 220", "amount > 220", "rule")


def test_a_share_is_taken_as_it_is_and_null_is_the_base_rate():
    model = fit_rule(BINARY, parse_expression("risk"), rows([0, 0, 0, 1], risk=[0.1, 0.2, 0.0, 0.9]))
    fresh = Vectors({"risk": Vector.numbers([0.3, np.nan])}, 2)
    assert model.predict(fresh).tolist() == [0.3, 0.25]


def test_an_unbounded_number_becomes_a_probability_that_keeps_its_order():
    generator = np.random.default_rng(0)
    age = generator.exponential(30, 4_000)
    for sign, text in ((-1, "-age"), (1, "age")):
        target = (generator.random(4_000) < 1 / (1 + np.exp(0.05 * age))).astype(float)
        model = fit_rule(BINARY, parse_expression(text), rows(target, age=age))
        predicted = model.predict(Vectors({"age": Vector.numbers([1.0, 50.0, 200.0])}, 3))
        assert ((predicted > 0) & (predicted < 1)).all()
        assert (np.sign(np.diff(predicted)) == sign).all()
        if text == "-age":
            assert predicted == pytest.approx(1 / (1 + np.exp([0.05, 2.5, 10.0])), abs=0.03)


def test_a_number_is_the_prediction_itself_and_null_is_the_mean():
    model = fit_rule(NUMBER, parse_expression("2 * last_week"), rows([4, 8], last_week=[1, 5]))
    assert model.predict(Vectors({"last_week": Vector.numbers([3, np.nan])}, 2)).tolist() == [6.0, 6.0]


def test_quantiles_of_a_rule_lie_around_it_as_its_misses_did():
    task = TaskSpec(name="units", kind="number", loss="quantile", levels=(0.1, 0.5, 0.9))
    generator = np.random.default_rng(1)
    last = generator.normal(50, 10, 5_000)
    target = last + generator.exponential(4, 5_000)
    predicted = fit_rule(task, parse_expression("last"), rows(target, last=last)).predict(
        Vectors({"last": Vector.numbers(last)}, 5_000)
    )
    assert np.mean(target[:, None] <= predicted, axis=0) == pytest.approx([0.1, 0.5, 0.9], abs=0.001)


def test_hazards_of_a_rule_follow_it_and_the_time():
    task = TaskSpec(name="lapse", kind="time_to_event", loss="hazard", bins=(10.0, 20.0, 30.0))
    generator = np.random.default_rng(2)
    silent = generator.random(8_000)
    rate = 0.02 * np.exp(2 * silent)
    days = generator.exponential(1 / rate)
    model = fit_rule(task, parse_expression("silent"), rows(days, event=days < 1e9, silent=silent))
    found = model.predict(Vectors({"silent": Vector.numbers([0.0, 1.0])}, 2))
    truth = 1 - np.exp(-np.outer(0.02 * np.exp([0, 2]), [10, 20, 30]))
    assert found == pytest.approx(truth, abs=0.06)


def test_a_text_names_a_class():
    train = rows([0, 1, 1, 2], desk=Vector.text(["billing", "travel", "travel", None]))
    model = fit_rule(INTENT, parse_expression("desk"), train)
    found = model.predict(Vectors({"desk": Vector.text(["travel", "nowhere", None])}, 3))
    assert found.tolist() == [[0, 1, 0], [0.25, 0.5, 0.25], [0.25, 0.5, 0.25]]


RULES = [
    Rule.model_validate({"name": "huge", "when": "amount > 100", "then": "block"}),
    Rule.model_validate({"name": "night", "when": "hour < 6", "then": "review"}),
]


def test_the_first_rule_that_holds_answers():
    train = rows([1, 1, 0, 0], amount=[200, 200, 5, 5], hour=[3, 12, 3, 12])
    model = make_rules(BINARY, RULES, train)
    said, names = model.answers(train.features)
    assert said.texts().tolist() == ["block", "block", "review", None]
    assert names.texts().tolist() == ["huge", "huge", "night", "no rule"]
    # hits pulled towards the base rate by two rows
    assert model.predict(train.features) == pytest.approx([0.75, 0.75, 1 / 3, 0.5])


def test_a_rule_is_reported_with_its_hits_precision_and_action():
    train = rows([1, 0, 1, 0, np.nan], amount=[200, 200, 5, 5, 5], hour=[3, 12, 3, 12, 3])
    huge, night, rest = rule_report(RULES, train.features, train.target)
    assert (huge["hits"], huge["precision"], huge["then"], huge["recall"]) == (2, 0.5, "block", 0.5)
    assert (night["holds"], night["hits"], night["precision"]) == (3, 2, 1.0)
    assert (rest["name"], rest["hits"], rest["share"]) == ("no rule", 1, 0.2)
    weighted = rule_report(RULES, train.features, train.target, np.array([3.0, 1, 1, 1, 1]))
    assert weighted[0]["precision"] == 0.75


def test_named_rules_are_read_back(tmp_path):
    train = rows([1, 1, 0, 0], amount=[200, 200, 5, 5], hour=[3, 12, 3, 12])
    model = make_rules(BINARY, RULES, train)
    model.dump(tmp_path)
    assert load_model(tmp_path).rules == model.rules


def keywords(tmp_path, text="word,class\ncard,billing\nCredit  Card,billing\nfly,travel\nlost,nowhere\n"):
    (tmp_path / "words.csv").write_text(text, encoding="utf-8")
    train = rows([0, 1, 1, 2], text=Vector.text(["card", "fly", "fly", "x"]))
    return make_keywords(INTENT, "words.csv", train, base=tmp_path)


def test_keywords_are_whole_words_in_any_case_and_the_longest_is_taken(tmp_path):
    model = keywords(tmp_path)
    texts = ["My CREDIT card!", "discard butterfly", "fly, fly to the card", None, "credit\n card card"]
    hits = model.hits(Vectors({"text": Vector.text(texts)}, 5))
    assert hits.tolist() == [[1, 0, 0], [0, 0, 0], [1, 2, 0], [0, 0, 0], [2, 0, 0]]


def test_texts_without_a_keyword_get_the_shares_of_training(tmp_path):
    model = keywords(tmp_path)
    found = model.predict(Vectors({"text": Vector.text(["hello", "my card"])}, 2))
    assert found[0] == pytest.approx([0.25, 0.5, 0.25])
    assert found[1].argmax() == 0 and found[1, 0] > 0.9


def test_keywords_of_a_tag_are_its_own(tmp_path):
    (tmp_path / "tags.csv").write_text("word,class\nred,red\nscarlet,red\nwool,wool\n")
    spec = TaskSpec(name="tag_red", kind="binary", loss="log", roles={"title": "text"})
    train = rows([1, 0], title=Vector.text(["red hat", "wool hat"]))
    model = make_keywords(spec, "tags.csv", train, base=tmp_path)
    fresh = Vectors({"title": Vector.text(["Scarlet coat", "wool coat", "bored"])}, 3)
    assert model.predict(fresh).tolist() == [1.0, 0.0, 0.0]
    assert make_keywords(BINARY, "tags.csv", train, base=tmp_path) is None


@pytest.mark.parametrize("text", [None, "", "term,intent\na,b\n"])
def test_a_file_of_keywords_that_cannot_be_read_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "words.csv").write_text(text)
    with pytest.raises(FramingError, match="MODEL048"):
        read_keywords(tmp_path / "words.csv")


def test_means_by_group_are_pulled_to_the_whole_by_ten_rows():
    train = rows([10] * 90 + [0] * 10, shop=Vector.text(["a"] * 90 + ["b"] * 10))
    model = fit_table(NUMBER, train, ("shop",), name="mean")
    found = model.predict(Vectors({"shop": Vector.text(["a", "b", "new", None])}, 4))
    assert found == pytest.approx([(900 + 90) / 100, 90 / 20, 9.0, 9.0])


def test_groups_of_several_columns_are_told_apart_and_read_back(tmp_path):
    hours = np.arange(400) % 168
    train = rows(hours % 24, shop=Vector.text(["a", "b"] * 200), target=Vector.times(hours * HOUR))
    model = fit_table(NUMBER, train, ("shop", HOUR_OF_WEEK), name="mean")
    assert len(model.groups) == 168
    model.dump(tmp_path)
    assert np.array_equal(load_model(tmp_path).predict(train.features), model.predict(train.features))
    later = Vectors({"shop": Vector.text(["a"]), "target": Vector.times([(168 * 60 + 12) * HOUR])}, 1)
    assert model.predict(later)[0] == pytest.approx(model.predict(train.features)[12])


def test_the_prior_of_a_hazard_is_the_life_table():
    task = TaskSpec(name="lapse", kind="time_to_event", loss="hazard", bins=(10.0, 20.0))
    train = rows([5, 15, 12, 30], event=np.array([True, True, False, False]))
    found = fit_table(task, train, (), name="prior").predict(Vectors({}, 1))
    # of 4 at risk 1 falls in the first bin, of 2 in the second (one is censored in it)
    assert found.tolist() == [[0.25, 1 - 0.75 * 0.5]]


FRAMING = """
framing: 1
name: small
business: {goal: less fraud}
sources: {payments: {path: payments.csv, time: at_time, key: id, known_after: {fraud_seen: 1d, disputed: 1d}}}
examples: {source: payments, entity: [customer, terminal], at: time}
labels: {fraud: {when: fraud_seen = 1}, dispute: {when: disputed = 1}}
features: {amount: {column: amount}}
objective: {score: SCORE}
models: {MODELS}
"""


def dataset(models="rule: amount > 220", score="fraud"):
    text = FRAMING.replace("SCORE", score).replace("{MODELS}", "{" + models + "}")
    framing = expand(load_text(text))
    generator = np.random.default_rng(0)
    amount = generator.exponential(150, 200)
    columns = {
        "customer": Vector.text(f"c{i % 20}" for i in range(200)),
        "terminal": Vector.text(f"t{i % 5}" for i in range(200)),
        "unit": Vector.text(f"c{i % 20}" for i in range(200)), "at": Vector.times(np.arange(200) * HOUR),
        "weight": Vector.numbers(np.ones(200)), "split": Vector.text(["train"] * 200),
        "amount": Vector.numbers(amount), "old_score": Vector.numbers(amount * 3),
        "empty": Vector.numbers(np.full(200, np.nan)),
    }  # fmt: skip
    values = {"fraud": amount > 300, "dispute": amount > 200}
    labels = {
        name: Outcomes(
            name=name,
            kind="binary",
            values=Vector.booleans(value),
            state=np.zeros(200, np.int8),
            weight=np.ones(200),
        )
        for name, value in values.items()
    }
    return Dataset(
        framing=framing, columns=Vectors(columns, 200), labels=labels, classes={},
        families={name: (name,) for name in labels},
    )  # fmt: skip


def test_the_framings_expression_is_the_prediction_of_its_only_task():
    found = make_rule(dataset(), BINARY)
    assert (found.form, found.name) == ("rule", "amount > 220")
    assert make_rule(dataset(), None) is None


def test_with_several_tasks_the_expression_is_the_score_and_tasks_get_the_obvious_rule():
    data = dataset(score="fraud + dispute", models="rule: amount")
    score = make_rule(data, None)
    assert np.array_equal(score.predict(data.columns), data.columns["amount"].values)
    prior = make_rule(data, BINARY)
    assert (prior.form, prior.name) == ("baseline", "prior of fraud")
    assert prior.predict(data.columns)[0] == pytest.approx(np.mean(data.columns["amount"].values > 300))


def test_without_a_rule_the_obvious_one_is_named():
    assert make_rule(dataset(models="candidates: [linear]"), BINARY).name == "prior of fraud"


def test_logged_scores_are_a_model_that_keeps_their_order(tmp_path):
    data = dataset()
    model = make_external(data, BINARY, "old_score")
    predicted = model.predict(data.columns)
    assert ((predicted >= 0) & (predicted <= 1)).all()
    order = np.argsort(data.columns["old_score"].values)
    assert (np.diff(predicted[order]) >= 0).all()
    model.dump(tmp_path)
    read = load_model(tmp_path)
    assert read.form == "external" and np.array_equal(read.predict(data.columns), predicted)


@pytest.mark.parametrize("column", ["oldscore", "empty"])
def test_scores_that_were_not_logged_are_refused(column):
    with pytest.raises(DataError, match="MODEL047"):
        make_external(dataset(), BINARY, column)


def framed(name):
    from pathlib import Path

    from truenorth.framing import load

    framing = expand(load(Path(__file__).parents[2] / "examples" / "framings" / f"{name}.yaml"))
    return framing.model_copy(
        update={"models": framing.models.model_copy(update={"rule": None, "rules": ()})}
    )


def shaped(framing, label, kind, target, **columns):
    n = len(target)
    entity = framing.table.entity[0]
    base = {
        "unit": Vector.text(["u"] * n),
        "weight": Vector.numbers(np.ones(n)),
        "at": Vector.times(np.zeros(n)),
    }
    columns = {**base, entity: Vector.text(["u"] * n), **{k: Vector.numbers(v) for k, v in columns.items()}}
    values = Vector("boolean" if kind == "binary" else "number", np.asarray(target, dtype=float))
    outcomes = Outcomes(name=label, kind=kind, values=values, state=np.zeros(n, np.int8), weight=np.ones(n))
    return Dataset(
        framing=framing,
        columns=Vectors(columns, n),
        labels={label: outcomes},
        classes={},
        families={label: (label,)},
    )


def test_a_forecast_without_a_rule_says_what_was_at_the_latest_same_hour():
    last, before = np.arange(50.0), np.arange(50.0) + 7
    data = shaped(framed("demand"), "units", "number", last, same_hour_167h=last, same_hour_335h=before)
    rule = make_rule(data, NUMBER)
    assert rule.name == "seasonal naive: same_hour_167h"
    assert np.array_equal(rule.predict(data.columns), last)


def test_a_calendar_without_a_rule_orders_by_silence():
    framing = framed("churn")
    silence = next(name for name, feature in framing.features.items() if feature.since_last)
    days = np.arange(100.0)
    spec = TaskSpec(name="churn", kind="binary", loss="log")
    data = shaped(framing, "churn", "binary", days > 60, **{silence: days})
    rule = make_rule(data, spec)
    assert rule.name == f"recency: {silence} ascending"
    assert (np.diff(rule.predict(data.columns)) > 0).all()


def test_rows_that_are_their_own_key_get_the_mean_of_all():
    spend = TaskSpec(name="spend", kind="amount", loss="squared")
    data = shaped(framed("uplift"), "spend", "amount", [10.0, 20.0, 60.0])
    unnamed = data.columns.select(("unit", "weight", "at"))  # a key that no log holds is no column
    rule = make_rule(replace(data, columns=unnamed), spend)
    assert rule.name == "prior of spend"
    assert rule.predict(unnamed).tolist() == [30.0, 30.0, 30.0]
