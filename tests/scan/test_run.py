"""A scan as a whole: every file has a row, whatever happens to workers, runs and folders."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from forensics import Auditor, TrustPolicy
from forensics.errors import ScanLocked, ScanMismatch
from forensics.scan.journal import Journal, locked
from forensics.scan.manifest import verify
from forensics.scan.progress import Progress
from forensics.scan.results import open_results
from forensics.scan.row import ScanRow, State, comparable
from forensics.scan.run import JOURNAL, SPOOL, Job, Output, scan
from forensics.scan.settings import WorkSettings
from forensics.scan.sources import Listing

TRIAGE = WorkSettings(profile="triage", file_seconds=20.0)
PLAIN = Output(format_name="jsonl", page=False)
Fill = Callable[..., Path]


def rows_of(folder: Path) -> dict[str, ScanRow]:
    return {row.id.rsplit("/", 1)[-1]: row for row in open_results(folder).rows()}


def job(source: Path, out: Path, **changes: object) -> Job:
    return replace(Job((str(source),), out, TRIAGE, output=PLAIN), **changes)  # type: ignore[arg-type]


def test_every_file_has_one_row_that_an_audit_agrees_with(fill: Fill, tmp_path: Path) -> None:
    source = fill(tmp_path / "in", "a.jpg", "b.jpg")
    (source / "c.txt").write_text("no picture")
    (source / "d.jpg").write_bytes((source / "a.jpg").read_bytes())
    (source / "e.jpg").write_bytes((source / "a.jpg").read_bytes()[:900])
    (source / "f.jpg").write_bytes(b"")
    told: list[Progress] = []

    finished = scan(job(source, tmp_path / "out", workers=2), told.append)

    rows = rows_of(tmp_path / "out")
    assert list(rows) == ["a.jpg", "b.jpg", "c.txt", "d.jpg", "e.jpg", "f.jpg"]
    assert finished.manifest.states == {"ok": 3, "unreadable": 3}
    assert [rows[name].reason for name in ("c.txt", "e.jpg", "f.jpg")] == [
        "unsupported",
        "truncated",
        "empty",
    ]
    assert rows["d.jpg"].duplicate_of == rows["a.jpg"].id
    assert rows["d.jpg"].cluster == rows["a.jpg"].cluster == rows["a.jpg"].id
    alone = Auditor(trust=TrustPolicy.default(), only=["metadata"]).audit(source / "b.jpg")
    row, data = rows["b.jpg"], (source / "b.jpg").read_bytes()
    assert (row.verdict, row.rule, row.because) == (alone.verdict.value, alone.rule, alone.because)
    assert row.sha256 == hashlib.sha256(data).hexdigest()
    assert row.md5 == hashlib.md5(data, usedforsecurity=False).hexdigest()
    assert (row.width, row.height, row.bytes) == (256, 192, len(data))
    assert [p.phase for p in (told[0], *told[-2:])] == ["working", "finishing", "done"]
    assert told[-1].seconds > 0
    assert told[-1].done == told[-1].listed == 6
    assert verify(tmp_path / "out").adds_up


def test_near_duplicates_and_the_page_are_left_out_where_asked(fill: Fill, tmp_path: Path) -> None:
    source = fill(tmp_path / "in", "a.jpg")
    shutil.copyfile(source / "a.jpg", source / "b.jpg")
    output = Output(format_name="jsonl", near_duplicates=False, page=False)
    finished = scan(job(source, tmp_path / "out", output=output))
    rows = rows_of(tmp_path / "out")
    assert (rows["b.jpg"].duplicate_of, rows["b.jpg"].cluster) == (rows["a.jpg"].id, "")
    assert (finished.page, finished.manifest.clusters) == (None, 0)
    assert not (tmp_path / "out" / "report").exists()
    finished = scan(job(source, tmp_path / "out", resume=True))
    assert finished.manifest.clusters == 1


def test_what_brings_workers_down_is_quarantined_and_takes_nothing_with_it(
    fill: Fill, hooks: str, tmp_path: Path
) -> None:
    bad = ("abort.jpg", "exit.jpg", "greedy.jpg", "hang.jpg", "killed.jpg", "segfault.jpg", "spin.jpg")
    good = tuple(f"good{n:02d}.jpg" for n in range(12))
    source = fill(tmp_path / "in", *bad, *good, "once.jpg")
    settings = replace(TRIAGE, file_seconds=3.0, hooks=(hooks,))

    scan(job(source, tmp_path / "out", work=settings, workers=2))

    rows = rows_of(tmp_path / "out")
    assert {name for name, row in rows.items() if row.state is State.QUARANTINED} == set(bad)
    reasons = {name: rows[name].reason for name in bad}
    assert reasons == {
        "abort.jpg": "crash",
        "exit.jpg": "crash",
        "greedy.jpg": "memory",
        "hang.jpg": "timeout",
        "killed.jpg": "memory",
        "segfault.jpg": "crash",
        "spin.jpg": "timeout",
    }
    assert "SIGSEGV" in rows["segfault.jpg"].message
    assert {name: rows[name].attempts for name in (*bad, "once.jpg")} == {
        **dict.fromkeys((*bad, "once.jpg"), 2),
        "killed.jpg": 4,
    }
    assert rows["once.jpg"].state is State.OK
    assert all(rows[name].state is State.OK and rows[name].attempts == 1 for name in good)


def test_a_scan_that_was_killed_goes_on_without_losing_or_repeating(
    fill: Fill, hooks: str, tmp_path: Path
) -> None:
    source = fill(tmp_path / "in", *(f"slow{n:02d}.jpg" for n in range(24)))
    settings = replace(TRIAGE, hooks=(hooks,))
    whole, cut = job(source, tmp_path / "whole", work=settings), job(source, tmp_path / "cut", work=settings)
    program = f"import sys; sys.path[:0] = {sys.path!r}\n{CHILD}"
    child = subprocess.Popen([sys.executable, "-c", program, str(source), str(cut.folder), hooks])
    journal = cut.folder / JOURNAL
    while not any((cut.folder / SPOOL).glob("*.chunk")) or _done(journal) < 3:
        assert child.poll() is None, "it ended before it could be killed"
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    before = {row.id: row for row in Journal(journal).rows()}
    assert 0 < len(before) < 24

    scan(replace(cut, resume=True))
    scan(whole)

    after = {row.id: row for row in open_results(cut.folder).rows()}
    assert all(after[id_].timings == row.timings for id_, row in before.items()), "nothing is done again"
    assert [comparable(r) for r in after.values()] == [
        comparable(r) for r in open_results(whole.folder).rows()
    ]
    assert verify(cut.folder).sessions == 2
    assert not any((cut.folder / SPOOL).iterdir())


CHILD = """
from dataclasses import replace
from pathlib import Path
from forensics.scan.run import Job, Output, scan
from forensics.scan.settings import WorkSettings

if __name__ == "__main__":
    settings = WorkSettings(profile="triage", file_seconds=20.0, hooks=(sys.argv[3],))
    scan(Job((sys.argv[1],), Path(sys.argv[2]), settings, output=Output(format_name="jsonl", page=False)))
"""


def _done(journal: Path) -> int:
    try:
        with Journal(journal) as opened:
            return opened.counts().done
    except ScanMismatch:
        return 0


def test_a_folder_is_taken_up_only_as_what_it_is(fill: Fill, tmp_path: Path) -> None:
    source, out = fill(tmp_path / "in", "a.jpg"), tmp_path / "out"
    with pytest.raises(ScanMismatch, match="holds no scan"):
        scan(job(source, out, resume=True))
    scan(job(source, out))
    with pytest.raises(ScanMismatch, match="holds a scan already"):
        scan(job(source, out))
    with pytest.raises(ScanMismatch, match="other settings"):
        scan(job(source, out, resume=True, work=replace(TRIAGE, prior=0.1)))
    with pytest.raises(ScanMismatch, match="other sources"):
        scan(job(tmp_path, out, resume=True))
    with locked(out), pytest.raises(ScanLocked, match=f"process {os.getpid()}"):
        scan(job(source, out, resume=True))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("dear")
    with pytest.raises(ScanMismatch, match="not empty"):
        scan(job(source, tmp_path / "other"))


def test_other_keys_do_not_mix_with_the_rows_there_are(
    fill: Fill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensics.watermark.keyfile import save_keys
    from forensics.watermark.keys import Key

    source, out = fill(tmp_path / "in", "a.jpg"), tmp_path / "out"
    scan(job(source, out))
    save_keys([Key(bytes(32), "studio")], tmp_path / "keys.toml")
    monkeypatch.setenv("FORENSICS_KEYS", str(tmp_path / "keys.toml"))
    with pytest.raises(ScanMismatch, match="keys changed since this scan began"):
        scan(job(source, out, resume=True))


def test_an_update_works_on_what_is_new_or_changed(fill: Fill, tmp_path: Path) -> None:
    source, out = fill(tmp_path / "in", "a.jpg", "b.jpg"), tmp_path / "out"
    scan(job(source, out))
    first = rows_of(out)
    (source / "b.jpg").write_bytes((source / "a.jpg").read_bytes()[:500])
    (source / "c.jpg").write_bytes((source / "a.jpg").read_bytes())

    scan(job(source, out, resume=True, update=True, sources=()))

    rows = rows_of(out)
    assert [row.state.value for row in rows.values()] == ["ok", "unreadable", "ok"]
    assert rows["a.jpg"].timings == first["a.jpg"].timings
    assert rows["c.jpg"].duplicate_of == rows["a.jpg"].id
    assert verify(out).adds_up


def test_what_failed_is_worked_on_again_when_asked(fill: Fill, hooks: str, tmp_path: Path) -> None:
    source, out = fill(tmp_path / "in", "good.jpg", "exit.jpg"), tmp_path / "out"
    (source / "bad.jpg").write_bytes(b"\xff\xd8 no jpeg")
    settings = replace(TRIAGE, hooks=(hooks,))
    scan(job(source, out, work=settings))
    assert rows_of(out)["exit.jpg"].state is State.QUARANTINED
    (tmp_path / "hooks" / f"{hooks}.py").write_text("def before(item): pass\n")

    scan(job(source, out, work=settings, resume=True, retry_failed=True))

    rows = rows_of(out)
    assert {name: row.state.value for name, row in rows.items()} == {
        "bad.jpg": "unreadable",
        "exit.jpg": "ok",
        "good.jpg": "ok",
    }


def test_members_of_archives_are_files_like_others(fill: Fill, tmp_path: Path) -> None:
    import zipfile

    source = fill(tmp_path / "in", "a.jpg")
    with zipfile.ZipFile(tmp_path / "in" / "more.zip", "w") as archive:
        archive.write(source / "a.jpg", "deep/b.jpg")
    scan(job(source, tmp_path / "out", listing=Listing()))
    rows = rows_of(tmp_path / "out")
    assert rows["b.jpg"].id.endswith("more.zip!/deep/b.jpg")
    assert rows["b.jpg"].duplicate_of == rows["a.jpg"].id
    assert {**comparable(rows["b.jpg"]), "id": "", "modified": 0, "duplicate_of": ""} == {
        **comparable(rows["a.jpg"]),
        "id": "",
        "modified": 0,
        "duplicate_of": "",
    }


@pytest.mark.parametrize("length", [40, 90])
def test_folders_of_temporary_files_may_have_long_names(fill: Fill, tmp_path: Path, length: int) -> None:
    place = Path("/tmp") / f"forensics-{os.getpid()}-".ljust(length, "x")
    place.mkdir()
    try:
        source = fill(tmp_path / "in", "a.jpg")
        program = f"import sys; sys.path[:0] = {sys.path!r}\n{CHILD}".replace("(sys.argv[3],)", "()")
        command = [sys.executable, "-c", program, str(source), str(tmp_path / "out")]
        subprocess.run(command, check=True, env={**os.environ, "TMPDIR": str(place)})
    finally:
        shutil.rmtree(place)
    assert rows_of(tmp_path / "out")["a.jpg"].state is State.OK
