"""Every option of `forensics scan` reaches what it is about, and nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from forensics.cli.scan.command import _status, scan
from forensics.cli.scan.job import job_of
from forensics.datasets.procedural import camera
from forensics.scan.finishing import Finished
from forensics.scan.manifest import RunManifest
from forensics.scan.run import Job
from forensics.scan.settings import WorkSettings
from forensics.scan.sources import Listing

from .commands import Answer, answered

Call = Callable[..., Answer]


@pytest.fixture
def call(own_settings: None, capsys: pytest.CaptureFixture[str]) -> Call:
    return lambda *arguments: answered(capsys, *arguments)


def made(*arguments: str) -> Job:
    """Return the job that a command line makes."""
    with scan.make_context("scan", list(arguments)) as ctx:
        given = dict(ctx.params)
        return job_of(ctx, given.pop("sources"), given)


HERE = os.path.realpath(os.curdir)


@pytest.mark.parametrize(
    ("options", "part", "changes"),
    [
        ("--profile deep", "work", {"profile": "deep"}),
        ("--trust t.toml", "work", {"trust": f"{HERE}/t.toml"}),
        ("--store s", "work", {"store": "s"}),
        ("--calibration c", "work", {"calibration": f"{HERE}/c"}),
        ("--hash-list a --hash-list b", "work", {"hash_lists": (f"{HERE}/a", f"{HERE}/b")}),
        ("--prior 0.25", "work", {"prior": 0.25}),
        ("--max-pixels 9", "work", {"max_pixels": 9}),
        ("--file-seconds 7", "work", {"file_seconds": 7.0}),
        ("--file-memory 300M", "work", {"file_memory": 300 << 20}),
        ("--file-memory 1.5g", "work", {"file_memory": 3 << 29}),
        ("--no-previews", "work", {"previews": False}),
        ("--details all", "work", {"details": "all"}),
        ("--hook h", "work", {"hooks": ("h",)}),
        ("--include *.jpg", "listing", {"include": ("*.jpg",)}),
        ("--exclude a --exclude b", "listing", {"exclude": ("a", "b")}),
        ("--no-ignore-files", "listing", {"ignore_files": False}),
        ("--no-hidden", "listing", {"hidden": False}),
        ("--no-archives", "listing", {"archives": False}),
        ("--follow-links", "listing", {"follow_links": True}),
        ("--network", "listing", {"network": True}),
        ("--column c", "listing", {"column": "c"}),
        ("--since 1970-01-02T00:00:00+00:00", "listing", {"since": 86400.0}),
        ("--format csv", "output", {"format_name": "csv"}),
        ("--no-near-duplicates", "output", {"near_duplicates": False}),
        ("--no-page", "output", {"page": False}),
        ("--key k.pem", "output", {"key": Path("k.pem")}),
        ("--engine ray", "", {"engine": "ray"}),
        ("--workers 5", "", {"workers": 5}),
    ],
)
def test_an_option_changes_its_setting_alone(options: str, part: str, changes: dict[str, Any]) -> None:
    plain = made("in", "-o", "out")
    assert (plain.work, plain.listing) == (WorkSettings(), Listing())
    wanted = {part: replace(getattr(plain, part), **changes)} if part else changes
    assert made("in", "-o", "out", *options.split()) == replace(plain, **wanted)


def test_a_resumed_scan_has_its_own_settings_unless_some_are_given() -> None:
    resumed = made("--resume", "-o", "out")
    assert (resumed.sources, resumed.work, resumed.listing, resumed.resume) == ((), None, None, True)
    assert (resumed.update, resumed.retry_failed) == (False, False)
    asked = made("--resume", "--update", "--retry-failed", "-o", "out")
    assert asked == replace(resumed, update=True, retry_failed=True)
    assert made("--resume", "--prior", "0.5", "-o", "out") == replace(resumed, work=WorkSettings())
    assert made("--resume", "--no-hidden", "-o", "out") == replace(resumed, listing=Listing(hidden=False))


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("5m", 300), ("12h", 43200), ("7d", 604_800), ("2w", 1_209_600)]
)
def test_since_takes_a_duration(text: str, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 2e9)
    listing = made("in", "-o", "out", "--since", text).listing
    assert listing == Listing(since=2e9 - seconds)


def test_since_a_scan_is_since_it_began(call: Call, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name in ("before", "during"):
        Image.fromarray(camera(1, 64, 64)).save(source / f"{name}.png")
    common = ("--profile", "triage", "--workers", 1, "--no-page", "--json")
    first = call("scan", source, "-o", tmp_path / "one", *common).record
    began = datetime.fromisoformat(first["began"]).timestamp()
    assert datetime.fromisoformat(first["ended"]).timestamp() > began
    os.utime(source / "before.png", (began - 1, began - 1))
    os.utime(source / "during.png", (began, began))
    second = call("scan", source, "-o", tmp_path / "two", "--since", tmp_path / "one", *common).record
    assert (second["listed"], second["left_out"]) == (1, {"older": 1})


@pytest.mark.parametrize(
    ("states", "reasons", "status"),
    [
        ({"ok": 2}, {}, 0),
        ({"ok": 1, "unreadable": 1}, {"empty": 1}, 3),
        ({"ok": 1, "quarantined": 1}, {"crash": 1}, 3),
        ({"quarantined": 2}, {"internal": 1, "crash": 1}, 4),
    ],
)
def test_exit_statuses(states: dict[str, int], reasons: dict[str, int], status: int) -> None:
    manifest = RunManifest.model_construct(states=states, reasons=reasons, verdicts={"synthetic": 1})
    finished = Finished(Path("out"), manifest)
    assert _status(finished, frozenset()) == status
    assert _status(finished, frozenset({"altered"})) == status
    assert _status(finished, frozenset({"synthetic"})) == 1, "findings come first"
