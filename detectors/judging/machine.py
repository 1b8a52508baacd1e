"""What figures depend on beside the pictures: interpreter, system, processor, versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from forensics.detectors.judging.results import Machine

__all__ = ["this_machine"]

_PACKAGES = ("numpy", "opencv-python-headless", "pillow", "onnxruntime")


def this_machine() -> Machine:
    """Return what this process runs on."""
    return Machine(
        python=platform.python_version(),
        system=platform.platform(),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        versions={name: _version(name) for name in _PACKAGES},
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
