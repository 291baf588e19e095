"""The browser, once per session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.documents.browser import Browser, start


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    yield from start()
