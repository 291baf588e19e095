"""The reference pages say what the code does."""

import runpy

import pytest

from tests.framing.texts import ROOT

PAGES = runpy.run_path(str(ROOT / "scripts" / "write_reference.py"))["PAGES"]


@pytest.mark.parametrize("page", PAGES)
def test_a_reference_page_is_up_to_date(page):
    assert (ROOT / "docs" / page).read_text() == PAGES[page](), "run: python scripts/write_reference.py"
