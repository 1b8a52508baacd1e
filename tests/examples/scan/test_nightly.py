"""Nights one after another, as cron would have them."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from .running import DATA, EXAMPLES, shell


@pytest.mark.slow
def test_nights_one_after_another(uploads: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    environment["PROFILE"] = "triage"
    base = tmp_path / "results"

    def night(*arguments: str) -> subprocess.CompletedProcess[str]:
        return shell(["bash", str(EXAMPLES / "nightly.sh"), str(uploads), str(base), *arguments], environment)

    def scans() -> list[str]:
        return sorted(path.name for path in base.iterdir() if path.name[0] != ".")

    first = night()
    assert (first.returncode, "1 files" in first.stdout) == (0, True), first.stderr
    assert [name.rpartition("-")[2] for name in scans()] == ["whole"], "there is nothing before the first"
    assert base.stat().st_mode & 0o077 == 0

    _wait_a_second()
    (uploads / "text.jpg").write_text("no picture")
    second = night()
    assert second.returncode == 0, "a file that cannot be read is no failure of the night"
    assert "some files cannot be read" in second.stdout
    assert "1 files" in second.stdout, "only what is new"

    _wait_a_second()
    shutil.copyfile(DATA / "tampered.jpg", uploads / "photo.jpg")
    third = night("whole")
    assert third.returncode == 1
    assert "photo.jpg" in third.stdout
    assert "1 changed" in third.stdout, "the whole scans are compared"
    assert "inconclusive -> altered" in third.stdout

    latest = base / scans()[-1]
    for manifest in latest.glob("manifest*"):
        manifest.unlink()  # as if it had been stopped
    resumed = night()
    assert resumed.returncode == 1, "and still has its finding"
    assert (len(scans()), (latest / "manifest.sig.json").exists()) == (3, True)
    assert all((base / name / "report" / "index.html").is_file() for name in scans())


def test_a_night_does_not_disturb_another_and_fails_aloud(
    uploads: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    script = str(EXAMPLES / "nightly.sh")
    (tmp_path / "results").mkdir()
    results = str(tmp_path / "results")
    held = ["flock", f"{results}/.nightly.lock", "bash", script, str(uploads), results]
    busy = shell(held, environment)
    assert (busy.returncode, "still runs" in busy.stderr) == (4, True)
    wrong = shell(["bash", script, str(tmp_path / "none.zip"), str(tmp_path / "results")], environment)
    assert (wrong.returncode, "is it mounted" in wrong.stderr) == (4, True)
    assert shell(["bash", script], environment).returncode != 0
    if shutil.which("shellcheck"):
        assert shell(["shellcheck", script], environment).returncode == 0


@pytest.mark.slow
def test_a_scan_of_another_version_is_put_aside(
    uploads: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    environment["PROFILE"] = "triage"
    script = ["bash", str(EXAMPLES / "nightly.sh"), str(uploads), str(tmp_path / "results")]
    assert shell(script, environment).returncode == 0
    (old,) = (tmp_path / "results").glob("20*")
    for manifest in old.glob("manifest*"):
        manifest.unlink()
    _wait_a_second()
    with closing(sqlite3.connect(old / "journal.sqlite")) as journal:
        journal.execute(
            "UPDATE meta SET value = json_set(value, '$.settings', 'other') WHERE key = 'identity'"
        )
        journal.commit()
    again = shell(script, environment)
    assert again.returncode == 0, again.stderr
    assert {path.name[:5] for path in (tmp_path / "results").iterdir() if path.name[0] != "."} == {
        "left-",
        old.name[:5],
    }


def _wait_a_second() -> None:
    """Names of scans, and times of files against the beginning of a scan, tell seconds apart."""
    time.sleep(1.1)
