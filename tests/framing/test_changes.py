import pytest

from truenorth.errors import FramingError
from truenorth.framing.load import load_with_findings

FILE = "examples/framings/churn.yaml"


def changed(**changes):
    named = {key.replace("__", "."): value for key, value in changes.items()}
    return load_with_findings(FILE, changes=named)[0]


def test_a_value_is_read_as_the_file_would_be():
    framing = changed(policy__capacity__call="50 per 1d", models__candidates="[linear]")
    assert str(framing.policy.capacity["call"]) == "50 per 1d"
    assert framing.models.candidates == ("linear",)


def test_a_section_that_was_not_written_is_made():
    assert changed(models__tune__trials="7").models.tune.trials == 7


def test_an_item_of_a_list_is_set_by_its_number():
    assert str(changed(constraints__0="share(action = 'call') <= 0.2").constraints[0]).endswith("0.2")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"policy.capacty": "1"}, "SPEC005"),
        ({"name.x": "1"}, "SPEC035"),
        ({"constraints.9": "1"}, "SPEC035"),
        ({"name": "[unclosed"}, "SPEC001"),
        ({"labels.churn.within": "7 dayz"}, "SPEC012"),
    ],
    ids=["unknown key", "through a text", "beyond the list", "no YAML", "wrong value"],
)
def test_a_wrong_change_is_refused_like_a_wrong_file(changes, code):
    with pytest.raises(FramingError) as refused:
        load_with_findings(FILE, changes=changes)
    assert code in {finding.code for finding in refused.value.findings}
