"""The canvas: every key of a framing goes out and comes back, and what a canvas does not say is open."""

from __future__ import annotations

import pytest

from truenorth.errors import FramingError
from truenorth.framing.document import read_document
from truenorth.framing.framing import Framing
from truenorth.interview import framing_text, read_canvas, write_canvas
from truenorth.interview.canvas import CANVAS, Canvas, canvas_of, draft_of, framing_of
from truenorth.interview.paths import is_within
from truenorth.interview.ready import ready_framing
from truenorth.systems import SYSTEMS

ENDINGS = (".md", ".json", ".yaml")


def test_the_canvas_holds_every_key_of_a_framing_once():
    paths = [path for part in CANVAS.values() for path in part.paths]
    assert len(paths) == len(set(paths)) and len(CANVAS) == 10
    business = {f"business.{name}" for name in Framing.model_fields["business"].annotation.model_fields}
    sections = (Framing.model_fields.keys() - {"framing", "business"}) | business
    assert all(any(is_within(section, path) for path in paths) for section in sections)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_framing_goes_out_and_comes_back(tmp_path, name, ending):
    data = ready_framing(name).data
    file = tmp_path / f"canvas{ending}"
    file.write_text(write_canvas(canvas_of(data), ending))
    back = read_canvas(file)
    assert framing_of(back) == data
    assert write_canvas(back, ending) == file.read_text()


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_draft_from_the_canvas_of_a_ready_framing_loads_and_keeps_its_questions(name):
    data = ready_framing(name).data
    draft = draft_of(canvas_of(data))
    assert draft.is_valid
    assert {key: value for key, value in draft.data.items() if key != "open_questions"} == {
        key: value for key, value in data.items() if key != "open_questions"
    }
    assert draft.open_questions[: len(data["open_questions"])] == tuple(data["open_questions"])


WORDS = """\
# Bakery
## Value Propositions
Shops throw less bread away
## ML task
Units sold per shop and day
## Decisions
How much to bake
## Live monitoring
- error per week
"""


def test_a_canvas_of_words_gives_a_draft_whose_rest_is_open(tmp_path):
    file = tmp_path / "canvas.md"
    file.write_text(WORDS)
    draft = draft_of(read_canvas(file))
    assert draft.data["business"] == {"goal": "Shops throw less bread away", "decision": "How much to bake"}
    assert {found.where for found in draft.missing} == {"name", "sources", "examples", "labels", "objective"}
    text = framing_text(draft)
    assert "# Prediction task: Units sold per shop and day" in text
    assert "# Live monitoring: error per week" in text
    assert any("(business.kpi.metric)" in one for one in draft.open_questions)
    assert read_document(text, path="f").problems == ()


def test_words_survive_the_way_out_and_in(tmp_path):
    canvas = Canvas(words={"features": "Weather and weekday", "decisions": "How much to bake"})
    for ending in ENDINGS:
        file = tmp_path / f"canvas{ending}"
        file.write_text(write_canvas(canvas, ending))
        assert read_canvas(file) == canvas


@pytest.mark.parametrize("text", ["", "# Notes\nnothing", "## Shopping\n- bread"])
def test_a_file_without_a_field_of_the_canvas_is_refused(tmp_path, text):
    file = tmp_path / "canvas.md"
    file.write_text(text)
    with pytest.raises(FramingError, match="INTERVIEW008"):
        read_canvas(file)


def test_a_canvas_that_is_missing_or_has_no_form_is_refused(tmp_path):
    with pytest.raises(FramingError, match="INTERVIEW008"):
        read_canvas(tmp_path / "none.md")
    with pytest.raises(FramingError, match=r"expected \.md, \.json or \.yaml"):
        write_canvas(Canvas(), ".docx")


def test_a_field_is_found_by_a_title_that_is_nearly_right(tmp_path):
    file = tmp_path / "canvas.yaml"
    file.write_text("Value Proposition: Less waste\nData Sources: [sales, weather]\n")
    assert read_canvas(file).words == {"value_propositions": "Less waste", "data_sources": "sales weather"}
