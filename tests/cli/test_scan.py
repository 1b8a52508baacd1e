"""`forensics scan` and `forensics results`, end to end."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from forensics.cli.scan.serving import served
from forensics.cli.scan.shown import _description
from forensics.cli.scan.watching import passes
from forensics.datasets.procedural import camera
from forensics.errors import UsageError
from forensics.scan.progress import Progress
from forensics.scan.results import open_results
from forensics.scan.run import Job

from ..detectors.own.networks import described, means
from .commands import Answer, answered

Call = Callable[..., Answer]


@pytest.fixture
def call(own_settings: None, capsys: pytest.CaptureFixture[str]) -> Call:
    return lambda *arguments: answered(capsys, *arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures, a copy of one, and a text that says it is a picture."""
    source = tmp_path / "in"
    source.mkdir()
    for number, name in enumerate(("a.jpg", "b.jpg")):
        Image.fromarray(camera(number + 1, 192, 256)).save(source / name, quality=92)
    (source / "copy.jpg").write_bytes((source / "a.jpg").read_bytes())
    (source / "=text\x1b[31m.jpg").write_text("no picture")
    return source


def test_a_scan_and_what_people_do_with_it(call: Call, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = call("scan", folder, "-o", out, "--profile", "triage", "--workers", 1, "--progress", "json")
    assert made.status == 3, made.err
    assert "4 files" in made.out
    assert "ok 3, unreadable 1" in made.out
    lines = [json.loads(line) for line in made.err.splitlines()]
    assert [lines[0]["phase"], lines[-1]["phase"]] == ["working", "done"]
    assert lines[-1]["done"] == lines[-1]["listed"] == 4
    assert (out / "report" / "index.html").is_file()

    shown = call("results", "summary", out)
    assert "4 files" in shown.out
    assert "unsupported" in shown.out
    assert call("results", "summary", out, "--json").record["states"] == {"ok": 3, "unreadable": 1}

    asked = call("results", "query", out, "duplicate_of <> ''", "--as", "json").record
    assert asked["id"].endswith("copy.jpg")
    assert "\x1b" not in call("results", "query", out, "SELECT id FROM rows").out
    assert call(
        "results", "query", out, "SELECT id FROM rows ORDER BY id LIMIT 1", "--as", "csv"
    ).out.startswith("id")
    assert call("results", "query", out, "SELEC").status == 2

    target = tmp_path / "bad.csv"
    written = call("results", "export", out, target, "--where", "state = 'unreadable'")
    assert written.out.startswith("1 rows")
    assert call("results", "export", out, target).status == 2, "it exists"
    assert call("results", "export", out, tmp_path / "rows.xls").status == 2, "no such format"

    assert "holds: 4 files listed, 4 rows" in call("results", "verify", out).out
    part = next((out / "rows").iterdir())
    part.write_bytes(part.read_bytes() + b" ")
    assert call("results", "verify", out).status == 1


def test_a_second_scan_resumes_updates_and_differs(call: Call, folder: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    common = ("--profile", "triage", "--workers", 1, "--no-page", "--format", "jsonl")
    assert call("scan", folder, "-o", one, *common, "--json").record["listed"] == 4
    again = call("scan", folder, "-o", one, *common)
    assert again.status == 2
    assert "--resume" in again.err
    (folder / "b.jpg").write_bytes(b"")
    (folder / "new.jpg").write_bytes((folder / "a.jpg").read_bytes())
    updated = call("scan", "--resume", "--update", "-o", one, "--no-page", "--format", "jsonl", "--json")
    assert updated.record["listed"] == 5
    assert updated.record["sessions"] == 2
    (folder / "a.jpg").unlink()
    assert call("scan", folder, "-o", two, *common).status == 3

    found = call("results", "diff", one, two)
    assert found.status == 0
    assert "4 same, 0 changed, 0 new, 1 gone" in found.out
    (folder / "new.jpg").write_bytes(b"\x89PNG\r\n\x1a\n cut")
    three = tmp_path / "three"
    call("scan", folder, "-o", three, *common)
    record = call("results", "diff", two, three, "--json").record
    assert [Path(change["id"]).name for change in record["changed"]] == ["new.jpg"]
    assert "the content of the file changed" in record["changed"][0]["why"]
    assert call("results", "diff", two, three, "--exit-code").status == 1


def test_lists_globs_and_findings(
    call: Call, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(f"{folder / 'a.jpg'}\n{folder / 'b.jpg'}\n".encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    common = ("--profile", "triage", "--workers", 1, "--no-page", "--json")
    listed = call("scan", "-", "-o", tmp_path / "listed", *common)
    assert (listed.status, listed.record["listed"]) == (0, 2)
    some = call("scan", folder, "-o", tmp_path / "some", "--include", "b.*", *common)
    assert some.record["states"] == {"ok": 1}
    assert sum(some.record["left_out"].values()) == 3
    none = call("scan", folder, "-o", tmp_path / "none", "--since", "2099-01-01", *common)
    assert (none.record["listed"], none.record["left_out"]) == (0, {"older": 4})
    failed = call("scan", folder / "a.jpg", "-o", tmp_path / "f", "--fail-on", "inconclusive", *common)
    assert failed.status == 1


def test_detectors_are_chosen_by_name(
    call: Call, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = ("--profile", "triage", "--workers", 1, "--no-page", "--json")
    some = call("scan", folder / "a.jpg", "-o", tmp_path / "some", "--only", "dct", *common)
    assert [[name.split()[0] for name in stage] for stage in some.record["stages"]] == [["dct"]]
    (row,) = open_results(tmp_path / "some").rows()
    assert [said.detector for said in row.detectors] == ["dct"]
    again = call("scan", "--resume", "-o", tmp_path / "some", "--only", "jpeg")
    assert again.status == 2, "rows of different settings do not mix"
    assert "settings" in again.err
    pytest.importorskip("onnxruntime")
    (tmp_path / "own").mkdir()
    described(tmp_path / "own", means(), given={"size": "native"})
    monkeypatch.setenv("FORENSICS_DETECTORS", str(tmp_path / "own"))
    own = call("scan", folder / "a.jpg", "-o", tmp_path / "theirs", *common)
    assert own.record["stages"][1][0].startswith("mine ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Usage"),
        (("IN", "-o", "OUT", "--profile", "triage", "--skip", "metadata"), "leave no detector"),
        (("IN", "-o", "OUT", "--only", "everything"), "no detector called everything"),
        (("-o", "x"), "no source given"),
        (("IN", "-o", "OUT", "--update"), "goes with --resume"),
        (("--resume", "-o", "OUT"), "holds no scan"),
        (("IN", "-o", "OUT", "--since", "soon"), "--since takes"),
        (("IN", "-o", "OUT", "--file-memory", "lots"), "no amount of memory"),
        (("IN", "-o", "OUT", "--fail-on", "evil"), "no verdict called evil"),
        (("IN", "-o", "OUT", "--trust", "NONE"), "NONE"),
        (("s3://bucket/x", "-o", "OUT"), "--network"),
    ],
)
def test_what_is_wrong_is_said(
    call: Call, folder: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    places = {"IN": folder, "OUT": tmp_path / "out", "NONE": tmp_path / "NONE"}
    answer = call("scan", *(places.get(a, a) for a in arguments))
    assert answer.status == 2
    assert said in answer.out + answer.err
    assert "Traceback" not in answer.err


def test_metrics_and_logs_are_written(call: Call, folder: Path, tmp_path: Path) -> None:
    metrics, log = tmp_path / "scan.prom", tmp_path / "scan.jsonl"
    logger = logging.getLogger("forensics")
    before = (logger.level, list(logger.handlers))
    call(
        "scan", folder, "-o", tmp_path / "out", "--profile", "triage", "--workers", 1, "--no-page",
        "--metrics", metrics, "--log", log,
    )  # fmt: skip
    values = dict(line.rsplit(" ", 1) for line in metrics.read_text().splitlines() if line[0] != "#")
    assert values["forensics_scan_done_items"] == "4"
    assert values['forensics_scan_state_items{state="ok"}'] == "3"
    assert values["forensics_scan_running"] == "0"
    assert all(json.loads(line)["level"] for line in log.read_text().splitlines())
    assert (logger.level, logger.handlers) == before


def test_the_bar_tells_findings_and_errors_apart() -> None:
    verdicts = {"synthetic": 2, "inconclusive": 4, "unreadable": 1, "": 1}
    states = {"ok": 6, "unreadable": 1, "quarantined": 1}
    told = _description(Progress("working", 2000, 8, 10, 1.0, 2.0, 3e6, 1.5, states, verdicts))
    assert told == "working 8/2,000  2.0 files/s  3.0 MB/s  findings 2  errors 2"


def test_metrics_are_served_on_this_machine_only() -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    with served(port) as tell:
        tell(Progress("working", 5, 2, 10, 1.0, 2.0, 10.0, 1.5, {"ok": 2}))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
        assert "forensics_scan_listed_items 5" in text
        with pytest.raises(OSError):  # noqa: PT011 - refused, or no such address
            socket.create_connection(("127.0.0.2", port), timeout=5)
        with pytest.raises(UsageError, match="metrics-port"), served(port):
            pass


def test_watching_looks_again_for_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    job = Job(("in",), Path("out"))
    looked = passes(job, 7.0)
    first, second = next(looked), next(looked)
    assert first == job
    assert (second.resume, second.update, second.sources, slept) == (True, True, (), [7.0])
    assert list(passes(job, None)) == [job]


def test_a_service_that_is_stopped_says_how_to_go_on(
    own_settings: None, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    program = Path(sys.executable).with_name("forensics")
    command = [program, "scan", folder, "-o", out, "--profile", "triage", "--no-page", "--watch", "600"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    while not (out / "manifest.sig.json").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert f"forensics scan --resume -o {out}" in said
