"""What the tests of the examples share: where these are, and how they are run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples" / "scan"
DATA = ROOT / "examples" / "data"


def shell(
    command: list[str], environment: dict[str, str], cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it left behind."""
    return subprocess.run(
        command, env=environment, cwd=cwd, capture_output=True, text=True, check=False, timeout=300
    )


def documents(name: str) -> list[Any]:
    """Return what a file of YAML says."""
    yaml = pytest.importorskip("yaml", reason="needs PyYAML")
    return list(yaml.safe_load_all((EXAMPLES / name).read_text()))
