"""Tables of past experiments: read with their errors, refused with the place."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from truenorth.cli.app import app
from truenorth.errors import DataError
from truenorth.workflow.past_experiments import read_experiments


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def past(n: int = 80, *, shared: float = 0.9, seed: int = 0) -> list[dict[str, object]]:
    """Return experiments in which dwell foretells the return, and clicks only share its users."""
    rng = np.random.default_rng(seed)
    noise = 0.5 * np.array([[1.0, shared, 0.0], [shared, 1.0, 0.0], [0.0, 0.0, 1.0]])
    truth = rng.standard_normal((n, 1))
    effects = np.hstack([truth, 0.5 * rng.standard_normal((n, 1)), truth + 0.2 * rng.standard_normal((n, 1))])
    seen = effects + rng.multivariate_normal(np.zeros(3), noise, n)
    error = float(np.sqrt(0.5))
    return [
        {"experiment": f"e{at}", "returned": one[0], "returned_se": error, "click": one[1], "click_se": error,
         "dwell": one[2], "dwell_se": error, "cov_click_returned": 0.5 * shared, "cov_returned_dwell": 0,
         "cov_click_dwell": 0}
        for at, one in enumerate(seen)
    ]  # fmt: skip


def test_the_kpi_comes_first_and_covariances_are_read_either_way_round(tmp_path):
    read = read_experiments(write(tmp_path / "past.csv", past(20)))
    assert read.names == ("returned", "click", "dwell")
    assert read.effects.shape == (20, 3) and read.noise.shape == (20, 3, 3)
    np.testing.assert_allclose(read.noise[0], [[0.5, 0.45, 0], [0.45, 0.5, 0], [0, 0, 0.5]])
    assert read.findings == ()
    other = read_experiments(tmp_path / "past.csv", kpi="dwell")
    assert other.names == ("dwell", "returned", "click")
    assert other.noise[0, 1, 2] == pytest.approx(0.45)


def test_what_only_shares_users_with_the_kpi_does_not_pass_for_a_proxy(tmp_path):
    told = CliRunner().invoke(app, ["proxies", str(write(tmp_path / "past.csv", past())), "--json"])
    assert told.exit_code == 0
    cards = json.loads(told.output)["cards"]
    assert cards["click"]["naive_correlation"] > cards["click"]["correlation"] + 0.2
    assert cards["dwell"]["correlation"] > 0.8 > cards["click"]["correlation"]


def test_errors_taken_for_independent_are_told(tmp_path):
    rows = [{key: value for key, value in row.items() if not key.startswith("cov_")} for row in past(30)]
    told = CliRunner().invoke(app, ["proxies", str(write(tmp_path / "past.csv", rows))])
    assert told.exit_code == 0
    assert "STRESS068" in told.output and "cov_returned_click" in told.output


def test_segments_are_told_from_experiments(tmp_path):
    rows = past(25)
    parts = [{**row, "segment": name} for row in rows for name in ("new", "old")]
    read = read_experiments(write(tmp_path / "past.csv", [*rows, *parts[:-1]]))
    assert read.effects.shape == (25, 3)
    assert read.segments.shape == (25, 2, 3)
    assert np.isnan(read.segments[-1, 1]).all()


def test_arms_of_one_experiment_are_counted_as_one_and_keep_their_segments(tmp_path):
    rows = [{**row, "experiment": f"e{at // 2}", "arm": "ab"[at % 2]} for at, row in enumerate(past(60))]
    parts = [{**row, "click": at, "segment": "new"} for at, row in enumerate(rows)]
    file = write(tmp_path / "past.csv", [*rows, *parts])
    read = read_experiments(file)
    assert len(set(read.experiments)) == 30
    np.testing.assert_array_equal(read.segments[:, 0, 1], np.arange(60))
    told = CliRunner().invoke(app, ["proxies", str(file)])
    assert "60 arms of 30 experiments" in told.output


def test_rows_without_a_name_are_experiments_of_their_own(tmp_path):
    rows = [{key: value for key, value in row.items() if key != "experiment"} for row in past(30)]
    read = read_experiments(write(tmp_path / "past.csv", rows))
    assert len(set(read.experiments)) == 30


WRONG = {
    "no rows": ("experiment,returned,returned_se,click,click_se\n", "one row per experiment, got none"),
    "no errors": ("experiment,returned,click\na,1,2\n", "each with its _se"),
    "text": (
        "experiment,returned,returned_se,click,click_se\na,1,.1,big,.1\n",
        "a number in click of a, got 'big'",
    ),
    "an error of 0": (
        "experiment,returned,returned_se,click,click_se\na,1,.1,0,0\n",
        "a standard error above 0 in click_se of a, got 0",
    ),
    "a negative error": (
        "experiment,returned,returned_se,click,click_se\na,1,-.1,0,.1\n",
        "a standard error above 0 in returned_se of a, got -0.1",
    ),
    "segments of arms without a name": (
        "experiment,segment,returned,returned_se,click,click_se\n"
        "a,,1,.1,1,.1\na,,2,.1,2,.1\na,new,1,.1,1,.1\na,new,2,.1,2,.1\n",
        "one segment per experiment and arm, got several of experiment 'a', arm '', segment 'new'",
    ),
    "a segment of one of two arms": (
        "experiment,segment,returned,returned_se,click,click_se\n"
        "a,,1,.1,1,.1\na,,2,.1,2,.1\na,new,1,.1,1,.1\n",
        "one row without a segment per experiment and arm, got several of experiment 'a', arm ''",
    ),
    "segments without an experiment": (
        "segment,returned,returned_se,click,click_se\n,1,.1,1,.1\nnew,1,.1,1,.1\nnew,2,.1,2,.1\n",
        "the experiment of each row by segment, got 2 rows without one",
    ),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_a_table_that_cannot_be_read_says_where(tmp_path, text, expected):
    file = tmp_path / "past.csv"
    file.write_text(text)
    with pytest.raises(DataError) as refused:
        read_experiments(file)
    assert expected in str(refused.value)
    assert refused.value.findings[0].code == "STRESS067"


def test_a_kpi_that_is_not_there_is_refused_with_the_near_name(tmp_path):
    with pytest.raises(DataError, match="did you mean 'returned'"):
        read_experiments(write(tmp_path / "past.csv", past(20)), kpi="retuned")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    told = CliRunner().invoke(app, ["proxies", str(tmp_path / "none.csv")])
    assert told.exit_code == 3
    assert "STRESS067" in told.output
