"""What a decoder tells of a picture once it has read its header, so that it is opened for that only once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from PIL import ImageFile

__all__ = ["Header"]


@dataclass(frozen=True)
class Header:
    """Facts of an opened picture.

    Attributes:
        width: In pixels.
        height: In pixels.
        mode: Pillow's name of how pixels are stored.
        bits: Of a sample, as far as the decoder knows.
        transparency: Whether a colour of it is transparent.
        frames: By the header; 1 where they have to be counted (GIF and TIFF).
        exif: What the decoder of an AVIF or a HEIF gives for EXIF, by which it is turned.
    """

    width: int
    height: int
    mode: str
    bits: int
    transparency: bool
    frames: int
    exif: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, picture: ImageFile.ImageFile, format_name: str) -> Self:
        """Return that of a picture that was opened and not decoded yet.

        Args:
            picture: As its decoder gave it.
            format_name: Its sniffed format.
        """
        bits = getattr(picture, "bits", 8) if format_name == "jpeg" else picture.info.get("bit_depth", 8)
        return cls(
            width=picture.width,
            height=picture.height,
            mode=picture.mode,
            bits=16 if picture.mode.startswith("I;16") else int(bits),
            transparency="transparency" in picture.info,
            frames=1 if format_name in ("gif", "tiff") else int(getattr(picture, "n_frames", 1)),
            exif=(picture.info.get("exif") or b"") if format_name in ("avif", "heif") else b"",
        )
