"""Folders to scan, and workers that crash on command."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

HOOKS = """
    import ctypes, os, signal, time
    from pathlib import Path

    def before(item):
        name = item.name
        if name.startswith("segfault"):
            ctypes.string_at(0)
        if name.startswith("abort"):
            os.abort()
        if name.startswith("exit"):
            os._exit(7)
        if name.startswith("killed"):
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith("hang"):
            time.sleep(3600)
        if name.startswith("spin"):  # native code that never comes back to Python
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            ctypes.CDLL(None).pause()
        if name.startswith("greedy"):
            bytearray(64 << 30)
        if name.startswith("once"):
            marker = Path(item.locator.place + ".seen")
            if not marker.exists():
                marker.write_text("seen")
                os.abort()
        if name.startswith("slow"):
            time.sleep(0.1)
"""


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
    (folder / "bad_luck.py").write_text(textwrap.dedent(HOOKS))
    monkeypatch.syspath_prepend(folder)
    return "bad_luck"


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
