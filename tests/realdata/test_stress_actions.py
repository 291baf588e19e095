"""The Hillstrom mailing through its framing: three random arms, and what pushing towards visits brings."""

import pytest

import truenorth
from tests.realdata.direct import FRAMINGS, needs
from truenorth.framing.load import load_with_findings

pytestmark = [*needs("hillstrom"), pytest.mark.slow]
FILE = FRAMINGS / "hillstrom_uplift.yaml"


@pytest.fixture(scope="module")
def spend(tmp_path_factory) -> dict:
    return truenorth.run(FILE, out=tmp_path_factory.mktemp("hillstrom")).result["stress"]


@pytest.fixture(scope="module")
def purchases(tmp_path_factory) -> dict:
    """The same run, judged by purchases instead of their amounts."""
    framing, _ = load_with_findings(FILE)
    plain = framing.model_dump(mode="json", by_alias=True, exclude_unset=True)
    plain["business"]["kpi"] |= {"metric": "mean(visit * conversion)", "unit": "share", "name": "purchases"}
    out = tmp_path_factory.mktemp("purchases")
    return truenorth.run(plain, base=FRAMINGS, out=out).result["stress"]


def at(stress: dict, name: str, depth: float) -> dict:
    return next(one for one in stress["proxies"][name]["grid"] if one["depth"] == depth)["kpi_lift"]


def test_visits_are_aligned_with_purchases_as_measured_by_hand(purchases):
    assert purchases["tier"] == "A" and purchases["n"] > 30_000
    assert purchases["proxies"]["visit"]["verdict"] == "ALIGNED"
    lift = at(purchases, "visit", 0.95)  # +.0031 with an error of .0005 on all customers; half are held out
    assert lift["value"] == pytest.approx(0.0031, abs=0.0010)
    assert lift["error"] == pytest.approx(0.0007, abs=0.0002)


def test_visits_and_the_score_raise_spend_within_its_wide_errors(spend):
    lift = at(spend, "visit", 0.95)  # +.31 with an error of .08 on all customers
    assert lift["value"] == pytest.approx(0.31, abs=2 * 0.13)
    assert lift["error"] == pytest.approx(0.12, abs=0.03)
    assert {spend["proxies"][name]["verdict"] for name in ("visit", "score")} <= {"ALIGNED", "INCONCLUSIVE"}


def test_pushing_towards_visits_mails_almost_everyone(spend):
    movers = {one["group"]: one for one in spend["proxies"]["visit"]["movers"]["action"]}
    assert set(movers) == {"Mens E-Mail", "Womens E-Mail", "No E-Mail"}
    assert movers["No E-Mail"]["share_after"] < 0.05


def test_amounts_of_few_buyers_are_no_score_of_their_own(spend):
    assert "spend" not in spend["proxies"]
    assert any(one["code"] == "STRESS072" and one["where"] == "labels.spend" for one in spend["notes"])
