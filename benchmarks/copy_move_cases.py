"""Pictures for the benchmark of `copy_move`: which calibrate, which evaluate, and how copies are forged."""

from __future__ import annotations

import importlib.util
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Case", "calibration", "evaluation", "forge", "forgeries", "sample_files", "samples", "stored"]

Pixels = npt.NDArray[np.uint8]

CALIBRATE = (
    "photos/kodak/1.png",
    "photos/kodak/4.png",
    "photos/kodak/7.png",
    "photos/kodak/13.png",
    "photos/native/Apple_iPhone_5.jpg",
    "photos/native/Canon_EOS_450D.jpg",
    "photos/native/FujiFilm_FinePix_F40fd.jpg",
)
QUALITIES = (None, 95, 85, 75, 70)
KINDS = ("shift", "turned", "mirrored", "scaled", "quarter")
SAMPLES = {
    "skimage.data": (
        "astronaut.png",
        "brick.png",
        "camera.png",
        "cell.png",
        "chelsea.png",
        "coffee.png",
        "coins.png",
        "grass.png",
        "gravel.png",
        "hubble_deep_field.jpg",
        "ihc.png",
        "moon.png",
        "motorcycle_left.png",
        "page.png",
        "retina.jpg",
        "rocket.jpg",
        "text.png",
    ),
    "sklearn.datasets": ("images/china.jpg", "images/flower.jpg"),
}
# Material for renderings: whoever made it seamless cloned patches, which show as equal pixels side by side.
CLONED = ("grass.png", "gravel.png")
MOSAICS, TILES, SINGLES = 160, 4, 200


@dataclass(frozen=True)
class Case:
    """One picture, and where it was forged (the pasted regions), None for an untouched one."""

    name: str
    group: str
    luma: Pixels
    truth: npt.NDArray[np.bool_] | None = None


def calibration(data: Path) -> Iterator[Case]:
    """Yield the untouched calibration pictures, luma only."""
    for name in CALIBRATE:
        yield Case(name, "photo", _grey(data / name))
    with tarfile.open(data / "photos/pack128_permissive.tar") as pack:
        tiles: list[Pixels] = []
        made = 0
        for member in pack:
            file = pack.extractfile(member) if member.isfile() else None
            tile = None if file is None else cv2.imdecode(np.frombuffer(file.read(), np.uint8), 0)
            if tile is None or tile.shape != (128, 128):
                continue
            tiles.append(tile)
            if len(tiles) == TILES * TILES:
                rows = [np.hstack(tiles[i : i + TILES]) for i in range(0, len(tiles), TILES)]
                yield Case(f"mosaic {made}", "mosaic", np.vstack(rows))
                made += 1
                if made <= SINGLES // len(tiles):
                    yield from (Case(f"tile {made}.{i}", "tile", t) for i, t in enumerate(tiles))
                tiles = []
            if made == MOSAICS:
                return


def evaluation(data: Path) -> Iterator[Case]:
    """Yield the untouched evaluation pictures, none of which calibrated anything."""
    folders = {
        "photos/kodak": "kodak",
        "photos/native": "native",
        "prnu/natural": "natural",
        "prnu/flat": "flat",
    }
    for folder, group in folders.items():
        for path in sorted((data / folder).iterdir()):
            name = f"{folder}/{path.name}"
            if path.suffix.lower() in (".png", ".jpg") and name not in CALIBRATE:
                yield Case(name, group, _grey(path))
    for path in sorted((data / "tamper/copymove/data/original").iterdir()):
        yield Case(path.stem, "copymove original", _grey(path))
    for path in sorted((data / "tamper/casia1").glob("*_authentic.png")):
        yield Case(path.stem, "casia authentic", _grey(path))


def sample_files() -> Iterator[tuple[str, str, Path]]:
    """Yield package, name and path of every photo that scikit-image and scikit-learn bring along."""
    for package, names in SAMPLES.items():
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            yield from ((package, name, Path(spec.origin).parent / name) for name in names)


def samples() -> Iterator[Case]:
    """Yield the photos that scikit-image and scikit-learn bring along: brick, gravel, coins, a facade."""
    for package, name, path in sample_files():
        group = "seamless textures" if name in CLONED else "samples"
        yield Case(f"{package}/{name}", group, _grey(path))


def forgeries(data: Path) -> Iterator[Case]:
    """Yield the published forgeries with their masks, which mark pasted regions only."""
    for path in sorted((data / "tamper/copymove/data/modified").iterdir()):
        name = path.stem.rstrip("_")
        mask = cv2.imread(str(data / f"tamper/copymove/masks/{name}_mask.png"), cv2.IMREAD_GRAYSCALE)
        yield Case(name, "copymove", _grey(path), mask > 127)
    for path in sorted((data / "tamper/casia1").glob("CM_*_tampered.png")):
        mask = cv2.imread(str(path).replace("_tampered", "_mask"), cv2.IMREAD_GRAYSCALE)
        yield Case(path.stem, "casia copy-move", _grey(path), mask > 127)


def forge(
    luma: Pixels, kind: str, rng: np.random.Generator
) -> tuple[Pixels, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return a picture with one copied region, its source and its pasted region.

    Args:
        luma: (H, W) uint8.
        kind: One of `KINDS`.
        rng: Where the place, the size and the transform come from.
    """
    height, width = luma.shape
    shape = _blob(rng)
    for _ in range(50):
        radius = rng.uniform(0.07, 0.16) * min(luma.shape)
        centre = rng.uniform([1.2 * radius] * 2, [width - 1.2 * radius, height - 1.2 * radius])
        target = rng.uniform([1.4 * radius] * 2, [width - 1.4 * radius, height - 1.4 * radius])
        apart = np.hypot(*(target - centre)) > 2.4 * radius
        textured = cv2.Laplacian(_around(luma, centre, radius), cv2.CV_32F).std() > 6
        if apart and textured:
            break
    centre, target = np.round(centre), np.round(target)
    linear = _linear(kind, rng)
    matrix = np.column_stack([linear, target - linear @ centre])
    source = np.zeros(luma.shape, np.uint8)
    cv2.fillPoly(source, [np.round(centre + radius * shape).astype(np.int32)], 1)
    moved = cv2.warpAffine(luma, matrix, (width, height), flags=cv2.INTER_CUBIC)
    pasted = cv2.warpAffine(source, matrix, (width, height), flags=cv2.INTER_NEAREST) > 0
    return np.where(pasted, moved, luma).astype(np.uint8), source > 0, pasted


def stored(luma: Pixels, quality: int | None) -> Pixels:
    """Return the picture after a JPEG of a quality, or as it is."""
    if quality is None:
        return luma
    _, data = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def _grey(path: Path) -> Pixels:
    from forensics.media import open_media

    return open_media(path).luma


def _around(luma: Pixels, centre: npt.NDArray[np.float64], radius: float) -> Pixels:
    x, y, r = int(centre[0]), int(centre[1]), int(radius)
    return luma[max(0, y - r) : y + r, max(0, x - r) : x + r]


def _blob(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radii = 0.8 + 0.2 * np.cos(2 * angles + rng.uniform(0, 6)) * rng.uniform(0, 1)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]


def _linear(kind: str, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    angle, scale, sign = 0.0, 1.0, 1.0
    if kind == "turned":
        angle = rng.uniform(10, 350)
    elif kind == "quarter":
        angle = float(rng.choice([90, 180, 270]))
    elif kind == "scaled":
        scale = float(rng.choice([rng.uniform(0.8, 0.95), rng.uniform(1.05, 1.25)]))
    elif kind == "mirrored":
        sign = -1.0
    c, s = scale * np.cos(np.radians(angle)), scale * np.sin(np.radians(angle))
    return np.array([[c * sign, -s], [s * sign, c]])
