"""A folder of uploads, and an environment in which commands find themselves."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

collect_ignore_glob = [] if sys.platform == "linux" else ["test_*.py"]  # services of Linux


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings of nobody, and the command on the path."""
    for name in [name for name in os.environ if name.startswith("FORENSICS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return dict(os.environ)


@pytest.fixture
def uploads(tmp_path: Path, photo: npt.NDArray[np.uint8]) -> Path:
    folder = tmp_path / "uploads"
    folder.mkdir()
    Image.fromarray(photo).save(folder / "photo.jpg", quality=90)
    return folder
