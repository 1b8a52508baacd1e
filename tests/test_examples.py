"""The examples run, and the sample files get the verdicts that the documentation promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from forensics import Auditor, TrustPolicy, Verdict

ROOT = Path(__file__).parents[1]
DATA = ROOT / "examples" / "data"

PROMISED = {
    "photo.jpg": Verdict.INCONCLUSIVE,
    "copied.jpg": Verdict.LIKELY_ALTERED,
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
    assert {path.name for path in DATA.glob("*.jpg")} == set(PROMISED)
    licences = (DATA / "LICENSES.md").read_text(encoding="utf-8")
    kept = {path.name for path in DATA.iterdir()} - {"LICENSES.md"}
    assert set(re.findall(r"^\| `([^`]+)`", licences, re.MULTILINE)) == kept
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 1_500_000


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_sample_gets_its_verdict(auditor: Auditor, name: str) -> None:
    report = auditor.audit(DATA / name)
    assert report.verdict is PROMISED[name], report.reasons
    assert not report.errors


def test_signing_example(tmp_path: Path) -> None:
    output = run("sign_generated.py", tmp_path / "new")
    assert "who trusts the studio: synthetic." in output
    assert "who does not:          likely_synthetic." in output


def test_folder_example() -> None:
    lines = run("audit_folder.py", DATA).splitlines()
    verdicts = [line for line in lines if not line.startswith(" ")]
    assert verdicts == sorted({*PROMISED.values(), Verdict.UNREADABLE})  # the licences are no picture
    assert len(lines) - len(verdicts) == len(list(DATA.iterdir()))
