from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from forensics.provenance.reading import read
from forensics.provenance.report import CredentialState
from forensics.provenance.trust import TrustPolicy

EXAMPLE = Path(__file__).parents[2] / "examples" / "sign_with_kms.py"


def test_the_example_signs_and_shows_a_refusal(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    done = subprocess.run([sys.executable, EXAMPLE, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "signed through the service: trusted, 1 call\n" in done.stdout
    assert "AccessDenied" in done.stdout
    report = read(folder / "signed.png", TrustPolicy.load(folder / "ca" / "trust.toml"))
    assert report.state is CredentialState.TRUSTED
    assert sorted(p.name for p in folder.iterdir()) == ["ca", "plain.png", "signed.png"]
