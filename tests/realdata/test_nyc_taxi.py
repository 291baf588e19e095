"""Three months of taxi trips: local clocks, meters set to another year, trips known only when they end."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml

import truenorth
from tests.realdata.direct import (
    DATA,
    DAY,
    FRAMINGS,
    HOUR,
    History,
    assert_equal,
    count,
    day,
    needs,
    values,
)
from truenorth import Built

pytestmark = needs("nyc_green_taxi")

START, END = day("2023-01-01T05:00:00"), day("2023-04-01T04:00:00")


def in_utc(local: pa.ChunkedArray) -> np.ndarray:
    """Stamps of clocks in New York; the hour that does not exist in March holds no trip."""
    moments = pc.assume_timezone(local, "America/New_York", ambiguous="earliest", nonexistent="latest")
    return moments.cast(pa.int64()).to_numpy()


@pytest.fixture(scope="module")
def trips() -> dict[str, np.ndarray]:
    names = ["lpep_pickup_datetime", "lpep_dropoff_datetime", "PULocationID", "DOLocationID"]
    files = sorted((DATA / "nyc_green_taxi").glob("*.parquet"))
    tables = [pq.read_table(file, columns=names) for file in files]
    log = pa.concat_tables([one.cast(tables[1].schema) for one in tables])
    pickup, dropoff = in_utc(log[names[0]]), in_utc(log[names[1]])
    return {
        "at": pickup,
        "known": np.maximum(pickup, dropoff),
        "seconds": (dropoff - pickup) // 1_000_000,
        "pair": values(log, names[2]).astype(np.int64) * 1_000 + values(log, names[3]),
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return truenorth.build(FRAMINGS / "nyc_taxi_eta.yaml", out=tmp_path_factory.mktemp("taxi"))


@pytest.fixture(scope="module")
def examples(built: Built) -> pa.Table:
    return built.examples


def pairs(examples: pa.Table) -> np.ndarray:
    return values(examples, "from_zone") * 1_000 + values(examples, "to_zone")


def test_the_files_are_the_published_ones(trips: dict[str, np.ndarray], built: Built):
    assert len(trips["at"]) == 68_211 + 64_809 + 72_044
    source = built.profile["sources"]["trips"]
    assert source["n_outside_covers"] == ((trips["at"] < START) | (trips["at"] >= END)).sum() == 5
    assert datetime.fromtimestamp(trips["at"].min() / 1e6, ZoneInfo("America/New_York")).year == 2008
    assert source["n_late"] == (trips["seconds"] > 3 * 3_600).sum() == 743


def test_rows_are_the_trips_of_these_months_with_a_week_behind_them(examples: pa.Table, trips):
    # a window of 7 days must lie in the covered period, and not in 2008
    kept = (trips["at"] >= START + 7 * DAY) & (trips["at"] < END)
    assert np.array_equal(np.sort(values(examples, "at")), np.sort(trips["at"][kept]))
    new_york = ZoneInfo("America/New_York")
    assert (
        datetime.fromtimestamp(values(examples, "at").min() / 1e6, new_york).date().isoformat()
        == "2023-01-08"
    )


def test_minutes_are_observed_between_1_and_60_once_known(examples: pa.Table, built: Built, trips):
    kept = (trips["at"] >= START + 7 * DAY) & (trips["at"] < END)
    at, seconds, known = trips["at"][kept], trips["seconds"][kept], trips["known"][kept]
    starts = [day("2023-01-25"), day("2023-02-01"), day("2023-03-01")]  # of validation, February, March
    as_of = np.select([at < start for start in starts], starts, END)
    is_mature = at + 3 * HOUR < as_of  # the promise; 743 trips took longer than it
    is_task = is_mature & (seconds >= 60) & (seconds <= 3_600) & (known < as_of)
    states = values(examples, "minutes__state")
    assert {one: (states == one).sum() for one in np.unique(states)} == {
        "observed": is_task.sum(),
        "immature": (~is_mature).sum(),
        "undefined": (is_mature & ~is_task).sum(),
    }
    got, wanted = values(examples, "minutes")[states == "observed"], seconds[is_task] / 60
    assert_equal(np.sort(got), np.sort(wanted))
    parts = built.profile["tables"]["examples"]["parts"]
    assert parts["test.mar"]["rows"] == ((at >= day("2023-03-01")) & (at < day("2023-04-01"))).sum()
    assert parts["test.mar"]["embargo"] == 0


def test_a_zone_pair_s_mean_is_of_trips_that_had_ended(examples: pa.Table, trips):
    trips = {name: column[trips["at"] >= START] for name, column in trips.items()}
    history = History(trips["pair"], trips["at"])
    at, pair = values(examples, "at"), pairs(examples)
    first, last = history.window(pair, at - 7 * DAY, at)
    assert_equal(values(examples, "pair_trips"), count((first, last)))
    seconds, known = trips["seconds"][history.order], trips["known"][history.order]
    wanted = np.full(len(at), np.nan)
    for row, (start, end) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        ended = known[start:end] < at[row]
        if ended.any():
            wanted[row] = seconds[start:end][ended].mean() / 60
    assert_equal(values(examples, "pair_mean"), wanted)
    still_driving = (count((first, last)) > 0) & np.isnan(wanted)
    assert still_driving.sum() == 64


def test_distance_is_refused_as_it_is_known_at_drop_off_only():
    framing = yaml.safe_load((FRAMINGS / "nyc_taxi_eta.yaml").read_text())
    framing["features"]["trip_distance"] = {"column": "trip_distance"}
    with pytest.raises(truenorth.FramingError, match="LEAK001"):
        truenorth.build(framing, base=FRAMINGS)
