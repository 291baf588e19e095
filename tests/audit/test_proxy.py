"""PROXY: each rule fires on a planted case, and is silent on a near miss."""

from typing import Any

import numpy as np
import pytest

from tests.audit.framings import GONE, ask, state, subject_of
from tests.audit.tables import N, evidence_of, subject_with, table
from truenorth.audit import audit, find_rule
from truenorth.audit.measured.association import association, attainable
from truenorth.audit.stated.lexicon import words_in
from truenorth.audit.stated.signals import trap_of
from truenorth.audit.stated.terms import directions, is_pushed, terms_of
from truenorth.framing.expressions import parse_expression

# ruff: noqa: E501 (a document is written here, and its lines are as long as it wants)
FEED = """\
framing: 1
name: small-feed
business:
  goal: People come back because it was worth their time
  kpi: {name: weekly return, metric: mean(returned) by user mean, unit: share, direction: up, baseline: 0.4, target: +1pp, timeframe: 90d}
  decision: which items to show
  owner: feed
sources:
  shown:
    path: shown.parquet
    time: shown_at
    key: [request, item]
    known_after: {viewport: 10m}
  actions: {path: actions.parquet, time: acted_at, known_after: 1h}
  sessions: {path: sessions.parquet, time: started_at, known_after: 1h}
examples: {source: shown, entity: [user, item], at: time, unit: user, group: request, position: position}
labels:
  click: {source: actions, where: kind = 'click', within: 2h}
  saved: {source: actions, where: kind = 'save', within: 2h}
  told: {source: actions, where: kind = 'tell', within: 2h, given: click}
  hide: {source: actions, where: kind = 'hide', within: 1d}
  stars: {source: actions, by: [user, item], where: kind = 'stars', latest: value, within: 1d}
  returned: {source: sessions, by: user, anchor: week_end, within: 7d}
features:
  amount: {column: amount}
  age: {column: age}
proxies:
  saved: {alignment: 4, gaming: 2, coverage: 3, latency: 5, causal: 4, if_pushed: things that are saved and forgotten}
  hide: {alignment: 4, gaming: 2, coverage: 1, latency: 5, causal: 4, if_pushed: people stop saying so}
objective: {score: saved - 3*hide, metric: value@3, reasons: {hide: a hide costs three saves}}
models: {rule: -age, candidates: [linear, trees]}
policy: {rank: {by: score, show: 3}, fallback: rule}
split: {train: 60d, validation: 14d, calibration: 7d, test: 14d}
experiment: {unit: user, metric: kpi, minimum_effect: 3pp, duration: 28d, guardrails: [{metric: "external(reports)", margin: 2%}]}
"""
ALONE: dict[str, Any] = {"experiment.guardrails": []}
CLICK = {"alignment": 4, "gaming": 2, "coverage": 5, "latency": 5, "causal": 4, "if_pushed": "bait"}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "PROXY001": (
        {"objective.score": "saved", **ALONE},
        {"objective.score": "saved", **ALONE, "constraints": ["mean(hide) <= 1%"]},
    ),
    "PROXY002": ({"objective.score": "click + saved"}, {"objective.score": "click + saved - hide"}),
    "PROXY003": (
        {"objective.score": "saved + returned - hide"},
        {"objective.score": "saved + returned - hide", "labels.returned.by": ["user", "item"]},
    ),
    "PROXY004": ({"proxies.saved.alignment": 2}, {"proxies.saved.alignment": 3}),
    "PROXY010": (
        {
            "sources.orders": {"path": "orders.parquet", "time": "ordered_at"},
            "objective.score": "click - hide",
        },
        {"sources.orders": {"path": "orders.parquet", "time": "ordered_at"}},
    ),
    "PROXY011": ({"proxies.saved.if_pushed": GONE}, {"proxies.click": {"alignment": 2}}),
    "PROXY012": ({"objective.reasons": GONE}, {"objective.reasons": GONE, "objective.score": "saved - hide"}),
}
"""Per rule: changes of the feed on which it fires, and near misses on which it does not."""


@pytest.mark.parametrize("code", CASES)
def test_fires(code: str):
    assert state(code, CASES[code][0], text=FEED) == "fired"


@pytest.mark.parametrize("code", CASES)
def test_is_silent_on_a_near_miss(code: str):
    assert state(code, CASES[code][1], text=FEED) == "silent"


@pytest.mark.parametrize("code", CASES)
def test_the_feed_and_the_clean_framing_are_silent(code: str):
    assert state(code, text=FEED) == "silent"
    assert state(code) == "silent"


@pytest.mark.parametrize(
    ("score", "terms"),
    [
        ("5*saved - 2*hide", [("saved", 5.0), ("hide", -2.0)]),
        ("2*(saved - 3*hide)", [("saved", 2.0), ("hide", -6.0)]),
        ("-(saved - hide / 4)", [("saved", -1.0), ("hide", 0.25)]),
        ("click * told", [("click * told", 1.0)]),
        ("1 - click", [("1", 1.0), ("click", -1.0)]),
    ],
)
def test_a_score_is_taken_apart_into_signed_terms(score: str, terms: list[tuple[str, float]]):
    framing = subject_of(text=FEED).framing
    assert [(one.name, one.weight) for one in terms_of(parse_expression(score), framing)] == terms


@pytest.mark.parametrize(
    ("score", "ways"),
    [
        ("click * (1 - hide)", {"click": 1, "hide": -1}),
        ("saved - hide", {"saved": 1, "hide": -1}),
        ("saved / (1 + hide)", {"saved": 1, "hide": -1}),
        ("-2 * hide", {"hide": -1}),
        ("stars > 3", {"stars": 1}),
        ("stars <= 3", {"stars": -1}),
        ("case when click then saved else 0 end", {"click": 0, "saved": 0}),
        ("click - click * hide", {"click": 0, "hide": -1}),
    ],
)
def test_the_direction_of_a_label_is_read_off_the_tree(score: str, ways: dict[str, int]):
    assert directions(parse_expression(score), subject_of(text=FEED).framing) == ways


@pytest.mark.parametrize(
    ("policy", "pushed"),
    [
        ({"rank": {"by": "score"}}, True),
        ({"bid": {"amount": "score", "price": "amount"}}, True),
        ({"select": {"top": "5 per 1d", "by": "score"}}, True),
        ({"actions": {"show": "1 - saved", "drop": 0.5}}, False),
        ({"explore": {"share": "1%"}}, True),
    ],
)
def test_only_scores_that_decisions_follow_are_pushed(policy: dict[str, Any], pushed: bool):
    assert is_pushed(subject_of({"policy": policy}, text=FEED)) is pushed


def test_a_score_weighed_against_costs_is_no_engagement_proxy():
    assert state("PROXY001", {"experiment.guardrails": [], "constraints": []}) == "silent"


def test_a_chain_is_one_proxy():
    (finding,) = ask("PROXY001", {"objective.score": "click * told", **ALONE}, text=FEED).findings
    assert "'click * told'" in finding.evidence
    assert state("PROXY001", {"objective.score": "click + saved", **ALONE}, text=FEED) == "silent"


def test_a_discount_within_a_product_is_a_counterweight():
    assert state("PROXY001", {"objective.score": "saved * (1 - hide)", **ALONE}, text=FEED) == "silent"


def test_a_constraint_on_the_proxy_itself_is_no_counterweight():
    changes = {"objective.score": "saved", **ALONE, "constraints": ["mean(saved) >= 1%"]}
    assert state("PROXY001", changes, text=FEED) == "fired"


def test_a_score_that_is_the_kpi_needs_no_counterweight():
    changes = {"objective.score": "saved", **ALONE, "business.kpi.metric": "mean(saved)"}
    assert state("PROXY001", changes, text=FEED) == "silent"


def test_the_counterweight_that_is_offered_is_measured_already():
    (finding,) = ask("PROXY001", {"objective.score": "saved", **ALONE}, text=FEED).findings
    assert finding.fix == "guardrails: [{metric: mean(click), margin: 2%}]"


@pytest.mark.parametrize(
    ("label", "trap"),
    [
        ({"name": "click"}, "click"),
        ({"name": "opened", "where": "kind = 'watch_time'"}, "watch time"),
        ({"name": "stars"}, "rating"),
        ({"name": "taken", "where": "kind = 'booking'"}, "booking"),
        ({"name": "put", "where": "kind = 'add_to_cart'"}, "add to cart"),
        ({"name": "helpful"}, "helpful vote"),
        ({"name": "near", "where": "kind = 'surge'"}, "surge availability"),
        ({"name": "solved"}, None),
        ({"name": "click", "where": "dwell_seconds > 30"}, None),
    ],
)
def test_traps_are_known_by_their_words(label: dict[str, str], trap: str | None):
    changes = {
        f"labels.{label['name']}": {
            "source": "actions",
            "within": "2h",
            "where": label.get("where", "kind = 'x'"),
        }
    }
    framing = subject_of(changes, text=FEED).framing
    found = trap_of(label["name"], framing.labels[label["name"]])
    if trap == "watch time":  # the name says click too, and comes first
        assert found is not None and found[0].name in ("click", "watch time")
    else:
        assert (found and found[0].name) == trap


def test_a_click_with_what_follows_it_is_no_trap():
    assert state("PROXY002", {"objective.score": "click * told"}, text=FEED) == "silent"
    assert state("PROXY002", {"objective.score": "click + returned"}, text=FEED) == "silent"


def test_the_trap_says_what_it_brings():
    (finding,) = ask("PROXY002", {"objective.score": "click"}, text=FEED).findings
    assert finding.path == ("labels", "click")
    assert "'click' means click" in finding.evidence
    assert "promise more than they hold" in finding.evidence


def test_the_kpi_alone_need_not_be_attributable():
    assert state("PROXY003", text=FEED) == "silent"


def test_events_without_a_time_are_not_attributable():
    undated = {"sources.actions": {"path": "a.parquet", "time": "none", "static": ["kind", "user", "item"]}}
    labels = {"labels": {"saved": {"source": "actions", "by": ["user", "item"], "where": "kind = 'save'"}}}
    rest = {"objective": {"score": "saved"}, "business.kpi.metric": "external", "proxies": {}}
    found = ask("PROXY003", {**undated, **labels, **rest}, text=FEED).findings
    assert [one.path for one in found] == [("labels", "saved", "source")]


def test_marks_that_are_missing_are_named():
    (finding,) = ask("PROXY004", {"proxies.saved.causal": GONE}, text=FEED).findings
    assert finding.fix == "causal: 3"
    (finding,) = ask("PROXY004", {"proxies": {}}, text=FEED).findings
    assert finding.path == ("proxies",)
    assert finding.numbers == {"without": 2}


def test_gaming_is_held_by_a_counterweight():
    assert state("PROXY004", {"proxies.saved.gaming": 5}, text=FEED) == "silent"
    alone = {"proxies.saved.gaming": 5, "objective.score": "saved", **ALONE}
    assert state("PROXY004", alone, text=FEED) == "fired"


def test_the_nearest_event_of_the_log_is_named_with_its_place():
    (finding,) = ask("PROXY010", CASES["PROXY010"][0], text=FEED).findings
    assert "'orders' (sources.orders)" in finding.evidence
    assert finding.numbers == {"reached": 1, "logged": 3}


def test_a_nearer_event_in_a_condition_counts():
    changes = {
        "objective.score": "click - hide",
        "labels.done": {"source": "actions", "where": "kind = 'purchase'", "within": "1d"},
    }
    (finding,) = ask("PROXY010", changes, text=FEED).findings
    assert "'purchase' (labels.done.where)" in finding.evidence


def test_a_combined_label_reaches_as_far_as_its_parts():
    changes = {
        "labels.purchase": {"source": "actions", "where": "kind = 'purchase'", "within": "1d"},
        "labels.gain": {"combine": "4*purchase + click"}, "objective.score": "gain - hide",
    }  # fmt: skip
    assert state("PROXY010", changes, text=FEED) == "silent"
    found = ask("PROXY012", {**changes, "objective.reasons": GONE}, text=FEED).findings
    assert [(one.path[-1], one.numbers["weight"]) for one in found] == [("purchase", 4.0)]


def test_a_weight_needs_an_owner_too():
    (finding,) = ask("PROXY012", {"business.owner": GONE}, text=FEED).findings
    assert "no owner" in finding.evidence
    owned = {"business.owner": GONE, "models.tasks": {"hide": {"owner": "integrity"}}}
    assert state("PROXY012", owned, text=FEED) == "silent"


def test_words_are_whole_and_whatever_parts_them():
    assert words_in("add_to_cart", ("add to cart", "art")) == ("add to cart",)


# the log


def feed(columns: dict[str, Any] | None = None, labels: dict[str, Any] | None = None, **about: Any):
    """Return the feed with planted labels; whoever has none keeps 0."""
    names = ("click", "saved", "told", "hide", "stars", "returned")
    given = {name: np.zeros(N) for name in names} | (labels or {})
    plain = {"user": table()["customer"], "item": table()["terminal"], "age": np.ones(N), **(columns or {})}
    return subject_with(evidence_of(columns=plain, labels=given, text=FEED, **about))


def answer(code: str, subject: Any):
    return audit(subject, rules=[find_rule(code)]).by_code[code]


def coin(rate: float, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random(N) < rate).astype(float)


@pytest.mark.parametrize(("weight", "is_found"), [(1, True), (2, True), (3, False)])
def test_the_share_of_a_counterweight_is_that_of_its_variance(weight: int, is_found: bool):
    saved, hide = coin(0.3, 1), np.zeros(N)
    hide[:2] = 1  # with weights 1, 2, 3: .24 %, .94 %, 2.1 % of the spread
    share = weight**2 * hide.var() / (weight**2 * hide.var() + saved.var())
    changes = {"objective.score": f"saved - {weight}*hide"}
    found = answer("PROXY005", feed(labels={"saved": saved, "hide": hide}, changes=changes)).findings
    assert [one.numbers["share"] for one in found] == ([pytest.approx(share)] if is_found else [])


def test_the_counterweight_that_cannot_bind_is_named_with_its_weight():
    hide = np.zeros(N)
    hide[:2] = 1
    changes = {"objective.score": "saved - 2*hide"}
    (finding,) = answer(
        "PROXY005", feed(labels={"saved": coin(0.3, 1), "hide": hide}, changes=changes)
    ).findings
    assert "for 2 * hide over 4,000 rows" in finding.evidence


def test_the_raised_weight_just_binds():
    saved, hide = coin(0.3, 1), np.zeros(N)
    hide[:2] = 1
    (finding,) = answer(
        "PROXY005", feed(labels={"saved": saved, "hide": hide}, changes={"objective.score": "saved - hide"})
    ).findings
    weight = float(finding.fix.split("- ")[1].split("*")[0])
    assert weight**2 * hide.var() / (weight**2 * hide.var() + saved.var()) == pytest.approx(0.01, rel=0.02)


def test_without_observed_labels_the_counterweight_is_not_assessed():
    states = {"hide": np.ones(N)}
    assert answer("PROXY005", feed(labels={"saved": coin(0.3, 1)}, states=states)).state == "not assessed"


def test_two_terms_that_are_one_signal_are_found():
    click = coin(0.3, 1)
    twice = click.copy()
    twice[:20] = 1 - twice[:20]
    changes = {"objective.score": "click + 2*saved - hide"}
    (finding,) = answer("PROXY006", feed(labels={"click": click, "saved": twice}, changes=changes)).findings
    assert finding.numbers["r"] == pytest.approx(np.corrcoef(click, twice)[0, 1])
    assert finding.fix == "score with 3*click in place of both"
    apart = answer("PROXY006", feed(labels={"click": click, "saved": coin(0.3, 2)}, changes=changes))
    assert apart.state == "silent"


def weekly(subject_seed: int, pull: float) -> dict[str, Any]:
    """Return labels in which a user's good weeks (many saves) bring them back, by `pull`."""
    rng = np.random.default_rng(subject_seed)
    columns = table()
    week = (columns["at"] // 86_400_000_000 + 3) // 7
    cell = np.unique(columns["unit"] * 10_000 + week, return_inverse=True)[1]
    mood = rng.normal(size=cell.max() + 1)
    saved = (rng.random(N) < 1 / (1 + np.exp(-mood[cell]))).astype(float)
    back = rng.random(cell.max() + 1) < 1 / (1 + np.exp(-pull * mood))
    return {"saved": saved, "returned": back[cell].astype(float), "hide": 1 - saved}


def test_a_proxy_that_goes_against_the_kpi_is_found():
    found = answer("PROXY007", feed(labels=weekly(1, -3.0))).findings
    assert [one.path for one in found] == [("objective", "score"), ("labels", "saved"), ("labels", "hide")]
    assert all(one.numbers["high"] < 0 for one in found)
    assert "goes against the KPI" in found[0].evidence


def test_a_proxy_that_goes_with_the_kpi_is_silent():
    assert answer("PROXY007", feed(labels=weekly(1, 3.0))).state == "silent"


def test_a_kpi_that_should_fall_is_turned():
    falling = {"business.kpi.direction": "down"}
    assert answer("PROXY007", feed(labels=weekly(1, 3.0), changes=falling)).state == "fired"


def test_a_weekly_outcome_is_compared_week_by_week():
    (finding, *_) = answer("PROXY007", feed(labels=weekly(1, -3.0))).findings
    columns = table()
    cells = np.unique(columns["unit"] * 10_000 + (columns["at"] // 86_400_000_000 + 3) // 7)
    assert finding.numbers["n"] == len(cells)
    assert finding.numbers["n_units"] == len(np.unique(columns["unit"]))


def test_a_rare_outcome_is_measured_by_what_it_could_reach():
    """Every purchase follows a save, yet the correlation is small because purchases are rare."""
    saved = coin(0.5, 1)
    told = np.zeros(N)
    told[np.flatnonzero(saved)[::500]] = 1
    changes = {"business.kpi.metric": "mean(told)", "labels.told.given": GONE}
    assert np.corrcoef(saved, told)[0, 1] < 0.05
    labels = {"saved": saved, "told": told, "hide": coin(0.001, 3)}
    found = answer("PROXY007", feed(labels=labels, changes=changes))
    assert not [one for one in found.findings if one.path == ("labels", "saved")]


@pytest.mark.parametrize("metric", ["external(return)", "count", "share(position = 1)"])
def test_a_kpi_that_is_no_label_is_not_assessed(metric: str):
    found = answer("PROXY007", feed(labels=weekly(1, -3.0), changes={"business.kpi.metric": metric}))
    assert found.state == "not assessed"
    assert "no label of the log" in found.reason


def test_a_score_that_is_the_kpi_is_not_compared_with_itself():
    changes = {"business.kpi.metric": "mean(saved)", "objective.score": "saved"}
    assert answer("PROXY007", feed(labels=weekly(1, -3.0), changes=changes)).state == "silent"


def test_a_forecast_is_not_asked_to_go_with_the_kpi():
    assert answer("PROXY007", subject_with(evidence_of())).state == "silent"


@pytest.mark.parametrize(
    ("verdict", "state_of"),
    [
        ("TRAP", "fired"),
        ("HARMFUL", "fired"),
        ("ALIGNED", "silent"),
        ("INCONCLUSIVE", "not assessed"),
        ("UNSUPPORTED", "not assessed"),
    ],
)
def test_the_stress_test_decides(verdict: str, state_of: str):
    run = {"stress": {"proxies": {"score": {"verdict": verdict, "safe_depth": 0.8}}}}
    assert state("PROXY008", text=FEED, run=run) == state_of


def test_the_safe_depth_is_told():
    run = {"stress": {"proxies": {"score": {"verdict": "TRAP", "safe_depth": 0.8}}}}
    (finding,) = ask("PROXY008", text=FEED, run=run).findings
    assert finding.severity == "error"
    assert "a safe depth of 0.8" in finding.evidence


def test_a_run_without_a_stress_test_is_not_assessed():
    assert state("PROXY008", text=FEED, run={}) == "not assessed"
    assert (
        state("PROXY008", text=FEED, run={"stress": {"proxies": {"other": {"verdict": "TRAP"}}}})
        == "not assessed"
    )
    assert state("PROXY008", run={}) == "silent"


def answers_of(share: float, *, seed: int = 1) -> tuple[dict[str, Any], np.ndarray]:
    """Return stars that a share of the rows have, more so where `amount` is large; and who answered."""
    rng = np.random.default_rng(seed)
    amount = table()["amount"]
    who = rng.random(N) < np.clip(share * (0.5 + (amount > np.median(amount))), 0, 1)
    return {"stars": np.where(who, rng.integers(1, 6, N), 0).astype(float)}, who


def test_opinions_of_few_are_found_with_who_they_are():
    labels, who = answers_of(0.05)
    changes = {"objective.score": "stars - hide"}
    (finding,) = answer("PROXY009", feed(labels=labels, changes=changes)).findings
    assert finding.numbers["share"] == pytest.approx(who.mean())
    assert finding.numbers["feature"] == "amount"
    assert finding.numbers["difference"] > 0.1


def test_an_undefined_opinion_is_no_answer():
    labels, who = answers_of(0.05)
    subject = feed(
        labels=labels, states={"stars": np.where(who, 0, 2)}, changes={"objective.score": "stars - hide"}
    )
    (finding,) = answer("PROXY009", subject).findings
    assert finding.numbers["share"] == pytest.approx(who.mean())


def test_rows_that_have_not_matured_are_not_asked():
    labels, _ = answers_of(0.05)
    late = np.zeros(N)
    late[N // 2 :] = 1
    subject = feed(labels=labels, states={"stars": late}, changes={"objective.score": "stars - hide"})
    (finding,) = answer("PROXY009", subject).findings
    assert finding.numbers["rows"] == N // 2


@pytest.mark.parametrize(
    "changes",
    [
        {"labels.stars.weight": "1 / age"},
        {"labels.stars.judged": {"by": "a panel", "agreement": 0.8}},
        {"objective.score": "saved - hide"},
    ],
)
def test_opinions_that_are_weighed_judged_or_only_measured_are_exempt(changes: dict[str, Any]):
    labels, _ = answers_of(0.05)
    assert (
        answer("PROXY009", feed(labels=labels, changes={"objective.score": "stars - hide", **changes})).state
        == "silent"
    )


def test_opinions_of_most_are_silent():
    labels, _ = answers_of(0.9)
    assert (
        answer("PROXY009", feed(labels=labels, changes={"objective.score": "stars - hide"})).state == "silent"
    )


def test_the_interval_of_a_correlation_covers_at_its_rate():
    rng = np.random.default_rng(0)
    unit = np.repeat(np.arange(150), 4)
    covered = 0
    for _ in range(300):
        shared = rng.normal(size=(150, 2)) @ np.linalg.cholesky([[1, 0.3], [0.3, 1]]).T
        x, y = (np.repeat(shared[:, at], 4) for at in (0, 1))
        found = association(x, y, unit)
        covered += found is not None and found.low <= 0.3 <= found.high
    assert 0.91 <= covered / 300 <= 0.985


def test_a_constant_has_no_correlation():
    assert association(np.ones(10), np.arange(10.0), np.arange(10)) is None


def test_the_attainable_correlation_of_a_rare_event_is_small():
    often, rare = np.repeat([0.0, 1.0], [500, 500]), np.repeat([0.0, 1.0], [999, 1])
    assert attainable(often, rare) == pytest.approx((0.001 * 0.5 / (0.5 * 0.999)) ** 0.5)
