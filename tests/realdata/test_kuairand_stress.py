"""A feed log without candidates or probabilities carries no stress test, and each of its faces says so."""

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import truenorth
from tests.realdata.direct import DATA, FRAMINGS, needs
from truenorth.cli.app import app

pytestmark = needs("kuairand_pure")

FOLDER = DATA / "kuairand_pure"
SEEN = "rows that are no candidates: what else could have been done, and how likely it was, is not in the log"
VERDICT = re.compile(r"\b(TRAP|HARMFUL|ALIGNED|INCONCLUSIVE|UNSUPPORTED)\b")
CHANGES = {
    "models.candidates": ["linear"],
    # The published log is of a feed: a list by the score, where PROXY008 asks for a test.
    "policy": {"rank": {"by": "score", "show": 5}, "fallback": "rule"},
}


@pytest.fixture(scope="module", params=["kuairand_ranking", "kuairand_pure"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> truenorth.Run:
    """A run over one user in ten: what can be tested depends on what was logged, not on how much."""
    place = tmp_path_factory.mktemp(request.param)
    impressions = pq.read_table(FOLDER / "impressions.parquet")
    pq.write_table(
        impressions.filter(np.asarray(impressions["user_id"]) % 10 == 0), place / "impressions.parquet"
    )
    text = (FRAMINGS / f"{request.param}.yaml").read_text()
    text = text.replace("../../../shared/data/kuairand_pure/impressions.parquet", "impressions.parquet")
    file = place / "framing.yaml"
    file.write_text(text.replace("../../../shared/data/kuairand_pure", str(FOLDER)))
    return truenorth.run(file, out=place / "runs", changes=CHANGES)


def commanded(*arguments: object):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def test_the_tier_is_c_and_the_refusal_says_what_to_log(made: truenorth.Run):
    stress = made.result["stress"]
    assert stress["tier"] == "C" and stress["n"] == 0
    assert stress["refused"]["code"] == "STRESS060" and SEEN in stress["refused"]["evidence"]
    assert "examples.decision, shown, propensity" in stress["refused"]["fix"]


def test_nothing_is_called_a_trap_or_aligned(made: truenorth.Run):
    assert made.result["stress"]["proxies"] == {}
    assert not VERDICT.search(json.dumps(made.result["stress"]))
    assert not VERDICT.search((made.folder / "card.md").read_text())
    told = commanded("stress", made.folder)
    assert told.exit_code == 5
    assert told.output.startswith("refused: ") and SEEN in " ".join(told.output.split())
    assert not VERDICT.search(told.output)


def test_the_rule_of_the_stress_test_is_not_assessed_and_blocks_nothing(made: truenorth.Run):
    answers = json.loads((made.folder / "audit.json").read_text())["audit"]["answers"]
    rule = next(one for one in answers if one["code"] == "PROXY008")
    assert rule["state"] == "not assessed" and SEEN in rule["reason"]
    assert made.result["gate"] == "pass"


def test_the_report_shows_the_refusal_and_no_curve(made: truenorth.Run):
    page = (made.folder / "report.html").read_text()
    assert SEEN in page
    assert "best of" not in page


def test_no_weights_are_proposed(made: truenorth.Run):
    told = commanded("weights", made.folder)
    assert told.exit_code == 3 and "STRESS066" in told.output
