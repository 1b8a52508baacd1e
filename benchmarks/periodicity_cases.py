"""The pictures that `calibrate_periodicity.py` measures: sources, and what happens to them."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["LAYERS", "MOSAICS", "PLAIN", "PROCEDURAL", "Task", "histories", "picture_of", "tasks"]

Pixels = npt.NDArray[np.uint8]
LAYERS = ("latent8", "shuffle2", "shuffle4", "transposed3", "transposed4")
PLAIN = ("bilinear2", "nearest2", "nearest4")
DETAILS = (0.3, 0.7)
MOSAICS = 60
PROCEDURAL = 24


@dataclass(frozen=True)
class Task:
    """One source picture with everything that is done to it."""

    source: str
    group: str
    role: str  # "calibration", "evaluation"
    path: str
    index: int = 0
    positives: bool = True


def tasks(data: Path) -> Iterator[Task]:
    for folder, pattern in (("photos/kodak", "*.png"), ("photos/native", "*.jpg")):
        for k, path in enumerate(sorted((data / folder).glob(pattern))):
            role = "evaluation" if k % 2 else "calibration"
            yield Task(path.name, folder, role, str(path))
    for k in range(MOSAICS):
        yield Task(f"mosaic {k}", "mosaic", "calibration", str(data / "photos/pack128_permissive.tar"), k)
    for k in range(PROCEDURAL):
        yield Task(f"camera {k}", "procedural", "evaluation" if k % 2 else "calibration", "", k)
    for path in sorted((data / "prnu/natural").glob("*.JPG")):
        yield Task(path.name, "prnu/natural", "evaluation", str(path))
    for path in sorted((data / "prnu/flat").glob("*.JPG")):
        yield Task(path.name, "prnu/flat", "evaluation", str(path), positives=False)
    for path in sorted((data / "generated/gan").glob("*.png")):
        yield Task(path.name, f"gan {path.name[:4]}", "evaluation", str(path), positives=False)
    for path in sorted((data / "generated/sd15_grids").glob("*.webp")):
        yield Task(path.name, "sd15", "evaluation", str(path), positives=False)


def picture_of(task: Task) -> Pixels:
    from PIL import Image

    from forensics.datasets import procedural

    if task.group == "procedural":
        return procedural.camera(np.random.default_rng([7, task.index]), 512, 512)
    if task.group == "mosaic":
        return _mosaic(task.path, task.index)
    with Image.open(task.path) as image:
        return np.asarray(image.convert("RGB"))


# Nine photos of 128x128 side by side: their content and their JPEG grid are those of photos.
def _mosaic(path: str, index: int) -> Pixels:
    from PIL import Image

    with tarfile.open(path) as tar:
        names = sorted(tar.getnames())
        chosen = [names[(9 * index + k) * (len(names) // (9 * MOSAICS))] for k in range(9)]
        tiles = [np.asarray(Image.open(io.BytesIO(tar.extractfile(n).read())).convert("RGB")) for n in chosen]  # type: ignore[union-attr]
    return np.vstack([np.hstack(tiles[3 * r : 3 * r + 3]) for r in range(3)])


def crop(picture: Pixels, side: int) -> Pixels:
    top, left = ((n - min(side, n)) // 2 // 16 * 16 for n in picture.shape[:2])
    return picture[top : top + side, left : left + side]


def histories(task: Task, picture: Pixels) -> Iterator[tuple[str, bool, Pixels]]:
    """Yield (what happened, whether that makes it a positive, the picture)."""
    import cv2
    from PIL import Image

    from forensics.datasets import procedural, upsampling

    def scaled(factor: float, method: int) -> Pixels:
        return np.asarray(cv2.resize(base, None, fx=factor, fy=factor, interpolation=method))

    def through(codec: str, quality: int) -> Pixels:
        return np.asarray(Image.open(io.BytesIO(procedural.encode(base, codec, quality))).convert("RGB"))

    yield "as is", task.group in ("sd15", "gan fake"), picture
    base = crop(picture, 1024)
    if task.group in ("prnu/flat", "gan fake", "gan real", "sd15"):
        return
    half = np.asarray(cv2.resize(crop(picture, 2048), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    yield "half size", False, half
    yield "x1.5 cubic", False, crop(scaled(1.5, cv2.INTER_CUBIC), 1024)
    yield "x2 linear", False, crop(scaled(2, cv2.INTER_LINEAR), 1024)
    yield "x4 cubic", False, crop(scaled(4, cv2.INTER_CUBIC), 1024)
    yield "was WebP 80", False, through("webp", 80)
    yield "was WebP 95", False, through("webp", 95)
    yield "was AVIF 60", False, through("avif", 60)
    yield "was JPEG 75, crop", False, through("jpeg", 75)[3:, 5:]
    for name in PLAIN:
        yield f"plain {name}", False, upsampling.decode(crop(base, 768), name, detail=0.3)
    if task.positives:
        for name in LAYERS:
            for detail in DETAILS:
                for label, start in (("", crop(base, 768)), ("half ", half)):
                    if min(start.shape[:2]) >= 256:
                        seed = zlib.crc32(f"{task.source} {name}".encode())
                        made = upsampling.decode(crop(start, 768), name, detail=detail, seed=seed)
                        yield f"{label}{name} {detail}", True, made
