"""Views, carts and purchases of one night: labels by session and product, given what came before."""

import csv
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

import truenorth
from tests.realdata.direct import DATA, FRAMINGS, MINUTE, day, needs, values
from truenorth import Built

pytestmark = needs("rees46")

Event = tuple[int, str, str, str, str | None]
"""Time, type, product, user, the shop's session; the last line of the file is cut off within the user."""


@pytest.fixture(scope="module")
def log() -> list[Event]:
    with (DATA / "rees46" / "2019-Oct-head.csv").open(newline="") as file:
        rows = list(dict.fromkeys(tuple(row.values()) for row in csv.DictReader(file)))
    return [(day(one[0].removesuffix(" UTC")), one[1], one[2], one[7], one[8] or None) for one in rows]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return truenorth.build(FRAMINGS / "rees46_funnel.yaml", out=tmp_path_factory.mktemp("rees46"))


@pytest.fixture(scope="module")
def examples(built: Built) -> pa.Table:
    return built.examples


def test_the_log_is_the_published_one(log: list[Event], built: Built):
    source = built.profile["sources"]["events"]
    assert source["n_read"] == 17_435
    assert source["n_kept"] == len(log) == 17_430  # five rows are repeats
    assert {one[1] for one in log} == {"view", "cart", "purchase"}


def test_rows_are_the_views_with_half_an_hour_behind_them(log: list[Event], examples: pa.Table):
    views = [
        (at, product, str(session))
        for at, kind, product, _, session in log
        if kind == "view" and at - 30 * MINUTE >= log[0][0]
    ]
    names = ("at", "product_id", "user_session")
    got = zip(*(values(examples, name).tolist() for name in names), strict=True)
    assert sorted((at, product, str(session)) for at, product, session in got) == sorted(views)


def test_the_funnel_equals_a_walk_through_each_session(log: list[Event], examples: pa.Table, built: Built):
    times: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for at, kind, product, _, session in log:
        if session is not None:
            times[kind, session, product].append(at)
    as_of = max(one[0] for one in log) + 1
    boundary = day("2019-10-01T01:15:00")
    seen = {"cart": 0, "purchase": 0}
    for row in examples.select(
        ["user_session", "product_id", "cart", "cart__state", "purchase", "purchase__state"]
    ).append_column("t", pa.array(values(examples, "at"))).to_pylist():  # fmt: skip
        at, key = row["t"], (row["user_session"], row["product_id"])
        read = boundary if day("2019-10-01T00:30:00") <= at < boundary else as_of
        cart = any(at < one <= at + 15 * MINUTE for one in times["cart", *key])
        bought = any(at < one <= at + 30 * MINUTE for one in times["purchase", *key])
        if at + 15 * MINUTE >= read:
            wanted = (None, "immature", None, "immature")
        elif not cart:
            wanted = (0, "observed", None, "undefined")
        elif at + 30 * MINUTE >= read:
            wanted = (1, "observed", None, "immature")
        else:
            wanted = (1, "observed", int(bought), "observed")
        assert (row["cart"], row["cart__state"], row["purchase"], row["purchase__state"]) == wanted, row
        seen["cart"] += wanted[0] or 0
        seen["purchase"] += wanted[2] or 0
    assert seen == {"cart": 113, "purchase": 3}
    labels = built.profile["tables"]["examples"]["labels"]
    assert {name: labels[name]["positives"] for name in seen} == seen


def test_sessions_break_at_pauses_of_half_an_hour(log: list[Event], examples: pa.Table):
    by_user: dict[str, list[int]] = defaultdict(list)
    views: dict[str, list[int]] = defaultdict(list)
    for at, kind, _, user, _ in log:
        by_user[user].append(at)
        if kind == "view":
            views[user].append(at)
    users = {(at, product, session): user for at, kind, product, user, session in log if kind == "view"}
    start: dict[tuple[str, int], int] = {}
    for user, found in by_user.items():
        ordered = sorted(found)
        start[user, ordered[0]] = ordered[0]
        for before, now in pairwise(ordered):
            start[user, now] = start[user, before] if now - before <= 30 * MINUTE else now
    names = ("at", "product_id", "user_session", "session_views", "user_views")
    for at, product, session, in_session, of_user in zip(
        *(values(examples, name).tolist() for name in names), strict=True
    ):
        user = users[at, product, session]
        recent = np.array([one for one in views[user] if at - 30 * MINUTE <= one < at])
        assert of_user == len(recent)
        assert in_session == (recent >= start[user, at]).sum()
