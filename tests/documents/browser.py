"""One chromium for the whole session; tests that need it are skipped where it cannot start."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

WIDE = (1280, 900)
PHONE = (390, 844)


@dataclass
class Visit:
    """An open page and what it complained about or asked for."""

    page: object
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __getattr__(self, name: str):
        return getattr(self.page, name)

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")

    def wait_for_charts(self) -> None:
        self.page.wait_for_function("document.documentElement.dataset.charts !== undefined", timeout=30_000)


class Browser:
    """Opens files, offline, and notes every complaint and every request for anything but the file."""

    def __init__(self, chromium: object) -> None:
        self.chromium = chromium

    def open(self, path: Path, size: tuple[int, int] = WIDE, **options: object) -> Visit:
        context = self.chromium.new_context(
            viewport={"width": size[0], "height": size[1]}, offline=True, **options
        )
        page = context.new_page()
        visit = Visit(page)
        page.on("console", lambda message: visit.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        address = path.as_uri()

        def answer(route: object) -> None:
            if route.request.url == address:
                route.continue_()
            else:
                visit.requests.append(route.request.url)
                route.abort()

        page.route("**/*", answer)
        page.goto(address)
        return visit


def start() -> Iterator[Browser]:
    """Yield a browser, or skip with the reason."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    if chromium is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield Browser(started)
        started.close()
