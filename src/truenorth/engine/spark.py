"""Spark: the same queries where the logs outgrow one machine. It is loaded only when it is asked for."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlglot import exp

from truenorth.engine.contract import EngineSettings, role_of
from truenorth.engine.failures import as_error
from truenorth.engine.readers.files import Files, Part
from truenorth.errors import Finding, Interrupted, TrueNorthError, missing_extra

if TYPE_CHECKING:
    import pyarrow as pa

Result = TypeVar("Result")

LOCAL_PARTITIONS = "4"
_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}
"""Settings of the session that decide what a query means."""


class Spark:
    """A Spark session of our own inside the running one, or inside a new one on `settings.master`."""

    dialect = "spark"

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.spill = Path(tempfile.mkdtemp(prefix="truenorth-spark-", dir=_made(settings.spill)))
        self._names: list[str] = []
        self._kept: list[Any] = []
        self._root, self._owns_root = _root_session(settings, self.spill)
        self._session = self._root.newSession()
        for key, value in _SESSION.items():
            self._session.conf.set(key, value)
        if settings.master.startswith("local"):
            self._session.conf.set("spark.sql.shuffle.partitions", LOCAL_PARTITIONS)

    def columns(self, relation: str) -> dict[str, str]:
        """Return each column's role."""
        return {name: role_of(data_type) for name, data_type in self.types(relation).items()}

    def types(self, relation: str) -> dict[str, exp.DataType]:
        """Return each column's type."""
        fields = self._run(relation, lambda: self._session.table(f"`{relation}`").schema.fields)
        return {field.name: _data_type(field.dataType.simpleString()) for field in fields}

    def create_view(self, name: str, query: exp.Query) -> None:
        """Give a query a name."""
        text = self.sql(query)
        self._run(name, lambda: self._named(name, self._session.sql(text)))

    def create_table(self, name: str, query: exp.Query) -> None:
        """Run a query once and keep its rows as Parquet in the spill folder."""
        text, path = self.sql(query), str(self.spill / f"{name}-{uuid.uuid4().hex}")

        def work() -> None:
            self._session.sql(text).write.parquet(path)
            self._named(name, self._session.read.parquet(path))

        self._run(name, work)

    def register(self, name: str, table: pa.Table | pa.RecordBatchReader) -> None:
        """Give an Arrow table a name by way of a Parquet file."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.spill / f"{name}-{uuid.uuid4().hex}.parquet"
        batches = table.to_batches() if isinstance(table, pa.Table) else table
        with pq.ParquetWriter(
            path, table.schema, coerce_timestamps="us", allow_truncated_timestamps=True
        ) as writer:
            for batch in batches:
                writer.write_batch(batch)
        self._run(name, lambda: self._named(name, self._session.read.parquet(str(path))))

    def fetch(self, query: exp.Query) -> pa.Table:
        """Run a query and return its rows."""
        text = self.sql(query)
        return self._run("query", lambda: self._session.sql(text).toArrow())

    def write_parquet(self, query: exp.Query, path: Path) -> int:
        """Write the rows to one file by way of a temporary name beside it."""
        import pyarrow.dataset as ds
        import pyarrow.parquet as pq

        text, folder = self.sql(query), self.spill / f"written-{uuid.uuid4().hex}"
        self._run(path.name, lambda: self._session.sql(text).write.parquet(str(folder)))
        parts = ds.dataset(sorted(str(part) for part in folder.glob("*.parquet")), format="parquet")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
        n_rows = 0
        try:
            with pq.ParquetWriter(partial, parts.schema, compression="zstd") as writer:
                for batch in parts.to_batches():
                    writer.write_batch(batch)
                    n_rows += batch.num_rows
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
        return n_rows

    def sql(self, query: exp.Expr, *, pretty: bool = False) -> str:
        """Return the text that runs, every identifier quoted."""
        return query.sql(dialect=self.dialect, identify=True, pretty=pretty, comments=False)

    def can_read(self, files: Files) -> bool:
        """Return whether Spark reads these files as DuckDB does: known types, the same in each file."""
        import pyarrow.parquet as pq

        seen: dict[str, pa.DataType] = {}
        for path in (path for part in files.parts for path in part.files):
            if "://" in path:
                continue
            schema = pq.read_schema(path)
            for name, kind in zip(schema.names, schema.types, strict=True):
                if not _is_plain(kind) or seen.setdefault(name, kind) != kind:
                    return False
        return True

    def read_files(self, name: str, files: Files, file_column: str) -> None:
        """Make a view over Parquet files, with the column `file` where the source asks for it."""
        self._run(name, lambda: self._named(name, self._scan(files, file_column)))

    def close(self) -> None:
        """Forget the views, remove the spill folder, stop what was started."""
        for name in self._names:
            self._session.catalog.dropTempView(name)
        if self._owns_root:
            self._root.stop()
        shutil.rmtree(self.spill, ignore_errors=True)

    def _scan(self, files: Files, file_column: str) -> Any:
        frames = [self._scan_part(part, files, file_column) for part in files.parts]
        frame = frames[0]
        for other in frames[1:]:
            frame = frame.unionByName(other, allowMissingColumns=True)
        return frame

    def _scan_part(self, part: Part, files: Files, file_column: str) -> Any:
        from pyspark.sql import functions

        reader = self._session.read.option("mergeSchema", len(part.files) > 1)
        if part.hive_columns and part.root:
            reader = reader.option("basePath", part.root)
        frame = reader.parquet(*(_escaped(path) for path in part.files))
        if files.adds_file and file_column not in {name.lower() for name in frame.columns}:
            name = (
                functions.lit(part.label) if part.label is not None else functions.col("_metadata.file_name")
            )
            frame = frame.withColumn(file_column, name)
        return frame

    def _named(self, name: str, frame: Any) -> None:
        frame.createOrReplaceTempView(name)
        self._names.append(name)

    def _run(self, doing: str, work: Callable[[], Result]) -> Result:
        if self.settings.progress:
            self.settings.progress(doing, None)
        try:
            return work()
        except KeyboardInterrupt:
            self._root.sparkContext.cancelAllJobs()
            raise Interrupted(_interrupted(doing)) from None
        except TrueNorthError:
            raise
        except Exception as error:  # py4j and pyspark share no base class
            raise as_error(error, doing) from error


def _is_plain(kind: pa.DataType) -> bool:
    """Return whether Spark reads a Parquet type as it is; it refuses nanoseconds."""
    import pyarrow as pa

    if pa.types.is_nested(kind):
        return all(_is_plain(kind.field(index).type) for index in range(kind.num_fields))
    if pa.types.is_timestamp(kind):
        return str(kind.unit) in ("ms", "us")
    return not (pa.types.is_uint64(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind))


def _root_session(settings: EngineSettings, spill: Path) -> tuple[Any, bool]:
    """Return the running session, or start one, and whether it is ours to stop."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise missing_extra("pyspark", "spark", "the Spark engine") from None
    running = SparkSession.getActiveSession()
    if running is not None:
        return running, False
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(settings.master).appName("truenorth")
    start = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(spill),
        "spark.sql.warehouse.dir": str(spill / "warehouse"),
        "spark.driver.host": "localhost",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": _memory(settings.memory),
    }
    if not settings.master.startswith("local"):
        start = {key: value for key, value in start.items() if "driver" not in key and "local.dir" not in key}
    for key, value in start.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        raise as_error(error, "spark") from error
    session.sparkContext.setLogLevel("OFF")
    logging.getLogger("SQLQueryContextLogger").disabled = True
    return session, True


def _memory(memory: str | None) -> str:
    """Return a memory size as Java writes it."""
    return (memory or "4GB").lower().replace("ib", "").replace("b", "").replace(" ", "")


def _made(folder: Path | None) -> Path | None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _escaped(path: str) -> str:
    """Return a path that Hadoop takes as it is, not as a glob."""
    return "".join("\\" + c if c in "*?[]{}\\" else c for c in path)


def _data_type(text: str) -> exp.DataType:
    return exp.DataType.build(text, dialect="spark", udt=True)


def _interrupted(doing: str) -> Finding:
    return Finding(
        code="ENGINE005",
        severity="info",
        where=doing,
        evidence="expected the query to finish, got Ctrl-C.",
        fix="run again; what was complete before is kept",
    )
