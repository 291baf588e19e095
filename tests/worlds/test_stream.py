"""Random units do not depend on each other, and tables are written as declared."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from truenorth.worlds.stream import (
    DAILY_RHYTHM,
    HOUR,
    STAMP,
    generator,
    parquet_file,
    times_of_day,
    units,
    where_known,
)


def test_a_unit_is_the_spawned_child_of_its_seed():
    child = np.random.SeedSequence(5).spawn(3)[2]
    assert generator(5, 2).random() == np.random.default_rng(child).random()


def test_units_cover_every_row_once():
    rows = [row for _, part in units(10, 3) for row in range(part.start, part.stop)]
    assert rows == list(range(10))
    assert list(units(0, 3)) == []


def test_hours_follow_the_rhythm():
    times = times_of_day(generator(0), 200_000)
    share = np.bincount(times // HOUR, minlength=24) / len(times)
    assert np.all(np.diff(times) >= 0)
    assert np.abs(share - DAILY_RHYTHM / DAILY_RHYTHM.sum()).max() < 0.003


def test_every_unit_is_a_row_group_and_unknown_is_null(tmp_path: Path):
    schema = pa.schema([("at", STAMP), ("text", pa.string())])
    with parquet_file(tmp_path / "t.parquet", schema) as append:
        for first in (0, 2):
            at = where_known(np.array([first, first + 1]), np.array([True, False]))
            assert append({"at": at, "text": np.array(["a", "b"])}) == 2
        append({"at": np.array([], dtype=np.int64), "text": pa.array([], pa.string())})
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == 2
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.schema.equals(schema)
    assert table["at"].cast(pa.int64()).to_pylist() == [0, None, 2, None]
