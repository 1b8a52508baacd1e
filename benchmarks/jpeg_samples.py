"""Pictures of known history for the detector `jpeg`: what is done to them, and the scores it gives."""

from __future__ import annotations

import io
import math
import sys
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parent))

from common import data_folder

Pixels = npt.NDArray[np.uint8]
QUALITIES = (60, 65, 70, 75, 80, 85, 90, 95)
KODAK = {"calibration": ("1", "13", "15", "20"), "evaluation": ("23", "4", "5", "7")}
# The regular textures of the S90's picture are the hardest honest case for foreign grids: it calibrates.
NATIVE = {
    "calibration": ("Apple_iPhone_5", "Canon_EOS_450D", "Canon_Powershot_S90"),
    "evaluation": ("Canon_EOS_5D", "FujiFilm_FinePix_F40fd", "HTC_One"),
}


@dataclass(frozen=True)
class Picture:
    """One source without a JPEG past."""

    name: str
    group: str
    pixels: Pixels


@dataclass(frozen=True)
class Score:
    """A score of one sample."""

    table: str
    source: str
    positive: bool
    value: float
    setting: str
    f1: float = math.nan
    auc: float = math.nan


def pictures(role: str, photos: int) -> Iterator[Picture]:
    from PIL import Image

    data = data_folder()
    for name in KODAK[role]:
        yield Picture(
            f"kodak/{name}", "kodak", np.asarray(Image.open(data / f"photos/kodak/{name}.png").convert("RGB"))
        )
    for name in NATIVE[role]:
        photo = Image.open(data / f"photos/native/{name}.jpg").convert("RGB")
        yield from crops(f"native/{name}", "native", reduced(photo))
    if role == "evaluation":
        for path in sorted((data / "prnu/natural").glob("*.JPG")):
            yield from list(crops(f"prnu/{path.stem}", "prnu", reduced(Image.open(path).convert("RGB"))))[:2]
    yield from mosaics(role, photos)


def mosaics(role: str, photos: int) -> Iterator[Picture]:
    """Sixteen small photos side by side, reduced to a half: 256 px, without their own JPEG past."""
    from PIL import Image

    with tarfile.open(data_folder() / "photos/pack128_permissive.tar") as pack:
        members = sorted(
            (m for m in pack if m.name.endswith(".jpg")), key=lambda m: zlib.crc32(m.name.encode())
        )
        chosen = members[:photos] if role == "calibration" else members[photos : photos + photos // 2]
        files = [pack.extractfile(m) for m in chosen]
        small = [np.asarray(Image.open(f).convert("RGB").reduce(2)) for f in files if f is not None]
    for i in range(0, len(small) - 15, 16):
        rows = [np.concatenate(small[j : j + 4], axis=1) for j in range(i, i + 16, 4)]
        yield Picture(f"pack/{i // 16}", "pack", np.concatenate(rows))


def reduced(photo: Any) -> Pixels:
    from PIL import Image

    return np.asarray(photo.resize((photo.width // 3, photo.height // 3), Image.Resampling.LANCZOS))


def crops(name: str, group: str, pixels: Pixels, side: int = 400) -> Iterator[Picture]:
    for top in range(0, pixels.shape[0] - side + 1, side):
        for left in range(0, pixels.shape[1] - side + 1, side):
            yield Picture(f"{name}/{top},{left}", group, pixels[top : top + side, left : left + side])


def jpeg(pixels: Pixels, quality: int, subsampling: int = 2) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return file.getvalue()


def png(pixels: Pixels) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", compress_level=1)
    return file.getvalue()


def decoded(data: bytes) -> Pixels:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def seen(data: bytes) -> Any:
    from forensics.detectors.jpeg.measure import measure, too_plain
    from forensics.media import open_bytes

    media = open_bytes(data)
    return None if too_plain(media.luma) else measure(media.luma, media.jpeg, lambda: media.pixels)


def pasted(host: Pixels, patch: Pixels, rng: np.random.Generator) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    """Paste a square off the patch's grid; return the picture and the mask."""
    size = int(rng.integers(48, min(192, min(host.shape[:2]) // 2) + 1))
    top, left = (int(rng.integers(0, n - size + 1)) for n in host.shape[:2])
    y, x = (int(rng.integers(0, n - size + 1)) for n in patch.shape[:2])
    if (y - top) % 8 == 0 and (x - left) % 8 == 0:
        x = x + 3 if x + 3 + size <= patch.shape[1] else x - 3
    picture, mask = host.copy(), np.zeros(host.shape[:2], bool)
    picture[top : top + size, left : left + size] = patch[y : y + size, x : x + size]
    mask[top : top + size, left : left + size] = True
    return picture, mask


def localisation(values: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Pixel F1 of a map at one half, and its AUC."""
    import cv2

    full = cv2.resize(values, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    hit = full > 0.5
    f1 = 2 * (hit & mask).sum() / max(hit.sum() + mask.sum(), 1)
    _, inverse, counts = np.unique(full, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse.reshape(mask.shape)]
    n = int(mask.sum())
    auc = (rank[mask].sum() - n * (n + 1) / 2) / max(n * (mask.size - n), 1)
    return float(f1), float(auc)


def scores_of(
    data: bytes, source: str, setting: str, truth: dict[str, bool], mask: Any = None
) -> Iterator[Score]:
    """Scores of one sample for the tables named in `truth`."""
    from forensics.detectors.jpeg.measure import LEAST_COEFFICIENTS, double_score, region_score

    found = seen(data)
    if found is None:
        return
    if (
        "jpeg_double" in truth
        and found.double is not None
        and found.double.coefficients >= LEAST_COEFFICIENTS
    ):
        yield Score("jpeg_double", source, truth["jpeg_double"], double_score(found.double), setting)
    if "jpeg_grid" in truth and found.period is not None:
        yield Score("jpeg_grid", source, truth["jpeg_grid"], found.period.score, setting)
    for table, region in (("jpeg_foreign_grid", found.foreign), ("jpeg_lacking_save", found.lacking)):
        if table in truth and region is not None:
            f1, auc = localisation(region.map, mask) if mask is not None else (math.nan, math.nan)
            yield Score(table, source, truth[table], region_score(region), setting, f1, auc)


def samples(picture: Picture, other: Picture, seed: int) -> Iterator[Score]:
    """Everything that happens to one picture."""
    rng = np.random.default_rng([seed, zlib.crc32(picture.name.encode())])
    small = picture.group == "pack"
    honest = {"jpeg_foreign_grid": False, "jpeg_lacking_save": False}
    for q2 in rng.permutation(QUALITIES)[:4]:
        data = jpeg(picture.pixels, int(q2))
        yield from scores_of(
            data, picture.name, f"single,{q2}", {"jpeg_double": False, "jpeg_grid": False, **honest}
        )
    for q1, q2 in rng.permutation([(a, b) for a in QUALITIES for b in QUALITIES if a != b])[
        : 2 if small else 8
    ]:
        once = decoded(jpeg(picture.pixels, int(q1)))
        setting = f"{q1},{q2}"
        truth = {"jpeg_double": True, "jpeg_grid": False, **honest}
        yield from scores_of(jpeg(once, int(q2)), picture.name, setting, truth)
        dy, dx = divmod(int(rng.integers(1, 64)), 8)
        yield from scores_of(
            jpeg(once[dy:, dx:], int(q2)), picture.name, setting, {"jpeg_grid": True, **honest}
        )
        yield from scores_of(png(once[dy:, dx:]), picture.name, f"png,{q1}", honest)
        patch = decoded(jpeg(other.pixels, int(rng.choice(QUALITIES))))
        spliced, mask = pasted(once, patch, rng)
        yield from scores_of(png(spliced), picture.name, f"png,{q1}", {"jpeg_foreign_grid": True}, mask)
        if q1 < q2:
            yield from scores_of(
                jpeg(spliced, int(q2)), picture.name, setting, {"jpeg_lacking_save": True}, mask
            )
    fine = int(rng.integers(96, 101))
    once = decoded(jpeg(picture.pixels, int(rng.choice(QUALITIES))))
    # Two grids everywhere: the hardest honest case for foreign grids.
    yield from scores_of(png(decoded(jpeg(once[3:, 5:], fine))), picture.name, f"fine,{fine}", honest)


def thumbnail(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A thumbnail as cameras make them: some filter, bars, tone, sharpening, JPEG."""
    import cv2

    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    height, width = luma.shape
    scale = 160 / max(height, width)
    size = (round(width * scale), round(height * scale))
    filters = (cv2.INTER_AREA, cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
    small = cv2.resize(luma, size, interpolation=int(rng.choice(filters))).astype(np.float32)
    small += rng.uniform(0, 1) * (small - cv2.GaussianBlur(small, (0, 0), 1))
    small = 255 * np.clip(small / 255, 0, 1) ** rng.uniform(0.8, 1.25)
    framed = np.zeros((max(120, size[1]), max(size[0], 120)), np.uint8)
    top, left = (framed.shape[0] - size[1]) // 2, (framed.shape[1] - size[0]) // 2
    framed[top : top + size[1], left : left + size[0]] = small.astype(np.uint8)
    return decoded(jpeg(framed, int(rng.integers(50, 95))))[..., 0]


def thumbnails(role: str, large: list[Picture]) -> Iterator[Score]:
    import cv2

    from forensics.detectors.jpeg.thumbnail import compare, read_thumbnail
    from forensics.media import open_media

    rng = np.random.default_rng(7)
    pairs = [(p.name, cv2.cvtColor(p.pixels, cv2.COLOR_RGB2GRAY), thumbnail(p.pixels, rng)) for p in large]
    paths = [data_folder() / f"photos/native/{name}.jpg" for name in NATIVE[role]]
    if role == "evaluation":
        paths += sorted((data_folder() / "prnu/natural").glob("*.JPG"))
    for path in paths:
        media = open_media(path)
        small = read_thumbnail(media.jpeg.thumbnail) if media.jpeg and media.jpeg.thumbnail else None
        if small is not None:
            pairs.append((path.stem, media.luma, small))
    for i, (name, luma, small) in enumerate(pairs):
        height, width = luma.shape
        cut = luma[int(height * 0.25) : int(height * 0.9), int(width * 0.05) : int(width * 0.7)]
        for setting, positive, picture, shown in (
            ("own", False, luma, small),
            ("other", True, luma, pairs[i - 1][2]),
            ("cropped", True, cut, small),
        ):
            match = compare(picture, shown)
            if match is not None:
                yield Score("jpeg_thumbnail", name, positive, match.score, setting)
