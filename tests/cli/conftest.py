"""Shared fixtures: a picture that every detector looks at; keys, marked pictures, and their commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.watermark.keyfile import save_keys
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import Watermarker

from .commands import Answer, answered

SECRET = bytes(range(32))


@pytest.fixture
def photo_file(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    coarse = rng.integers(30, 220, (24, 32, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((512, 384), Image.Resampling.BICUBIC), dtype=float)
    pixels = np.clip(smooth + rng.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8)
    path = tmp_path / "photo.jpg"
    Image.fromarray(pixels).save(path, quality=90)
    return path


@pytest.fixture(autouse=True)
def own_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every test a folder of the application of its own, where commands make what they mark with."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    for name in ("FORENSICS_CA", "FORENSICS_CAMERAS", "FORENSICS_STORE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key ring, trust policy or home of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("FORENSICS_CAMERAS", "FORENSICS_KEYS", "FORENSICS_STORE", "FORENSICS_TRUST"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def watermark(own_settings: None, capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run `forensics watermark ...`; no output ever holds the secret of the test key."""

    def call(*arguments: object) -> Answer:
        answer = answered(capsys, "watermark", *arguments)
        assert SECRET.hex() not in answer.out + answer.err
        return answer

    return call


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "key.toml"
    save_keys([Key(SECRET, "studio")], path)
    return path


@pytest.fixture(scope="session")
def marker() -> Watermarker:
    return Watermarker(Key(SECRET, "studio"))


@pytest.fixture(scope="session")
def scene() -> npt.NDArray[np.uint8]:
    """A procedural picture that is large enough to be bound to its content."""
    pixels = camera(1, 384, 384)
    pixels.flags.writeable = False
    return pixels


@pytest.fixture(scope="session")
def marked(marker: Watermarker, scene: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return marker.embed(scene, "c0ffee").pixels


@pytest.fixture
def pictures(tmp_path: Path, scene: npt.NDArray[np.uint8], marked: npt.NDArray[np.uint8]) -> Path:
    """A folder with an unmarked and a marked picture."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, pixels in (("marked", marked), ("plain", scene)):
        Image.fromarray(pixels).save(folder / f"{name}.png", compress_level=1)
    return folder


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + bytes(64))
    return path
