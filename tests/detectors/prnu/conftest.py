"""Files of made-up cameras, and a database in which two of them are enrolled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.detectors.prnu.database import CameraDatabase
from forensics.detectors.prnu.enrolment import enroll

from .sensors import Pixels, pattern_of, shot

MAKE, MODEL, SERIAL = 0x010F, 0x0110, 0xA431


@dataclass(frozen=True)
class Body:
    """A made-up camera."""

    seed: int
    make: str = "Acme"
    model: str = "One"
    serial: str = ""
    height: int = 256
    width: int = 320


def saved(path: Path, pixels: Pixels, body: Body, *, software: str = "") -> Path:
    """Write a picture as a camera would, without loss."""
    exif = Image.Exif()
    exif[MAKE], exif[MODEL] = body.make, body.model
    if software:
        exif[0x0131] = software
    if body.serial:
        exif.get_ifd(0x8769)[SERIAL] = body.serial
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, exif=exif.tobytes(), compress_level=1)
    return path


def pictures(folder: Path, body: Body, count: int, first: int = 0) -> list[Path]:
    """Write pictures of a camera and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pattern = pattern_of(body.seed, body.height, body.width)
    return [
        saved(folder / f"{body.seed}_{i}.png", shot(pattern, 100 * body.seed + i), body)
        for i in range(first, first + count)
    ]


FIRST = Body(1, serial="1001")
SECOND = Body(2, serial="1002")


@pytest.fixture(scope="session")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two bodies of one model; never changed."""
    folder = tmp_path_factory.mktemp("cameras")
    with CameraDatabase(folder / "cameras.sqlite", create=True) as database:
        for name, body in (("first", FIRST), ("second", SECOND)):
            enroll(database, name, pictures(folder / name, body, 4))
    return folder / "cameras.sqlite"


@pytest.fixture
def database(cameras: Path) -> Iterator[CameraDatabase]:
    with CameraDatabase(cameras) as opened:
        yield opened
