"""One suite over every form of model and every kind of task."""

import json

import numpy as np
import pytest

from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import DataError, EngineError, FramingError
from truenorth.framing.expressions import parse_expression
from truenorth.framing.models import Rule
from truenorth.models import FitSettings, Rows, TaskSpec, learner, load_model
from truenorth.models.baseline import fit_table
from truenorth.models.rule import fit_rule
from truenorth.models.rule_keywords import KeywordsModel
from truenorth.models.rules import make_rules

N = 160
ROLES = {"amount": "number", "age": "number", "flat": "number", "country": "category", "note": "text"}
CLASSES = ("high", "low", "mid")


def features(n=N, seed=0):
    generator = np.random.default_rng(seed)
    amount = np.exp(generator.normal(3, 1, n))
    age = generator.normal(40, 10, n)
    amount[::17], age[::13] = np.inf, np.nan
    countries = [None if i % 19 == 0 else "abcde"[k] for i, k in enumerate(generator.integers(0, 5, n))]
    words = ["pay now", "hello there", "free prize", "see you", None]
    notes = [words[k] for k in generator.integers(0, 5, n)]
    columns = {
        "amount": Vector.numbers(amount), "age": Vector.numbers(age), "flat": Vector.numbers(np.full(n, 3.0)),
        "country": Vector.text(countries), "note": Vector.text(notes),
    }  # fmt: skip
    return Vectors(columns, n)


TASKS = {
    "log": TaskSpec(name="y", kind="binary", loss="log", roles=ROLES),
    "weighted": TaskSpec(
        name="y", kind="binary", loss="log", roles=ROLES, positive_weight=3.0, keep_negatives=0.5
    ),
    "focal": TaskSpec(name="y", kind="binary", loss="focal", roles=ROLES),
    "class": TaskSpec(name="y", kind="class", loss="cross_entropy", roles=ROLES, classes=CLASSES),
    "squared": TaskSpec(name="y", kind="number", loss="squared", roles=ROLES),
    "absolute": TaskSpec(name="y", kind="number", loss="absolute", roles=ROLES),
    "huber": TaskSpec(name="y", kind="number", loss="huber", roles=ROLES),
    "poisson": TaskSpec(name="y", kind="number", loss="poisson", roles=ROLES),
    "tweedie": TaskSpec(name="y", kind="amount", loss="tweedie", roles=ROLES),
    "log_squared": TaskSpec(name="y", kind="amount", loss="log_squared", roles=ROLES),
    "quantile": TaskSpec(name="y", kind="number", loss="quantile", roles=ROLES, levels=(0.1, 0.5, 0.9)),
    "ordinal": TaskSpec(name="y", kind="grade", loss="ordinal", roles=ROLES, classes=("1", "2", "4")),
    "hazard": TaskSpec(name="y", kind="time_to_event", loss="hazard", roles=ROLES, bins=(10.0, 20.0, 40.0)),
    "pairwise": TaskSpec(name="y", kind="grade", loss="pairwise", roles=ROLES, classes=("0", "1", "2")),
    "listwise": TaskSpec(name="y", kind="grade", loss="listwise", roles=ROLES, classes=("0", "1", "2")),
}  # fmt: skip


def rows_for(task, n=N, seed=0):
    table = features(n, seed)
    generator = np.random.default_rng(seed + 1)
    signal = np.log(np.minimum(table["amount"].values, 1e4)) - 3 + generator.normal(0, 0.7, n)
    if task.kind == "binary":
        target = (signal > 0.3).astype(float)
    elif task.kind in ("class", "grade"):
        target = np.digitize(signal, [-0.5, 0.8]).astype(float)
    else:
        target = np.round(np.exp(signal), 1) if task.loss != "hazard" else np.exp(3 - signal)
    event = generator.random(n) < 0.7 if task.loss == "hazard" else None
    group = np.arange(n) // 6 if task.loss in ("pairwise", "listwise") else None
    weight = 0.5 + generator.random(n)
    return Rows(features=table, target=target, weight=weight, event=event, group=group)


def fit_learned(form):
    def fit(task, rows, validation=None):
        return learner(form).fit(task, rows, validation, FitSettings(seed=3, threads=1))

    return fit


def fit_expression(task, rows, validation=None):
    return fit_rule(task, parse_expression("amount / 20"), rows)


def fit_named(task, rows, validation=None):
    listed = [
        {"name": "big", "when": "amount > 40", "then": "review"},
        {"name": "old", "when": "age > 50", "then": 1},
    ]
    return make_rules(task, [Rule(**one) for one in listed], rows)


def fit_means(task, rows, validation=None):
    return fit_table(task, rows, () if task.kind in ("class", "time_to_event") else ("country",), name="mean")


def fit_keywords(task, rows, validation=None):
    prior = tuple([1 / 3] * 3) if task.kind == "class" else (0.5,)
    return KeywordsModel(
        task, "words", ("note",), {"free": 1, "pay now": 0 if task.kind == "class" else 1}, prior
    )


FITS = {"linear": fit_learned("linear"), "trees": fit_learned("trees"), "rule": fit_expression,
        "rules": fit_named,
        "baseline": fit_means, "keywords": fit_keywords}  # fmt: skip
CASES = [
    (form, loss)
    for form in FITS
    for loss in TASKS
    if form in ("linear", "trees")
    or (form == "keywords" and loss in ("log", "class"))
    or (
        form in ("rule", "rules", "baseline")
        and loss in ("log", "class", "squared", "quantile", "hazard", "ordinal")
    )
]
over_models = pytest.mark.parametrize("form, loss", CASES, ids=[f"{form}-{loss}" for form, loss in CASES])
FITTED = {}


def fitted(form, loss):
    if (form, loss) not in FITTED:
        FITTED[form, loss] = FITS[form](TASKS[loss], rows_for(TASKS[loss]))
    return FITTED[form, loss]


def copied(table):
    return {name: vector.values.copy() for name, vector in table.items()}


@over_models
def test_predictions_have_the_promised_shape_and_range(form, loss):
    task, predicted = TASKS[loss], fitted(form, loss).predict(features(50, seed=5))
    assert predicted.shape == ((50, task.width) if task.width else (50,))
    assert np.isfinite(predicted).all()
    if task.kind == "binary":
        assert ((predicted >= 0) & (predicted <= 1)).all()
    if task.kind == "class":
        assert np.allclose(predicted.sum(axis=1), 1) and (predicted >= 0).all()
    if loss in ("quantile", "hazard"):
        assert (np.diff(predicted, axis=1) >= 0).all()
    if loss == "hazard":
        assert ((predicted >= 0) & (predicted <= 1)).all()


@over_models
def test_fitting_and_predicting_change_no_input_and_repeat(form, loss):
    task = TASKS[loss]
    rows = rows_for(task)
    before, target = copied(rows.features), rows.target.copy()
    first, second = FITS[form](task, rows), FITS[form](task, rows)
    assert np.array_equal(first.predict(rows.features), second.predict(rows.features))
    assert all(np.array_equal(before[name], rows.features[name].values, equal_nan=True) for name in before)
    assert np.array_equal(target, rows.target)


@over_models
def test_a_model_is_read_back_bit_by_bit_from_files_that_are_not_pickles(form, loss, tmp_path):
    model, table = fitted(form, loss), features(60, seed=7)
    model.dump(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".txt", ".safetensors"}
    about = json.loads((tmp_path / "model.json").read_text())
    assert about["form"] == model.form
    read = load_model(tmp_path)
    assert np.array_equal(read.predict(table), model.predict(table))
    assert read.task == model.task
    json.dumps(read.summary(), allow_nan=False)


@over_models
def test_no_row_changes_another(form, loss):
    model, table = fitted(form, loss), features(40, seed=9)
    whole = model.predict(table)
    order = np.random.default_rng(0).permutation(40)
    assert np.allclose(model.predict(table.take(order)), whole[order], rtol=1e-9, atol=1e-12)
    for row in (0, 13, 39):
        assert np.allclose(model.predict(table.take(np.array([row]))), whole[[row]], rtol=1e-9, atol=1e-12)


@over_models
def test_no_rows_give_no_predictions(form, loss):
    task = TASKS[loss]
    predicted = fitted(form, loss).predict(features(3).take(np.zeros(3, dtype=bool)))
    assert predicted.shape == ((0, task.width) if task.width else (0,))


@over_models
def test_unknown_categories_missing_values_and_infinity_are_predicted(form, loss):
    wild = Vectors(
        {
            "amount": Vector.numbers([np.inf, -np.inf, np.nan, 1e300]),
            "age": Vector.numbers([np.nan] * 4),
            "flat": Vector.numbers([np.nan, 1e9, -1e9, np.inf]),
            "country": Vector.text(["zz", None, "", "a"]),
            "note": Vector.text(["", None, "\x00 ünknown", "free"]),
        },
        4,
    )  # fmt: skip
    predicted = fitted(form, loss).predict(wild)
    assert np.isfinite(predicted).all()
    missing = Vectors({**wild.columns, "amount": Vector.numbers([np.nan] * 4)}, 4)
    assert np.allclose(fitted(form, loss).predict(missing)[0], predicted[0])


@over_models
def test_contributions_are_one_column_for_each_feature(form, loss):
    shares = fitted(form, loss).contributions(features(20))
    assert shares is None or (shares.shape == (20, len(ROLES)) and np.isfinite(shares).all())


learned = pytest.mark.parametrize("form", ["linear", "trees"])


@learned
@pytest.mark.parametrize("loss", TASKS)
def test_rows_that_cannot_be_learned_from_are_refused(form, loss):
    task = TASKS[loss]
    rows = rows_for(task)
    with pytest.raises(DataError):
        FITS[form](task, rows.take(np.zeros(N, dtype=bool)))
    broken = rows.take(np.arange(N))
    broken.target[5] = np.nan
    with pytest.raises(DataError):
        FITS[form](task, broken)
    if task.kind in ("binary", "class"):
        with pytest.raises(DataError):
            FITS[form](task, rows.take(rows.target == 1))


@learned
@pytest.mark.parametrize("loss", ["squared", "quantile", "log_squared"])
def test_one_row_can_be_learned_from(form, loss):
    rows = rows_for(TASKS[loss]).take(np.array([4]))
    assert np.isfinite(FITS[form](TASKS[loss], rows).predict(features(5))).all()


@learned
def test_constant_features_give_the_prior(form):
    task = TaskSpec(name="y", kind="binary", loss="log", roles={"flat": "number"})
    rows = rows_for(TASKS["log"])
    share = np.average(rows.target, weights=rows.weight)
    assert FITS[form](task, rows).predict(rows.features) == pytest.approx(np.full(N, share), abs=2e-3)


def test_a_linear_model_without_features_gives_the_prior():
    task = TaskSpec(name="y", kind="binary", loss="log", roles={})
    rows = rows_for(TASKS["log"])
    share = np.average(rows.target, weights=rows.weight)
    assert FITS["linear"](task, rows).predict(rows.features) == pytest.approx(np.full(N, share), abs=1e-6)


@learned
@pytest.mark.parametrize("loss", ["log", "squared"])
def test_a_declared_direction_is_kept(form, loss):
    # the target falls with age, but the framing says that it may only rise
    generator = np.random.default_rng(4)
    age, amount = generator.normal(size=400), generator.normal(size=400)
    raw = -1.5 * age + amount + generator.normal(size=400)
    target = (raw > 0).astype(float) if loss == "log" else raw
    table = Vectors({"age": Vector.numbers(age), "amount": Vector.numbers(amount)}, 400)
    roles = {"age": "number", "amount": "number"}
    task = TaskSpec(
        name="y", kind=TASKS[loss].kind, loss=loss, roles=roles, monotone={"age": "up", "amount": "up"}
    )
    model = FITS[form](task, Rows(features=table, target=target, weight=np.ones(400)))
    grid = Vectors(
        {"age": Vector.numbers(np.linspace(-3, 3, 50)), "amount": Vector.numbers(np.zeros(50))}, 50
    )
    assert (np.diff(model.predict(grid)) >= -1e-12).all()
    rising = Vectors({"age": grid["amount"], "amount": grid["age"]}, 50)
    assert np.ptp(model.predict(rising)) > 0.2


@learned
def test_a_missing_column_is_refused_by_name(form):
    with pytest.raises(DataError, match="amount"):
        fitted(form, "log").predict(features(3).select(("age", "flat", "country", "note")))


def test_learners_of_a_later_release_and_unknown_ones_are_told_apart():
    for name in ("multitask", "two_tower"):
        with pytest.raises(EngineError, match="MODEL040"):
            learner(name)
    with pytest.raises(FramingError, match="did you mean 'linear'"):
        learner("linaer")


@pytest.mark.parametrize("text", [None, "not json", "[]", '{"form": "pickle"}'])
def test_a_folder_without_a_model_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "model.json").write_text(text)
    with pytest.raises(DataError, match="MODEL042"):
        load_model(tmp_path)
