"""A picture between its file and the file that it will be marked into."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.media import JpegStructure, Pixels
from forensics.watermark.pictures.baggage import Baggage

__all__ = ["Samples", "Source", "Storage"]

Samples = npt.NDArray[np.unsignedinteger[Any]]
Floats = npt.NDArray[np.float32]

Array = TypeVar("Array", bound=npt.NDArray[Any])

_STRIP_PIXELS = 1 << 20
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601-7, 2.5.1


@dataclass(frozen=True)
class Storage:
    """How a file stores its samples, as far as another file can follow it.

    Attributes:
        jpeg: Marker structure of a JPEG.
        lossless: Whether a WebP is lossless.
        chroma: Chroma subsampling of an AVIF, such as "4:2:0".
        compression: Compression of a TIFF as Pillow names it, such as "tiff_lzw".
        durations: Milliseconds that each frame of an animation is shown.
        loop: How often an animation is repeated, 0 for ever.
    """

    jpeg: JpegStructure | None = field(default=None, repr=False)
    lossless: bool = False
    chroma: str = "4:2:0"
    compression: str = "raw"
    durations: tuple[int, ...] = ()
    loop: int = 0


@dataclass(frozen=True)
class Source:
    """A picture opened for marking. Made by `load_for_marking`; the file that it came from is not held open.

    Attributes:
        path: The file that it came from; None for bytes in memory.
        format: Type of that file by its content, such as "jpeg".
        frames: Samples as stored, one array for a picture and several for an animation: (H, W, C) uint8 or
            uint16 with C = 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. Read-only.
        baggage: Metadata.
        storage: How the samples were stored.
        notes: Sentences about what opening has already changed.
    """

    path: Path | None
    format: str
    frames: tuple[Samples, ...] = field(repr=False)
    baggage: Baggage = field(default=Baggage(), repr=False)
    storage: Storage = field(default=Storage(), repr=False)
    notes: tuple[str, ...] = ()

    @property
    def animated(self) -> bool:
        """Whether there are several frames."""
        return len(self.frames) > 1

    @property
    def bits(self) -> int:
        """Bits of a sample, 8 or 16."""
        return 8 * self.frames[0].dtype.itemsize

    @property
    def grey(self) -> bool:
        """Whether there is no colour."""
        return bool(self.frames[0].shape[2] < 3)

    @property
    def alpha(self) -> Samples | None:
        """(H, W) alpha of the first frame, None without."""
        return _alpha_of(self.frames[0])

    @cached_property
    def pixels(self) -> Pixels:
        """The first frame on its stored grid: (H, W, 3) uint8 RGB, read-only.

        Alpha is left out, and sixteen bits become eight by their high byte, as anything that reads the file
        for its mark does.
        """
        return _frozen(_rgb_of(self.frames[0]))

    def with_residual(self, residual: npt.ArrayLike) -> Source:
        """Return this picture with something added to its samples, to each frame the same.

        Sums are rounded and kept in range. Wide samples get the residual at their own precision (times 257);
        a grey picture gets the luminance of a coloured one. What is fully transparent stays as it is, since
        nobody sees it and it would make the file larger, and so does alpha.

        Args:
            residual: (H, W) for all colours alike, or (H, W, 3), in levels of 0 to 255.

        Raises:
            UsageError: The residual has another size, or is not finite.
        """
        added = np.asarray(residual)
        height, width = self.frames[0].shape[:2]
        if added.shape not in ((height, width), (height, width, 3)):
            raise UsageError(
                "the residual does not fit the picture",
                expected=f"({height}, {width}) or ({height}, {width}, 3)",
                actual=added.shape,
            )
        if added.dtype.kind not in "fi" or not np.isfinite(added).all():
            raise UsageError("the residual is not of finite numbers", expected="float32", actual=added.dtype)
        return replace(self, frames=tuple(_added(f, added) for f in self.frames))

    def with_pixels(self, marked: Pixels) -> Source:
        """Return this picture with what distinguishes marked pixels from `pixels` added to it.

        Args:
            marked: (H, W, 3) uint8 RGB, made from `pixels`.

        Raises:
            UsageError: They have another size or type.
        """
        if (
            not isinstance(marked, np.ndarray)
            or marked.dtype != np.uint8
            or marked.shape != self.pixels.shape
        ):
            raise UsageError(
                "the marked pixels do not fit the picture",
                expected=f"uint8 {self.pixels.shape}",
                actual=f"{getattr(marked, 'dtype', type(marked))} {getattr(marked, 'shape', '')}",
            )
        return self.with_residual(np.subtract(marked, self.pixels, dtype=np.int16))


def _alpha_of(samples: Samples) -> Samples | None:
    return samples[..., -1] if samples.shape[2] in (2, 4) else None


def _rgb_of(samples: Samples) -> Pixels:
    colours = samples[..., :3] if samples.shape[2] >= 3 else np.repeat(samples[..., :1], 3, axis=2)
    eight = colours if colours.dtype == np.uint8 else colours >> 8
    return np.ascontiguousarray(eight, np.uint8)


def _added(samples: Samples, residual: npt.NDArray[Any]) -> Samples:
    """Strip by strip: sums in floats take five times the memory of the samples."""
    marked = samples.copy()
    height, width, channels = samples.shape
    colours = 3 if channels >= 3 else 1
    most = np.iinfo(samples.dtype).max
    alpha = _alpha_of(samples)
    step = max(16, _STRIP_PIXELS // width)
    for top in range(0, height, step):
        rows = slice(top, top + step)
        part = _for_colours(residual[rows].astype(np.float32), colours) * np.float32(most / 255)
        if alpha is not None:
            part = part * (alpha[rows, :, None] > 0)
        total = np.rint(samples[rows, :, :colours] + part)
        marked[rows, :, :colours] = np.clip(total, 0, most).astype(samples.dtype)
    return _frozen(marked)


def _for_colours(residual: Floats, colours: int) -> Floats:
    """(H, W, 1 or 3) of a residual of either shape."""
    if residual.ndim == 2:
        return residual[..., None]
    return residual if colours == 3 else (residual @ _LUMA)[..., None]


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
