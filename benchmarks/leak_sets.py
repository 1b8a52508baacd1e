"""The sets that `leak_audit.py` looks at: published set-ups made again of photos, and aligned ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from forensics.datasets.listing import members_of, with_suffix
from forensics.datasets.procedural import encode
from forensics.datasets.squares import SUFFIXES, picture_of
from forensics.detectors.aligned import AlignedRecipe, build, maker_of

__all__ = ["SETS", "Folders"]

Pixels = npt.NDArray[np.uint8]
Folders = tuple[Path, Path]
SIDE = 128
SMALL = 92  # 128 / 92 is 178 / 128, the ratio of the sizes of Durall's two classes


def photos(pack: Path, start: int, count: int) -> Iterator[tuple[str, Pixels]]:
    """Yield names and pixels of photos of a pack, in an order drawn from a fixed seed."""
    with ExitStack() as stack:
        members = with_suffix(stack.enter_context(members_of(pack, ())), SUFFIXES)
        order = np.random.default_rng(6).permutation(len(members))[start : start + count]
        for i in sorted(order):
            media = picture_of(members[i])
            if media is not None:
                yield Path(members[i].parts[-1]).stem, media.pixels


@cache
def made(pack: Path, maker: str, start: int, count: int, side: int) -> list[tuple[str, Pixels]]:
    """Return pictures that a maker makes of photos that were scaled to a side."""
    make = maker_of(maker, side).open()
    return [
        (name, make(scaled(pixels, side), np.random.default_rng([3, number])).pixels)
        for number, (name, pixels) in enumerate(photos(pack, start, count))
    ]


def scaled(pixels: Pixels, side: int) -> Pixels:
    if pixels.shape[0] == side:
        return pixels
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def write(folder: Path, name: str, pixels: Pixels, kind: str, quality: int = 90) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    suffix = {"jpeg": "jpg"}.get(kind, kind)
    (folder / f"{name}.{suffix}").write_bytes(encode(pixels, kind, quality, "4:4:4"))


def durall(pack: Path, out: Path, count: int, *, real_side: int = SIDE) -> Folders:
    """Fakes of one size, reals of another, as in the features shipped with arXiv:1911.00686."""
    for name, pixels in photos(pack, 0, count):
        write(out / "real", name, scaled(pixels, real_side), "jpeg")
    for name, pixels in made(pack, "transposed4", count, count, SMALL):
        write(out / "fake", name, pixels, "jpeg")
    return out / "real", out / "fake"


def durall_same(pack: Path, out: Path, count: int) -> Folders:
    """The same, with reals scaled to the size of the fakes."""
    return durall(pack, out, count, real_side=SMALL)


@cache
def maps(pack: Path, maker: str, start: int, count: int) -> list[tuple[str, Pixels]]:
    """Return the absolute differences of pictures and their reconstructions by the bundled codec.

    Args:
        pack: Photos.
        maker: That makes the pictures of them; the photos themselves if empty.
        start: First photo.
        count: How many.
    """
    make = maker_of("autoencoder", SIDE).open()
    pictures = made(pack, maker, start, count, SIDE) if maker else photos(pack, start, count)
    found = ((name, pixels, make(pixels, np.random.default_rng(0)).pixels) for name, pixels in pictures)
    return [(name, np.asarray(cv2.absdiff(pixels, again), np.uint8)) for name, pixels, again in found]


def dire(pack: Path, out: Path, count: int, *, all_real: bool = False, again: bool = False) -> Folders:
    """Maps stored under the name of their input: lossy ones of JPEG photos, lossless ones of PNG fakes.

    Args:
        pack: Photos.
        out: Where to write.
        count: Of each class.
        all_real: The second class are photos that were never stored with loss since, kept as PNG.
        again: All maps are then stored as PNG, so that only their history differs.
    """
    second = maps(pack, "" if all_real else "autoencoder_noised", count, count)
    for kind, source, suffix in (("real", maps(pack, "", 0, count), "jpg"), ("fake", second, "png")):
        for name, found in source:
            folder = out / kind
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{name}.{suffix}"
            cv2.imwrite(str(path), cv2.cvtColor(found, cv2.COLOR_RGB2BGR))
            if again:
                stored = cv2.imread(str(path))
                path.unlink()
                cv2.imwrite(str(path.with_suffix(".png")), stored)
    return out / "real", out / "fake"


def dire_real(pack: Path, out: Path, count: int) -> Folders:
    """Maps of real photos alone, half of which are JPEG and half PNG: there is no fake at all."""
    return dire(pack, out, count, all_real=True)


def dire_again(pack: Path, out: Path, count: int) -> Folders:
    """Maps that were stored as in DIRE and then all as PNG: the extension is mended, the history is not."""
    return dire(pack, out, count, again=True)


def genimage(pack: Path, out: Path, count: int) -> Folders:
    """Photos as JPEG of many qualities and sizes against PNG of one size, as in GenImage."""
    rng = np.random.default_rng(1)
    for name, pixels in photos(pack, 0, count):
        side = int(rng.integers(88, SIDE + 1))
        write(out / "real", name, scaled(pixels, side), "jpeg", int(rng.integers(75, 97)))
    for name, pixels in made(pack, "autoencoder_noised", count, count, SIDE):
        write(out / "fake", name, pixels, "png")
    return out / "real", out / "fake"


def _aligned(codec: str, *, match: bool = True) -> Callable[[Path, Path, int], Folders]:
    def make(pack: Path, out: Path, count: int) -> Folders:
        build(
            out, AlignedRecipe(photos=(str(pack),), count=count, size=SIDE, codec=codec, match=match, seed=2)
        )
        return out / "real", out / "fake"

    return make


SETS: dict[str, Callable[[Path, Path, int], Folders]] = {
    "Durall: two sizes": durall,
    "Durall, one size": durall_same,
    "DIRE: maps by the format of the input": dire,
    "DIRE, photos alone": dire_real,
    "DIRE, stored again as PNG": dire_again,
    "GenImage: JPEG against PNG": genimage,
    "aligned, JPEG 90": _aligned("jpeg:90"),
    "aligned, PNG": _aligned("png"),
    "aligned, JPEG 90, bytes not matched": _aligned("jpeg:90", match=False),
}
