"""Writing a marked picture: encoded, read back, compared, and only then put in its place."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from forensics.errors import ForensicsError, MediaError, UsageError
from forensics.files import atomic_write
from forensics.media import Limits, Pixels
from forensics.watermark.pictures.encoding import encode, narrow
from forensics.watermark.pictures.loading import load_bytes_for_marking
from forensics.watermark.pictures.source import Source

__all__ = ["Encoded", "Written", "encode_marked", "target_format", "write_marked"]

_EXTENSIONS = {
    "jpeg": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "png": (".png", ".apng"),
    "webp": (".webp",),
    "avif": (".avif",),
    "tiff": (".tif", ".tiff"),
    "bmp": (".bmp", ".dib"),
}
_PALETTE = "a GIF has 256 colours, and a mark does not survive being mapped to them"


@dataclass(frozen=True)
class Encoded:
    """A marked picture in memory.

    Attributes:
        data: The whole file.
        format: Its type, such as "jpeg".
        pixels: (H, W, 3) uint8 RGB of its first frame, decoded from `data`: what a detector will see.
        notes: Sentences about what could not be kept.
    """

    data: bytes = field(repr=False)
    format: str
    pixels: Pixels = field(repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """A marked picture on disk.

    Attributes:
        path: Where it is.
        format: Its type, such as "jpeg".
        size: Its bytes.
        pixels: (H, W, 3) uint8 RGB of its first frame, decoded from what was written.
        notes: Sentences about what could not be kept.
    """

    path: Path
    format: str
    size: int
    pixels: Pixels = field(repr=False)
    notes: tuple[str, ...] = ()


def target_format(target: str | os.PathLike[str]) -> str:
    """Return the format that a file name asks for, such as "jpeg".

    Raises:
        UsageError: It asks for one that is not written.

    Example:
        >>> target_format("out/photo.JPG")
        'jpeg'
    """
    extension = Path(target).suffix.lower()
    found = next((name for name, endings in _EXTENSIONS.items() if extension in endings), None)
    if found is None:
        reason = _PALETTE if extension == ".gif" else f"{extension or 'no extension'} is not written here"
        raise UsageError(reason, expected="a target that ends in " + ", ".join(sum(_EXTENSIONS.values(), ())))
    return found


def encode_marked(source: Source, format_name: str | None = None, *, quality: int | None = None) -> Encoded:
    """Encode a marked picture in memory, and read it back.

    Without a quality, a JPEG keeps the quantisation tables of its source, unless those are coarser than
    quality 90, which is used then: coarser steps round much of a mark away that was embedded at full size.
    A lossy WebP is written at quality 95, an AVIF at 90, a JPEG of another source at 95, and a WebP of a
    lossless source without loss.

    Args:
        source: The picture, usually from `Source.with_residual` or `Source.with_pixels`.
        format_name: "jpeg", "png", "webp", "avif", "tiff" or "bmp"; the source's own if None.
        quality: 1-100 for JPEG, WebP and AVIF.

    Raises:
        UsageError: The quality is out of range, or the format cannot hold this picture.
        ForensicsError: What was encoded does not decode to what was meant.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise UsageError("the quality is out of range", expected="1 to 100", actual=quality)
    name = format_name or source.format
    if name not in _EXTENSIONS:
        raise UsageError(
            _PALETTE if name == "gif" else f"{name} is not written here", expected=", ".join(_EXTENSIONS)
        )
    notes = [*source.notes, *_left_behind(source)]
    data = encode(source, name, quality, notes)
    return Encoded(data, name, _read_back(data, name, source), tuple(notes))


def write_marked(
    source: Source,
    target: str | os.PathLike[str],
    *,
    quality: int | None = None,
    overwrite: bool = False,
    in_place: bool = False,
    check: Callable[[Encoded], object] | None = None,
) -> Written:
    """Write a marked picture in the format that the target's name asks for.

    The file appears whole or not at all, and the source is never touched unless it is the target.

    Args:
        source: The picture, usually from `Source.with_residual` or `Source.with_pixels`.
        target: Where to; its extension decides the format.
        quality: 1-100 for JPEG, WebP and AVIF; see `encode_marked` for what happens without.
        overwrite: Replace an existing file.
        in_place: Allow the target to be the source itself.
        check: Called with what is about to be written; what it raises is passed on, and nothing is written.

    Raises:
        UsageError: The target is the source or exists and nobody asked to replace it, its folder is missing,
            its extension or the quality is wrong, or the format cannot hold this picture.
        OSError: The folder cannot be written to or is full; nothing is left behind.
        ForensicsError: What was encoded does not decode to what was meant.
    """
    place = Path(target)
    name = target_format(place)
    mode = _check_place(source, place, overwrite=overwrite, in_place=in_place)
    encoded = encode_marked(source, name, quality=quality)
    if check is not None:
        check(encoded)
    atomic_write(place, encoded.data, mode=mode)
    return Written(place, name, len(encoded.data), encoded.pixels, encoded.notes)


def _check_place(source: Source, place: Path, *, overwrite: bool, in_place: bool) -> int:
    """Refuse to replace what nobody asked to replace; return the permissions of the file to be."""
    if not place.parent.is_dir():
        raise UsageError(f"the folder {place.parent} does not exist")
    if not place.exists():
        return 0o644
    if not place.is_file():
        raise UsageError(f"{place} is a {'folder' if place.is_dir() else 'device'}; name a file")
    own = source.path is not None and source.path.exists() and os.path.samefile(source.path, place)
    if own and not in_place:
        raise UsageError(f"{place} is the source itself: ask for in_place to replace it")
    if not own and not overwrite:
        raise UsageError(f"{place} exists: ask for overwrite to replace it")
    return stat.S_IMODE(place.stat().st_mode)


def _left_behind(source: Source) -> list[str]:
    """What marking ends, whatever the target."""
    found = []
    if source.baggage.credentials:
        found.append("the Content Credentials were left out: marking ends their validity; sign after marking")
    jpeg = source.storage.jpeg
    if jpeg is not None and jpeg.trailing and jpeg.trailing_type != "zeros":
        found.append(f"{jpeg.trailing} bytes behind the JPEG ({jpeg.trailing_type}) were left out")
    return found


def _read_back(data: bytes, name: str, source: Source) -> Pixels:
    """Decode what was encoded; without loss it must be the same, sample by sample."""
    height, width = source.frames[0].shape[:2]
    try:
        again = load_bytes_for_marking(
            data, limits=Limits(pixels=max(200_000_000, 3 * height * width * len(source.frames)))
        )
    except MediaError as error:
        raise ForensicsError(f"the {name} just encoded cannot be read back: {error}") from error
    if again.pixels.shape != (height, width, 3):
        raise ForensicsError(
            f"the {name} just encoded has another size", expected=(height, width), actual=again.pixels.shape
        )
    lossless = name in ("png", "tiff") or (name == "webp" and again.storage.lossless)
    if lossless and not _same(again, source):
        raise ForensicsError(f"the {name} just encoded does not decode to the marked picture")
    return again.pixels


def _same(again: Source, source: Source) -> bool:
    """Whether two pictures are the same in all that can be seen, at the precision that both have."""
    first, second = source.frames[0], again.frames[0]
    if first.shape == second.shape and first.dtype == second.dtype and np.array_equal(first, second):
        return True
    if source.alpha is None or again.alpha is None:
        # Alpha that hides nothing may go.
        opaque = all(a is None or int(a.min()) == np.iinfo(a.dtype).max for a in (source.alpha, again.alpha))
        return opaque and np.array_equal(again.pixels, source.pixels)
    seen = source.alpha > 0
    return np.array_equal(narrow(source.alpha), narrow(again.alpha)) and np.array_equal(
        again.pixels[seen], source.pixels[seen]
    )
