"""The page of a scan, from its journal: facts of the run, previews and details of its files."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from forensics.scan.items import Item, Locator
from forensics.scan.journal import Journal
from forensics.scan.manifest import PartRecord, RunManifest
from forensics.scan.packed import Packed
from forensics.scan.paging import page_of
from forensics.scan.settings import WorkSettings
from forensics.scan.worker import Worker

Fill = Callable[..., Path]


def test_the_page_shows_the_run_and_its_pictures(fill: Fill, tmp_path: Path) -> None:
    path = fill(tmp_path / "in", "a.jpg") / "a.jpg"
    one = Item(str(path), "in", Locator("file", str(path)), "a.jpg", 1, 1.5)
    settings = WorkSettings(profile="triage", details="all")
    with Worker(settings) as worker:
        outcome = worker.work(one)
    told = RunManifest.model_construct(
        sources=("in",),
        settings=settings.as_record(),
        settings_sha256="a1" * 32,
        rule="r",
        stages=(("metadata 1",),),
        models="models-m",
        trust="b2" * 32,
        began="2026-01-01T00:00:00+00:00",
        ended="2026-01-01T00:00:01+00:00",
        sessions=3,
        listed=1,
        left_out={"older": 2, "hidden": 8},
        parts=(PartRecord(name="part-00000.jsonl", rows=1, sha256="c3" * 32),),
    )
    with Journal(tmp_path / "journal.sqlite", create=True) as journal:
        journal.add([one])
        (entry,) = journal.pending()
        journal.finish([(entry.number, Packed.of(outcome))])
        index = page_of(journal, tmp_path, told, journal.rows())
    page = index.read_text(encoding="utf-8")
    for fact in ("hidden 8, older 2", "models-m", "a1" * 8, "b2" * 8, "c3" * 32, told.began, told.ended):
        assert fact in page
    data = "".join(file.read_text() for file in (tmp_path / "report" / "data").iterdir())
    assert outcome.preview is not None
    assert base64.b64encode(outcome.preview).decode() in data
    assert list((tmp_path / "report" / "data").glob("details-*.js"))
