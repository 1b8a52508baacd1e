"""A page that is open in a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forensics.scan.row import ScanRow

__all__ = ["Visit"]


@dataclass
class Visit:
    """A page that is open, and what went wrong in it."""

    page: Any
    address: str
    rows: list[ScanRow]
    wrong: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def go(self, hash: str = "") -> Any:
        self.page.goto("about:blank")
        self.page.goto(self.address + hash)
        self.until("forensicsPage.store.loaded === forensicsPage.store.rows")
        return self.page

    def until(self, script: str) -> Any:
        """Return the value of an expression once it is true, without the eval of Playwright's own way."""
        look = f"const look = () => {{ const found = {script}; found ? done(found) : setTimeout(look, 10); }}"
        return self.page.evaluate(f"new Promise((done) => {{ {look}; look(); }})")

    @property
    def listed(self) -> list[int]:
        found: list[int] = self.page.evaluate("Array.from(forensicsPage.results.rows)")
        return found

    def wanted(self, holds: Callable[[ScanRow], bool]) -> list[int]:
        return [n for n, row in enumerate(self.rows) if holds(row)]

    def export(self, kind: str) -> str:
        self.page.click("#export summary")
        with self.page.expect_download() as waiting:
            self.page.click(f"[data-export={kind}]")
        return Path(waiting.value.path()).read_bytes().decode("utf-8")
