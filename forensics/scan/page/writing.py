"""The folder of a page: written beside its place, then moved into it; only a page of ours is replaced."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

from forensics.errors import UsageError
from forensics.scan.page.columns import Columns
from forensics.scan.page.counts import Tally
from forensics.scan.page.details import detail_record
from forensics.scan.page.packs import NAMESPACE, Pack, RecordPack, Shelf
from forensics.scan.page.pictures import preview_text
from forensics.scan.page.plain import as_script, plain
from forensics.scan.page.records import as_json, row_record
from forensics.scan.page.source import PageSource
from forensics.scan.page.summary import VERDICTS, render
from forensics.scan.row import ScanRow

__all__ = ["MARKER", "SCRIPTS", "STYLES", "check_place", "write_page"]

MARKER = ".forensics-page"
MARK = "a page of forensics, which the next one may replace\n"
STYLES = ("page.css", "list.css", "panel.css", "print.css")
SCRIPTS = (
    "start.js",
    "load.js",
    "store.js",
    "state.js",
    "filter.js",
    "facets.js",
    "list.js",
    "table.js",
    "gallery.js",
    "plots.js",
    "maps.js",
    "credentials.js",
    "evidence.js",
    "sections.js",
    "panel.js",
    "export.js",
    "keys.js",
    "main.js",
)
OURS = re.compile(r"index\.html|\.forensics-page|app(/[a-z]+\.(js|css))?|data(/[a-z]+(-\d+)?\.js)?")

TEXT_ROWS, RECORD_ROWS = 4096, 256
PREVIEWS, DETAILS = 300_000, 600_000  # characters of one file


class Writer:
    """Takes rows one by one and writes everything but the page itself.

    Args:
        source: Where previews and details come from.
        data: Folder of the files.
    """

    def __init__(self, source: PageSource, data: Path) -> None:
        self.source = source
        self.tally = Tally()
        self.columns = Columns(Shelf(data, "index"))
        self.texts, self.records = Shelf(data, "texts"), Shelf(data, "rows")
        self.previews = Pack(Shelf(data, "previews"), PREVIEWS)
        self.details = RecordPack(Shelf(data, "details"), DETAILS)
        self.waiting: list[dict[str, Any]] = []
        self.names: list[list[str]] = []

    def add(self, row: ScanRow) -> None:
        """Take one row."""
        number = self.columns.rows
        self.tally.add(row)
        self.columns.add(row, self._preview(row, number), self._detail(row, number))
        self.names.append([plain(row.id), plain(row.signer)])
        if len(self.names) >= TEXT_ROWS:
            self._flush_names()
        self.waiting.append(row_record(row))
        if len(self.waiting) >= RECORD_ROWS:
            self._flush_records()

    def finish(self) -> dict[str, Any]:
        """Write what waits, and return what the script has to know."""
        self._flush_names()
        self._flush_records()
        for part in (self.columns, self.previews, self.details):
            part.flush()
        return {
            "rows": self.columns.rows,
            "layout": self.columns.layout,
            "dictionaries": self.columns.dictionaries,
            "sets": self.columns.sets,
            "clusters": len(self.columns.clusters.numbers),
            "files": {s.kind: s.count for s in (self.columns.shelf, self.texts, self.records)},
            "sizes": {"texts": TEXT_ROWS, "rows": RECORD_ROWS},
            "verdicts": VERDICTS,
        }

    def _preview(self, row: ScanRow, number: int) -> int:
        """Return the number of the file of the preview and 1, or 0."""
        data = self.source.preview(row.id)
        text = preview_text(data)
        if data and not text:
            self.tally.refused += 1
        return self.previews.add(number, text) + 1 if text else 0

    def _detail(self, row: ScanRow, number: int) -> int:
        detail = self.source.detail(row.id)
        return self.details.add(number, as_json(detail_record(detail))) + 1 if detail else 0

    def _flush_names(self) -> None:
        if self.names:
            self.texts.put_json(self.names)
            self.names = []

    def _flush_records(self) -> None:
        if self.waiting:
            self.records.put_json(self.waiting)
            self.waiting = []


def write_page(source: PageSource, folder: Path) -> Path:
    """Write the page of a scan.

    Args:
        source: What it shows.
        folder: Its folder, made if it is missing; a page that an earlier call wrote is replaced as a whole.

    Returns:
        The file that a browser opens: `folder/index.html`.

    Raises:
        UsageError: Something else than a page lies there, or it cannot be written.
    """
    folder = Path(os.path.abspath(folder))
    check_place(folder)
    try:
        with _beside(folder) as part:
            _fill(source, part)
    except OSError as error:
        raise UsageError(f"cannot write the page to {plain(str(folder))}: {error.strerror}") from error
    return folder / "index.html"


def check_place(folder: Path) -> None:
    """Make sure that a page may be written to a folder.

    Raises:
        UsageError: It may not.
    """
    shown = plain(str(folder))
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise UsageError(f"{shown} is no folder")
    if any(folder.iterdir()):
        if not (folder / MARKER).is_file():
            raise UsageError(f"{shown} holds something else than a page of a scan; name another folder")
        foreign = next((n for n in _names(folder) if not OURS.fullmatch(n)), None)
        if foreign is not None:
            raise UsageError(f"{shown} holds a page, and {plain(foreign)} beside it; name another folder")


def _names(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        inside = Path(place).relative_to(folder)
        yield from ((inside / name).as_posix() for name in (*folders, *names))


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Yield a new folder beside the place, which takes it in the end."""
    tag = secrets.token_hex(6)
    part, old = (folder.with_name(f".{folder.name[:40]}.{tag}.{end}") for end in ("part", "old"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    part.mkdir()
    try:
        yield part
        if folder.exists():
            check_place(folder)
            os.rename(folder, old)
        try:
            os.rename(part, folder)
        except OSError:
            if old.exists():
                os.rename(old, folder)
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _fill(source: PageSource, folder: Path) -> None:
    (folder / MARKER).write_text(MARK, encoding="ascii")
    data, app = folder / "data", folder / "app"
    data.mkdir()
    app.mkdir()
    writer = Writer(source, data)
    for row in source.rows():
        writer.add(row)
    meta = writer.finish() | {"title": plain(source.title)}
    (data / "meta.js").write_text(f"{NAMESPACE}.meta = {as_script(meta)};\n", encoding="ascii")
    shipped = files("forensics.scan.page") / "static"
    for name in (*STYLES, *SCRIPTS):
        (app / name).write_bytes((shipped / name).read_bytes())
    # The one thing in the page that nobody could write into a file that is audited.
    head = {"nonce": secrets.token_urlsafe(24), "styles": STYLES, "scripts": SCRIPTS}
    page = render(source.title, source.facts, writer.tally, head)
    (folder / "index.html").write_text(page, encoding="utf-8", errors="backslashreplace")
