"""Known times that a column inherits: nothing made from a late column is read before it."""

import json

import pytest

from truenorth.errors import FramingError
from truenorth.framing import load_text
from truenorth.framing.durations import DAY
from truenorth.framing.horizon import horizon
from truenorth.framing.known import effective_known

PAYMENTS = {"path": "p.parquet", "time": "t", "key": "id"}
LATE = {**PAYMENTS, "known_after": {"fraud": "7d"}}
SLOW = {**PAYMENTS, "known_after": "7d"}
CODES = {"path": "c.parquet", "time": "none", "key": "fraud", "static": ["reason"]}
FRAUDS = {"source": "codes", "by": "fraud", "column": "reason"}
PAIRS = {"pairs": {"source": "p", "block": [["customer"]]}}


def text(sources, features, examples=None, label=None):
    source = (examples or {}).get("source", "p")
    return json.dumps(
        {
            "framing": 1,
            "name": "x",
            "business": {"goal": "g"},
            "sources": sources,
            "examples": {"source": source, "entity": "customer", "at": "time", **(examples or {})},
            "labels": {"y": label or {"source": "e", "within": "1d", "by": "customer"}},
            "features": features,
            "objective": {"score": "y"},
        }
    )


EVENTS = {"path": "e.parquet", "time": "t"}


def load(p, features, examples=None, label=None, **others):
    return load_text(text({"p": p, "e": EVENTS, **others}, features, examples, label))


def codes(*arguments, **named):
    with pytest.raises(FramingError) as error:
        load(*arguments, **named)
    return {(found.code, ".".join(map(str, found.path))) for found in error.value.findings}


@pytest.mark.parametrize(
    ("p", "others", "examples", "read"),
    [
        ({**LATE, "rename": {"bad": "fraud"}}, {}, {}, "bad"),
        ({**LATE, "rename": {"bad": "fraud"}, "columns": {"z": "bad * 1"}}, {}, {}, "z"),
        ({**PAYMENTS, "known_at": {"fraud": "ended"}}, {}, {}, "ended"),
        ({**PAYMENTS, "known_at": {"fraud": "ended"}, "columns": {"z": "ended"}}, {}, {}, "z"),
        ({**LATE, "lookup": {"reason": FRAUDS}}, {"codes": CODES}, {}, "reason"),
        (LATE, {"codes": CODES}, {}, "reason"),
        (LATE, {"u": {"union": ["p"]}}, {"source": "u"}, "fraud"),
        (LATE, {"u": {"union": ["e", "p"]}}, {"source": "u"}, "fraud"),
        (LATE, {"u": PAIRS}, {"source": "u", "entity": "b_id"}, "a_fraud"),
        (LATE, {"u": PAIRS}, {"source": "u", "entity": "b_id"}, "b_fraud"),
        (SLOW, {"u": {"union": ["p"]}}, {"source": "u"}, "amount"),
        (SLOW, {"u": PAIRS}, {"source": "u", "entity": "b_id"}, "b_amount"),
        ({**LATE, "where": "fraud = 1"}, {}, {}, "amount"),
    ],
)
def test_a_column_that_inherits_a_delay_is_not_read_on_its_own_row(p, others, examples, read):
    assert ("LEAK001", "features.f.column") in codes(p, {"f": {"column": read}}, examples, **others)


def test_a_pair_whose_block_is_late_does_not_exist_before():
    pairs = {"pairs": {"source": "p", "block": [["customer", "fraud"]]}}
    found = codes(LATE, {"f": {"column": "b_amount"}}, {"source": "u", "entity": "b_id"}, u=pairs)
    assert ("LEAK001", "features.f.column") in found


@pytest.mark.parametrize("field", [{"where": "amount > 1"}, {"entity": "customer"}, {"group": "basket"}])
def test_a_row_that_comes_late_decides_nothing(field):
    name = next(iter(field))
    assert ("LEAK001", f"examples.{name}") in codes(SLOW, {}, field)


@pytest.mark.parametrize(
    ("p", "others"),
    [
        (
            {
                **PAYMENTS,
                "known_after": {"fraud": "7d", "y2": "0s"},
                "columns": {"x": "fraud * 1", "y2": "x * 1"},
            },
            {},
        ),
        (
            {
                **PAYMENTS,
                "known_after": {"y2": "0s"},
                "lookup": {"y2": {"source": "q", "by": "customer", "column": "fraud"}},
            },
            {"q": LATE},
        ),
        ({**PAYMENTS, "known_after": {"y2": "1h"}, "columns": {"y2": "seconds_between(t, session_end)"},
          "session": {"by": "customer", "gap": "2h"}}, {}),
        ({**PAYMENTS, "known_after": {"fraud": "7d", "y2": "0s"}, "rename": {"y2": "fraud"}}, {}),
    ],
)  # fmt: skip
def test_no_entry_shortens_what_is_inherited(p, others):
    assert ("LEAK002", "sources.p.known_after.y2") in codes(p, {}, **others)


def test_an_entry_may_lengthen_what_is_inherited():
    p = {**PAYMENTS, "known_after": {"fraud": "7d", "x": "8d"}, "columns": {"x": "fraud * 1"}}
    assert effective_known(load(p, {}).sources, "p").columns["x"].after == 8 * DAY


def due(framing):
    return horizon("y", framing.labels, framing.sources, framing.table)


def test_a_union_has_the_time_of_its_members():
    label = {"source": "u", "within": "1d", "by": "customer"}
    assert due(load(PAYMENTS, {}, label=label, u={"union": ["e"]})) == DAY
    framing = load(PAYMENTS, {}, u={"union": ["v"]}, v={"union": ["codes"]}, codes=CODES)
    assert not framing.sources["u"].is_dated and not framing.sources["v"].is_dated


@pytest.mark.parametrize(
    ("other", "window"),
    [({"union": ["q"]}, DAY), ({"silence": {"source": "q", "by": "customer", "of": "1d"}}, DAY)],
)
def test_labels_wait_for_the_delay_of_what_a_source_is_made_of(other, window):
    label = {"source": "u", "within": "1d", "by": "customer"}
    assert due(load(PAYMENTS, {}, label=label, u=other, q=SLOW)) == window + 7 * DAY


def test_a_label_waits_for_the_column_that_was_looked_up():
    p = {**PAYMENTS, "lookup": {"fr": {"source": "q", "by": "customer", "column": "fraud"}}}
    assert due(load(p, {}, label={"when": "fr = 1"}, q=LATE)) == 7 * DAY


def test_a_silence_waits_for_late_keys():
    silence = {"silence": {"source": "p", "by": "fraud", "of": "1d"}}
    row = effective_known(load(LATE, {}, s=silence).sources, "s").row
    assert (row.after, row.is_constant) == (7 * DAY, True)


def test_sessions_wait_for_late_keys():
    known = effective_known(load({**LATE, "session": {"by": "fraud", "gap": "1h"}}, {}).sources, "p").columns
    assert known["session_id"].after == known["session_end"].after == 7 * DAY
    plain = load({**PAYMENTS, "session": {"by": "customer", "gap": "1h"}}, {}).sources
    assert effective_known(plain, "p").columns["session_end"].after == DAY // 24


@pytest.mark.parametrize("label", [{"columns": ["a"]}, {"value": "a", "kind": "number"}])
def test_every_own_row_label_says_when_it_is_known(label):
    assert codes(PAYMENTS, {}, label=label) == {("SPEC026", f"labels.y.{next(iter(label))}")}


def test_own_columns_beside_labels_say_when_they_are_known():
    framing = json.loads(text({"p": PAYMENTS, "e": EVENTS}, {}))
    framing["labels"]["z"] = {"combine": "y * amount"}
    with pytest.raises(FramingError) as error:
        load_text(json.dumps(framing))
    assert [(found.code, found.path) for found in error.value.findings] == [
        ("SPEC026", ("labels", "z", "combine"))
    ]
