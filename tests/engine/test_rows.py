"""Filters and duplicates: every row that goes is counted, by rule."""

from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from truenorth.errors import DataError

LOG = {
    "at": pa.array([datetime(2026, 1, 1)] * 4, pa.timestamp("us")),
    "id": [1, 1, 2, 3],
    "tags": [["x"], ["x"], [], None],
    "amount": [1.0, 1.0, None, 2.0],
}


def test_a_row_that_stands_twice_is_refused(read):
    with pytest.raises(
        DataError, match=r"1 rows that stand more than once \(for example id = 1 stands 2 times\)"
    ):
        read({"time": "at", "key": "id"}, LOG)
    with pytest.raises(DataError, match=r"1 rows that stand more than once"):
        read({"time": "at"}, LOG)


def test_one_of_equal_rows_is_kept(read, rows):
    for key in ("id", ()):
        table = read(
            {"time": "at", "duplicates": "drop", "key": key, "columns": {"twice": "amount * 2"}}, LOG
        )
        assert rows(table, "id", "twice", "tags") == [(1, 2.0, ["x"]), (2, None, []), (3, 4.0, None)]
        assert table.report.removed == {"duplicate": 1}
        assert (table.report.n_read, table.report.n_kept) == (4, 3)


def test_all_rows_are_kept_where_the_rule_says_so(read):
    table = read({"time": "at", "duplicates": "keep"}, LOG)
    assert (table.report.n_kept, table.report.removed) == (4, {})


def test_rows_that_share_a_key_but_differ_are_refused_by_every_checking_rule(read):
    log = {**LOG, "amount": [1.0, 5.0, None, 2.0]}
    for rule in ("error", "drop"):
        with pytest.raises(DataError, match=r"1 keys shared by rows that differ \(for example id = 1\)"):
            read({"time": "at", "key": "id", "duplicates": rule}, log)
    assert read({"time": "at", "duplicates": "drop"}, log).report.removed == {}


def test_nulls_in_different_columns_are_different_rows(read):
    table = read({"time": "none"}, {"a": pa.array([1, None]), "b": pa.array([None, 1])})
    assert table.report.n_kept == 2


def test_a_row_repeated_in_another_file_is_a_duplicate(read, rows, tmp_path):
    for name in ("a", "b"):
        pq.write_table(pa.table({"id": [1], "x": ["same"]}), tmp_path / f"{name}.parquet")
    table = read({"path": ["a.parquet", "b.parquet"], "time": "none", "key": "id", "duplicates": "drop"})
    assert rows(table, "id", "file") == [(1, "a.parquet")]
    with pytest.raises(DataError, match="1 keys shared"):
        read(
            {
                "path": {"train": "a.parquet", "test": "b.parquet"},
                "time": "none",
                "key": "id",
                "duplicates": "drop",
            }
        )


def test_where_counts_what_it_removes_and_null_is_no_match(read, rows):
    table = read({"time": "at", "where": "amount > 1.5", "duplicates": "keep"}, LOG)
    assert rows(table, "id") == [3]
    assert table.report.removed == {"where": 3}
    assert table.report.to_dict()["removed"] == {"where": 3}


def test_where_may_read_made_columns(read, rows):
    table = read(
        {"time": "at", "where": "twice = 4", "columns": {"twice": "amount * 2"}, "duplicates": "keep"}, LOG
    )
    assert rows(table, "id") == [3]


def test_a_made_column_may_hide_one_of_the_file(read, rows):
    table = read({"time": "none", "columns": {"amount": "amount / 100"}, "duplicates": "drop"}, LOG)
    assert rows(table, "amount") == [None, 0.01, 0.02]


def test_columns_that_differ_by_case_only_are_refused(read):
    with pytest.raises(DataError, match="more than upper and lower case"):
        read({"time": "none", "columns": {"amount": "Amount * 2"}}, {"Amount": [1.0]})


def test_unnest_spreads_a_list(read, rows):
    log = {"id": [1, 2, 3, 4], "items": [["a", "b"], [], None, ["c"]]}
    table = read({"time": "none", "unnest": "items", "duplicates": "keep"}, log)
    assert rows(table, "id", "items") == [(1, "a"), (1, "b"), (4, "c")]
    assert table.report.n_read == 3


def test_unnest_spreads_structs_into_columns(read, rows):
    log = {"id": [1, 2], "items": [[{"sku": "a", "n": 1}, {"sku": "b", "n": 2}], [{"sku": "c", "n": None}]]}
    table = read(
        {"time": "none", "unnest": "items", "key": ["id", "sku"], "where": "n = 1 or n is null"}, log
    )
    assert table.columns == {"id": "integer", "sku": "text", "n": "integer"}
    assert rows(table, "id", "sku", "n") == [(1, "a", 1), (2, "c", None)]
    with pytest.raises(DataError, match="expected a list in column 'id'"):
        read({"time": "none", "unnest": "id"}, log)
