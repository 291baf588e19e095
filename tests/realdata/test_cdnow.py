"""69,659 purchases: churn constructed on a weekly calendar, against a direct computation of every row."""

import numpy as np
import pyarrow as pa
import pytest

import truenorth
from tests.realdata.direct import DATA, DAY, FRAMINGS, History, assert_equal, count, day, needs, ratio, values
from truenorth import Built

pytestmark = needs("cdnow")

END = 450 * DAY + day("1997-04-07")  # 1998-07-01


@pytest.fixture(scope="module")
def purchases() -> dict[str, np.ndarray]:
    lines = (DATA / "cdnow" / "CDNOW_master.txt").read_text().splitlines()
    words = [line.split() for line in lines[1:]]
    days = np.array([f"{one[1][:4]}-{one[1][4:6]}-{one[1][6:]}" for one in words], dtype="datetime64[us]")
    return {
        "customer": np.array([one[0] for one in words]),
        "at": days.astype(np.int64) + DAY - 1,  # a day's stamp stands for its last microsecond
        "cents": np.array([round(float(one[3]) * 100) for one in words]),
    }


@pytest.fixture(scope="module")
def history(purchases: dict[str, np.ndarray]) -> History:
    return History(purchases["customer"], purchases["at"])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return truenorth.build(FRAMINGS / "cdnow_churn.yaml", out=tmp_path_factory.mktemp("cdnow"))


@pytest.fixture(scope="module")
def examples(built: Built) -> pa.Table:
    return built.examples


def test_the_log_is_the_published_one(purchases: dict[str, np.ndarray], built: Built):
    assert len(purchases["at"]) == 69_659
    assert len(np.unique(purchases["customer"])) == 23_570
    assert built.profile["sources"]["purchases"]["n_kept"] == 69_659


def test_a_week_holds_everyone_who_bought_in_the_90_days_before(examples: pa.Table, purchases, built: Built):
    wanted = 0
    at, customer = values(examples, "at"), values(examples, "customer")
    for start in range(day("1997-04-07"), END, 7 * DAY):
        bought = (purchases["at"] >= start - 90 * DAY) & (purchases["at"] < start)
        active = np.unique(purchases["customer"][bought])
        assert np.array_equal(np.sort(customer[at == start]), active), start
        wanted += len(active)
    assert examples.num_rows == wanted == 390_305
    assert built.as_of == END


def test_churn_is_no_purchase_in_the_30_days_after_the_week_of_the_call(
    examples: pa.Table, purchases, history
):
    at, customer = values(examples, "at"), values(examples, "customer")
    window = history.window(customer, at + 7 * DAY + 1, at + 37 * DAY + 1)
    as_of = np.full(len(at), END)
    # the end of the log less 37 days is the test's; each earlier part ends 37 days before the next begins
    test = END - 37 * DAY - 56 * DAY
    validation = test - 37 * DAY - 28 * DAY
    as_of[at < test - 37 * DAY] = test
    as_of[at < validation - 37 * DAY] = validation
    split = values(examples, "split")
    part = np.select(
        [
            (at >= test) & (at < test + 56 * DAY),
            (at >= validation) & (at < validation + 28 * DAY),
            (at < validation - 37 * DAY) & (at >= validation - 37 * DAY - 180 * DAY),
        ],
        ["test", "validation", "train"],
        "",
    )
    assert np.array_equal(np.where(split == None, "", split), part)  # noqa: E711
    is_mature = at + 37 * DAY < np.where(part == "", END, as_of)
    assert is_mature[part != ""].all()
    assert np.array_equal(values(examples, "churn__state"), np.where(is_mature, "observed", "immature"))
    assert_equal(values(examples, "churn"), np.where(is_mature, count(window) == 0, np.nan))
    spent = history.total(purchases["cents"], window) / 100
    assert_equal(values(examples, "spend"), np.where(is_mature, spent, np.nan))


def test_features_are_what_the_customer_had_bought(examples: pa.Table, purchases, history: History):
    at, customer = values(examples, "at"), values(examples, "customer")
    ever = history.window(customer, at * 0 + day("1997-01-01"), at)
    for days in (30, 90):
        window = history.window(customer, at - days * DAY, at)
        assert_equal(values(examples, f"frequency_{days}d"), count(window))
    assert_equal(values(examples, "money"), ratio(history.total(purchases["cents"], ever) / 100, count(ever)))
    assert_equal(values(examples, "recency"), (at - history.times[ever[1] - 1]) / DAY)
