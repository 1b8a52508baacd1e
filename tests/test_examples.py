"""The examples run, and the sample files get the verdicts that the documentation promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from forensics import Auditor, TrustPolicy, Verdict
from forensics.evidence import Status

ROOT = Path(__file__).parents[1]
DATA = ROOT / "examples" / "data"

# The copied picture is an opinion's: its finding is promised, its verdict hangs on the calibration.
PROMISED = {
    "photo.jpg": Verdict.INCONCLUSIVE,
    "signed.jpg": Verdict.INCONCLUSIVE,
    "tampered.jpg": Verdict.ALTERED,
    "laundered.jpg": Verdict.CONTRADICTORY,
}


def run(script: str, argument: Path) -> str:
    command = [sys.executable, str(ROOT / "examples" / script), str(argument)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def auditor() -> Auditor:
    return Auditor(trust=TrustPolicy.default())


def test_every_sample_is_promised_a_verdict_and_licensed() -> None:
    assert {path.name for path in DATA.glob("*.jpg")} == {*PROMISED, "copied.jpg"}
    licences = (DATA / "LICENSES.md").read_text(encoding="utf-8")
    kept = {path.name for path in DATA.iterdir()} - {"LICENSES.md"}
    assert set(re.findall(r"^\| `([^`]+)`", licences, re.MULTILINE)) == kept
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 1_500_000


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_sample_gets_its_verdict(auditor: Auditor, name: str) -> None:
    report = auditor.audit(DATA / name)
    assert report.verdict is PROMISED[name], report.reasons
    assert not report.errors


def test_copied_sample_is_found_and_not_overstated(auditor: Auditor) -> None:
    report = auditor.audit(DATA / "copied.jpg")
    found = next(piece for piece in report.evidence if piece.code == "copy_move.duplicate")
    assert found.status is Status.SIGNAL
    assert found.llr is not None
    assert found.llr > 1
    assert report.verdict in {Verdict.INCONCLUSIVE, Verdict.LIKELY_ALTERED}
    # The copy of 140 rows and 94 columns at row 256, column 24, and its source 96 columns to the right.
    marked = cv2.resize(found.maps[0].values, (768, 512)) > 0.5
    assert marked[256:396, 24:118].mean() > 0.8
    assert marked[256:396, 120:214].mean() > 0.8
    assert "96 px to the right" in found.summary


def test_signing_example(tmp_path: Path) -> None:
    output = run("sign_generated.py", tmp_path / "new")
    assert "who trusts the studio: synthetic." in output
    assert "who does not:          likely_synthetic." in output


def test_folder_example() -> None:
    lines = run("audit_folder.py", DATA).splitlines()
    verdicts = [line for line in lines if not line.startswith(" ")]
    assert set(verdicts) >= {*PROMISED.values(), Verdict.UNREADABLE}  # the licences are no picture
    assert verdicts == sorted(verdicts)
    assert len(lines) - len(verdicts) == len(list(DATA.iterdir()))


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_wrong_usage_is_explained(script: str) -> None:
    command = [sys.executable, str(ROOT / "examples" / script)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 2
    assert result.stderr.startswith(f"usage: {script}")


def test_folder_example_names_a_missing_folder(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / "audit_folder.py"), str(tmp_path / "none")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 2
    assert "none is not a folder" in result.stderr
