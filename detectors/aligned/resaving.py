"""Saving pictures again just as a photo was: the same tables, the same chroma, on the same grid."""

from __future__ import annotations

import io
from dataclasses import dataclass

from forensics.media import JpegStructure, Media, open_bytes
from forensics.media.types import Pixels

__all__ = ["GRID", "Resaving", "resaving_of"]

GRID = 16  # pixels of the largest units that are coded together
_CHROMA = ("4:4:4", "4:2:2", "4:2:0")


@dataclass(frozen=True)
class Resaving:
    """A JPEG encoder set as one photo was saved.

    A square of a photo that is cut on its grid of units hardly changes when it is saved so again, and what
    was made of the square then has the same last save: of the two histories only the maker differs.

    Attributes:
        tables: Quantisation tables of luminance and, if there are colours, chrominance, 64 values each in
            the order of rows.
        chroma: "4:4:4", "4:2:2" or "4:2:0".
    """

    tables: tuple[tuple[int, ...], ...]
    chroma: str

    def __call__(self, pixels: Pixels) -> Pixels:
        """Return what is read of (H, W, 3) uint8 RGB pixels after the save, the same shape."""
        from PIL import Image

        out = io.BytesIO()
        tables = [list(table) for table in self.tables]
        Image.fromarray(pixels).save(out, "JPEG", qtables=tables, subsampling=self.chroma)
        return open_bytes(out.getvalue()).pixels


def resaving_of(media: Media) -> Resaving | None:
    """Return what saves pictures as one was saved; None if it is no JPEG, or one of a rare kind."""
    jpeg = media.jpeg
    if jpeg is None or not _usual(jpeg):
        return None
    found = {table.identifier: table.values for table in jpeg.tables}
    tables = [found[index] for index in sorted(found)][:2]
    return Resaving(tuple(tables), jpeg.subsampling)


def _usual(jpeg: JpegStructure) -> bool:
    fits = all(max(table.values) < 256 for table in jpeg.tables)
    return jpeg.components == 3 and jpeg.subsampling in _CHROMA and bool(jpeg.tables) and fits
