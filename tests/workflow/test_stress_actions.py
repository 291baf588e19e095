"""A log of what was done: each action is a candidate, where the probability of all of them follows."""

from dataclasses import replace

import numpy as np
import pytest

import truenorth
from tests.workflow.actions import (
    ACTIONS,
    FRAMING,
    SHARES,
    by_warmth,
    stays,
    visits,
    without_mail,
    write_campaign,
)  # fmt: skip
from truenorth.counterfactual.policies import tilt_to
from truenorth.engine.contract import EngineSettings
from truenorth.examples.dataset import read_dataset
from truenorth.framing.load import load_with_findings
from truenorth.workflow.acting import MOST_ACTIONS, actions_of, offered
from truenorth.workflow.studies import STUDY, load_study
from truenorth.workflow.studying import reason_against

pytestmark = pytest.mark.xdist_group("stress-actions")


def made(folder, **options):
    file = write_campaign(folder, **options)
    run = truenorth.run(file, out=folder / "runs")
    data = read_dataset(run.folder / "examples.parquet", load_with_findings(file)[0], base=folder)
    return run, data.take(~data.is_in("train"))


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    return made(tmp_path_factory.mktemp("campaign"))


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return made(tmp_path_factory.mktemp("two"), law=without_mail)


def test_calls_bring_visits_and_cost_the_goal_and_its_own_model_is_aligned(campaign):
    stress = campaign[0].result["stress"]
    assert (stress["tier"], stress["refused"], stress["per"]) == ("A", None, "decision")
    assert stress["n"] == campaign[1].n_rows
    assert stress["proxies"]["visit"]["verdict"] == "HARMFUL"
    assert stress["proxies"]["stayed"]["verdict"] == "ALIGNED"


@pytest.mark.parametrize("logged", ["campaign", "two"])
def test_bands_hold_what_pushing_truly_brings(logged, request):
    run, data = request.getfixturevalue(logged)
    study, _ = load_study(run.folder / STUDY)
    actions = sorted(set(data.columns["action"].texts()))
    warmth = offered(data).each(data.columns["warmth"].values)[:: len(actions)]
    truth = stays(warmth)[:, [ACTIONS.index(one) for one in actions]]
    for proxy in run.result["stress"]["proxies"].values():
        assert proxy["grid"]
        for step in proxy["grid"]:
            pushed = tilt_to(study.log.propensity, study.scores[proxy["called"]], step["depth"]).probability
            lift = float(((pushed - study.log.propensity) * truth).sum(axis=1).mean())
            assert step["kpi_lift"]["band_low"] <= lift <= step["kpi_lift"]["band_high"]


def test_each_action_has_a_prediction_of_its_own(campaign):
    run, data = campaign
    study, _ = load_study(run.folder / STUDY)
    expected = visits(data.columns["warmth"].values)
    assert np.abs(study.scores["visit"] - expected).mean() < 0.03
    assert (np.argmax(study.scores["visit"], axis=1) == np.argmax(expected, axis=1)).mean() > 0.95


def test_winners_and_losers_are_the_actions(campaign):
    movers = {
        one["group"]: one for one in campaign[0].result["stress"]["proxies"]["visit"]["movers"]["action"]
    }
    assert set(movers) == set(ACTIONS)
    for name, share in zip(ACTIONS, SHARES, strict=True):
        assert movers[name]["share_before"] == pytest.approx(share)
    assert movers["call"]["share_after"] > 0.7


def test_probabilities_of_two_actions_follow_from_one(two):
    offer = offered(two[1])
    assert offer.actions == ("call", "none")
    found = offer.data.columns["propensity"].values.reshape(-1, 2)
    np.testing.assert_allclose(found, without_mail(two[1].columns["warmth"].values)[:, [0, 2]])


def test_probabilities_of_three_do_not_follow_where_they_differ(tmp_path):
    run, _ = made(tmp_path, law=by_warmth, n=3_000)
    stress = run.result["stress"]
    assert stress["refused"]["code"] == "STRESS071" and stress["findings"] == []
    assert "those of the other 2 do not follow" in stress["refused"]["evidence"]
    assert "one row per action" in stress["refused"]["fix"]


def test_probabilities_that_are_no_draw_over_the_actions_are_refused(campaign):
    half = campaign[1].columns["propensity"].values / 2
    vector = replace(campaign[1].columns["propensity"], values=half)
    data = replace(campaign[1], columns=campaign[1].columns.with_columns({"propensity": vector}))
    found = offered(data)
    assert found.code == "STRESS071" and "sum to 1, got 0.5" in found.evidence


def test_one_action_and_a_catalogue_of_them_are_refused(campaign):
    data = campaign[1]
    one = offered(data.take(data.columns["action"].texts() == "call"))
    column = data.columns["action"]
    many = np.arange(data.n_rows, dtype=np.int32) % (MOST_ACTIONS + 1)
    levels = np.array([f"item {i}" for i in range(MOST_ACTIONS + 1)], dtype=object)
    wide = data.columns.with_columns({"action": replace(column, values=many, levels=levels)})
    for found, n in ((one, 1), (offered(replace(data, columns=wide)), MOST_ACTIONS + 1)):
        assert found.code == "STRESS071" and f"got {n}:" in found.evidence


def test_a_row_without_an_action_is_left_out_and_counted(campaign):
    column = campaign[1].columns["action"]
    codes = column.values.copy()
    codes[:10] = -1
    data = replace(
        campaign[1], columns=campaign[1].columns.with_columns({"action": replace(column, values=codes)})
    )
    shown = offered(data).data.columns["shown"].values.reshape(-1, 3)
    assert (shown.sum(axis=1) == 1).sum() == data.n_rows - 10


def framing_of(text, folder):
    from truenorth.framing.canonical import expand

    file = folder / "framing.yaml"
    file.write_text(text)
    return expand(load_with_findings(file)[0])


def test_actions_without_probabilities_are_told_to_log_them(tmp_path):
    found = reason_against(framing_of(FRAMING.replace(", propensity: probability", ""), tmp_path))
    assert found.code == "STRESS060" and "examples.propensity" in found.fix


def test_a_kpi_of_those_alone_whom_the_action_brought_is_refused(tmp_path):
    chained = FRAMING.replace("{when: has_stayed = 1}", "{when: has_stayed = 1, given: visit}")
    found = reason_against(framing_of(chained, tmp_path))
    assert found.code == "STRESS061" and "mean(visit * stayed)" in found.fix
    assert (
        reason_against(framing_of(chained.replace("mean(stayed)", "mean(visit * stayed)"), tmp_path)) is None
    )


def test_a_label_with_few_rows_of_an_action_is_no_score_of_its_own(tmp_path):
    rare = FRAMING.replace("has_stayed = 1}", "has_stayed = 1 and warmth > 2.2}")
    rare = rare.replace("mean(stayed)", "mean(visit)").replace(
        "has_stayed: 28d", "has_stayed: 28d, warmth: 0s"
    )
    run, _ = made(tmp_path, text=rare.replace("warmth: {column: warmth}", "age2: {sql: age * age}"), n=6_000)
    stress = run.result["stress"]
    assert set(stress["proxies"]) == {"visit"}
    assert "STRESS072" in {one["code"] for one in stress["notes"]}


def test_a_log_in_which_nothing_can_be_pushed_is_refused(tmp_path):
    text = FRAMING.replace("proxies:\n  stayed: {if_pushed: nothing bad}\n", "")
    run, _ = made(tmp_path, text=text, n=900)
    stress = run.result["stress"]
    assert stress["tier"] == "C" and stress["proxies"] == {}
    assert stress["refused"]["code"] == "STRESS072"
    assert "got visit, which cannot be pushed" in stress["refused"]["evidence"]
    assert "labels.visit" in {one["where"] for one in stress["notes"]}


def test_an_action_that_no_held_out_row_took_keeps_its_probability(campaign):
    data, column = campaign[1], campaign[1].columns["action"]
    rest = data.take(column.texts() != "mail")
    assert offered(rest, actions_of(data)).code == "STRESS071"
    warm = 0.8 * without_mail(rest.columns["warmth"].values)
    taken = np.where(rest.columns["action"].texts() == "call", warm[:, 0], warm[:, 2])
    propensity = replace(rest.columns["propensity"], values=taken)
    differing = replace(rest, columns=rest.columns.with_columns({"propensity": propensity}))
    found = offered(differing, actions_of(data))
    assert found.code == "STRESS071" and "got none of 'mail' among those held out" in found.evidence
    alone = offered(differing).data.columns["propensity"].values
    assert alone.reshape(-1, 2).sum(axis=1) == pytest.approx(1)


def test_a_proxy_with_models_per_action_gets_no_pooled_one(tmp_path):
    said = []
    settings = EngineSettings(progress=lambda step, _: said.append(step))
    truenorth.run(write_campaign(tmp_path, n=6_000), out=tmp_path / "runs", settings=settings)
    assert any("stayed under mail" in one for one in said)
    assert not any("a declared proxy" in one for one in said)
