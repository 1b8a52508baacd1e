"""A page on disk, and a browser that opens it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forensics.scan.page import write_page

from .samples import Source, whole
from .visiting import Visit

SIZE = {"width": 1400, "height": 800}


@pytest.fixture(scope="module")
def source() -> Source:
    return whole(400)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the extra dev")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs Chromium on the path")
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield made
        made.close()


@pytest.fixture(scope="module")
def folder(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(source, tmp_path_factory.mktemp("page") / "out").parent


@pytest.fixture(scope="module")
def opened(browser: Any, folder: Path, source: Source) -> Iterator[Visit]:
    context = browser.new_context(viewport=SIZE, accept_downloads=True, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    visit = Visit(context.new_page(), (folder / "index.html").as_uri(), list(source.rows()))
    visit.page.on("console", lambda said: visit.wrong.append(said.text) if said.type == "error" else None)
    visit.page.on("pageerror", lambda error: visit.wrong.append(str(error)))
    visit.page.on("request", lambda request: visit.asked.append(request.url))
    yield visit
    context.close()


@pytest.fixture
def visit(opened: Visit, folder: Path) -> Iterator[Visit]:
    """Yield the page; afterwards nothing went wrong, nothing was asked of a network, and no file acted."""
    opened.wrong.clear()
    opened.asked.clear()
    yield opened
    assert opened.wrong == []
    inside = folder.as_uri()
    assert [a for a in opened.asked if not a.startswith((inside, "data:", "blob:null", "about:"))] == []
    assert opened.page.evaluate("window.pwned") is None
