"""Pictures for the benchmark of `noise`: which train, calibrate and evaluate, and how they are forged.

Regions are forged in five ways: pasted from another camera's picture, given more noise, blurred, pasted
from an enlarged picture, pasted from a JPEG of lower quality. All qualities of the last save apply to
untouched and forged pictures alike.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["KINDS", "QUALITIES", "Case", "Source", "cases", "processed", "saved", "sources"]

Pixels = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

KINDS = ("other", "noise", "blur", "scaled", "jpeg")
QUALITIES = (None, 95, 85, 75)
SHAPE = (512, 768)
KODAK = {"calibration": ("1", "13", "15", "20"), "evaluation": ("23", "4", "5", "7")}
NATIVE = {
    "calibration": ("Apple_iPhone_5", "Canon_EOS_450D", "Canon_Powershot_S90"),
    "evaluation": ("Canon_EOS_5D", "FujiFilm_FinePix_F40fd", "HTC_One"),
}
# Grids of four generated pictures, WebP: untouched as far as regions go, and of many kinds of content.
GRIDS = {"calibration": slice(0, 40), "evaluation": slice(40, 70)}


@dataclass(frozen=True)
class Source:
    """One picture that was not tampered with."""

    name: str
    group: str
    pixels: Pixels


@dataclass(frozen=True)
class Case:
    """One picture to look at: untouched (`kind` is "") or forged, with its mask then."""

    source: str
    group: str
    kind: str
    quality: int | None
    pixels: Pixels
    mask: Bools | None


def sources(data: Path, role: str, crops: int = 4) -> Iterator[Source]:
    """Yield the untouched pictures of a role: camera photos, whole, halved and cut, Kodak's, and grids."""
    for name in KODAK[role]:
        yield Source(f"kodak/{name}", "kodak", _read(data / f"photos/kodak/{name}.png"))
    for name in NATIVE[role]:
        whole = _read(data / f"photos/native/{name}.jpg")
        yield from _cropped(f"native/{name}", "native", whole, crops)
        yield Source(f"native/{name}/whole", "native whole", whole)
        half = cv2.resize(whole, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        yield Source(f"native/{name}/half", "native whole", np.asarray(half, np.uint8))
    if role == "evaluation":
        for path in sorted((data / "prnu/natural").glob("*.JPG")):
            yield from _cropped(f"prnu/{path.stem}", "prnu", _read(path), max(1, crops // 2))
            yield Source(f"prnu/{path.stem}/whole", "prnu whole", _read(path))
    for path in sorted((data / "generated/sd15_grids").glob("*.webp"))[GRIDS[role]]:
        yield Source(f"grid/{path.stem}", "grid", _read(path)[:512, :512])


def cases(source: Source, donor: Source, kinds: tuple[str, ...] = KINDS) -> Iterator[Case]:
    """Yield a picture untouched and forged, each after saves of all qualities."""
    rng = np.random.default_rng(zlib.crc32(source.name.encode()))
    few = kinds[:1] if source.group.endswith("whole") else kinds
    made = [("", source.pixels, None), *((k, *_forged(source.pixels, donor.pixels, k, rng)) for k in few)]
    for kind, pixels, mask in made:
        for quality in QUALITIES[::2] if source.group.endswith("whole") else QUALITIES:
            yield Case(source.name, source.group, kind, quality, saved(pixels, quality), mask)


def saved(pixels: Pixels, quality: int | None) -> Pixels:
    """Return a picture after a JPEG save, or as it is."""
    if quality is None:
        return pixels
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def processed(pixels: Pixels, kind: str, rng: np.random.Generator) -> Pixels:
    """Return a whole picture with other noise and the same content."""
    if kind == "noise":
        noise = rng.normal(0, rng.uniform(2, 5), pixels.shape[:2])[..., None]
        return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)
    if kind == "blur":
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.6, 1.2)), np.uint8)
    if kind == "scaled":
        height, width = pixels.shape[:2]
        scale = 1 / rng.uniform(1.2, 1.8)
        small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    return saved(pixels, int(rng.choice([60, 70, 80])))


def _forged(host: Pixels, donor: Pixels, kind: str, rng: np.random.Generator) -> tuple[Pixels, Bools]:
    mask = _blob(host.shape[:2], rng)
    if kind in ("noise", "blur"):
        other = processed(host, kind, rng)
    else:
        whole = donor if kind == "other" else processed(donor, kind, rng)
        repeats = [-(-h // d) for h, d in zip(host.shape[:2], whole.shape[:2], strict=True)]
        other = np.tile(whole, (*repeats, 1))[: host.shape[0], : host.shape[1]]
    return np.where(mask[..., None], other, host), mask


def _blob(shape: tuple[int, int], rng: np.random.Generator) -> Bools:
    radius = rng.uniform(0.12, 0.22) * min(shape)
    centre = rng.uniform([radius, radius], [shape[1] - radius, shape[0] - radius])
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    radii = radius * (0.85 + 0.15 * np.cos(2 * angles + rng.uniform(0, 6)))
    points = centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 1)
    return mask > 0


def _cropped(name: str, group: str, pixels: Pixels, crops: int) -> Iterator[Source]:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    for i in range(crops):
        whole = half if i % 3 == 2 else pixels
        top, left = (
            8 * int(rng.integers(0, (n - s) // 8 + 1)) for n, s in zip(whole.shape, SHAPE, strict=False)
        )
        yield Source(f"{name}/{i}", group, whole[top : top + SHAPE[0], left : left + SHAPE[1]])


def _read(path: Path) -> Pixels:
    return np.asarray(Image.open(path).convert("RGB"))
