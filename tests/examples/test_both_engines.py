"""Spark makes the table that DuckDB makes, row by row."""

import math
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.examples import test_ads, test_demand, test_feed
from tests.examples.logs import build, framing, rows, schema
from truenorth.engine.contract import open_engine

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.xdist_group("spark")]

FRAMINGS = {
    "feed": lambda: (test_feed.feed(), test_feed.frames(), test_feed.AS_OF),
    "demand": lambda: (framing("demand"), {"sales": test_demand.sales()}, None),
    "ads": lambda: (test_ads.ads(), test_ads.frames(), test_ads.AS_OF),
}


@pytest.fixture(scope="module")
def spark() -> Iterator[None]:
    """Keep one Spark running for the builds of this file."""
    pytest.importorskip("pyspark", reason="the extra spark is not installed")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Java is not installed")
    with open_engine("spark"):
        yield


def is_same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, float) and isinstance(got, float):
        return math.isclose(wanted, got, rel_tol=1e-9, abs_tol=1e-9)
    return bool(wanted == got)


@pytest.mark.parametrize("name", FRAMINGS)
def test_spark_and_duckdb_make_the_same_table(name: str, spark: None) -> None:
    framed, frames, as_of = FRAMINGS[name]()
    wanted = build(framed, frames, as_of=as_of)
    got = build(framed, frames, as_of=as_of, engine="spark")
    assert schema(got) == schema(wanted)
    expected, found = rows(wanted), rows(got)
    assert found.keys() == expected.keys()
    different = [
        f"{example_id} {column}: {value!r} is {found[example_id][column]!r} on Spark"
        for example_id, row in expected.items()
        for column, value in row.items()
        if not is_same(value, found[example_id][column])
    ]
    assert different == []
    assert got.attrition == wanted.attrition
    assert {one.code for one in got.findings} == {one.code for one in wanted.findings}
