"""The canonical form: idempotent, round-trips, and blind to key order and short forms."""

import random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.framing.texts import CARD_FRAUD, FRAMINGS, replaced
from truenorth.framing import Framing, dump, expand, framing_hash, label_columns, load, load_text, tasks
from truenorth.framing.canonical import _Dumper
from truenorth.framing.document import read_document
from truenorth.framing.labels import Label

every_framing = pytest.mark.parametrize("file", FRAMINGS, ids=lambda file: file.stem)


@every_framing
def test_the_canonical_form_is_its_own_canonical_form(file):
    framing = load(file)
    assert expand(framing) == framing
    again = load_text(dump(framing))
    assert again == framing
    assert dump(again) == dump(framing)
    assert framing_hash(again) == framing_hash(framing)


@every_framing
def test_a_framing_survives_json(file):
    framing = load(file)
    assert Framing.model_validate_json(framing.model_dump_json()) == framing


@every_framing
def test_the_raw_framing_has_the_hash_of_its_canonical_form(file):
    raw = Framing.model_validate(read_document(file.read_text(), path=file.name).data)
    assert framing_hash(raw) == framing_hash(load(file))


def shuffled(value, order, *, at=()):
    if isinstance(value, list):
        return [shuffled(item, order, at=(*at, "[]")) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    order.shuffle(keys)
    return {key: shuffled(value[key], order, at=(*at, key)) for key in keys}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(FRAMINGS), st.integers(0, 2**32))
def test_the_order_of_keys_does_not_change_the_hash(file, seed):
    data = read_document(file.read_text(), path=file.name).data
    text = yaml.dump(shuffled(data, random.Random(seed)), Dumper=_Dumper, sort_keys=False)
    assert framing_hash(load_text(text)) == framing_hash(load(file))


SHORT_FORMS = {
    "time": ("time: called_at", "time: {column: called_at, zone: UTC}"),
    "key": ("time: called_at", "time: called_at, duplicates: error"),
    "by": ("by: customer, within", "by: [customer], within"),
    "gap": ("within: 7d", "within: 7d, gap: 0s"),
    "unit of a duration": ("within: 7d", "within: 168h"),
    "week": ("within: 7d", "within: 1w"),
    "family": (
        "spend: {source: payments, by: customer, mean: amount, last: [1d, 7d]}",
        "spend_1d: {source: payments, by: customer, mean: amount, last: 1d}\n"
        "  spend_7d: {source: payments, by: customer, mean: amount, last: 7d}",
    ),
    "kind": ("{when: TX_FRAUD = 1}", "{when: TX_FRAUD = 1, kind: binary}"),
    "table": ("examples: {source", "examples:\n  examples: {unit: customer, source"),
    "spaces": ("score: fraud * amount", "score: fraud*amount"),
    "fallback": ("fallback: rule", "fallback: {rule: true}"),
    "tasks": ("trees]}", "trees], tasks: {fraud: {}}}"),
    "calibrate": ("trees]}", "trees], calibrate: auto}"),
    "empty section": ("split:", "monitoring: {}\nsplit:"),
    "sign": ("-30%", "-30.0%"),
    "quotes": ("amount > 220", "'amount > 220'"),
    "as": ("{column: amount}", "{column: amount, serve: request}"),
}


@pytest.mark.parametrize(("short", "long"), SHORT_FORMS.values(), ids=SHORT_FORMS.keys())
def test_a_short_form_has_the_hash_of_its_long_form(short, long):
    assert framing_hash(load_text(replaced(short, long))) == framing_hash(load_text(CARD_FRAUD))


CHANGES = {
    "window": ("within: 7d", "within: 8d"),
    "label": ("TX_FRAUD = 1}", "TX_FRAUD = 2}"),
    "cost": ("review: 5", "review: 6"),
    "entity": ("[customer, terminal]", "[terminal, customer]"),
    "name": ("  called:", "  rang:"),
    "delay": ("{TX_FRAUD: 7d}", "{TX_FRAUD: 8d}"),
}


@pytest.mark.parametrize(("old", "new"), CHANGES.values(), ids=CHANGES.keys())
def test_another_meaning_has_another_hash(old, new):
    assert framing_hash(load_text(replaced(old, new))) != framing_hash(load_text(CARD_FRAUD))


def test_the_first_table_is_part_of_the_hash():
    tables = "examples:\n  {}: {{source: {}, entity: customer}}\n  {}: {{source: {}, entity: customer}}\n"
    one = load_text(CARD_FRAUD_ON_CALLS.replace("EXAMPLES\n", tables.format("a", "payments", "b", "calls")))
    two = load_text(CARD_FRAUD_ON_CALLS.replace("EXAMPLES\n", tables.format("b", "calls", "a", "payments")))
    assert framing_hash(one) != framing_hash(two)


CARD_FRAUD_ON_CALLS = """\
framing: 1
name: two-tables
business: {goal: Fewer calls}
sources:
  payments: {path: p.parquet, time: paid_at}
  calls: {path: c.parquet, time: called_at}
EXAMPLES
labels: {called: {source: calls, on: a, within: 1d}}
objective: {score: called}
"""


def members(section, old, new):
    return list(getattr(load_text(replaced(old, new)), section))


def test_a_list_of_lengths_makes_a_family_named_as_written():
    family = "{source: payments, by: customer, count: true, last: [24h, 1w], gap: [167h, 14d]}"
    names = members("features", "{column: amount}", "{column: amount}\n  n: " + family)
    assert names[1:5] == ["n_24h_167h", "n_24h_14d", "n_1w_167h", "n_1w_14d"]
    names = members("labels", "within: 7d", "within: [7d, 30d]")
    assert names == ["fraud", "called_7d", "called_30d"]
    names = members("labels", "within: 7d", "within: 7d, gap: [1h, 2h]")
    assert names == ["fraud", "called_1h", "called_2h"]


def test_a_score_may_name_a_member_of_a_family():
    text = replaced("score: fraud * amount", "score: fraud * spend_7d")
    assert tasks(load_text(text)) == ("fraud",)


def test_defaults_are_spelled_out():
    framing = load_text(CARD_FRAUD)
    table = framing.table
    assert (table.unit, table.decision) == ("customer", ())
    called = framing.labels["called"]
    assert (called.on, called.kind, called.by) == ("examples", "binary", ("customer",))
    assert framing.features["spend_7d"].serve == "stream"
    assert framing.features["spend_7d"].as_ == "number"
    assert framing.features["amount"].serve == "request"
    assert framing.features["amount"].as_ is None
    assert list(framing.models.tasks) == ["fraud"]


KINDS = {
    "when: TX_FRAUD = 1": "binary",
    "source: calls": "binary",
    "source: calls, absent: true": "binary",
    "source: calls, count: true": "number",
    "source: calls, sum: minutes": "number",
    "source: calls, latest: minutes": "number",
    "source: calls, first: days": "time_to_event",
    "source: calls, first: minutes": "number",
    "combine: fraud * rang": "binary",
    "combine: fraud and not rang": "binary",
    "combine: 'coalesce(fraud, rang)'": "binary",
    "combine: 4 * fraud + rang": "number",
    "combine: fraud + rang > 1": "binary",
    "columns: [a, b]": "tags",
}


@pytest.mark.parametrize(("form", "kind"), KINDS.items(), ids=KINDS.keys())
def test_a_kind_follows_from_the_form(form, kind):
    within = ", within: 1d" if form.startswith("source") else ""
    text = replaced("  called:", f"  it: {{{form}{within}}}\n  rang: {{source: calls}}\n  called:")
    text = text.replace("{TX_FRAUD: 7d}", "{TX_FRAUD: 7d, a: 0s, b: 0s}")
    assert load_text(text).labels["it"].kind == kind


SERVES = {
    "column: x": "request",
    "sql: amount + 1": "request",
    "source: calls, count: true": "stream",
    "source: calls, count: true, refresh: 1h": "batch",
    "source: calls, latest: minutes": "batch",
}


@pytest.mark.parametrize(("form", "serve"), SERVES.items(), ids=SERVES.keys())
def test_where_a_feature_comes_from_follows_from_the_form(form, serve):
    text = replaced("  spend:", f"  it: {{{form}}}\n  spend:")
    assert load_text(text).features["it"].serve == serve


def test_a_calendar_without_membership_takes_the_source_of_the_first_label():
    text = replaced(
        "{source: payments, entity: [customer, terminal], at: time}",
        "{every: 7d, entity: customer, from: 2026-01-01}",
    )
    text = text.replace("{when: TX_FRAUD = 1}", "{source: calls, within: 7d}")
    assert load_text(text).table.active.source == "calls"


def test_costs_of_errors_become_two_actions():
    text = CARD_FRAUD.replace(
        "goal: Lose", "errors: {false_positive: 2 + 1, false_negative: amount}\n  goal: Lose"
    )
    text = text.replace(
        next(line for line in text.splitlines(keepends=True) if line.startswith("policy:")),
        "",
    )
    text = text.replace("score: fraud * amount", "score: fraud")
    framing = load_text(text)
    costs = {action: str(cost) for action, cost in framing.policy.actions.items()}
    assert costs == {"act": "(2 + 1) * (1 - fraud)", "wait": "(amount) * fraud"}
    assert framing.business.errors is None


def test_downsample_and_monotone_move_to_the_tasks():
    text = replaced("trees]}", "trees], downsample: {fraud: 10%}, monotone: {amount: up}}")
    models = load_text(text).models
    assert models.tasks["fraud"].downsample == 0.1
    assert models.tasks["fraud"].monotone == {"amount": "up"}
    assert (models.downsample, models.monotone) == ({}, {})


TASKS = {
    "score": ("", ("fraud",)),
    "cost": ("allow: fraud * amount|allow: called", ("fraud", "called")),
    "named": ("trees]}|trees], tasks: {called: {}}}", ("fraud", "called")),
}


@pytest.mark.parametrize(("change", "named"), TASKS.values(), ids=TASKS.keys())
def test_a_task_is_a_label_that_something_decided_names(change, named):
    text = replaced(*change.split("|")) if change else CARD_FRAUD
    assert tasks(load_text(text)) == named


def test_tags_make_one_column_each():
    assert label_columns("tag", Label(columns=("a", "b"))) == ("tag_a", "tag_b")
    assert label_columns("fraud", Label(when="x = 1")) == ("fraud",)
