"""What is not collected: modules that train, where PyTorch is not installed."""

from __future__ import annotations

from importlib.util import find_spec

TRAINING = (
    "forensics/generators",
    "forensics/training",
    "forensics/watermark/train",
    "generators",
    "watermark/train",
)

collect_ignore_glob = [] if find_spec("torch") else [f"{folder}/*.py" for folder in TRAINING]
