"""Batch scoring: a file of rows with features in, a file of decisions out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from truenorth.decision.contract import Decisions, Prediction
from truenorth.engine.vectors import Vector, from_arrow
from truenorth.errors import DataError, Finding
from truenorth.serving.bundle import Bundle, load_bundle
from truenorth.serving.scorer import batch_of, check_columns

if TYPE_CHECKING:
    import pyarrow as pa

_KEYS = ("example_id", "at", "unit", "group")


def score_file(
    bundle: str | Path, source: str | Path, target: str | Path, *, seed: int = 0
) -> dict[str, Any]:
    """Decide on every row of a file and write the decisions, whole or not at all.

    Args:
        bundle: Folder of a bundle; verified before anything is read.
        source: Parquet or CSV with the features, as `truenorth build` writes them; other columns are ignored.
        target: Parquet, or CSV where it ends so.
        seed: Seed of exploration, where the policy explores.

    Returns:
        Rows, rows per action, and the run that the bundle is of.

    Raises:
        DataError: If the bundle was changed, the input cannot be read, or a feature is missing.
    """
    source, target = Path(source), Path(target)
    loaded = load_bundle(bundle)
    table = _typed(_read(source), loaded)
    columns = from_arrow(table)
    check_columns(loaded, columns)
    chosen = loaded.chosen
    batch = batch_of(chosen.models, chosen.calibrators, chosen.orders, columns)
    decisions = chosen.policy.decide(batch, seed=seed)
    keys = table.select([name for name in _KEYS if name in table.column_names])
    _write(_table(keys, batch.predictions, decisions), target)
    actions = decisions.action.texts() if decisions.action is not None else ()
    return {
        "rows": columns.n_rows,
        "actions": dict(sorted(Counter(map(str, actions)).items())),
        "run": loaded.about["run"],
    }


def _read(source: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    try:
        return csv.read_csv(source) if source.suffix.lower() == ".csv" else pq.read_table(source)
    except (OSError, pa.ArrowInvalid) as error:
        evidence = f"expected a Parquet or CSV file, got: {str(error).splitlines()[0]}."
        fix = "name the examples.parquet that truenorth build writes, or a CSV with the same columns."
        raise DataError(Finding(code="BUNDLE004", where=str(source), evidence=evidence, fix=fix)) from None


def _typed(table: pa.Table, bundle: Bundle) -> pa.Table:
    """Return the table with features of the type that the models learned, as a CSV does not say it."""
    import pyarrow as pa

    roles = {name: role for model in bundle.chosen.models.values() for name, role in model.task.roles.items()}
    for index, name in enumerate(table.column_names):
        is_text = pa.types.is_string(table.column(name).type) or pa.types.is_dictionary(
            table.column(name).type
        )
        if roles.get(name) in ("category", "text") and not is_text:
            table = table.set_column(index, name, table.column(name).cast(pa.string()))
        elif roles.get(name) == "number" and (is_text or pa.types.is_nested(table.column(name).type)):
            table = table.set_column(index, name, _numbers(name, table.column(name)))
    return table


def _numbers(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    try:
        return column.cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        evidence = f"expected numbers, got: {error}."
        fix = "write numbers, and nothing where a value is missing."
        raise DataError(
            Finding(code="BUNDLE005", where=f"input.{name}", evidence=evidence, fix=fix)
        ) from None


def _table(keys: pa.Table, predictions: Mapping[str, Prediction], decisions: Decisions) -> pa.Table:
    import pyarrow as pa

    made: dict[str, Any] = {name: keys.column(name) for name in keys.column_names}
    made |= {
        f"prediction_{name}": pa.array(one.values if one.values.ndim == 1 else list(one.values))
        for name, one in predictions.items()
    }
    made["score"] = pa.array(decisions.score)
    for name in ("action", "reason"):
        vector = getattr(decisions, name)
        if vector is not None:
            made[name] = _arrow(vector)
    for name in ("rank", "quantity", "propensity"):
        values = getattr(decisions, name)
        if values is not None:
            made[name] = pa.array(values)
    made |= {f"action_{name}": _arrow(vector) for name, vector in decisions.tags.items()}
    return pa.table(made)


def _arrow(vector: Vector) -> pa.Array:
    import pyarrow as pa

    if vector.role == "text":
        return pa.array(vector.texts(), type=pa.string())
    return pa.array(vector.values, mask=np.asarray(vector.is_null))


def _write(table: pa.Table, target: Path) -> None:
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.suffix.lower() == ".csv":
            csv.write_csv(table, temporary)
        else:
            pq.write_table(table, temporary, compression="zstd")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
