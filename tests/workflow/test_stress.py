"""A run stress tests what it could push: from logs alone, against the law that made them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import truenorth
from tests.workflow.decisions import FRAMING, write_decisions
from tests.workflow.small import write_small
from truenorth.cli.app import app
from truenorth.counterfactual.policies import tilt_to
from truenorth.engine.vectors import Vector
from truenorth.examples.dataset import Dataset, read_dataset
from truenorth.framing.load import load_with_findings
from truenorth.workflow.proxies import Candidate
from truenorth.workflow.stressing import lift_unit
from truenorth.workflow.studies import STUDY, dump_study, load_study
from truenorth.workflow.studying import reason_against, study_of
from truenorth.workflow.weighing import propose_weights

pytestmark = pytest.mark.xdist_group("stress")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> truenorth.Run:
    place = tmp_path_factory.mktemp("stress")
    return truenorth.run(write_decisions(place), out=place / "runs")


@pytest.fixture(scope="module")
def held_out(made) -> Dataset:
    file = made.folder.parents[2] / "framing.yaml"
    framing, _ = load_with_findings(file)
    data = read_dataset(made.folder / "examples.parquet", framing, base=file.parent)
    return data.take(~data.is_in("train"))


def framing_of(text: str, folder: Path) -> truenorth.framing.framing.Framing:
    file = folder / "framing.yaml"
    file.write_text(text)
    from truenorth.framing.canonical import expand

    return expand(load_with_findings(file)[0])


def commanded(*arguments: object):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_clicks_on_bait_are_a_trap_and_the_goal_s_own_model_is_aligned(made):
    stress = made.result["stress"]
    assert stress["tier"] == "A" and stress["refused"] is None
    assert stress["proxies"]["click"]["verdict"] == "TRAP"
    assert stress["proxies"]["stayed"]["verdict"] == "ALIGNED"
    assert 0 < stress["proxies"]["click"]["safe_depth"] < stress["proxies"]["click"]["peak_depth"] + 0.01


def test_the_gate_hears_of_it_by_its_rule(made):
    hits = [one for one in made.findings if one["code"] == "PROXY008"]
    assert made.gate == "blocked"
    assert [one["severity"] for one in hits] == ["error"]
    assert "TRAP" in hits[0]["evidence"]


def test_the_curve_holds_what_pushing_would_truly_bring_and_the_safe_depth_helps(made, held_out):
    asked = study_of(held_out, [])
    study, _ = load_study(made.folder / STUDY)
    quality, bait = (asked.study.log.spread(held_out.columns[name].values[asked.rows])
                     for name in ("quality", "bait"))  # fmt: skip
    stays = 1 / (1 + np.exp(-1.2 * quality - bait + 6.0 * np.maximum(bait - 0.8, 0) ** 2))
    base, proxy = study.log.propensity, made.result["stress"]["proxies"]["click"]

    def truth(depth: float) -> float:
        pushed = tilt_to(base, study.scores["click"], depth).probability
        return float(((pushed - base) * stays).sum(axis=1).mean())

    for step in proxy["grid"]:
        lift = step["kpi_lift"]
        assert lift["band_low"] <= truth(step["depth"]) <= lift["band_high"]
    assert truth(proxy["safe_depth"]) > 0
    peak = max(proxy["grid"], key=lambda step: truth(step["depth"]))["depth"]
    assert abs(peak - proxy["peak_depth"]) < 0.21


def test_a_decision_counts_once_its_outcome_has_had_its_time(made, held_out):
    stress = made.result["stress"]
    decisions = len(np.unique(held_out.columns["decision"].values))
    assert 0.9 < stress["matured"] < 1
    assert stress["n"] == round(stress["matured"] * decisions)
    assert any(one["code"] == "STRESS063" for one in stress["notes"])


def test_the_same_run_again_tests_nothing_anew(made):
    stages = made.folder.parent / ".stages"
    before = {path: path.stat().st_mtime_ns for path in stages.glob("stress-*/result.json")}
    again = truenorth.run(made.folder.parents[2] / "framing.yaml", out=made.folder.parents[1])
    assert again.result["stress"] == made.result["stress"]
    assert {path: path.stat().st_mtime_ns for path in stages.glob("stress-*/result.json")} == before


def test_a_study_is_read_back_as_it_was_written(made, tmp_path):
    study, signs = load_study(made.folder / STUDY)
    dump_study(study, signs, tmp_path / STUDY)
    again, more = load_study(tmp_path / STUDY)
    assert signs == more == {"click": 1, "stayed": 1}
    assert again.per == study.per == "decision"
    assert again.provenance == study.provenance
    assert (again.provenance.kpi_name, again.provenance.kpi_unit) == ("stays", "points")
    np.testing.assert_array_equal(again.log.propensity, study.log.propensity)
    np.testing.assert_array_equal(again.scores["click"], study.scores["click"])


UNITS = {
    "a share": ("mean(stayed)", "share", "decision", "points"),
    "a share in words": ("mean(stayed * 1)", "share of visits", "decision", "points"),
    "a percentage": ("mean(stayed * 1)", "'%'", "decision", "points"),
    "no unit": ("mean(stayed)", "null", "decision", "points"),
    "a mean of money": ("mean(stayed * 2)", "EUR per visit", "decision", "EUR per visit"),
    "a total of money": ("sum(stayed * 2) per 1d", "EUR per day", "decision", "EUR per decision"),
    "a total of a user": ("sum(stayed * 2) by user", "EUR per 30 days", "unit", "EUR per user"),
}


WEEKS = {"week_end": "EUR per user and week", "day_end": "EUR per user and day"}


@pytest.mark.parametrize(("anchor", "wanted"), WEEKS.items(), ids=WEEKS)
def test_a_change_of_a_user_s_week_is_told_per_week(tmp_path, anchor, wanted):
    text = FRAMING.replace(
        "metric: mean(stayed), unit: share", "metric: sum(back * 2) by user, unit: EUR per 30 days"
    ).replace("features:", f"  back: {{source: shelf, by: user, anchor: {anchor}, within: 1d}}\nfeatures:")
    framing = framing_of(text, tmp_path)
    assert lift_unit(framing, "unit") == wanted
    assert lift_unit(framing, "decision") == "EUR per decision"


@pytest.mark.parametrize(("metric", "unit", "per", "wanted"), UNITS.values(), ids=UNITS)
def test_a_change_of_the_kpi_has_its_unit(tmp_path, metric, unit, per, wanted):
    text = FRAMING.replace("metric: mean(stayed), unit: share", f"metric: {metric}, unit: {unit}")
    assert text.count(metric) == 1
    assert lift_unit(framing_of(text, tmp_path), per) == wanted


def test_sentences_are_in_points_where_the_kpi_is_a_share(made):
    stress = made.result["stress"]
    assert stress["kpi"]["lift_unit"] == "points"
    gain = stress["proxies"]["stayed"]["grid"][-1]["kpi_lift"]["value"]
    assert f"by {100 * gain:.3g} points at best of" in stress["proxies"]["stayed"]["sentence"]


NOTHING = {
    "no candidates": ("decision: request, shown: is_shown = 1, propensity: probability, ", "", "STRESS060"),
    "no KPI": ("mean(stayed)", "external(stays in the ledger)", "STRESS061"),
    "a KPI of the model": ("mean(stayed)", "roc_auc(stayed)", "STRESS061"),
}


@pytest.mark.parametrize(("old", "new", "code"), NOTHING.values(), ids=NOTHING)
def test_a_framing_that_cannot_be_tested_is_told_what_to_log(tmp_path, old, new, code):
    assert old in FRAMING
    found = reason_against(framing_of(FRAMING.replace(old, new), tmp_path))
    assert found.code == code
    assert found.severity == "info"
    assert found.fix


def test_a_framing_with_candidates_and_a_kpi_can_be_tested(tmp_path):
    assert reason_against(framing_of(FRAMING, tmp_path)) is None


def test_a_refusal_costs_nothing_and_blocks_nothing(tmp_path):
    made = truenorth.run(write_small(tmp_path, rows=2_000), out=tmp_path / "runs")
    stress = made.result["stress"]
    assert stress["proxies"] == {} and stress["findings"] == []
    assert stress["refused"]["code"] == "STRESS061"
    assert made.result["seconds"]["stress"] < 0.1
    assert not (made.folder / STUDY).exists()
    told = commanded("stress", made.folder)
    assert told.exit_code == 5
    assert told.output.startswith("refused: expected a KPI")


def changed(data: Dataset, **columns: Vector) -> Dataset:
    return replace(data, columns=data.columns.with_columns(columns))


def test_a_decision_that_shows_several_is_left_out_and_counted(held_out):
    shown = held_out.columns["shown"].values.copy()
    first = held_out.columns["decision"].values == held_out.columns["decision"].values[0]
    shown[first] = 1.0
    asked = study_of(changed(held_out, shown=Vector.booleans(shown)), [])
    odd = next(one for one in asked.findings if one.code == "STRESS062")
    assert odd.severity == "warn" and "got 1 of" in odd.evidence
    assert asked.study.log.n == study_of(held_out, []).study.log.n - 1


def test_a_log_of_whole_lists_is_refused_and_not_guessed(held_out):
    everything = Vector.booleans(np.ones(held_out.n_rows))
    asked = study_of(changed(held_out, shown=everything), [])
    assert asked.study is None
    assert asked.findings[0].severity == "error"
    assert "decision of its own" in asked.findings[0].fix


def test_a_kpi_that_waits_everywhere_is_refused(held_out):
    waiting = replace(held_out.labels["stayed"], state=np.ones(held_out.n_rows, dtype=np.int8))
    asked = study_of(replace(held_out, labels={**held_out.labels, "stayed": waiting}), [])
    assert asked.study is None and asked.matured == 0
    assert asked.findings[-1].code == "STRESS063" and asked.findings[-1].severity == "error"


@pytest.mark.parametrize(
    ("direction", "negated", "sign", "called"),
    [
        ("down", False, -1, "the cut in stays"),
        ("up", True, -1, "stays"),
        ("down", True, 1, "the cut in stays"),
    ],
)
def test_a_kpi_that_should_fall_is_turned(held_out, direction, negated, sign, called):
    kpi = held_out.framing.business.kpi
    metric = replace(kpi.metric, negated=negated)
    turned = kpi.model_copy(update={"direction": direction, "metric": metric})
    business = held_out.framing.business.model_copy(update={"kpi": turned})
    asked = study_of(
        replace(held_out, framing=held_out.framing.model_copy(update={"business": business})), []
    )
    np.testing.assert_array_equal(asked.study.outcome, sign * study_of(held_out, []).study.outcome)
    assert asked.study.provenance.kpi_name == called


def test_the_order_of_rows_does_not_matter(held_out):
    rng = np.random.default_rng(0)
    order = rng.permutation(held_out.n_rows)
    score = rng.standard_normal(held_out.n_rows)
    expression = held_out.framing.objective.score
    one = study_of(held_out, [Candidate("click", score, 1, expression)]).study
    other = study_of(held_out.take(order), [Candidate("click", score[order], 1, expression)]).study
    np.testing.assert_array_equal(one.outcome, other.outcome)
    np.testing.assert_allclose(
        one.log.of_chosen(one.scores["click"]), other.log.of_chosen(other.scores["click"])
    )


def test_a_label_that_the_score_subtracts_is_pushed_down(held_out):
    score = np.arange(float(held_out.n_rows))
    made = Candidate("hide", score, -1, held_out.framing.objective.score)
    assert made.called == "less hide"
    np.testing.assert_array_equal(made.pushed, -score)


def test_context_is_told_from_candidates(held_out):
    study = study_of(held_out, []).study
    assert set(study.groups) == {"item", "maker"}
    assert set(study.segments) == {"country"}
    assert set(np.unique(study.segments["country"])) == {"DE", "FR"}


def test_winners_and_losers_have_their_names(made):
    movers = made.result["stress"]["proxies"]["click"]["movers"]
    assert {one["group"] for one in movers["maker"]} == {"north", "south", "east"}
    assert sum(one["share_before"] for one in movers["maker"]) == pytest.approx(1)
    assert all(0 <= int(one["group"]) < 60 for one in movers["item"])


def test_weights_prefer_what_serves_the_goal_and_say_what_they_are_worth(made):
    found = propose_weights(made)
    assert found.report.weights["stayed"] > 5 * abs(found.report.weights["click"])
    assert found.score.startswith("1*stayed")
    assert found.report.gain.low > 0
    assert found.report.gain_over_today.low > 0
    told = commanded("weights", made.folder)
    assert told.exit_code == 0 and "proposed" in told.output
    assert "points beside today's score" in told.output
    written = json.loads(commanded("weights", made.folder, "--json").output)
    assert (written["today"], written["unit"]) == ("click", "points")
    today, click = (written["alternatives"][name]["kpi_lift"] for name in ("today", "click"))
    assert today["value"] == pytest.approx(click["value"])  # today's score is the clicks
    assert written["gain_over_today"]["value"] == found.report.gain_over_today.value


def test_the_command_says_where_it_turns_and_writes_a_page(made, tmp_path):
    page = tmp_path / "stress.html"
    told = commanded("stress", made.folder, "--page", page)
    assert told.exit_code == 4
    assert "TRAP         click           Optimise click no harder than best of" in told.output
    assert "Optimise click no harder" in page.read_text()
    one = commanded("stress", made.folder, "--proxy", "stayed", "--json")
    assert one.exit_code == 0
    assert list(json.loads(one.output)["proxies"]) == ["stayed"]


def test_an_unknown_proxy_is_refused_with_the_near_name(made):
    told = commanded("stress", made.folder, "--proxy", "clik")
    assert told.exit_code == 3
    assert "did you mean 'click'" in told.output


def test_a_kpi_of_the_week_belongs_to_the_user_s_week(held_out):
    labels = dict(held_out.framing.labels)
    labels["stayed"] = labels["stayed"].model_copy(update={"anchor": "week_end"})
    asked = study_of(replace(held_out, framing=held_out.framing.model_copy(update={"labels": labels})), [])
    rows = held_out.columns.take(asked.rows)
    monday = np.datetime64("2026-01-05", "us").astype(np.int64)
    week = (rows["at"].values - monday) // (7 * 86_400 * 10**6)
    weeks = {(user, at) for user, at in zip(rows["unit"].values, week, strict=True)}
    assert asked.study.per == "unit"
    assert asked.study.log.n_units == len(weeks)
    assert len(np.unique(asked.study.log.clusters)) == len(np.unique(rows["unit"].values))


def test_a_kpi_that_a_unit_s_decisions_share_is_found_to_be_the_unit_s(held_out):
    user = held_out.columns["unit"].values
    values = Vector.numbers((user % 3 == 0).astype(float))
    stayed = replace(held_out.labels["stayed"], values=values, state=np.zeros(len(user), dtype=np.int8))
    asked = study_of(replace(held_out, labels={**held_out.labels, "stayed": stayed}), [])
    assert asked.study.per == "unit"
    assert asked.study.log.n_units == len(np.unique(user))


def test_probabilities_that_were_not_logged_are_estimated_and_said_to_be(tmp_path):
    file = write_decisions(tmp_path, text=FRAMING.replace("propensity: probability, ", ""))
    stress = truenorth.run(file, out=tmp_path / "runs").result["stress"]
    assert stress["tier"] == "B"
    assert "STRESS009" in {one["code"] for one in stress["findings"]}
    assert stress["proxies"]["click"]["verdict"] in ("TRAP", "HARMFUL")
    assert stress["proxies"]["click"]["robustness"] is not None


def test_a_logger_that_never_draws_is_refused_and_the_run_goes_on(tmp_path):
    text = FRAMING.replace("propensity: probability", "propensity: 0.0001 + 0.9996 * is_shown")
    made = truenorth.run(write_decisions(tmp_path, text=text, decisions=3000), out=tmp_path / "runs")
    stress = made.result["stress"]
    assert stress["tier"] == "C"
    assert stress["refused"]["code"] in ("STRESS008", "STRESS010")
    assert {one["verdict"] for one in stress["proxies"].values()} == {"UNSUPPORTED"}
    assert "error" not in {one["severity"] for one in stress["findings"]}
    assert "PROXY008" not in {one["code"] for one in made.findings}
