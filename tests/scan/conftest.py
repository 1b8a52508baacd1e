"""Folders to scan, and workers that crash on command."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

HOOKS = Path(__file__).resolve().parents[2] / "benchmarks" / "scan_hooks.py"


@pytest.fixture(autouse=True)
def _no_settings_of_the_tester(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("FORENSICS_KEYS", "FORENSICS_STORE", "FORENSICS_TRUST"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that brings workers down by the names of files."""
    folder = tmp_path / "hooks"
    folder.mkdir()
    shutil.copy(HOOKS, folder)
    monkeypatch.syspath_prepend(folder)
    return HOOKS.stem


def encoded(pixels: npt.NDArray[np.uint8], kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


@pytest.fixture
def fill(photo: npt.NDArray[np.uint8]) -> Callable[..., Path]:
    """A function that fills a folder with pictures, all different, by their names."""

    def make(folder: Path, *names: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(names):
            moved = np.roll(photo, 7 * number, axis=1)
            (folder / name).write_bytes(encoded(moved, quality=90))
        return folder

    return make
