"""What is not collected: modules that train, where PyTorch is not installed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

LEAN = {"__init__.py", "__pycache__", "evaluation", "pipelines", "sampling"}  # of the generators
FOLDER = Path(__file__).parent / "generators"
TRAINED = [path.name for path in FOLDER.iterdir() if path.name not in LEAN]
TRAINING = (
    "forensics/training/*.py",
    "forensics/exporting/train/*.py",
    *(f"{above}{room}/train/*.py" for room in ("detectors", "watermark") for above in ("", "forensics/")),
    *(f"{above}detectors/train/*/*.py" for above in ("", "forensics/")),
    *(f"{above}generators/{name}*" for above in ("", "forensics/") for name in TRAINED),
)

collect_ignore_glob = [] if find_spec("torch") else list(TRAINING)
