"""A KPI that takes two weeks, on a log whose last two weeks are most of what is held out."""

from dataclasses import replace

import numpy as np
import pytest

import truenorth
from tests.workflow.young import FRAMING, RETURNS, WEEKLY, WINDOW, worth, write_young
from truenorth.counterfactual.policies import tilt_to
from truenorth.engine.vectors import NULL_TIME, Vector
from truenorth.examples.dataset import read_dataset
from truenorth.framing.durations import Duration
from truenorth.framing.expressions import parse_expression
from truenorth.framing.load import load_with_findings
from truenorth.framing.references import MetricReference
from truenorth.workflow.maturing import followed, limits_of, why_not
from truenorth.workflow.proxies import Candidate
from truenorth.workflow.studies import STUDY, load_study
from truenorth.workflow.studying import study_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stress-young")]
COVERED = np.datetime64("2026-02-01", "us").astype(np.int64)


def made(folder, text):
    file = write_young(folder, text=text)
    run = truenorth.run(file, out=folder / "runs")
    data = read_dataset(run.folder / "examples.parquet", load_with_findings(file)[0], base=folder)
    return run, data.take(~data.is_in("train"))


@pytest.fixture(scope="module")
def weighed(tmp_path_factory):
    return made(tmp_path_factory.mktemp("weighed"), FRAMING)


@pytest.fixture(scope="module")
def waited(tmp_path_factory):
    return made(tmp_path_factory.mktemp("waited"), FRAMING.replace(", maturity: ipcw", ""))


@pytest.fixture(scope="module")
def weekly(tmp_path_factory):
    return made(tmp_path_factory.mktemp("weekly"), WEEKLY)


def ends(data):
    """Until when the labels are read: all of them at the end of the logs."""
    return {name: np.full(data.n_rows, COVERED) for name in ("ordered", "back") if name in data.labels}


def truths(run, data) -> dict[float, float]:
    """Return what pushing clicks truly brings on the decisions that were tested, by depth."""
    asked, (study, _) = study_of(data, [], limits=ends(data)), load_study(run.folder / STUDY)
    quality, bait = (
        asked.study.log.spread(data.columns[name].values[asked.rows]) for name in ("quality", "bait")
    )
    base, found = study.log.propensity, {}
    for step in run.result["stress"]["proxies"]["click"]["grid"]:
        pushed = tilt_to(base, study.scores["click"], step["depth"]).probability
        found[step["depth"]] = float(((pushed - base) * worth(quality, bait)).sum(axis=1).mean())
    return found


def lifts(run) -> dict[float, dict]:
    return {one["depth"]: one["kpi_lift"] for one in run.result["stress"]["proxies"]["click"]["grid"]}


def test_the_curve_of_young_decisions_holds_the_truth(weighed):
    run, data = weighed
    found = lifts(run)
    for depth, truth in truths(run, data).items():
        assert found[depth]["band_low"] <= truth <= found[depth]["band_high"]
    assert run.result["stress"]["proxies"]["click"]["verdict"] == "HARMFUL"


def test_young_decisions_make_it_surer_than_waiting_does(weighed, waited):
    young, old = lifts(weighed[0]), lifts(waited[0])
    assert all(young[depth]["error"] < 0.75 * old[depth]["error"] for depth in old)
    truth = truths(*waited)
    assert all(old[depth]["band_low"] <= truth[depth] <= old[depth]["band_high"] for depth in old)


def test_taking_not_yet_for_no_hides_most_of_the_fall(weighed):
    run, data = weighed
    asked, (study, _) = study_of(data, [], limits=ends(data)), load_study(run.folder / STUDY)
    ordered = data.labels["ordered"]
    came = asked.study.log.of_chosen(asked.study.log.spread((~ordered.event_at.is_null)[asked.rows]))
    depth, truth = next(item for item in truths(run, data).items() if item[0] == 0.95)
    pushed = tilt_to(study.log.propensity, study.scores["click"], depth).probability
    weight = study.log.of_chosen(pushed / study.log.propensity)
    naive = float(np.mean(weight / weight.mean() * came) - np.mean(came))
    assert truth < -0.02
    assert naive > 0.5 * truth
    assert lifts(run)[depth]["band_high"] < naive


def test_the_report_says_how_much_has_had_its_time_and_what_was_weighed(weighed, waited):
    for run, _ in (weighed, waited):
        assert run.result["stress"]["matured"] == pytest.approx(0.21, abs=0.02)
    notes = [{one["code"]: one for one in run.result["stress"]["notes"]} for run, _ in (weighed, waited)]
    assert "STRESS070" in notes[0]
    assert notes[0].get("STRESS063", {"fix": ""})["fix"].endswith("or wait.")  # orders come 6 hours late
    assert "STRESS070" not in notes[1] and "maturity: ipcw" in notes[1]["STRESS063"]["fix"]
    for (run, _), said in ((weighed, "the others are weighed"), (waited, "the others wait")):
        assert said in (run.folder / "report.html").read_text()
    assert weighed[0].result["stress"]["n"] > 4 * waited[0].result["stress"]["n"]


READ = {"by the end of the logs": FRAMING, "by each part": FRAMING.replace("score: click", "score: ordered")}


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_rows_are_followed_until_the_reading_that_decided_their_state(tmp_path, text):
    file = write_young(tmp_path, text=text, decisions=2_000)
    built = truenorth.build(file, out=tmp_path / "built")
    data = read_dataset(tmp_path / "built" / "examples.parquet", load_with_findings(file)[0], base=tmp_path)
    found = limits_of(data, built.profile)
    ordered, shown = data.labels["ordered"], data.columns["shown"].values == 1
    times = followed(parse_expression("ordered"), data, found)
    np.testing.assert_array_equal((times.age >= WINDOW)[shown], ordered.is_observed[shown])
    assert (times.delay[np.isfinite(times.delay)] <= WINDOW).all()
    assert len(np.unique(found["ordered"])) == (1 if text == FRAMING else 4)


def test_a_week_s_outcome_is_weighed_once_per_user_and_week(weekly):
    run, data = weekly
    stress = run.result["stress"]
    assert stress["per"] == "unit" and "STRESS029" not in {one["code"] for one in stress["notes"]}
    asked = study_of(data, [], limits=ends(data))
    units, first = np.unique(asked.study.log.units, return_index=True)
    outcome = asked.study.outcome
    np.testing.assert_array_equal(outcome, outcome[first][asked.study.log.units])
    week = asked.study.log.time[first]
    young = week >= np.datetime64("2026-01-19", "us").astype(np.int64)
    assert young.any() and (week < np.datetime64("2026-01-26", "us").astype(np.int64)).all()
    assert outcome[first].mean() == pytest.approx(RETURNS, abs=4 * np.sqrt(1.5 * RETURNS / len(units)))
    assert (outcome[first][young] > 0).mean() < 0.9 * RETURNS  # late ones have not come yet


def changed(data, **label):
    labels = dict(data.framing.labels)
    labels["ordered"] = labels["ordered"].model_copy(update=label)
    return replace(data, framing=data.framing.model_copy(update={"labels": labels}))


FORMS = {
    "waits": ({"maturity": "wait"}, "maturity: wait"),
    "sums": ({"count": True}, "adds up events"),
    "conditional": ({"given": parse_expression("click")}, "depends on another event"),
    "anchored at an event": ({"anchor": "click"}, "depends on another event"),
    "own row": ({"source": None, "when": parse_expression("has_clicked = 1")}, "no event in a window"),
}


@pytest.mark.parametrize(("label", "reason"), FORMS.values(), ids=FORMS)
def test_a_label_that_early_events_say_too_little_of_waits(weighed, label, reason):
    data = changed(weighed[1], **label)
    asked = study_of(data, [], limits=ends(data))
    left_out = next(one for one in asked.findings if one.code == "STRESS063")
    assert reason in left_out.evidence and reason in why_not(data.framing, parse_expression("ordered"))
    assert asked.study.log.n < 0.3 * study_of(weighed[1], [], limits=ends(weighed[1])).study.log.n


def test_an_expression_of_labels_waits(weighed):
    assert why_not(weighed[1].framing, parse_expression("ordered - click")) == "the KPI is no single label"


def test_that_nothing_happened_is_weighed_too(weighed):
    outcome = study_of(weighed[1], [], limits=ends(weighed[1])).study.outcome
    absent = study_of(changed(weighed[1], absent=True), [], limits=ends(weighed[1])).study.outcome
    np.testing.assert_allclose(absent, 1 - outcome)


def test_a_window_that_almost_no_decision_is_old_enough_for_waits(weighed):
    data = weighed[1]
    age = COVERED - data.columns["at"].values
    recent = data.take(age < 14.4 * 86_400e6)
    asked = study_of(recent, [], limits=ends(recent))
    found = {one.code: one for one in asked.findings}
    assert "STRESS070" not in found and "old enough for its window" in found["STRESS063"].evidence
    assert "maturity: ipcw" not in found["STRESS063"].fix
    assert asked.study.log.n < 0.05 * len(np.unique(recent.columns["decision"].values))


def test_a_quick_proxy_costs_the_youngest_decisions_and_keeps_its_own_outcome(weighed):
    data = weighed[1]
    score = np.zeros(data.n_rows)
    click = Candidate("click", score, 1, parse_expression("click"))
    state = data.labels["click"].state.copy()
    youngest = data.columns["at"].values > COVERED - 12 * 3600e6
    state[youngest & (state == 0)] = 1
    waiting = replace(data, labels={**data.labels, "click": replace(data.labels["click"], state=state)})
    asked = study_of(waiting, [click], limits=ends(waiting))
    assert set(asked.study.realised) == {"click"}
    assert asked.study.log.n < study_of(data, [click], limits=ends(data)).study.log.n


def test_weights_of_a_part_make_its_known_rows_stand_for_the_part_alone(weighed):
    data = weighed[1]
    ordered, shown = data.labels["ordered"], data.columns["shown"].values == 1
    for part in ("validation", "test"):
        rows = data.is_in(part) & shown & ordered.is_trainable
        weight = ordered.weight[rows]
        assert float(weight @ ordered.values.values[rows] / weight.sum()) == pytest.approx(0.30, abs=0.04)
        assert weight.sum() == pytest.approx((data.is_in(part) & shown).sum(), rel=0.08)


def with_kpi(data, metric):
    kpi = data.framing.business.kpi.model_copy(update={"metric": MetricReference.parse(metric)})
    business = data.framing.business.model_copy(update={"kpi": kpi})
    return replace(data, framing=data.framing.model_copy(update={"business": business}))


def with_label(data, name, **label):
    """Return the data with a label like the orders, of another form and with other columns."""
    columns = {one: label.pop(one) for one in ("state", "event_at", "mature_at") if one in label}
    labels = {**data.framing.labels, name: data.framing.labels["ordered"].model_copy(update=label)}
    return replace(
        data,
        framing=data.framing.model_copy(update={"labels": labels}),
        labels={**data.labels, name: replace(data.labels["ordered"], name=name, **columns)},
        families={**data.families, name: (name,)},
    )


def of_rows(data, asked, values):
    return asked.study.log.of_chosen(asked.study.log.spread(values[asked.rows]))


def test_a_score_whose_zero_is_known_early_leaves_no_decision_out(weighed):
    clicks = weighed[1].labels["click"]
    rare = np.where(weighed[1].columns["request"].values % 6 == 0, clicks.values.values, 0.0)
    few = replace(clicks, values=Vector.numbers(rare))
    data = replace(weighed[1], labels={**weighed[1].labels, "click": few})
    score = Candidate("score", np.zeros(data.n_rows), 1, parse_expression("click * ordered"))
    with_it, without = (study_of(data, one, limits=ends(data)) for one in ([score], []))
    assert with_it.study.log.n == without.study.log.n
    shares = [np.nanmean(of_rows(data, one, rare)) for one in (with_it, without)]
    assert shares[0] == shares[1] > 0.06


def test_a_kpi_whose_zero_is_known_early_waits_for_time_alone(weighed):
    data = with_kpi(weighed[1], "mean(click * ordered)")
    asked = study_of(data, [])
    old = of_rows(data, asked, COVERED - data.columns["at"].values) > WINDOW * 86_400e6
    assert old.all()
    clicks = data.labels["click"]
    truth = data.labels["ordered"].values.values * clicks.values.values
    rows = data.labels["ordered"].is_observed & clicks.is_observed
    assert asked.study.outcome.mean() == pytest.approx(truth[rows].mean(), abs=1e-9)
    assert asked.matured == pytest.approx(0.21, abs=0.02)


def test_a_label_that_is_given_another_waits_for_time_alone(weighed):
    said_no = weighed[1].labels["click"].is_observed & (weighed[1].labels["click"].values.values == 0)
    state = np.where(said_no, 2, weighed[1].labels["ordered"].state).astype(np.int8)
    data = with_label(weighed[1], "kept", given=parse_expression("click"), state=state)
    asked = study_of(with_kpi(data, "mean(click * kept)"), [])
    old = COVERED - data.columns["at"].values > (WINDOW + 0.25) * 86_400e6
    shown = data.columns["shown"].values == 1
    assert (of_rows(data, asked, old)).mean() > 0.998  # to the first that waits, not to the horizon
    assert asked.study.log.n == pytest.approx((old & shown).sum(), rel=0.03)


def test_a_proxy_slower_than_the_kpi_costs_no_decision(weighed):
    at = weighed[1].columns["at"].values
    data = weighed[1].take(at < COVERED - 14.15 * 86_400e6)
    late = data.columns["at"].values > COVERED - 14.35 * 86_400e6
    state = np.where(late & (data.labels["ordered"].state == 0), 1, data.labels["ordered"].state)
    data = with_label(data, "slow", maturity="wait", state=state.astype(np.int8))
    slow = Candidate("slow", np.zeros(data.n_rows), 1, parse_expression("slow"))
    with_it, without = (study_of(data, one, limits=ends(data)) for one in ([slow], []))
    assert with_it.study.log.n == without.study.log.n
    note = next(one for one in with_it.findings if one.code == "STRESS070")
    waiting = round((1 - with_it.matured) * with_it.study.log.n)
    assert f"got {waiting:,} of" in note.evidence and waiting > 0


def test_decisions_left_out_for_a_quick_proxy_are_not_counted_as_weighed(weighed):
    data = weighed[1]
    click = Candidate("click", np.zeros(data.n_rows), 1, parse_expression("click"))
    asked = study_of(data, [click], limits=ends(data))
    young = of_rows(data, asked, data.labels["ordered"].state) == 1
    note = next(one for one in asked.findings if one.code == "STRESS070")
    assert f"got {young.sum():,} of" in note.evidence


def test_a_proxy_that_no_decision_is_old_enough_for_has_no_outcome(weighed):
    mature_at = weighed[1].labels["ordered"].mature_at
    later = replace(mature_at, values=mature_at.values + 16 * 86_400_000_000)
    waiting = np.where(weighed[1].labels["ordered"].state == 2, 2, 1).astype(np.int8)
    data = with_label(weighed[1], "slow", within=Duration.parse("30d"), mature_at=later, state=waiting)
    slow = Candidate("slow", np.zeros(data.n_rows), 1, parse_expression("slow"))
    limits = {**ends(data), "slow": ends(data)["ordered"]}
    assert set(study_of(data, [slow], limits=limits).study.realised) == set()


def test_a_proxy_that_changes_with_the_age_is_told(weighed):
    ordered, at = weighed[1].labels["ordered"], weighed[1].columns["at"].values
    gone = replace(ordered.event_at, values=np.where(at < np.median(at), NULL_TIME, ordered.event_at.values))
    data = with_label(weighed[1], "odd", event_at=gone)
    odd = Candidate("odd", np.zeros(data.n_rows), 1, parse_expression("odd"))
    asked = study_of(data, [odd], limits={**ends(data), "odd": ends(data)["ordered"]})
    assert set(asked.study.realised) == {"odd"}
    assert ("STRESS004", "labels.odd") in {(one.code, one.where) for one in asked.findings}


def test_why_decisions_wait_whose_label_is_weighed_elsewhere(weighed):
    data, label = weighed[1], weighed[1].labels["ordered"]
    never = label.mature_at.values.copy()
    never[0] = NULL_TIME
    undue = replace(label, mature_at=replace(label.mature_at, values=never))
    user = data.columns["request"].values % 50
    shared = replace(label, values=Vector.numbers((user % 3 == 0).astype(float)))
    table = data.columns.with_columns({"unit": Vector.numbers(user)})
    cases = {
        "never due": (replace(data, labels={**data.labels, "ordered": undue}), ends(data)),
        "a window of its own": (
            replace(data, labels={**data.labels, "ordered": shared}, columns=table), ends(data)
        ),
        "not known": (data, {}),
    }  # fmt: skip
    for reason, (one, limits) in cases.items():
        note = next(found for found in study_of(one, [], limits=limits).findings if found.code == "STRESS063")
        assert reason in note.evidence and "maturity: ipcw" not in note.fix
