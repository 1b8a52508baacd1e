"""What is imported once, in the process that all workers are forked from."""

from importlib import import_module

import cv2  # noqa: F401

import forensics.scan.engines.processes  # noqa: F401
from forensics.detectors.base import DETECTORS

__all__: list[str] = []

for _module in DETECTORS.builtin:
    import_module(_module)
