import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import truenorth
from tests.workflow.small import FRAMING, small_log, write_small
from truenorth.errors import DataError, Finding, FramingError
from truenorth.examples.plan import Request
from truenorth.framing.load import load_with_findings
from truenorth.workflow.run import RunOptions, run_request
from truenorth.workflow.stages import STAGES

pytestmark = pytest.mark.xdist_group("workflow")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("run")).parent


@pytest.fixture(scope="module")
def made(place: Path) -> truenorth.Run:
    return truenorth.run(place / "framing.yaml", out=place / "runs", seed=3)


def command(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from truenorth.cli import main; main()", *map(str, arguments)]
    return subprocess.run(program, cwd=cwd, capture_output=True, text=True, check=False)


def test_a_run_leaves_what_the_design_names(made):
    names = {path.name for path in made.folder.iterdir()}
    assert {
        "framing.lock.yaml", "examples.parquet", "profile.json", "models", "evaluation.json", "report.html",
        "bundle", "run.json",
    } <= names  # fmt: skip
    assert not [path for path in made.folder.rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]


def test_a_run_says_in_few_lines_what_was_decided_and_why(made):
    lines = repr(made).splitlines()
    assert len(lines) <= 9
    assert lines[0] == f"small-fraud: {made.gate}"
    assert any(line.startswith("primary      average_precision(fraud) 0.") for line in lines)


def test_every_number_of_the_short_form_has_its_evidence(made):
    short = made.to_dict()
    assert list(short) == [
        "name", "run", "gate", "chosen", "primary", "metrics", "constraints", "decision", "seconds",
    ]  # fmt: skip
    primary = short["primary"]
    assert primary["low"] < primary["value"] < primary["high"]
    assert primary["n"] > 500
    assert {stage.name for stage in STAGES} <= short["seconds"].keys()
    json.dumps(short, allow_nan=False)


def test_the_model_finds_the_law_that_made_the_log(made, place):
    test = pq.read_table(made.folder / "examples.parquet", filters=[("split", "=", "test")])
    amount, risk = (np.asarray(test[name]) for name in ("amount", "risk"))
    oracle = 1.1 * risk + 0.8 * np.log(amount / 40)
    from sklearn.metrics import average_precision_score

    best = average_precision_score(np.asarray(test["fraud"]), oracle)
    assert made.primary["value"] > 0.85 * best
    assert made.chosen in ("linear", "trees")
    assert made.result["verdict"] == "model wins"


def test_the_same_run_again_makes_no_stage_anew(made, place):
    results = list((place / "runs" / "small-fraud" / ".stages").glob("*/result.json"))
    before = {path: path.stat().st_mtime_ns for path in results}
    again = truenorth.run(place / "framing.yaml", out=place / "runs", seed=3)
    assert len(before) == len(STAGES)
    assert {path: path.stat().st_mtime_ns for path in results} == before
    assert again.folder == made.folder
    assert again.to_dict()["primary"] == made.to_dict()["primary"]


def test_a_fresh_run_gives_the_same_figures(made, place, tmp_path):
    other = truenorth.run(place / "framing.yaml", out=tmp_path, seed=3)
    assert other.folder.name == made.folder.name
    for key in ("gate", "chosen", "primary", "metrics", "constraints", "decision"):
        assert other.to_dict()[key] == made.to_dict()[key], key


def test_another_policy_trains_nothing_anew(made, place):
    stages = place / "runs" / "small-fraud" / ".stages"
    before = {path.name for path in stages.iterdir()}
    other = truenorth.run(
        place / "framing.yaml",
        out=place / "runs",
        seed=3,
        changes={"constraints.0": "share(action = 'review') <= 0.0001"},
    )
    new = {path.name.partition("-")[0] for path in stages.iterdir() if path.name not in before}
    assert new == {"audit", "evaluate", "stress", "verdict"}
    assert other.gate == "blocked"
    assert other.folder != made.folder


def test_findings_of_the_framing_are_never_those_of_an_earlier_run(tmp_path):
    file = write_small(tmp_path, rows=2_000)
    read = load_with_findings(file, changes={"models.candidates": "[]"})[0]
    told = Finding(
        code="POLICY086", severity="error", where="policy", evidence="expected a, got b.", fix="c."
    )
    runs = [
        run_request(Request(framing=read, findings=found, base=tmp_path), tmp_path / "runs", RunOptions())
        for found in ((told,), ())
    ]
    said = [["POLICY086" in {one["code"] for one in made.findings} for made in runs], runs[0].gate]
    assert said == [[True, False], "blocked"]
    assert runs[1].gate != "blocked"
    stages = (tmp_path / "runs" / "small-fraud" / ".stages").iterdir()
    assert sorted(path.name.partition("-")[0] for path in stages).count("train") == 1


def test_a_changed_log_is_another_run(made, place, tmp_path):
    file = write_small(tmp_path, seed=6)
    other = truenorth.run(file, out=place / "runs", seed=3)
    assert other.folder.name != made.folder.name


def test_frames_run_like_files(made, place, tmp_path):
    other = truenorth.run(
        _mapping(place / "framing.yaml"),
        frames={"payments": small_log()}, out=tmp_path, seed=3,
    )  # fmt: skip
    assert other.primary == made.primary
    places = [one["where"] for one in other.findings]
    assert places and not [one for one in places if ".yaml" in one], "there is no file to point into"


def _mapping(file: Path) -> dict:
    import yaml

    framing = yaml.safe_load(file.read_text())
    del framing["sources"]["payments"]["path"]
    return framing


def test_a_run_that_was_killed_goes_on_where_it_was(place, made, tmp_path):
    shutil.copytree(place, tmp_path / "p", ignore=shutil.ignore_patterns("runs"))
    program = [
        sys.executable,
        "-c",
        "from truenorth.cli import main; main()",
        "run",
        "framing.yaml",
        "--seed",
        "3",
    ]
    stages = tmp_path / "p" / "runs" / "small-fraud" / ".stages"
    for stage in ("examples", "train", "choose"):
        running = subprocess.Popen(
            program, cwd=tmp_path / "p", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not list(stages.glob(f"{stage}-*/result.json")) and running.poll() is None:
            time.sleep(0.005)
        running.send_signal(signal.SIGKILL)
        running.wait()
        kept = {path: path.stat().st_mtime_ns for path in stages.glob("*/result.json")}
        assert any(path.parent.name.startswith(stage) for path in kept)
    done = truenorth.run(tmp_path / "p" / "framing.yaml", out=tmp_path / "p" / "runs", seed=3)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert done.primary == made.primary
    assert not list(stages.glob(".draft-*"))


def test_two_runs_at_once_both_finish_with_the_same_result(place, made, tmp_path):
    shutil.copytree(place, tmp_path / "p", ignore=shutil.ignore_patterns("runs"))
    program = [
        sys.executable,
        "-c",
        "from truenorth.cli import main; main()",
        "run",
        "framing.yaml",
        "--seed",
        "3",
        "--json",
    ]
    both = [
        subprocess.Popen(
            program, cwd=tmp_path / "p", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [one.communicate() for one in both]
    results = [json.loads(out) for out, error in said]
    assert results[0]["primary"] == results[1]["primary"] == made.to_dict()["primary"]
    folder = tmp_path / "p" / "runs" / "small-fraud" / results[0]["run"]
    truenorth.load_bundle(folder / "bundle")
    assert (folder / "report.html").stat().st_size > 10_000
    assert not list(folder.glob(".*"))


def test_the_bundle_decides_as_the_run_did(made, tmp_path):
    scored = truenorth.score_file(made.bundle, made.folder / "examples.parquet", tmp_path / "d.parquet")
    assert scored["rows"] == pq.read_metadata(made.folder / "examples.parquet").num_rows
    decisions = pq.read_table(tmp_path / "d.parquet")
    assert set(decisions["action"].to_pylist()) <= {"allow", "review"}
    probability = np.asarray(decisions["prediction_fraud"])
    assert ((probability >= 0) & (probability <= 1)).all()


def test_a_row_is_scored_alike_alone_and_in_a_batch(made, tmp_path):
    whole = tmp_path / "whole.parquet"
    truenorth.score_file(made.bundle, made.folder / "examples.parquet", whole)
    rows = pq.read_table(made.folder / "examples.parquet").slice(100, 1)
    pq.write_table(rows, tmp_path / "one.parquet")
    truenorth.score_file(made.bundle, tmp_path / "one.parquet", tmp_path / "out.parquet")
    alone = pq.read_table(tmp_path / "out.parquet").to_pylist()[0]
    beside = pq.read_table(whole).slice(100, 1).to_pylist()[0]
    assert alone["prediction_fraud"] == beside["prediction_fraud"]


def test_a_tampered_bundle_refuses(made, tmp_path):
    shutil.copytree(made.bundle, tmp_path / "bundle")
    policy = tmp_path / "bundle" / "policy.json"
    policy.write_text(policy.read_text().replace("review", "rewiev", 1))
    with pytest.raises(DataError, match=r"policy\.json was changed"):
        truenorth.load_bundle(tmp_path / "bundle")


def test_a_missing_feature_is_named_before_anything_is_scored(made, tmp_path):
    table = pq.read_table(made.folder / "examples.parquet")
    pq.write_table(table.drop_columns(["risk"]), tmp_path / "in.parquet")
    with pytest.raises(DataError, match="expected the feature 'risk'"):
        truenorth.score_file(made.bundle, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_lists_in_place_of_numbers_are_refused_by_name(made, tmp_path):
    table = pq.read_table(made.folder / "examples.parquet").slice(0, 3)
    place = table.column_names.index("risk")
    pq.write_table(table.set_column(place, "risk", pa.array([[1.0]] * 3)), tmp_path / "in.parquet")
    with pytest.raises(DataError, match=r"BUNDLE005") as refused:
        truenorth.score_file(made.bundle, tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert refused.value.findings[0].where == "input.risk"


def test_csv_rows_are_scored_like_parquet_rows(made, tmp_path):
    import pyarrow.csv as csv

    table = (
        pq.read_table(made.folder / "examples.parquet")
        .slice(0, 50)
        .select(["example_id", "at", "amount", "risk", "shop", "spend"])
    )
    csv.write_csv(table, tmp_path / "in.csv")
    pq.write_table(table, tmp_path / "in.parquet")
    for kind in ("csv", "parquet"):
        truenorth.score_file(made.bundle, tmp_path / f"in.{kind}", tmp_path / f"out_{kind}.parquet")
    one, other = (
        pq.read_table(tmp_path / f"out_{kind}.parquet")["prediction_fraud"] for kind in ("csv", "parquet")
    )
    assert np.allclose(np.asarray(one), np.asarray(other), rtol=0, atol=1e-12)


def test_gate_and_exit_code_agree(made, place):
    ran = command("run", "framing.yaml", "--seed", "3", "--json", cwd=place)
    assert ran.returncode == {"pass": 0, "blocked": 4, "not assessed": 5}[made.gate], ran.stderr
    assert json.loads(ran.stdout)["run"] == made.folder.name


def test_runs_are_listed_found_and_compared(made, place):
    listed = json.loads(command("runs", "--json", cwd=place).stdout)
    assert made.folder.name in {one["run"] for one in listed}
    first, second = (one["run"] for one in listed[:2])
    compared = json.loads(command("compare", first, second, "--json", cwd=place).stdout)
    assert compared["first"] == first
    assert command("compare", "nothing", second, cwd=place).returncode == 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("amount > 120", "amont > 120"), 2),
        (("is_fraud = 1", "is_fraud = 7"), 3),
        (("payments.parquet", "nothing.parquet"), 3),
        (("test: 10d", "test: 400d"), 3),
    ],
    ids=["misspelt feature", "one class", "no log", "no rows to train on"],
)
def test_what_cannot_run_says_why_without_a_traceback(tmp_path, change, code):
    write_small(tmp_path, rows=2_000, text=FRAMING.replace(*change))
    ran = command("run", "framing.yaml", cwd=tmp_path)
    assert ran.returncode == code, ran.stderr
    assert "Fix:" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_change_on_the_command_line_that_is_wrong_is_refused(place):
    with pytest.raises(FramingError):
        truenorth.run(place / "framing.yaml", out=place / "runs", changes={"policy.capacty": "1"})


def test_inputs_are_not_changed(made, place):
    assert sorted(path.name for path in place.iterdir()) == ["framing.yaml", "payments.parquet", "runs"]
    assert (place / "framing.yaml").read_text() == FRAMING
    assert os.stat(place / "payments.parquet").st_size > 0


PROMISE = "{threshold: {task: fraud, act: review, keep: 'false_positive_rate <= 10%', confidence: 95%}}"


def promised(tmp_path: Path, *, split: str) -> truenorth.Run:
    file = write_small(tmp_path)
    changes = {"policy": PROMISE, "split": split, "constraints": "[]", "models.candidates": "[linear]"}
    return truenorth.run(
        file, out=tmp_path / "runs", changes={**changes, "business.kpi.metric": "share(fraud)"}
    )


def test_a_promise_needs_rows_that_nothing_has_seen(tmp_path):
    made = promised(tmp_path, split="{train: 20d, validation: 8d, test: 10d}")
    assert made.gate == "blocked"
    assert "RUN002" in {finding["code"] for finding in made.findings}


def test_a_promise_on_calibration_rows_stands(tmp_path):
    made = promised(tmp_path, split="{train: 20d, validation: 8d, calibration: 12d, test: 8d}")
    assert made.gate == "pass"
    assert "holds with 0.95 confidence" in made.result["decision"]
    assert any("nothing has seen" in note for note in made.result["train"]["notes"])


def test_a_run_answers_for_its_own_framing_only(made, place, tmp_path):
    from truenorth.audit import audit_file

    file = place / "framing.yaml"
    of_it = audit_file(file, run=made.folder)
    assert "AUDIT004" not in {finding.code for finding in of_it.findings}
    changed = audit_file(file, run=made.folder, changes={"policy.capacity.review": "5 per 1d"})
    assert "AUDIT004" in {finding.code for finding in changed.findings}
    other = tmp_path / "framing.yaml"
    other.write_text(file.read_text().replace("name: small-fraud", "name: other"))
    with pytest.raises(DataError, match="AUDIT005"):
        audit_file(other, run=made.folder)
