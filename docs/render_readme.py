"""Write the output of a real audit into README.md: `python docs/render_readme.py`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["BLOCK", "output"]

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```console\n\$ forensics (audit [^\n]+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def output(arguments: str) -> str:
    """Return what a command writes on a terminal of 80 columns, for somebody who trusts nobody."""
    command = [sys.executable, "-m", "forensics", *arguments.split()]
    with tempfile.TemporaryDirectory() as empty:
        settings = {"COLUMNS": "80", "FORENSICS_TRUST": "", "FORENSICS_KEYS": "", "XDG_CONFIG_HOME": empty}
        result = subprocess.run(  # noqa: S603 - our own command
            command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=True
        )
    return "\n".join(line.rstrip() for line in result.stdout.strip().splitlines()) + "\n"


if __name__ == "__main__":
    readme = ROOT / "README.md"
    page = readme.read_text(encoding="utf-8")
    fresh = BLOCK.sub(
        lambda found: f"```console\n$ forensics {found[1]}\n{output(found[1])}```", page, count=1
    )
    readme.write_text(fresh, encoding="utf-8")
