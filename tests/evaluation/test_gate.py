"""Constraints hold by the unfavourable end, and the gate follows from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.evaluation.scenes import framing, scene
from truenorth.errors import Finding
from truenorth.evaluation.constraints import check_constraints
from truenorth.evaluation.contract import Figure
from truenorth.evaluation.gate import gate
from truenorth.framing.waivers import Waiver

TODAY = date(2026, 1, 1)


def checked(text: str, **changes):
    judged = replace(scene(400, framed=framing(constraints=f'"{text}"')), **changes)
    return check_constraints(judged.dataset.framing, judged)[0]


@pytest.mark.parametrize(
    "text, status",
    [
        ("share(action = 'block') <= 50%", "met"),
        ("share(action = 'block') >= 0.1", "met"),
        ("share(action = 'block') <= 0.1", "violated"),
        ("recall(fraud) >= 0.9", "violated"),
        ("roc_auc(fraud) >= 0.8", "undecided"),
        ("roc_auc(fraud) >= 0.8 on estimate", "met"),
        ("roc_auc(fraud) >= 0.83 on estimate", "violated"),
        ("max(amount) <= 1000000", "undecided"),
        ("latency_p99 <= 50ms", "not assessed"),
        ("external(complaints) <= 1%", "not assessed"),
        ("roc_auc(fraud) >= 0.9 * released", "not assessed"),
        ("roc_auc(minutes) >= 0.3", "error"),
    ],
)
def test_a_constraint_is_decided_by_its_interval(text, status):
    found = checked(text)
    assert found.status == status
    assert found.note or found.figure.note
    assert found.to_dict()["constraint"] == str(found.constraint)


def test_a_measured_time_is_compared_in_milliseconds():
    assert checked("latency_p99 <= 50ms", latency_ms={"p99": 49.0}).status == "met"
    assert checked("latency_p99 <= 50ms", latency_ms={"p99": 51.0}).status == "violated"


def test_a_released_figure_is_the_bound():
    released = {"roc_auc(fraud)": Figure(metric="roc_auc(fraud)", value=0.6)}
    found = checked("roc_auc(fraud) < 0.9 * released", released=released)
    assert found.bound == pytest.approx(0.54) and found.status == "violated"


def finding(code: str, severity: str = "error") -> Finding:
    return Finding(code=code, severity=severity, where="x", evidence="y", fix="z")  # type: ignore[arg-type]


def waiver(code: str, until: date) -> Waiver:
    return Waiver(rule=code, reason="known", owner="risk", expires=until)


def test_the_gate_says_the_worst_that_was_found():
    met, violated = checked("share(action = 'block') <= 50%"), checked("recall(fraud) >= 0.9")
    open_, wrong = checked("roc_auc(fraud) >= 0.8"), checked("roc_auc(minutes) >= 0.3")
    missing = checked("latency_p99 <= 50ms")
    assert gate([], today=TODAY) == gate([met], today=TODAY) == "pass"
    assert gate([met, open_], today=TODAY) == gate([missing], today=TODAY) == "not assessed"
    assert gate([open_, violated], today=TODAY) == gate([wrong], today=TODAY) == "blocked"


def test_a_waiver_lets_a_finding_pass_until_it_expires():
    held, expired = waiver("LEAK004", date(2026, 2, 1)), waiver("LEAK004", date(2025, 12, 31))
    assert gate([], [finding("LEAK004")], [held], today=TODAY) == "pass with waivers"
    assert gate([], [finding("LEAK004")], [expired], today=TODAY) == "blocked"
    assert gate([], [finding("LEAK004", "warn")], [], today=TODAY) == "pass"
    assert gate([], [finding("OTHER001", "info")], [held], today=TODAY) == "pass"
    assert gate([checked("recall(fraud) >= 0.9")], [finding("LEAK004")], [held], today=TODAY) == "blocked"
