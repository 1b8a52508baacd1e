"""What every benchmark shares: where pictures are, and how results are written."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["RESULTS", "data_folder", "machine", "write_result"]

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("numpy", "opencv-python-headless", "pillow", "c2pa-python", "av", "onnxruntime", "torch")


def data_folder() -> Path:
    """Return the folder of test pictures ($FORENSICS_DATA), or end with a clear message."""
    folder = Path(os.environ.get("FORENSICS_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        sys.exit(f"no test pictures: set FORENSICS_DATA to their folder ({folder} is missing)")
    return folder


def machine() -> dict[str, Any]:
    """Return what a figure depends on: commit, versions, processor, load."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "clean": _git("status", "--porcelain", "--untracked-files=no") == "",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def write_result(name: str, command: str, result: dict[str, Any]) -> Path:
    """Write one result as JSON with the machine and the command that made it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    record = {"command": command, "machine": machine(), **result}
    path.write_text(json.dumps(record, indent=2, sort_keys=False) + "\n", encoding="utf-8")
    return path


def _version(name: str) -> str:
    try:
        return version(name)
    except ImportError:
        return "not installed"


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return run.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
