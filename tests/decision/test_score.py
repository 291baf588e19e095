"""Scores on predictions and on labels, against sums over outcomes and loops over rows."""

import itertools
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import yaml

from truenorth.decision.chains import is_expected_value, score_findings
from truenorth.decision.contract import Batch, Decisions, Prediction
from truenorth.decision.predictions import below, value_of
from truenorth.decision.score import expected, realised
from truenorth.engine.vectors import Vector, Vectors
from truenorth.errors import FramingError
from truenorth.examples.dataset import Dataset, Outcomes
from truenorth.framing.canonical import expand
from truenorth.framing.expressions import parse_expression as parse
from truenorth.framing.framing import Framing
from truenorth.framing.load import load_text
from truenorth.models.contract import TaskSpec

N = 6
FRAMED: dict[str, Any] = {
    "framing": 1,
    "name": "score",
    "business": {"goal": "test"},
    "sources": {
        "visits": {"time": "at", "key": "id", "types": {"amount": "number"},
                 "known_after": dict.fromkeys(["a", "b", "c", "d", "e", "f", "g", "h"], "1d")},
        "ends": {"time": "ended", "types": {"days": "number"}},
    },
    "examples": {"source": "visits", "entity": "user", "at": "time"},
    "labels": {
        "click": {"when": "a = 1"},
        "buy": {"when": "b = 1", "given": "click"},
        "spend": {"value": "c", "kind": "amount", "given": "buy"},
        "hide": {"when": "d = 1"},
        "in_scope": {"when": "e = 1"},
        "intent": {"value": "f", "kind": "class", "classes": ["billing", "cards", "other"],
                   "given": "in_scope"},
        "units": {"value": "g", "kind": "number"},
        "lapse": {"source": "ends", "by": "user", "first": "days", "within": "180d"},
        "grade": {"value": "h", "kind": "grade", "classes": [1, 2, 3]},
    },
    "features": {"amount": {"column": "amount"}, "shop": {"column": "shop"}},
    "objective": {"score": "click * buy * spend"},
}  # fmt: skip


def framing(**changes: Any) -> Framing:
    return expand(load_text(yaml.safe_dump({**FRAMED, **changes})))


FRAMING = framing()
PROBABILITIES = {
    "click": [0.0, 0.1, 0.5, 0.9, 1.0, 0.3], "buy": [0.2, 0.4, 0.0, 1.0, 0.7, 0.6],
    "hide": [0.5, 0.01, 0.2, 0.3, 0.9, 0.0], "in_scope": [1.0, 0.9, 0.8, 0.2, 0.0, 0.5],
}  # fmt: skip
INTENTS = np.array(
    [[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.3, 0.3, 0.4], [1, 0, 0], [0, 0, 1.0], [0.2, 0.5, 0.3]]
)
UNITS = np.array([[10.0, 20, 40], [0, 0, 5], [1, 2, 3], [5, 5, 5], [0, 10, 100], [90, 110, 130]])
LAPSES = np.array([[0.1, 0.2, 0.5], [0, 0, 0], [0.3, 0.6, 0.9], [1, 1, 1], [0.05, 0.5, 0.5], [0.2, 0.2, 0.2]])
AMOUNTS = [10.0, 20.0, None, 40.0, 50.0, 0.0]
SHOPS = ["x", "y", "x", None, "y", "z"]


def predictions() -> dict[str, Prediction]:
    made = {
        name: Prediction(TaskSpec(name=name, kind="binary", loss="log"), np.array(values))
        for name, values in PROBABILITIES.items()
    }
    spend = TaskSpec(name="spend", kind="amount", loss="log_squared")
    intent = TaskSpec(
        name="intent", kind="class", loss="cross_entropy", classes=("billing", "cards", "other")
    )
    units = TaskSpec(name="units", kind="number", loss="quantile", levels=(0.1, 0.5, 0.9))
    lapse = TaskSpec(name="lapse", kind="time_to_event", loss="hazard", bins=(30.0, 60.0, 180.0))
    grade = TaskSpec(name="grade", kind="grade", loss="ordinal", classes=("1", "2", "3"))
    return {
        **made,
        "spend": Prediction(spend, np.array([5.0, 6.0, 7.0, 8.0, 9.0, 10.0])),
        "intent": Prediction(intent, INTENTS),
        "units": Prediction(units, UNITS),
        "lapse": Prediction(lapse, LAPSES),
        "grade": Prediction(grade, np.array([1.0, 1.5, 2.0, 2.5, 3.0, 2.9])),
    }


def columns(**more: Vector) -> Vectors:
    return Vectors({"amount": Vector.numbers(AMOUNTS), "shop": Vector.text(SHOPS), **more}, N)


BATCH = Batch(columns=columns(), predictions=predictions())


def check(text: str, wanted: Any, batch: Batch = BATCH) -> None:
    found = expected(parse(text), batch, FRAMING)
    np.testing.assert_allclose(found, np.asarray(wanted, dtype=float), atol=1e-12, err_msg=text)


BINARY = tuple(PROBABILITIES)


@pytest.mark.parametrize(
    "text",
    [
        "5*click + 3*hide - 2*in_scope",
        "click * hide * amount",
        "amount * (1 - click) + 7 * hide",
        "click and hide",
        "click or hide",
        "not click",
        "case when click then amount when hide then 3 else 1 end",
        "case when click = 1 and hide = 0 then 10 else 0 end + 0 * coalesce(amount, 0)",
        "case click when 1 then 5 else 2 end",
        "click > 0.5",
        "hide in (0, 7)",
        "click between 1 and 2",
        "click <> 1",
        "0 = hide",
        "case when amount > 15 then click else hide end",
        "(amount > 15) * click",
        "click is true",
        "click * (hide = 0) / 4",
        "(1 - click) * (in_scope or hide)",
    ],
)
def test_a_score_is_its_mean_over_all_outcomes_of_independent_tasks(text: str) -> None:
    wanted = np.zeros(N)
    expression = parse(text)
    for outcome in itertools.product((0, 1), repeat=len(BINARY)):
        chance = np.ones(N)
        for name, value in zip(BINARY, outcome, strict=True):
            one = np.array(PROBABILITIES[name])
            chance = chance * (one if value else 1 - one)
        happened = {name: [value] * N for name, value in zip(BINARY, outcome, strict=True)}
        truth = realised(expression, dataset(**happened))
        # a branch that is not taken may be NULL, which counts as nothing
        values = np.where(truth.known, truth.values, 0.0 if "end" in text else np.nan)
        wanted = wanted + np.where(chance == 0, 0.0, chance * values)
    unknown = np.isnan(expected(expression, BATCH, FRAMING))
    assert not (unknown & ~np.isin(np.arange(N), [2])).any()  # only the row without an amount
    np.testing.assert_allclose(expected(expression, BATCH, FRAMING)[~unknown], wanted[~unknown], atol=1e-12)


def test_conditions_on_a_class_are_sums_of_probabilities() -> None:
    check("intent = 'billing'", INTENTS[:, 0])
    check("intent <> 'billing'", 1 - INTENTS[:, 0])
    check("intent in ('billing', 'other')", INTENTS[:, 0] + INTENTS[:, 2])
    check("intent not in ('billing', 'other')", INTENTS[:, 1])
    check("hit(intent)", INTENTS.max(axis=1))
    check("wrong(intent)", 1 - INTENTS.max(axis=1))
    check("in_scope * hit(intent)", PROBABILITIES["in_scope"] * INTENTS.max(axis=1))


def test_a_class_that_is_compared_with_a_column_takes_each_rows_own_class() -> None:
    asked = Vector.text(["billing", "cards", "never heard of", None, "other", "billing"])
    batch = Batch(columns=columns(asked=asked), predictions=predictions())
    check("intent = asked", [0.7, 0.6, 0.0, np.nan, 1.0, 0.2], batch)


def test_a_class_that_does_not_exist_is_refused_with_near_names() -> None:
    with pytest.raises(FramingError, match=r"(?s)POLICY083.*did you mean 'billing'"):
        expected(parse("intent = 'biling'"), BATCH, FRAMING)
    with pytest.raises(FramingError, match="POLICY081"):
        expected(parse("intent * 2"), BATCH, FRAMING)
    with pytest.raises(FramingError, match="POLICY082"):
        expected(parse("hit(spend)"), BATCH, FRAMING)
    with pytest.raises(FramingError, match="POLICY084"):
        expected(parse("intent > 'cards'"), BATCH, FRAMING)


def test_quantiles_give_the_median_and_the_probability_of_a_bound() -> None:
    check("units", UNITS[:, 1])
    # by straight lines: row 0 from (20, .5) to (40, .9), row 4 from (10, .5) to (100, .9)
    below_thirty = np.array([0.7, 1, 1, 1, 0.5 + 0.4 * 20 / 90, 0])
    check("units <= 30", below_thirty)
    check("units > 30", 1 - below_thirty)
    check("units between 20 and 30", np.array([0.2, 0, 0, 0, 0.4 * 10 / 90, 0]))


def test_the_probability_below_a_quantile_is_its_level() -> None:
    units = predictions()["units"]
    for place, level in enumerate(units.task.levels):
        rows = [0, 2, 4, 5]  # rows whose quantiles differ
        np.testing.assert_allclose(below(units, UNITS[:, place])[rows], level)


def test_a_time_to_an_event_gives_the_probability_by_a_day_between_its_bins() -> None:
    check("lapse <= 60", LAPSES[:, 1])
    check("lapse > 60", 1 - LAPSES[:, 1])
    check("lapse <= 45", (LAPSES[:, 0] + LAPSES[:, 1]) / 2)
    check("lapse <= 15", LAPSES[:, 0] / 2)
    check("lapse <= 400", LAPSES[:, 2])
    check("30 >= lapse", LAPSES[:, 0])


def test_a_bare_time_to_an_event_is_the_mean_time_within_the_last_bin() -> None:
    found = value_of(predictions()["lapse"])
    fine = np.arange(0, 180, 0.01) + 0.005
    for row in range(N):
        alive = 1 - np.interp(fine, [0, 30, 60, 180], [0, *LAPSES[row]])
        assert found[row] == pytest.approx(alive.mean() * 180, rel=1e-6)


def test_a_number_without_a_distribution_compares_its_value() -> None:
    check("spend > 7", [0, 0, 0, 1, 1, 1])
    check("grade >= 2", [0, 0, 1, 1, 1, 1])


def test_quantiles_beside_a_number_answer_conditions_on_it() -> None:
    both = {**predictions(), "spend__quantile": Prediction(
        TaskSpec(name="spend__quantile", kind="amount", loss="quantile", levels=(0.1, 0.5, 0.9)), UNITS
    )}  # fmt: skip
    batch = Batch(columns=columns(), predictions=both)
    check("spend", predictions()["spend"].values, batch)
    assert expected(parse("spend <= 20"), batch, FRAMING)[0] == pytest.approx(0.5)


def test_score_stands_for_the_objective_or_for_what_orders_the_rows() -> None:
    product = np.array(PROBABILITIES["click"]) * PROBABILITIES["buy"] * predictions()["spend"].values
    check("2 * score", 2 * product)
    given = Batch(columns=columns(), predictions={}, score=np.arange(N, dtype=float))
    check("score - 1", np.arange(N) - 1.0, given)


def test_another_name_may_stand_for_a_task() -> None:
    found = expected(parse("2 * (1 - tag)"), BATCH, FRAMING, names={"tag": "hide"})
    np.testing.assert_allclose(found, 2 * (1 - np.array(PROBABILITIES["hide"])))


def test_five_hundred_rows_take_less_than_a_millisecond() -> None:
    rows = np.arange(500) % N
    batch = BATCH.take(rows)
    expression = parse("0.6 * amount * click - 0.04 * amount * (1 - click) + 3 * (intent = 'billing')")
    expected(expression, batch, FRAMING)
    seconds = []
    for _ in range(30):
        start = time.process_time()
        expected(expression, batch, FRAMING)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.001


# ---- on labels ----

STATES = {"o": 0, "i": 1, "u": 2}
KINDS = {"click": "binary", "buy": "binary", "hide": "binary", "in_scope": "binary", "spend": "amount",
         "units": "number", "grade": "grade"}  # fmt: skip


def dataset(_states: Mapping[str, str] | None = None, **labels: list[Any]) -> Dataset:
    """A dataset of N rows; a state is one letter per row, observed where a value is there."""
    made = {}
    for name, values in labels.items():
        is_class = name == "intent"
        vector = Vector.text(values) if is_class else Vector.numbers(values)
        letters = (_states or {}).get(name, "".join("u" if value is None else "o" for value in values))
        state = np.array([STATES[letter] for letter in letters], dtype=np.int8)
        kind = "class" if is_class else KINDS[name]
        made[name] = Outcomes(name, kind, vector, state, np.ones(N))
    families = {name: (name,) for name in made}
    return Dataset(FRAMING, columns(), made, {"intent": ("billing", "cards", "other")}, families)


def test_a_product_is_nothing_where_its_first_factor_did_not_happen() -> None:
    found = realised(
        parse("click * buy * spend"),
        dataset(
            {"click": "ooooiu", "buy": "ouooiu", "spend": "ouuiiu"},
            click=[1, 0, 1, 1, None, None], buy=[1, None, 0, 1, None, None],
            spend=[20.0, None, None, None, None, None],
        ),
    )  # fmt: skip
    assert found.known.tolist() == [True, True, True, False, False, False]
    assert found.values[:3].tolist() == [20.0, 0.0, 0.0]
    assert found.is_immature.tolist() == [False, False, False, True, True, False]


def test_a_sum_counts_what_its_given_label_did_not_let_happen_as_nothing() -> None:
    data = dataset({"buy": "uuoouu"}, click=[0, 0, 1, 1, 1, 0], buy=[None, None, 1, 0, None, None])
    found = realised(parse("click + 4 * buy"), data)
    assert found.known.tolist() == [True, True, True, True, False, True]
    assert found.values[[0, 2, 3, 5]].tolist() == [0.0, 5.0, 1.0, 0.0]
    alone = realised(parse("4 * buy"), data)
    assert alone.known.tolist() == [False, False, True, True, False, False]


def loop(text: str, row: Mapping[str, Any]) -> tuple[str, Any]:
    """The state and value of one row, written out: worst of the parts unless one decides."""
    a, b = row["click"], row["hide"]
    worst = max((a[0], b[0]), key="oiu".index)
    if text == "click * hide":
        if a == ("o", 0) or b == ("o", 0):
            return "o", 0
        return worst, a[1] * b[1] if worst == "o" else None
    if text == "click and hide":
        if a == ("o", 0) or b == ("o", 0):
            return "o", 0
        return worst, 1 if worst == "o" else None
    if text == "click or hide":
        if a == ("o", 1) or b == ("o", 1):
            return "o", 1
        return worst, 0 if worst == "o" else None
    if text == "coalesce(click, hide)":
        if a[0] == "o":
            return a
        return ("i", None) if a[0] == "i" else b
    if text == "case when click then 5 else hide end":
        if a[0] != "o":
            return max((a[0], b[0] if not a[1] else "o"), key="oiu".index), None
        return ("o", 5) if a[1] else b
    return worst, (a[1] - b[1] if worst == "o" else None)


@pytest.mark.parametrize(
    "text",
    ["click * hide", "click and hide", "click or hide", "coalesce(click, hide)", "click - hide",
     "case when click then 5 else hide end"],
)  # fmt: skip
def test_what_is_known_of_two_labels_is_what_a_loop_over_rows_says(text: str) -> None:
    parts = [("o", 0), ("o", 1), ("i", None), ("u", None)]
    pairs = list(itertools.product(parts, parts))
    for start in range(0, len(pairs), N):
        rows = (pairs[start : start + N] * N)[:N]
        data = dataset(
            {"click": "".join(a[0] for a, _ in rows), "hide": "".join(b[0] for _, b in rows)},
            click=[a[1] for a, _ in rows], hide=[b[1] for _, b in rows],
        )  # fmt: skip
        found = realised(parse(text), data)
        for i, (a, b) in enumerate(rows):
            state, value = loop(text, {"click": a, "hide": b})
            assert found.known[i] == (state == "o"), (text, a, b)
            assert found.is_immature[i] == (state == "i"), (text, a, b)
            if state == "o":
                assert found.values[i] == value


def test_a_hit_is_the_chosen_class_and_never_right_out_of_scope() -> None:
    data = dataset(
        {"in_scope": "ooooiu", "intent": "oouuiu"},
        in_scope=[1, 1, 0, 1, None, None], intent=["billing", "other", None, None, None, None],
    )  # fmt: skip
    right = realised(parse("hit(intent)"), data, batch=BATCH)
    assert right.known.tolist() == [True, True, True, False, False, False]
    assert right.values[:3].tolist() == [1.0, 0.0, 0.0]
    wrong = realised(parse("wrong(intent)"), data, batch=BATCH)
    assert wrong.values[:3].tolist() == [0.0, 1.0, 1.0]
    with pytest.raises(FramingError, match="POLICY085"):
        realised(parse("hit(intent)"), data)


def test_actions_and_quantities_are_read_from_the_decisions() -> None:
    data = dataset(units=[1.0, 2, 3, 4, None, 6], click=[1, 0, 1, 0, 1, 0])
    decisions = Decisions(
        score=np.zeros(N), action=Vector.text(["a", "b", "a", "b", "a", None]), quantity=np.full(N, 2.5)
    )
    taken = realised(parse("click * (action = 'a')"), data, decisions=decisions)
    assert taken.values[:5].tolist() == [1.0, 0.0, 1.0, 0.0, 1.0]
    enough = realised(parse("units <= quantity"), data, decisions=decisions)
    assert enough.known.tolist() == [True, True, True, True, False, True]
    assert enough.values[[0, 1, 2, 3, 5]].tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]


def test_a_time_is_known_once_its_window_is_over_however_early_the_event_came() -> None:
    days = Vector.numbers([10.0, 100.0, 40.0, 80.0, 180.0, np.nan])
    event = np.array([True, True, False, False, False, False])
    state = np.array([1, 0, 1, 1, 0, 2], dtype=np.int8)
    lapse = Outcomes("lapse", "time_to_event", days, state, np.ones(N), event)
    data = Dataset(FRAMING, columns(), {"lapse": lapse}, {}, {"lapse": ("lapse",)})
    for text, truth in (("lapse <= 60", [0.0, 0.0]), ("60 < lapse", [1.0, 1.0]), ("lapse", [100.0, 180.0])):
        found = realised(parse(text), data)
        # an early event is no more known than its absence: else fast events would count too often
        assert found.known.tolist() == [False, True, False, False, True, False]
        assert found.values[[1, 4]].tolist() == truth
        assert found.is_immature.tolist() == [True, False, True, True, False, False]
    assert not realised(parse("lapse <= 200"), data).known[4]


def test_a_column_that_is_missing_leaves_the_value_unknown() -> None:
    found = realised(parse("click * amount"), dataset(click=[1, 1, 1, 1, 0, 1]))
    assert found.known.tolist() == [True, True, False, True, True, True]
    assert found.values[[0, 1, 3, 4, 5]].tolist() == [10.0, 20.0, 40.0, 0.0, 0.0]


# ---- is it an expected value ----


@pytest.mark.parametrize(
    ("text", "is_value"),
    [
        ("click * buy * spend", True),
        ("click * buy", True),
        ("5 * click + 4 * hide - 2 * buy", True),
        ("amount * (1 - click)", True),
        ("click * buy * spend - 0.1 * amount", True),
        ("click / nullif(amount, 0)", True),
        ("in_scope * hit(intent)", True),
        ("lapse <= 60", True),
        ("1 - (units > 100)", True),
        ("case when click then buy * spend else 0 end", True),
        ("click and buy", True),
        ("click * hide", False),
        ("click * spend", False),
        ("click * click", False),
        ("click * (1 - click)", False),
        ("click / hide", False),
        ("exp(spend)", False),
        ("greatest(click, hide)", False),
        ("click * buy * hide", False),
        ("click or hide", False),
        ("spend * 2 > 10", False),
    ],
)
def test_an_expected_value_is_linear_in_labels_that_form_given_chains(text: str, is_value: bool) -> None:
    assert is_expected_value(parse(text), FRAMING) == is_value


def test_a_product_of_labels_without_given_is_called_a_score() -> None:
    (found,) = score_findings(framing(objective={"score": "click * hide"}))
    assert (found.code, found.severity, found.where) == ("POLICY086", "warn", "objective.score")
    assert "click and hide" in found.evidence
    assert score_findings(FRAMING) == ()


def test_a_ranking_loss_is_refused_in_a_sum_and_allowed_alone() -> None:
    tasks = {"grade": {"loss": "listwise"}}
    mixed = framing(objective={"score": "grade + click"}, models={"tasks": tasks})
    assert [found.code for found in score_findings(mixed)] == ["POLICY087"]
    assert score_findings(framing(objective={"score": "grade"}, models={"tasks": tasks})) == ()


def test_realising_and_expecting_change_nothing_and_repeat() -> None:
    data = dataset(click=[1, 0, 1, 1, 0, 1], hide=[0, 0, 1, 1, 0, 1])
    before = data.labels["click"].values.values.copy(), BATCH.predictions["units"].values.copy()
    for text in ("click * hide + units", "case when click then amount else hide end"):
        first = expected(parse(text), BATCH, FRAMING)
        np.testing.assert_array_equal(first, expected(parse(text), BATCH, FRAMING))
    realised(parse("click * hide"), data)
    assert np.array_equal(before[0], data.labels["click"].values.values)
    assert np.array_equal(before[1], BATCH.predictions["units"].values)


def test_no_rows_give_no_values() -> None:
    empty = BATCH.take(np.empty(0, dtype=np.int64))
    for text in ("click * amount", "intent = 'billing'", "units > 3", "lapse <= 50", "lapse", "hit(intent)"):
        assert expected(parse(text), empty, FRAMING).shape == (0,)
