"""Examples read back as arrays, and the columns that only a score, a rule or a metric names."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import truenorth
from tests.examples.logs import FRAMINGS, build, covers, frame, framing, t
from truenorth.errors import DataError
from truenorth.examples.dataset import STATES, Dataset, class_name, read_dataset
from truenorth.framing.load import load_text
from truenorth.models.rows import label_of, rows_of, task_specs

PAYMENTS = {
    "framing": 1,
    "name": "payments",
    "business": {"goal": "Lose less money"},
    "sources": {
        "payments": {"time": "paid_at", "key": "id", "covers": covers(0, 100),
                     "known_after": {"fraud": "1d", "settled": "1d"}},
    },
    "examples": {"source": "payments", "entity": "customer", "at": "time"},
    "labels": {"is_fraud": {"when": "fraud = 1"}},
    "features": {"amount": {"column": "amount"}, "country": {"column": "country"}},
    "objective": {"score": "is_fraud * amount"},
    "split": {"train": "50d", "validation": "10d", "test": "20d"},
}  # fmt: skip


def payments() -> pa.Table:
    random = np.random.default_rng(3)
    countries = ["fr", "de", None]
    return frame(
        "id int, customer text, paid_at time, amount number, country text, fraud int, settled number, "
        "shop text",
        [
            (i, f"c{i % 7}", t(i / 5), float(i) if i % 11 else None, countries[i % 3],
             int(random.random() < 0.3) if i % 13 else None, i * 2.0, f"s{i % 4}")
            for i in range(500)
        ],
    )  # fmt: skip


def read(framed: dict[str, Any], frames: dict[str, pa.Table], folder: Path, **options: Any) -> Dataset:
    built = build(framed, frames, out=folder, **options)
    path = next(iter(built.paths.values()))
    return read_dataset(path, load_text(yaml.safe_dump(framed)), base=FRAMINGS)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> truenorth.Built:
    return build(PAYMENTS, {"payments": payments()}, out=tmp_path_factory.mktemp("payments"))


@pytest.fixture(scope="module")
def dataset(built: truenorth.Built) -> Dataset:
    return read_dataset(built.paths["examples"], load_text(yaml.safe_dump(PAYMENTS)), base=Path())


def test_only_rows_of_a_part_are_read_in_the_order_of_the_file(built: Any, dataset: Dataset) -> None:
    kept = [row for row in built.examples.to_pylist() if row["split"] is not None]
    assert 0 < len(kept) < built.examples.num_rows
    assert dataset.n_rows == len(kept)
    assert dataset.columns["example_id"].values.tolist() == [row["example_id"] for row in kept]
    assert list(dataset.columns["country"].texts()) == [row["country"] for row in kept]


def test_states_weights_and_values_are_those_of_the_table(built: Any, dataset: Dataset) -> None:
    kept = [row for row in built.examples.to_pylist() if row["split"] is not None]
    label = dataset.labels["is_fraud"]
    assert [STATES[state] for state in label.state] == [row["is_fraud__state"] for row in kept]
    assert label.weight.tolist() == [row["is_fraud__weight"] for row in kept]
    values = [None if np.isnan(value) else value for value in label.values.values]
    assert values == [row["is_fraud"] for row in kept]
    assert label.is_observed.tolist() == [row["is_fraud__state"] == "observed" for row in kept]


def test_the_moments_of_labels_are_not_among_the_columns(dataset: Dataset) -> None:
    assert not [name for name in dataset.columns if name.startswith("is_fraud")]


def test_parts_are_cut_out_by_name(dataset: Dataset) -> None:
    assert dataset.parts == ("train", "validation", "test")
    sizes = [dataset.part(name).n_rows for name in dataset.parts]
    assert sum(sizes) == dataset.n_rows
    test = dataset.part("test")
    assert set(test.columns["split"].texts()) == {"test"}
    assert len(test.labels["is_fraud"].state) == test.n_rows
    assert dataset.part("calibration").n_rows == 0


def test_test_is_every_test_and_a_named_test_is_one_of_them(tmp_path: Path) -> None:
    split = {
        "train": "2026-01-05..2026-02-20",
        "test": {"one": "2026-03-01..2026-03-10", "two": "2026-03-10..2026-03-20"},
    }
    found = read({**PAYMENTS, "split": split}, {"payments": payments()}, tmp_path)
    assert found.parts == ("train", "test.one", "test.two")
    assert found.part("test").n_rows == found.part("test.one").n_rows + found.part("test.two").n_rows > 0
    assert found.part("test.o").n_rows == 0


def test_rows_of_a_task_are_those_with_a_known_label(dataset: Dataset) -> None:
    spec = task_specs(dataset)["is_fraud"]
    assert (spec.kind, spec.loss, dict(spec.roles)) == (
        "binary", "log", {"amount": "number", "country": "category"},
    )  # fmt: skip
    rows = rows_of(dataset, spec)
    observed = dataset.labels["is_fraud"].is_observed
    assert len(rows) == observed.sum() < dataset.n_rows
    assert np.array_equal(rows.target, dataset.labels["is_fraud"].values.values[observed])
    assert rows.weight.tolist() == [1.0] * len(rows)
    assert rows.group is None and rows.position is None
    assert rows.unit is not None and len(np.unique(rows.unit)) == 7


def test_a_file_that_is_no_examples_table_is_refused(tmp_path: Path) -> None:
    framed = load_text(yaml.safe_dump(PAYMENTS))
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(DataError, match="expected the column 'split'"):
        read_dataset(tmp_path / "other.parquet", framed, base=tmp_path)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match="cannot be read"):
        read_dataset(tmp_path / "broken.parquet", framed, base=tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read_dataset(tmp_path / "missing.parquet", framed, base=tmp_path)


def test_class_names_are_texts_without_needless_decimals() -> None:
    assert [class_name(one) for one in (3, 2.0, 0.5, "a b", -1)] == ["3", "2", "0.5", "a b", "-1"]


def queries() -> pa.Table:
    rows = [(1, "wake me", "alarm", "train"), (2, "why frozen", "account_blocked", "train"),
            (3, "meaning of life", "oos", "train"), (4, "through?", "application_status", "val"),
            (5, "alarm", "alarm", "test")]  # fmt: skip
    return frame("id int, text text, intent text, part text", rows)


def test_classes_come_in_the_order_of_their_file(tmp_path: Path) -> None:
    found = read(framing("intent"), {"queries": queries()}, tmp_path)
    listed = (FRAMINGS / "intents.txt").read_text().split()
    assert list(found.classes["intent"]) == listed
    rows = rows_of(found.part("train"), task_specs(found)["intent"])
    assert [listed[int(code)] for code in rows.target] == ["alarm", "account_blocked"]
    assert task_specs(found)["intent"].roles["text"] == "text"


def test_classes_that_are_not_listed_are_those_observed_in_training(tmp_path: Path) -> None:
    labels = framing("intent")["labels"]
    labels["intent"].pop("classes")
    found = read(framing("intent", labels=labels), {"queries": queries()}, tmp_path)
    assert found.classes["intent"] == ("account_blocked", "alarm")
    spec = task_specs(found)["intent"]
    assert len(rows_of(found.part("validation"), spec)) == 0  # its class was never seen


def test_tags_are_spelled_out_as_tasks_of_their_own(tmp_path: Path) -> None:
    log = frame(
        "item text, created_at time, title text, tags words",
        [("i1", t(60), "Red wool hat", ["red", "wool"]), ("i2", t(61), "Tent", ["outdoor"])],
    )
    framed = framing("tags", {"items": {"covers": covers(-100, 400)}})
    found = read(framed, {"items": log}, tmp_path, as_of=t(300).isoformat())
    names = tuple(f"tag_{name}" for name in ("red", "wool", "kids", "outdoor"))
    assert found.families["tag"] == names
    assert tuple(task_specs(found)) == names
    assert rows_of(found, task_specs(found)["tag_wool"]).target.tolist() == [1.0, 0.0]


def test_a_time_to_an_event_keeps_what_is_censored(tmp_path: Path) -> None:
    log = frame(
        "customer text, date int, quantity int, dollars number",
        [("c1", 19970210, 1, 10.0), ("c1", 19970320, 1, 20.0),
         *(("c2", 19970000 + day, 1, 5.0) for day in (405, 505, 604, 704, 803))],
    )  # fmt: skip
    framed = framing("survival", {"purchases": {"covers": "1996-01-01..1998-07-01"}})
    found = read(framed, {"purchases": log}, tmp_path, as_of="1997-09-01")
    spec = task_specs(found)["lapse"]
    assert (spec.loss, spec.bins) == ("hazard", (30.0, 60.0, 90.0, 180.0))
    rows = rows_of(found, spec)
    assert rows.event is not None and 0 < rows.event.sum() < len(rows)
    assert (rows.target > 0).all()
    assert not found.labels["lapse"].is_observed.any()  # 180 days are over for nobody


def test_a_quantity_on_a_task_of_another_loss_adds_quantiles(tmp_path: Path) -> None:
    policy = {"quantity": {"reserve": "loss", "over": 1.0, "under": 4.0}}
    labels = {"loss": {"value": "settled", "kind": "number"}}
    framed = {**PAYMENTS, "labels": labels, "policy": policy, "objective": {"score": "loss"},
              "constraints": ["coverage(loss, 0.9) >= 0.8"]}  # fmt: skip
    specs = task_specs(read(framed, {"payments": payments()}, tmp_path))
    assert {name: spec.loss for name, spec in specs.items()} == {
        "loss": "squared",
        "loss__quantile": "quantile",
    }
    assert specs["loss__quantile"].levels == (0.05, 0.5, 0.8, 0.95)
    assert label_of("loss__quantile") == "loss"


def columns_of(tmp_path: Path, **changes: Any) -> truenorth.Built:
    return build({**PAYMENTS, **changes}, {"payments": payments()}, out=tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"evaluation": {"slices": ["shop"]}},
        {"evaluation": {"slices": [{"first": "shop = 's0'"}]}},
        {"evaluation": {"metrics": ["gini(amount) by shop"]}},
        {"constraints": ["mean(is_fraud) where shop = 's1' <= 1"]},
        {"governance": {"protected": ["shop"]}},
        {"models": {"rules": [{"name": "known", "when": "is_fraud > 0.5", "then": 1}], "incumbent": "shop"}},
    ],
    ids=["slice", "named slice", "by", "where", "protected", "incumbent"],
)
def test_a_column_that_only_a_metric_or_a_rule_names_is_kept(tmp_path: Path, changes: dict[str, Any]) -> None:
    built = columns_of(tmp_path, **changes)
    assert set(built.examples["shop"].to_pylist()) == {"s0", "s1", "s2", "s3"}
    assert not built.findings


def test_a_column_that_is_known_late_may_be_measured_and_is_no_feature(tmp_path: Path) -> None:
    framed = {**PAYMENTS, "evaluation": {"metrics": ["sum(settled)"]}}
    found = read(framed, {"payments": payments()}, tmp_path)
    assert found.columns["settled"].role == "number"
    assert "settled" not in task_specs(found)["is_fraud"].roles


@pytest.mark.parametrize(
    "changes",
    [
        {"policy": {"actions": {"hold": 2, "pay": "is_fraud * settled"}}},
        {"policy": {"rank": {"by": "is_fraud", "rules": [{"drop": "settled > 3"}]}}},
        {"policy": {"rank": {"by": "is_fraud", "rules": [{"at_most": 1, "per": "settled"}]}}},
        {"objective": {"score": "is_fraud * settled"},
         "examples": {**PAYMENTS["examples"], "context": ["settled"]}},  # type: ignore[dict-item]
        {"models": {"rule": "settled > 3"},
         "examples": {**PAYMENTS["examples"], "context": ["settled"]}},  # type: ignore[dict-item]
    ],
    ids=["cost", "drop", "per", "score", "rule"],
)  # fmt: skip
def test_a_decision_that_reads_what_is_known_later_is_refused(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(truenorth.FramingError, match=r"LEAK001"):
        columns_of(tmp_path, **changes)


def test_a_metric_of_a_column_that_does_not_exist_is_left_out_and_said(tmp_path: Path) -> None:
    built = columns_of(tmp_path, evaluation={"slices": ["region"]})
    assert "region" not in built.examples.column_names
    (found,) = built.findings
    assert (found.severity, found.where) == ("warn", "evaluation.slices.region")
    assert "not assessed" in found.evidence
    assert built.is_usable


def test_a_rule_that_reads_a_column_that_does_not_exist_makes_the_table_unusable(tmp_path: Path) -> None:
    built = columns_of(tmp_path, policy={"rank": {"by": "is_fraud", "rules": [{"drop": "blocked_shop"}]}})
    (found,) = built.findings
    assert (found.severity, found.code, found.where) == ("error", "SPEC021", "policy.rank.rules.0.drop")
    assert not built.is_usable
