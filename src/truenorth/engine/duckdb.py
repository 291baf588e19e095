"""DuckDB: the default engine, inside this process, spilling to disk when memory is short."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
from sqlglot import exp

from truenorth.engine.contract import EngineSettings, role_of
from truenorth.engine.failures import as_error
from truenorth.engine.trees import stored
from truenorth.errors import Finding, Interrupted

if TYPE_CHECKING:
    import pyarrow as pa

Result = TypeVar("Result")

_POLL_SECONDS = 0.1
_SETTINGS = (
    "SET TimeZone = 'UTC'",
    "SET python_enable_replacements = false",
    "SET enable_progress_bar = true",
    "SET enable_progress_bar_print = false",
)


class DuckDB:
    """An in-memory DuckDB that downloads nothing and keeps nothing."""

    dialect = "duckdb"

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self._spill = _private_folder(settings.spill)
        self._connection = self._guarded(
            "duckdb", lambda: duckdb.connect(config=_config(settings, self._spill))
        )
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="truenorth-duckdb")
        for statement in _SETTINGS:
            self._connection.execute(statement)

    def columns(self, relation: str) -> dict[str, str]:
        """Return each column's role."""
        return {name: role_of(data_type) for name, data_type in self.types(relation).items()}

    def types(self, relation: str) -> dict[str, exp.DataType]:
        """Return each column's type."""
        rows = self._run(relation, lambda: self._execute(f"DESCRIBE {self.sql(stored(relation))}").fetchall())
        return {row[0]: _data_type(row[1]) for row in rows}

    def create_view(self, name: str, query: exp.Query) -> None:
        """Give a query a name."""
        view = exp.Create(
            this=stored(name), kind="VIEW", expression=query, replace=True, properties=_temporary()
        )
        self._run(name, lambda: self._execute(self.sql(view)))

    def create_table(self, name: str, query: exp.Query) -> None:
        """Run a query once and keep its rows in a temporary table."""
        table = exp.Create(
            this=stored(name), kind="TABLE", expression=query, replace=True, properties=_temporary()
        )
        self._run(name, lambda: self._execute(self.sql(table)))

    def register(self, name: str, table: pa.Table | pa.RecordBatchReader) -> None:
        """Give an Arrow table a name; a reader, which can be read only once, is copied."""
        import pyarrow as pa

        if isinstance(table, pa.Table):
            self._run(name, lambda: self._connection.register(name, table))
            return
        once = f"{name}__reader"
        self._run(name, lambda: self._connection.register(once, table))
        self.create_table(name, exp.select("*").from_(stored(once)))
        self._run(name, lambda: self._connection.unregister(once))

    def fetch(self, query: exp.Query) -> pa.Table:
        """Run a query and return its rows."""
        text = self.sql(query)
        return self._run("query", lambda: self._connection.sql(text).to_arrow_table())

    def write_parquet(self, query: exp.Query, path: Path) -> int:
        """Write the rows to one file by way of a temporary name beside it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
        target = self.sql(exp.Literal.string(str(partial)))
        text = f"COPY ({self.sql(query)}) TO {target} (FORMAT parquet)"
        try:
            rows = self._run(path.name, lambda: self._execute(text).fetchall())
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        return int(rows[0][0])

    def sql(self, query: exp.Expr, *, pretty: bool = False) -> str:
        """Return the text that runs, every identifier quoted."""
        return query.sql(dialect=self.dialect, identify=True, pretty=pretty, comments=False)

    def attach(self, path: Path, name: str) -> None:
        """Open a DuckDB file under a name, for reading only."""
        target = self.sql(exp.Literal.string(str(path)))
        self._run(
            str(path),
            lambda: self._execute(
                f"ATTACH OR REPLACE {target} AS {self.sql(exp.to_identifier(name))} (READ_ONLY)"
            ),
        )

    def tables(self, database: str) -> list[tuple[str, str]]:
        """Return (schema, table or view) of an attached database."""
        text = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = ?"
        rows = self._run(database, lambda: self._connection.execute(text, [database]).fetchall())
        return [(row[0], row[1]) for row in rows]

    def create_macro(self, name: str, argument: str, body: exp.Expr) -> None:
        """Give an expression of one argument a name."""
        head = f"{self.sql(exp.to_identifier(name))}({self.sql(exp.to_identifier(argument))})"
        self._run(name, lambda: self._execute(f"CREATE OR REPLACE TEMP MACRO {head} AS {self.sql(body)}"))

    def close(self) -> None:
        """Close the connection and remove the spill folder."""
        self._worker.shutdown(wait=True)
        self._connection.close()
        shutil.rmtree(self._spill, ignore_errors=True)

    def _execute(self, text: str) -> duckdb.DuckDBPyConnection:
        return self._connection.execute(text)

    def _run(self, doing: str, work: Callable[[], Result]) -> Result:
        """Run in a worker thread, so that this one can report progress and hear Ctrl-C."""
        future = self._worker.submit(self._guarded, doing, work)
        try:
            while not wait([future], timeout=_POLL_SECONDS).done:
                self._tell(doing)
        except KeyboardInterrupt:
            self._stop(future)
            raise Interrupted(_interrupted(doing)) from None
        return future.result()

    def _stop(self, future: Future[Any]) -> None:
        while not future.done():
            self._connection.interrupt()
            wait([future], timeout=_POLL_SECONDS / 2)

    def _tell(self, doing: str) -> None:
        if self.settings.progress:
            percent = self._connection.query_progress()
            self.settings.progress(doing, percent / 100 if percent >= 0 else None)

    @staticmethod
    def _guarded(doing: str, work: Callable[[], Result]) -> Result:
        try:
            return work()
        except duckdb.InterruptException as error:
            raise Interrupted(_interrupted(doing)) from error
        except (duckdb.Error, OSError) as error:
            raise as_error(error, doing) from error


def _config(settings: EngineSettings, spill: Path) -> dict[str, Any]:
    config: dict[str, Any] = {
        "temp_directory": str(spill),
        "preserve_insertion_order": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
    }
    if settings.threads is not None:
        config["threads"] = settings.threads
    if settings.memory is not None:
        config["memory_limit"] = settings.memory
    return config


def _private_folder(parent: Path | None) -> Path:
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="truenorth-spill-", dir=parent))


def _temporary() -> exp.Properties:
    return exp.Properties(expressions=[exp.TemporaryProperty()])


def _data_type(text: str) -> exp.DataType:
    return exp.DataType.build(text, dialect="duckdb", udt=True)


def _interrupted(doing: str) -> Finding:
    return Finding(
        code="ENGINE005",
        severity="info",
        where=doing,
        evidence="expected the query to finish, got Ctrl-C.",
        fix="run again; what was complete before is kept",
    )
