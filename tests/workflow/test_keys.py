from datetime import date
from pathlib import Path

import pyarrow as pa

from truenorth.audit import rule, rules
from truenorth.engine.contract import EngineSettings
from truenorth.errors import Finding
from truenorth.examples.plan import Request
from truenorth.framing.labels import ClassFile
from truenorth.framing.load import load
from truenorth.framing.models import Keywords
from truenorth.framing.waivers import Waiver
from truenorth.workflow.auditing import asked_of_the_audit
from truenorth.workflow.keys import content_key, data_fingerprint, files_read, sections
from truenorth.workflow.work import Work


def source(tmp_path, text):
    (tmp_path / "a.csv").write_text(text)
    from truenorth.framing.sources import Source

    return {"log": Source(path="*.csv", time=None)}


def test_equal_values_have_equal_keys_whatever_the_order_of_their_names():
    assert content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1})
    assert content_key({"a": 1}) != content_key({"a": 2})


def test_a_changed_byte_changes_the_fingerprint(tmp_path):
    first = data_fingerprint(source(tmp_path, "x\n1\n"), tmp_path, {})
    assert first == data_fingerprint(source(tmp_path, "x\n1\n"), tmp_path, {})
    assert first != data_fingerprint(source(tmp_path, "x\n2\n"), tmp_path, {})


def test_a_file_that_is_added_changes_the_fingerprint(tmp_path):
    first = data_fingerprint(source(tmp_path, "x\n1\n"), tmp_path, {})
    (tmp_path / "b.csv").write_text("x\n3\n")
    assert first != data_fingerprint(source(tmp_path, "x\n1\n"), tmp_path, {})


def test_frames_are_known_by_their_content(tmp_path):
    sources = source(tmp_path, "")
    one, same, other = (pa.table({"x": values}) for values in ([1, 2], [1, 2], [1, 3]))
    keys = [data_fingerprint(sources, tmp_path, {"log": frame}) for frame in (one, same, other)]
    assert keys[0] == keys[1] != keys[2]


def test_a_database_has_no_fingerprint(tmp_path):
    from truenorth.framing.sources import Source

    assert data_fingerprint({"log": Source(path="postgresql://host/db", table="t")}, tmp_path, {}) is None


def test_the_policy_is_not_part_of_what_examples_depend_on():
    framing = load("examples/framings/churn.yaml")
    assert "policy" not in sections(framing, ("sources", "labels"))


def test_a_changed_file_of_keywords_or_classes_is_another_run(tmp_path):
    framing = load("examples/framings/churn.yaml")
    label = next(iter(framing.labels))
    listed = framing.labels[label].model_copy(update={"classes": ClassFile(file="classes.txt")})
    models = framing.models.model_copy(update={"rule": Keywords(keywords="words.csv")})
    changed = framing.model_copy(update={"labels": {**framing.labels, label: listed}, "models": models})
    seen = []
    for words, classes in (("a,x", "x"), ("b,x", "x"), ("b,x", "y")):
        (tmp_path / "words.csv").write_text(f"word,class\n{words}\n")
        (tmp_path / "classes.txt").write_text(f"{classes}\n")
        seen.append(content_key(files_read(changed, tmp_path)))
    assert len(set(seen)) == 3
    assert files_read(framing, tmp_path) == {}


def test_the_verdict_is_given_anew_on_another_day_and_when_the_framing_finds_something_else():
    waiver = Waiver(rule="RUN002", reason="a trial", owner="risk", expires=date(2026, 5, 1))
    framing = load("examples/framings/churn.yaml").model_copy(update={"waivers": (waiver,)})
    finding = Finding(
        code="POLICY086", severity="warn", where="policy", evidence="expected a, got b.", fix="c."
    )

    def key(day: int, *findings: Finding) -> list:
        request = Request(framing=framing, findings=findings, base=Path())
        settings = EngineSettings()
        return asked_of_the_audit(Work(request, 0, "duckdb", settings, today=date(2026, 5, day)))

    assert key(1) != key(2)
    assert key(1) != key(1, finding)


def test_the_verdict_is_given_anew_when_another_package_brings_a_rule(monkeypatch):
    @rule("ACME009", "none-of-ours", severity="warn")
    def brought(subject):
        """Nothing is checked."""
        yield from ()

    framing = load("examples/framings/churn.yaml")
    request = Request(framing=framing, findings=(), base=Path())
    work = Work(request, 0, "duckdb", EngineSettings(), today=date(2026, 5, 1))
    without = asked_of_the_audit(work)
    monkeypatch.setattr("truenorth.workflow.auditing.rules", lambda: (*rules(), brought))
    assert asked_of_the_audit(work) != without
