import pytest

from truenorth.errors import DataError
from truenorth.serving.manifest import MANIFEST, SEAL, verify_manifest, write_manifest


@pytest.fixture
def bundle(tmp_path):
    (tmp_path / "tasks" / "fraud").mkdir(parents=True)
    (tmp_path / "tasks" / "fraud" / "trees.txt").write_text("tree")
    (tmp_path / "policy.json").write_text("{}")
    write_manifest(tmp_path, {"name": "x"})
    return tmp_path


def test_an_untouched_bundle_verifies(bundle):
    assert verify_manifest(bundle)["name"] == "x"


@pytest.mark.parametrize("name", ["policy.json", "tasks/fraud/trees.txt", MANIFEST, SEAL])
def test_every_single_changed_byte_refuses(bundle, name):
    whole = (bundle / name).read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        (bundle / name).write_bytes(bytes(changed))
        with pytest.raises(DataError) as refused:
            verify_manifest(bundle)
        assert refused.value.findings[0].code in ("BUNDLE001", "BUNDLE002")
    (bundle / name).write_bytes(whole)
    verify_manifest(bundle)


def test_a_missing_file_refuses(bundle):
    (bundle / "policy.json").unlink()
    with pytest.raises(DataError, match=r"policy\.json is missing"):
        verify_manifest(bundle)


def test_a_file_that_was_added_refuses(bundle):
    (bundle / "tasks" / "extra.pkl").write_text("x")
    with pytest.raises(DataError, match=r"extra\.pkl does not belong"):
        verify_manifest(bundle)


def test_a_link_to_a_folder_elsewhere_refuses(bundle, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "model.json").write_text("{}")
    (bundle / "tasks" / "other").symlink_to(elsewhere)
    with pytest.raises(DataError, match=r"tasks/other does not belong"):
        verify_manifest(bundle)


def test_a_folder_that_is_no_bundle_refuses(tmp_path):
    with pytest.raises(DataError, match="BUNDLE001"):
        verify_manifest(tmp_path)
