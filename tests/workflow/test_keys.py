import pyarrow as pa

from truenorth.framing.load import load
from truenorth.workflow.keys import content_key, data_fingerprint, sections


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
