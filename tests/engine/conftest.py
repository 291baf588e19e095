"""Both engines under one suite, and a PostgreSQL server that the tests start themselves."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp

from truenorth.engine.contract import Engine, EngineSettings, open_engine
from truenorth.engine.ingest import read_sources
from truenorth.engine.reading import SourceTable
from truenorth.framing.sources import Source

DAY = 86_400_000_000
HOUR = 3_600_000_000
SECOND = 1_000_000

SPARK = pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.xdist_group("spark")])


def _no_spark() -> str | None:
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "pyspark is not installed"
    return None if shutil.which("java") or os.environ.get("JAVA_HOME") else "Java is not installed"


@pytest.fixture(scope="session")
def spark_session() -> Iterator[None]:
    """Keep one Spark running, in which each engine has a session of its own."""
    reason = _no_spark()
    if reason:
        pytest.skip(reason)
    with open_engine("spark"):
        yield


@pytest.fixture(params=["duckdb", SPARK])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "spark":
        request.getfixturevalue("spark_session")
    with open_engine(request.param, EngineSettings(threads=2)) as opened:
        yield opened


@pytest.fixture
def duck() -> Iterator[Engine]:
    with open_engine("duckdb", EngineSettings(threads=2)) as opened:
        yield opened


Read = Callable[..., SourceTable]


@pytest.fixture
def read(engine: Engine, tmp_path: Path) -> Read:
    """Read one source from rows, written to Parquet, or from what the source says."""

    def read_one(
        source: dict[str, Any], log: pa.Table | dict[str, Any] | None = None, **others: Any
    ) -> SourceTable:
        if log is not None:
            pq.write_table(log if isinstance(log, pa.Table) else pa.table(log), tmp_path / "log.parquet")
            source = {"path": "log.parquet", **source}
        sources = {"log": source, **others}
        parsed = {name: Source.model_validate(one) for name, one in sources.items()}
        return read_sources(engine, parsed, base=tmp_path, names=["log"])["log"]

    return read_one


@pytest.fixture
def rows(engine: Engine) -> Callable[..., list[Any]]:
    """Return chosen columns of a relation, sorted; single columns without their tuple."""

    def fetch(table: SourceTable, *names: str) -> list[Any]:
        query = exp.select(*(exp.column(name, quoted=True) for name in names)).from_(
            exp.Table(this=exp.to_identifier(table.relation, quoted=True))
        )
        found = [tuple(row[name] for name in names) for row in engine.fetch(query).to_pylist()]
        found.sort(key=lambda row: [(value is not None, str(type(value)), value) for value in row])
        return [row[0] for row in found] if len(names) == 1 else found

    return fetch


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start Debian's PostgreSQL in a private folder and return its address."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("no PostgreSQL server in /usr/lib/postgresql (apt-get install postgresql)")
    if os.geteuid() == 0 and not shutil.which("runuser"):
        pytest.skip("the server refuses to run as root, and runuser is not there")
    folder = Path("/tmp") / f"truenorth-pg-{os.getpid()}"
    folder.mkdir()
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_postgres:
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"

    def run(*command: str) -> None:
        done = subprocess.run([*as_postgres, *command], capture_output=True, text=True, cwd="/")
        if done.returncode:
            pytest.skip(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout)[-300:]}")

    control = str(found[-1] / "pg_ctl")
    try:
        run(str(found[-1] / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres")
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder}"
        run(control, "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        with contextlib.suppress(Exception):
            subprocess.run(
                [*as_postgres, control, "-D", str(data), "-m", "immediate", "stop"],
                capture_output=True,
                cwd="/",
            )
        time.sleep(0.1)
        shutil.rmtree(folder, ignore_errors=True)
