"""The random framings reach every form that they are meant to compare; the comparison sees differences."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.oracles import features, labels
from tests.oracles.compare import differences
from tests.oracles.expressions import ANY
from tests.oracles.log import TIME
from tests.oracles.scenario import Expected, Scenario, expected, scenarios

LABEL_FORMS = {
    *labels.AGGREGATES, "exists", "when", "value", "columns", "combine", "gap", "until", "unless", "given",
    "closed",
    "anchor day_end", "anchor week_end", "anchor target", "anchor label", "within list", "gap list",
    "class", "tags",
    "time_to_event", "ipcw", "undated", "by pair",
}  # fmt: skip
FEATURE_FORMS = {
    *features.AGGREGATES, "column", "sql", "over", "gap", "refresh", "default", "closed", "anchor",
    "last list",
    "no last", "profiles", "items", "by pair",
}  # fmt: skip
OTHER_FORMS = {
    "calendar", "ahead", "active where", "rows", "where", "group request", "group user", "shown",
    "lengths", "periods",
    "calibration", "tail", "no split", "as_of default", "covers default", "known_at", "known_after",
    "drop", "keep",
    "unit", "resolution",
}  # fmt: skip
CELLS = {
    "observed 1", "observed 0", "observed None", "observed number", "immature seen", "immature unseen",
    "undefined",
    "train", "validation", "test", "between", "dropped",
}  # fmt: skip


def _of_labels(framing: dict[str, Any]) -> list[str]:
    seen = []
    for spec in framing["labels"].values():
        seen += list(spec)
        anchor = spec.get("anchor", "")
        seen += (
            [f"anchor {anchor if anchor in ('day_end', 'week_end', 'target') else 'label'}"] if anchor else []
        )
        seen += [f"{key} list" for key in ("within", "gap") if isinstance(spec.get(key), list)]
        seen += [spec.get("kind", ""), spec.get("maturity", "")]
        seen += ["exists"] if "source" in spec and not set(spec) & set(labels.AGGREGATES) else []
        seen += ["undated"] if spec.get("source") == "items" else []
        seen += ["by pair"] if isinstance(spec.get("by"), list) else []
    return seen


def _of_features(framing: dict[str, Any]) -> list[str]:
    seen = []
    for spec in framing["features"].values():
        seen += [*spec, spec.get("source", "")]
        seen += ["last list"] if isinstance(spec.get("last"), list) else []
        seen += ["no last"] if "source" in spec and "last" not in spec else []
        seen += ["by pair"] if isinstance(spec.get("by"), list) else []
    return seen


def _of_the_rest(scenario: Scenario) -> list[str]:
    framing, examples = scenario.framing, scenario.framing["examples"]
    seen = [*examples, f"group {examples.get('group')}", "calendar" if "every" in examples else "rows"]
    seen += ["active where"] if "where" in examples.get("active", {}) else []
    split = framing.get("split")
    seen += [*split, "periods" if ".." in split["test"] else "lengths"] if split else ["no split"]
    seen += ["tail"] if split and " of " in split["validation"] else []
    seen += ["as_of default"] if scenario.as_of is None else []
    for source in framing["sources"].values():
        time = source["time"]
        seen += [*source, source.get("duplicates", ""), *(time if isinstance(time, dict) else ())]
        seen += ["covers default"] if time != "none" and "covers" not in source else []
    return seen


def _of_cells(scenario: Scenario, wanted: Expected) -> list[str]:
    seen = []
    for cells in wanted.rows.values():
        seen.append(cells["split"] or ("between" if "split" in scenario.framing else ""))
        for name in wanted.labels:
            state, value = cells[f"{name}__state"], cells[name]
            if state == "observed" and not isinstance(value, str):
                plain = value in (0, 1, None)
                seen.append(
                    f"observed {value + 0 if plain and value is not None else value if plain else 'number'}"
                )
            elif state == "immature":
                seen.append(
                    "immature seen" if cells[f"{name}__event_at"] not in (None, ANY) else "immature unseen"
                )
            else:
                seen.append(str(state))
    calendar = "every" in scenario.framing["examples"]
    if not calendar and "where" not in scenario.framing["examples"]:
        missing = len(scenario.logs["impressions"]) - wanted.n_after_as_of - len(wanted.rows)
        seen += ["dropped"] if missing else []
    return seen


@pytest.mark.slow
def test_random_framings_reach_every_form_and_every_kind_of_cell() -> None:
    reached: dict[str, Counter[str]] = {
        "label": Counter(),
        "feature": Counter(),
        "other": Counter(),
        "cell": Counter(),
    }

    @settings(
        max_examples=250, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(scenario=scenarios())
    def draw(scenario: Scenario) -> None:
        reached["label"].update(_of_labels(scenario.framing))
        reached["feature"].update(_of_features(scenario.framing))
        reached["other"].update(_of_the_rest(scenario))
        reached["cell"].update(_of_cells(scenario, expected(scenario)))

    # A run of Hypothesis stays near what it drew first; several seeds reach further than one long run.
    for number in range(5):
        seed(number)(draw)()
    wanted = {"label": LABEL_FORMS, "feature": FEATURE_FORMS, "other": OTHER_FORMS, "cell": CELLS}
    missed = {kind: sorted(forms - reached[kind].keys()) for kind, forms in wanted.items()}
    assert missed == {"label": [], "feature": [], "other": [], "cell": []}


def _table(**changed: Any) -> pa.Table:
    row = {
        "example_id": "i0",
        "at": 5,
        "l": 1.0,
        "l__state": "observed",
        "l__mature_at": 7,
        "f": None,
        **changed,
    }
    kinds = {"at": TIME, "l__mature_at": TIME, "f": pa.float64()}
    return pa.table({name: pa.array([value], kinds.get(name)) for name, value in row.items()})


_WANTED = Expected(
    {("i0",): {"at": 5, "l": 1, "l__state": "observed", "l__mature_at": 7, "l__event_at": ANY, "f": None}},
    ("example_id",), 0, 0, ("l",), ("f",),
)  # fmt: skip


def test_equal_tables_have_no_differences() -> None:
    assert differences(_WANTED, _table()) == []
    assert differences(_WANTED, _table(l=1.0 + 1e-12)) == []


@pytest.mark.parametrize(
    "changed",
    [{"l": 1.001}, {"l": None}, {"l": float("nan")}, {"l__state": "immature"}, {"l__mature_at": 8},
    {"f": 0.0},
     {"at": 6}, {"example_id": "i1"}],
    ids=lambda changed: str(changed),
)  # fmt: skip
def test_one_changed_cell_is_a_difference(changed: dict[str, Any]) -> None:
    assert differences(_WANTED, _table(**changed))


def test_a_missing_column_and_a_time_of_the_wrong_type_are_differences() -> None:
    assert "column f is missing" in differences(_WANTED, _table().drop_columns(["f"]))
    whole = _table().set_column(4, "l__mature_at", pa.array([7], pa.int64()))
    assert any("l__mature_at is int64" in line for line in differences(_WANTED, whole))
