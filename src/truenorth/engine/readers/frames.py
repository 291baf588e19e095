"""Frames in memory: Arrow tables and readers, pandas, polars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from truenorth.engine.failures import refused

if TYPE_CHECKING:
    import pyarrow as pa


def to_arrow(name: str, frame: Any) -> pa.Table | pa.RecordBatchReader:
    """Return a frame as Arrow; a pandas index is left out.

    Raises:
        DataError: If it is no Arrow, pandas or polars frame.
    """
    import pyarrow as pa

    if isinstance(frame, pa.Table | pa.RecordBatchReader):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    kind = type(frame).__module__.split(".")[0]
    if kind == "pandas":
        return pa.Table.from_pandas(frame, preserve_index=False)
    if kind == "polars":
        return (frame.collect() if hasattr(frame, "collect") else frame).to_arrow()
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(frame)
    raise refused(
        "LOG002",
        where=f"sources.{name}",
        evidence=f"expected an Arrow, pandas or polars frame, got {type(frame).__name__}.",
        fix="give one of these, or write the table to Parquet and name its path",
    )
