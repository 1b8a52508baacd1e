"""Reasons are a promise: the page names all that the code gives, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forensics.errors import ArchiveError, NotAFile, SourceError
from forensics.scan.reading.faults import MESSAGES as FAULTS
from forensics.scan.reading.reasons import reason_of
from forensics.scan.sources.archives import MESSAGES as ARCHIVES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "scan_sources.md").read_text(encoding="utf-8")
WORD = re.compile(
    r'"((?:io|archive|table)(?:_[a-z_]+)?|special_file|ignore_rules|network_not_allowed|scheme|redirect|too_large|private_address)"'
)
NO_REASONS = {"archive", "table"}  # code of an error, kind of a locator


def given() -> set[str]:
    files = [*(ROOT / "forensics/scan/sources").glob("*.py"), *(ROOT / "forensics/scan/reading").glob("*.py")]
    found = {word for file in files for word in WORD.findall(file.read_text(encoding="utf-8"))}
    return (found | {"missing_extra"}) - NO_REASONS


def test_the_page_names_all_reasons() -> None:
    table = PAGE.partition("## Reasons")[2]
    assert set(re.findall(r"`([a-z_]+)`", table)) == given()
    assert set(ARCHIVES) | set(FAULTS) - {"empty"} <= given()


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PermissionError(13, "no"), "io_denied"),
        (FileNotFoundError(2, "gone"), "io_not_found"),
        (OSError(5, "input/output error"), "io"),
        (ValueError("embedded null byte"), "io"),
        (SourceError("x", reason="scheme"), "scheme"),
        (ArchiveError("x", reason="archive_size"), "archive_size"),
        (NotAFile("x"), "io"),
    ],
)
def test_errors_have_reasons(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason


def test_what_the_system_said_is_kept_through_our_own_error() -> None:
    error = NotAFile("cannot read this path")
    error.__cause__ = PermissionError(13, "no")
    assert reason_of(error) == "io_denied"
