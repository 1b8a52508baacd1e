"""Running commands, and looking at the pictures they leave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.cli.main import main


def run(*command: str) -> int:
    """Run a command and return its exit status."""
    with pytest.raises(SystemExit) as stop:
        main(list(command))
    return int(stop.value.code or 0)


def opened(path: Path) -> npt.NDArray[np.uint8]:
    """Return the pixels of a picture."""
    with Image.open(path) as picture:
        return np.asarray(picture)
