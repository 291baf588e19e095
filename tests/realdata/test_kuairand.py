"""228,329 impressions of a short-video feed: feedback labels and histories against a direct computation."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import truenorth
from tests.realdata.direct import (
    DATA,
    DAY,
    FRAMINGS,
    MINUTE,
    History,
    assert_equal,
    count,
    day,
    needs,
    ratio,
    values,
)
from truenorth import Built

pytestmark = needs("kuairand_pure")

FOLDER = DATA / "kuairand_pure"
DELAY = 10 * MINUTE
LABELS = {
    "long_view": "long_view",
    "click": "is_click",
    "reaction": "is_like",
    "follow": "is_follow",
    "reply": "is_comment",
    "forward": "is_forward",
    "hate": "is_hate",
    "profile_enter": "is_profile_enter",
}
TRAINED = {"long_view", "reaction", "hate"}


@pytest.fixture(scope="module")
def raw() -> pa.Table:
    return pq.read_table(FOLDER / "impressions.parquet")


@pytest.fixture(scope="module")
def log(raw: pa.Table) -> dict[str, np.ndarray]:
    """The log without repeats, by Arrow's grouping."""
    once = raw.group_by(raw.column_names).aggregate([])
    return {name: values(once, name) for name in once.column_names} | {"at": values(once, "time_ms") * 1000}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return truenorth.build(FRAMINGS / "kuairand_pure.yaml", out=tmp_path_factory.mktemp("kuairand"))


@pytest.fixture(scope="module")
def examples(built: Built) -> pa.Table:
    return built.examples


def test_the_log_is_the_published_one(raw: pa.Table):
    assert raw.num_rows == 228_329
    assert len(raw["user_id"].unique()) == 25_156
    assert len(raw["video_id"].unique()) == 6_361
    assert sum(raw["is_hate"].to_pylist()) == 190
    assert set(raw["is_rand"].to_pylist()) == {0}


def test_5872_rows_repeat_another_one(raw: pa.Table, built: Built):
    # data/README.md says 5,460; over all 17 columns the file holds 5,872 in 5,861 sets, one of them 6 times
    sets = raw.group_by(raw.column_names).aggregate([([], "count_all")])
    n = values(sets, "count_all")
    assert (raw.num_rows - len(n), (n > 1).sum(), n.max()) == (5_872, 5_861, 6)
    source = built.profile["sources"]["impressions"]
    assert (source["n_read"], source["n_kept"]) == (228_329, 222_457)
    assert source["removed"] == {"duplicate": 5_872}


def test_rows_are_the_impressions_with_a_day_of_log_behind_them(
    examples: pa.Table, log: dict[str, np.ndarray]
):
    has_history = log["at"] - DAY >= log["at"].min()
    wanted = np.lexsort([log[name][has_history] for name in ("at", "video_id", "user_id")])
    got = np.lexsort([values(examples, name) for name in ("at", "video_id", "user_id")])
    for name in ("at", "video_id", "user_id"):
        assert np.array_equal(values(examples, name)[got], log[name][has_history][wanted]), name


@pytest.mark.parametrize("label", LABELS)
def test_every_feedback_is_the_log_s_own(
    examples: pa.Table, built: Built, log: dict[str, np.ndarray], label: str
):
    rows = log["at"] - DAY >= log["at"].min()
    at, feedback = log["at"][rows], log[LABELS[label]][rows]
    as_of = np.full(len(at), log["at"].max() + 1)
    if label in TRAINED:  # read when the next part begins
        as_of[at < day("2022-04-29")] = day("2022-04-29")
        as_of[at < day("2022-04-28")] = day("2022-04-28")
    is_mature = at + DELAY < as_of
    state, value = values(examples, f"{label}__state"), values(examples, label)
    order = np.lexsort([np.where(is_mature, feedback, -1), at, log["video_id"][rows], log["user_id"][rows]])
    same = [values(examples, name) for name in ("at", "video_id", "user_id")]
    got = np.lexsort([np.nan_to_num(value, nan=-1), *same])
    assert_equal(value[got], np.where(is_mature, feedback, np.nan)[order])
    assert np.array_equal(state == "immature", np.isnan(value))
    report = built.profile["tables"]["examples"]["labels"][label]
    assert report["positives"] == feedback[is_mature].sum()


def test_three_of_the_190_hates_are_repeats(log: dict[str, np.ndarray]):
    assert log["is_hate"].sum() == 187


def test_watch_share_is_undefined_where_the_video_has_no_length(examples: pa.Table):
    state, duration = values(examples, "watch_share__state"), values(examples, "duration")
    assert set(state[duration == 0]) <= {"undefined", "immature"}
    assert "undefined" not in set(state[duration > 0])
    assert (duration == 0).sum() > 3_000


@pytest.mark.parametrize("key", ["user", "video"])
def test_histories_hold_what_was_known_ten_minutes_later(
    examples: pa.Table, log: dict[str, np.ndarray], key: str
):
    history = History(log[f"{key}_id"], log["at"])
    at, who = values(examples, "at"), values(examples, f"{key}_id")
    has_length = log["duration_ms"] > 0
    watched = np.where(has_length, log["play_time_ms"] / np.maximum(log["duration_ms"], 1), 0)
    # an impression itself is known at once, its feedback after ten minutes
    seen = history.window(who, at.min() - 30 * DAY, at)
    known = history.window(who, at.min() - 30 * DAY, at - DELAY)
    long_views = history.total(log["long_view"], known)
    assert_equal(values(examples, f"{key}_views"), count(seen))
    assert_equal(values(examples, f"{key}_long"), ratio(long_views, count(known)))
    assert_equal(
        values(examples, f"{key}_watch"),
        ratio(history.total(watched, known), history.total(has_length, known)),
    )
    hates = "user_hate" if key == "user" else "video_hates"
    assert_equal(values(examples, hates), history.total(log["is_hate"], known))
    share, column = ("user_click", "is_click") if key == "user" else ("video_likes", "is_like")
    assert_equal(values(examples, share), ratio(history.total(log[column], known), count(known)))
    today, known_today = history.window(who, at - DAY, at), history.window(who, at - DAY, at - DELAY)
    assert_equal(values(examples, f"{key}_today"), count(today))
    assert_equal(
        values(examples, f"{key}_long_today"),
        ratio(history.total(log["long_view"], known_today), count(known_today)),
    )


def test_pause_is_the_time_since_the_impression_before(examples: pa.Table, log: dict[str, np.ndarray]):
    history = History(log["user_id"], log["at"])
    at = values(examples, "at")
    first, last = history.window(values(examples, "user_id"), at.min() - 30 * DAY, at)
    before = history.times[np.maximum(last - 1, 0)]
    assert_equal(values(examples, "user_pause"), np.where(last > first, (at - before) / DAY, np.nan))


def test_attributes_of_videos_come_by_key(examples: pa.Table):
    videos = pyarrow.csv.read_csv(FOLDER / "videos.csv")
    index = np.argsort(values(videos, "video_id"))
    rows = index[np.searchsorted(values(videos, "video_id")[index], values(examples, "video_id"))]
    assert_equal(values(examples, "author"), values(videos, "author_id")[rows])
    uploaded = videos["upload_dt"].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()[rows]
    assert_equal(values(examples, "age_days"), (values(examples, "at") - uploaded) / DAY)
