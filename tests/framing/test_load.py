"""Loading: every mistake of a file at once, each with its line, its value and its fix."""

import copy
from datetime import date

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.framing.texts import CARD_FRAUD, FRAMINGS, replaced
from truenorth.errors import FramingError
from truenorth.framing import load, load_text, load_with_findings
from truenorth.framing.codes import CODES
from truenorth.framing.document import read_document

TEN_MISTAKES = """\
framing: 1
name: card-fraud
business:
  goal: Lose less money to card fraud
  kpi: {name: loss, metric: net fraud loss, direction: donw}
sources:
  payments: {path: a.parquet, time: TX, known_after: {TX_FRAUD: 7d}}
  calls: {path: b.parquet, time: called_at}
examples: {source: paymnts, entity: [customer, terminal], at: time}
labels:
  fraud: {when: TX_FRAUD = 1}
  called: {source: calls, within: 7 dayz}
  late: {source: calls, within: 7d, given: frued}
features:
  amount: {column: amount}
  spend: {source: payments, by: customer, mean: amount, last: [1d, 7d], lst: 3d}
  big: {sql: greatest(amount, 3)}
objective: {score: fraud * amout, metric: average_precision(fraud)}
models: {rule: amount > 220, candidates: [linear, tres]}
policy: {actions: {allow: fraud * amount, review: 5}, fallback: {action: blok}}
"""


def findings_of(text, **options):
    with pytest.raises(FramingError) as caught:
        load_text(text, **options)
    return caught.value.findings


def the_finding_of(text, **options):
    (found,) = findings_of(text, **options)
    return found


def test_ten_mistakes_give_ten_findings_with_their_lines():
    found = [(finding.where, finding.code) for finding in findings_of(TEN_MISTAKES)]
    assert found == [
        ("framing.yaml:5 business.kpi.direction", "SPEC008"),
        ("framing.yaml:5 business.kpi.metric", "SPEC017"),
        ("framing.yaml:9 examples.source", "SPEC020"),
        ("framing.yaml:12 labels.called.within", "SPEC012"),
        ("framing.yaml:13 labels.late.given", "SPEC022"),
        ("framing.yaml:16 features.spend.lst", "SPEC005"),
        ("framing.yaml:17 features.big.sql", "SPEC003"),
        ("framing.yaml:18 objective.score", "SPEC022"),
        ("framing.yaml:19 models.candidates[1]", "SPEC008"),
        ("framing.yaml:20 policy.fallback.action", "SPEC023"),
    ]


def test_a_message_has_the_place_the_value_the_code_and_the_fix():
    message = str(the_finding_of(replaced("within: 7d", "within: 7 dayz")))
    assert message == (
        "framing.yaml:12 labels.called.within: expected a duration such as '7d', got '7 dayz'. [SPEC012]\n"
        "  Fix: write a whole number and a unit, for example 7d, 36h or 90m."
    )


MISTAKES = {
    "unknown key": (
        "time: called_at",
        "tmie: called_at",
        "SPEC005",
        "sources.calls.tmie",
        "did you mean 'time'",
    ),
    "unknown key of the one table": (
        "at: time}",
        "at: time, positon: x}",
        "SPEC005",
        "examples.positon",
        "'position'",
    ),
    "unknown section": ("constraints:", "constrains:", "SPEC005", "constrains", "did you mean 'constraints'"),
    "missing key": ("goal: Lose less money to card fraud", "owner: me", "SPEC006", "business.goal", "add it"),
    "missing section": (
        "objective: {score: fraud * amount, metric: average_precision(fraud)}",
        "",
        "SPEC006",
        "objective",
        "add",
    ),
    "a number for a text": ("payments.parquet", "7", "SPEC007", "sources.payments.path", "type"),
    "a text for a map": ("{train: 60d, validation: 7d, test: 7d}", "7d", "SPEC007", "split", "type"),
    "unknown word": (
        "direction: down",
        "direction: dwon",
        "SPEC008",
        "business.kpi.direction",
        "did you mean 'down'",
    ),
    "number out of range": (
        "rule: amount > 220,",
        "rule: 1, tune: {trials: 0},",
        "SPEC009",
        "models.tune.trials",
        "range",
    ),
    "no entity": ("entity: [customer, terminal], ", "", "SPEC006", "examples.entity", "add it"),
    "bad name": ("  called:", "  Called:", "SPEC010", "labels.Called", "'called'"),
    "keyword as name": (
        "  spend:",
        "  limit: {column: amount}\n  spend:",
        "SPEC010",
        "features.limit",
        "'the_limit'",
    ),
    "column of the table as name": ("  called:", "  weight:", "SPEC010", "labels.weight", "rename"),
    "two forms": (
        "{when: TX_FRAUD = 1}",
        "{when: TX_FRAUD = 1, combine: called}",
        "SPEC011",
        "labels.fraud",
        "keep one",
    ),
    "calendar month": ("within: 7d", "within: 1mo", "SPEC012", "labels.called.within", "differ in length"),
    "duration in a split": ("validation: 7d", "validation: 7 days", "SPEC012", "split.validation", "7d"),
    "duration in a list": ("[1d, 7d]", "[1d, x]", "SPEC012", "features.spend.last[1]", "7d"),
    "duration that is a number": ("[1d, 7d]", "3", "SPEC012", "features.spend.last", "7d"),
    "period": (
        "time: called_at",
        "time: called_at, covers: 2026",
        "SPEC013",
        "sources.calls.covers",
        "2026-01-01..2026-04-01",
    ),
    "percentage": ("-30%", "a lot", "SPEC014", "business.kpi.target", "pp"),
    "capacity": ("100 per 1d", "100 a day", "SPEC015", "policy.capacity.review", "per"),
    "expression": ("amount > 220", "select 1", "SPEC016", "models.rule", "scalar SQL"),
    "metric": (
        "average_precision(fraud)",
        "how good it is",
        "SPEC017",
        "objective.metric",
        "external(how good it is)",
    ),
    "constraint": ("[latency_p99 <= 50ms]", "[latency_p99]", "SPEC018", "constraints[0]", "METRIC"),
    "unknown source of a label": (
        "{source: calls, by",
        "{source: cals, by",
        "SPEC020",
        "labels.called.source",
        "'calls'",
    ),
    "unknown source of a feature": (
        "{source: payments, by",
        "{source: payment, by",
        "SPEC020",
        "features.spend.source",
        "'payments'",
    ),
    "unknown anchor": (
        "within: 7d",
        "within: 7d, anchor: fruad",
        "SPEC022",
        "labels.called.anchor",
        "'fraud'",
    ),
    "unknown name in given": (
        "within: 7d",
        "within: 7d, given: fruad",
        "SPEC022",
        "labels.called.given",
        "'fraud'",
    ),
    "unknown name in a cost": (
        "allow: fraud * amount",
        "allow: fraud * amonut",
        "SPEC022",
        "policy.actions.allow",
        "'amount'",
    ),
    "unknown member of a family": (
        "rule: amount > 220",
        "rule: spend_30d > 1",
        "SPEC022",
        "models.rule",
        "'spend_",
    ),
    "unknown name in a metric": (
        "average_precision(fraud)",
        "average_precision(fruad)",
        "SPEC022",
        "objective.metric",
        "'fraud'",
    ),
    "unknown task": (
        "trees]}",
        "trees], tasks: {fruad: {weight: 5}}}",
        "SPEC022",
        "models.tasks.fruad",
        "'fraud'",
    ),
    "unknown capacity": ("{review: 100", "{reviw: 100", "SPEC023", "policy.capacity.reviw", "'review'"),
    "unknown fallback": (
        "fallback: rule",
        "fallback: {action: refer}",
        "SPEC023",
        "policy.fallback.action",
        "allow, review",
    ),
    "unknown table": ("within: 7d", "within: 7d, on: graded", "SPEC024", "labels.called.on", "examples"),
    "one name twice": ("  called:", "  amount:", "SPEC025", "features.amount", "rename"),
    "a family that meets a feature": (
        "  spend:",
        "  spend_7d: {column: amount}\n  spend:",
        "SPEC025",
        "features.spend",
        "rename",
    ),
    "a family with one length twice": ("[1d, 7d]", "[7d, 7d]", "SPEC025", "features.spend", "rename"),
    "no known time": (
        ", known_after: {TX_FRAUD: 7d}",
        "",
        "SPEC026",
        "labels.fraud.when",
        "known_after: {TX_FRAUD: 7d}",
    ),
    "label circle": (
        "within: 7d}",
        "within: 7d}\n  one: {combine: two}\n  two: {combine: 2 * two}",
        "SPEC029",
        "labels.two",
        "circle",
    ),
    "feature circle": ("{column: amount}", "{sql: amount + 1}", "SPEC029", "features.amount", "circle"),
    "both costs": (
        "-30%}",
        "-30%}\n  errors: {false_positive: 1, false_negative: 9}",
        "SPEC011",
        "business.errors",
        "policy",
    ),
    "fallback without rule": ("rule: amount > 220, ", "", "SPEC011", "policy.fallback", "models"),
    "missing owner": (
        "split:",
        "waivers: [{rule: LEAK001, reason: x, expires: 2030-01-01}]\nsplit:",
        "SPEC006",
        "waivers[0].owner",
        "add",
    ),
    "bad date": (
        "split:",
        "waivers: [{rule: LEAK001, reason: x, owner: y, expires: soon}]\nsplit:",
        "SPEC013",
        "waivers[0].expires",
        "ISO",
    ),
}


@pytest.mark.parametrize(("old", "new", "code", "place", "fix"), MISTAKES.values(), ids=MISTAKES.keys())
def test_one_mistake_is_one_finding(old, new, code, place, fix):
    text = replaced(old, new)
    found = the_finding_of(text)
    assert found.code == code
    assert found.where.split(" ")[1] == place
    assert fix in found.fix
    line = int(found.where.split(":")[1].split(" ")[0])
    changed = [
        number for number, row in enumerate(text.splitlines(), 1) if row not in CARD_FRAUD.splitlines()
    ]
    assert line in changed or found.code in ("SPEC006", "SPEC011", "SPEC025", "SPEC026")


def test_lookups_are_checked():
    items = "  items: {path: i.parquet, time: none, key: item, static: [creator]}\nexamples:"
    text = CARD_FRAUD.replace("examples:", items)
    lookup = "time: paid_at, lookup: {who: {source: items, by: item, column: creator}},"
    good = text.replace("time: paid_at,", lookup)
    assert load_text(good).sources["payments"].lookup["who"].column == "creator"
    assert the_finding_of(good.replace("source: items", "source: itmes")).code == "SPEC020"
    assert the_finding_of(good.replace("by: item,", "by: shop,")).code == "SPEC028"
    assert the_finding_of(good.replace("column: creator", "column: craetor")).code == "SPEC021"


def test_a_derived_column_inherits_the_known_time_of_what_it_reads():
    derived = "known_after: {TX_FRAUD: 7d}, columns: {bad: TX_FRAUD = 1, fine: amount > 3}"
    text = replaced("known_after: {TX_FRAUD: 7d}", derived)
    assert load_text(text.replace("when: TX_FRAUD = 1", "when: bad"))
    assert the_finding_of(text.replace("when: TX_FRAUD = 1", "when: fine")).code == "SPEC026"


UNDATED = """\
framing: 1
name: intents
business: {goal: Tickets solved at once}
sources: {queries: {path: q.parquet, time: none, key: id}}
examples: {source: queries, entity: id, at: none}
labels: {intent: {value: intent, kind: class, judged: {by: crowd}}}
objective: {score: hit(intent)}
"""


def test_undated_examples_have_judged_labels_and_their_own_columns_only():
    assert load_text(UNDATED).labels["intent"].kind == "class"
    assert the_finding_of(UNDATED.replace(", judged: {by: crowd}", "")).code == "SPEC033"
    features = UNDATED + "features: {n: {source: queries, by: id, count: true}}\n"
    assert the_finding_of(features).code == "SPEC033"


LEAK = replaced("{column: amount}", "{column: amount}\n  mark: {column: TX_FRAUD}")
WAIVER = "waivers: [{rule: LEAK001, reason: the protocol does, owner: risk, expires: 2027-03-01}]\n"


def test_a_future_read_is_refused_at_its_line():
    found = the_finding_of(LEAK)
    assert found.code == "LEAK001"
    assert found.where.startswith("framing.yaml:15 features.mark")


def test_a_waiver_that_holds_turns_a_refusal_into_a_warning(tmp_path):
    file = tmp_path / "framing.yaml"
    file.write_text(LEAK + WAIVER)
    framing, findings = load_with_findings(file, today=date(2027, 3, 1))
    assert "mark" in framing.features
    (found,) = findings
    assert (found.code, found.severity) == ("LEAK001", "warn")
    assert "Waived by risk until 2027-03-01: the protocol does." in found.evidence
    assert load(file) == framing


def test_a_waiver_that_has_run_out_waives_nothing():
    codes = [found.code for found in findings_of(LEAK + WAIVER, today=date(2027, 3, 2))]
    assert "LEAK001" in codes


def test_a_missing_file_is_a_framing_error(tmp_path):
    with pytest.raises(FramingError) as caught:
        load(tmp_path / "nothing.yaml")
    assert caught.value.findings[0].code == "SPEC004"
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FramingError, match="SPEC004"):
        load(tmp_path / "bytes.yaml")


def test_a_missing_class_file_is_a_warning(tmp_path):
    file = tmp_path / "framing.yaml"
    file.write_text(UNDATED.replace("kind: class", "kind: class, classes: {file: classes.txt}"))
    assert [found.code for found in load_with_findings(file)[1]] == ["SPEC027"]
    (tmp_path / "classes.txt").write_text("one\n")
    assert load_with_findings(file)[1] == ()


@pytest.mark.parametrize("text", ["", "# nothing\n", "framing: 1\n", "[]", "null"])
def test_an_empty_framing_names_what_is_missing(text):
    assert findings_of(text)


VALUES = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1e9,
        "",
        "x",
        "7d",
        "1mo",
        "a > 1",
        "sum(",
        "{}",
        "2026-01-01",
        "50%",
        "fraud",
        [],
        {},
        ["x"],
        [{}],
        {"x": 1},
        {"source": "payments"},
        [None],
        "\x00",
        "é" * 30,
        {"": ""},
        [["a"]],
        {"file": "x"},
    ]
)


def paths_of(value, path=()):
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths_of(item, (*path, key))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_framing_with_anything_anywhere_is_loaded_or_refused(data):
    file = data.draw(st.sampled_from(FRAMINGS))
    values = read_document(file.read_text(), path=file.name).data
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(list(paths_of(values))))
        here = values
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = copy.deepcopy(data.draw(VALUES))
    try:
        load_text(yaml.safe_dump(values, sort_keys=False))
    except FramingError as error:
        assert error.findings
        for found in error.findings:
            assert found.code in CODES or found.code.startswith(("LEAK", "LABEL"))
            assert found.where.startswith("framing.yaml:")
            assert found.evidence.startswith("expected ")
            assert found.fix
