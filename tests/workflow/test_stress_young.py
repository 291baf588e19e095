"""A KPI that takes two weeks, on a log whose last two weeks are most of what is held out."""

from dataclasses import replace

import numpy as np
import pytest

import truenorth
from tests.workflow.young import FRAMING, RETURNS, WEEKLY, WINDOW, worth, write_young
from truenorth.counterfactual.policies import tilt_to
from truenorth.examples.dataset import read_dataset
from truenorth.framing.expressions import parse_expression
from truenorth.framing.load import load_with_findings
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
    assert "STRESS070" not in {one.code for one in asked.findings}
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
