"""What is declared is enforced: a key that its form cannot use is refused, and so is what cannot be built."""

import pytest

from tests.framing.texts import CARD_FRAUD, replaced
from truenorth.errors import FramingError
from truenorth.framing import load_text
from truenorth.framing.canonical import dump
from truenorth.framing.examples import ExampleTable
from truenorth.framing.features import Feature
from truenorth.framing.forms import FEATURE_FORMS, LABEL_FORMS, SPLIT_FORMS, TABLE_FORMS
from truenorth.framing.labels import Label
from truenorth.framing.load import load_text_with_findings
from truenorth.framing.split import Split

EXAMPLES = "{source: payments, entity: [customer, terminal], at: time}"
SPLIT = "{train: 60d, validation: 7d, test: 7d}"


def label(spec):
    return replaced("  called:", f"  it: {spec}\n  called:")


def feature(spec):
    return replaced("  amount:", f"  it: {spec}\n  amount:").replace(
        EXAMPLES, EXAMPLES[:-1] + ", group: basket}"
    )


def examples(spec):
    return replaced(EXAMPLES, spec)


def split(spec):
    return replaced(SPLIT, spec)


UNUSED = [
    (label("{when: rang = 1, within: 7d}"), "labels.it.within"),
    (label("{when: rang = 1, where: x > 1}"), "labels.it.where"),
    (label("{when: rang = 1, gap: 1d}"), "labels.it.gap"),
    (label("{when: rang = 1, by: customer}"), "labels.it.by"),
    (label("{value: rang, kind: number, closed: both}"), "labels.it.closed"),
    (label("{combine: fraud + called, anchor: day_end}"), "labels.it.anchor"),
    (label("{columns: [a, b], until: {source: calls}}"), "labels.it.until"),
    (label("{source: calls, within: 1d, until: {source: calls, last: 1h}}"), "labels.it.until.last"),
    (feature("{over: group, rank: amount, where: amount > 1}"), "features.it.where"),
    (feature("{over: group, count: true, by: customer}"), "features.it.by"),
    (feature("{column: amount, where: amount > 1}"), "features.it.where"),
    (feature("{column: amount, last: 7d}"), "features.it.last"),
    (feature("{column: amount, closed: both}"), "features.it.closed"),
    (feature("{sql: amount + 1, refresh: 1h}"), "features.it.refresh"),
    (feature("{match: [a, b], gap: 1d}"), "features.it.gap"),
    (feature("{match: [a, b], by: customer}"), "features.it.match"),
    (feature("{match: [a]}"), "features.it.match"),
    (
        feature("{source: calls, by: customer, count: true, anchor: target, refresh: 1h}"),
        "features.it.refresh",
    ),
    (
        feature("{source: calls, by: customer, count: true, last: 7d, default: none yet}"),
        "features.it.default",
    ),
    (examples(EXAMPLES[:-1] + ", active: {source: calls}}"), "examples.active"),
    (examples(EXAMPLES[:-1] + ", from: 2026-01-01}"), "examples.from"),
    (examples(EXAMPLES[:-1] + ", ahead: 3 x 1h}"), "examples.ahead"),
    (examples("{every: 7d, from: 2026-01-01, entity: customer, at: none}"), "examples.at"),
    (examples(EXAMPLES[:-1] + ", propensity: {softmax: score}}"), "examples.propensity"),
    (split("{column: part, train: a, test: b, together: customer}"), "split.together"),
    (split("{column: part, train: a, test: b, calibration: 50% of validation}"), "split.calibration"),
    (split("{random: {train: 50%, test: 50%}, reason: why, train: 60d}"), "split.train"),
    (split("{train: 60d, test: 7d, reason: why}"), "split.reason"),
    (split("{train: 60d, test: 7d, seed: 3}"), "split.seed"),
    (split("{train: 2026-01-01..2026-02-01, test: 7d}"), "split.train"),
    (split("{train: 10d, test: 2026-01-01..2026-02-01}"), "split.train"),
    (split("{train: 60d, validation: 50% of train, test: 7d}"), "split.validation"),
    (split("{train: 60d, calibration: 50% of validation, test: 7d}"), "split.calibration"),
    (split("{validation: 7d of train, test: 2026-01-01..2026-02-01}"), "split.validation"),
    (split("{train: 7d, validation: 7d of train, test: 7d}"), "split.validation"),
    (split("{train: 2026-01-01..2026-02-01, test: 2026-01-20..2026-03-01}"), "split.test"),
    (
        split(
            "{train: 2026-01-01..2026-02-01, validation: 2026-03-01..2026-04-01, "
            "test: 2026-02-01..2026-03-01}"
        ),
        "split.test",
    ),
    (
        split(
            "{train: 2026-01-01..2026-02-01, test: {a: 2026-02-01..2026-03-01, b: 2026-02-20..2026-04-01}}"
        ),
        "split.test",
    ),
    (label("{source: calls, by: customer, anchor: target, within: 1d}"), "labels.it.anchor"),
    (label("{source: calls, by: customer, anchor: fraud, within: 1d}"), "labels.it.anchor"),
    (feature("{source: calls, by: customer, count: true, anchor: target, last: 1h}"), "features.it.anchor"),
    (feature("{source: calls, by: customer, count: true, closed: both, last: 1h}"), "features.it.closed"),
    (replaced("  amount:", "  it: {over: group, rank: amount}\n  amount:"), "features.it.over"),
    (replaced("payments.parquet, time: paid_at,", "payments.parquet, time: none,"), "examples.at"),
]

USED = [
    label("{when: rang = 1, given: fraud, weight: amount, origin: review, reliability: 0.9}").replace(
        "{TX_FRAUD: 7d}", "{TX_FRAUD: 7d, rang: 1d}"
    ),
    label("{source: calls, by: customer, anchor: called, within: 1d, closed: both, gap: 1h}"),
    feature("{over: group, rank: amount, default: 0, serve: request, freshness: 1h, as: number}"),
    feature("{match: [a, b], by: bm25, default: 0}"),
    feature("{source: payments, by: customer, count: true, closed: both, last: 1h}"),
    split("{train: 60d, validation: 9d, calibration: 50% of validation, seed: 3, test: 7d}"),
    split("{column: part, train: a, test: b}"),
    split(
        "{train: 2026-01-01..2026-02-01, validation: 7d of train, "
        "test: {b: 2026-03-10..2026-04-01, a: 2026-02-10..2026-03-10}}"
    ),
]


@pytest.mark.parametrize(
    ("text", "where"), UNUSED, ids=[f"{n}-{where}" for n, (_, where) in enumerate(UNUSED)]
)
def test_what_cannot_have_an_effect_is_refused_with_its_key(text, where):
    with pytest.raises(FramingError) as caught:
        load_text(text)
    places = {found.where.split()[-1]: found.code for found in caught.value.findings}
    assert places.get(where) == "SPEC011", caught.value.findings


@pytest.mark.parametrize("text", USED)
def test_what_has_an_effect_loads_and_loads_again(text):
    framing = load_text(text)
    assert dump(load_text(dump(framing))) == dump(framing)


def test_a_refusal_names_every_key_and_the_forms_that_can_use_it():
    with pytest.raises(FramingError) as caught:
        load_text(label("{when: TX_FRAUD = 1, within: 7d, gap: 1d}"))
    (found,) = caught.value.findings
    assert found.evidence == "expected keys that a label with when can use, got within and gap."
    assert found.fix == "remove within and gap, or write it beside source."


def test_undated_examples_have_no_events_and_no_split_by_time():
    text = CARD_FRAUD.replace("payments.parquet, time: paid_at, known_after: {TX_FRAUD: 7d}", "p.parquet")
    text = text.replace("at: time", "at: none").replace("TX_FRAUD = 1", "TX_FRAUD = 1, judged: {by: us}")
    text = text.replace("within: 7d}", "within: 7d, judged: {by: us}}").replace("time: none,", "")
    with pytest.raises(FramingError) as caught:
        load_text(text)
    found = {(one.where.split()[-1], one.code) for one in caught.value.findings}
    assert {("labels.called.source", "SPEC033"), ("split", "SPEC011")} <= found


@pytest.mark.parametrize("it", ["it: {column: tier}", "tier: {sql: amount + 1}"])
def test_a_feature_that_is_a_context_column_gives_a_warning(it):
    text = replaced("  amount:", f"  {it}\n  amount:").replace(EXAMPLES, EXAMPLES[:-1] + ", context: tier}")
    _, findings = load_text_with_findings(text)
    assert [(found.code, found.severity) for found in findings] == [("SPEC034", "warn")]


@pytest.mark.parametrize(
    ("section", "forms"),
    [(Label, LABEL_FORMS), (Feature, FEATURE_FORMS), (ExampleTable, TABLE_FORMS), (Split, SPLIT_FORMS)],
)
def test_every_key_of_a_section_is_used_by_some_form(section, forms):
    keys = {field.alias or name for name, field in section.model_fields.items()}
    assert keys == set().union(*forms.values()) - {"periods", "lengths"}
