"""The decoder class of each format, taken directly: no other decoder gets a try, nothing is registered."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from forensics.errors import MissingExtra, UnsupportedMedia

if TYPE_CHECKING:
    from PIL import ImageFile

__all__ = ["Opener", "plugin_of"]

Opener = Callable[[io.BytesIO], "ImageFile.ImageFile"]


def plugin_of(format_name: str) -> Opener:
    """Return what opens a format.

    Raises:
        UnsupportedMedia: Nothing does.
        MissingExtra: A package would, but is not installed.
    """
    loader = _LOADERS.get(format_name)
    if loader is None:
        raise UnsupportedMedia(f"no decoder reads {format_name} pictures")
    return loader()


def _jpeg() -> Opener:
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile


def _png() -> Opener:
    from PIL.PngImagePlugin import PngImageFile

    return PngImageFile


def _gif() -> Opener:
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile


def _webp() -> Opener:
    from PIL.WebPImagePlugin import WebPImageFile

    return WebPImageFile


def _avif() -> Opener:
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile


def _bmp() -> Opener:
    from PIL.BmpImagePlugin import BmpImageFile

    return BmpImageFile


def _tiff() -> Opener:
    from PIL import ImageFile
    from PIL.TiffImagePlugin import TiffImageFile

    class StoredTiff(TiffImageFile):
        """A TIFF on its stored grid: Pillow's own class announces and loads it turned upright."""

        def _setup(self) -> None:
            super()._setup()
            self._size = getattr(self, "_tile_size", self._size)

        def load_prepare(self) -> None:
            ImageFile.ImageFile.load_prepare(self)

        def load_end(self) -> None:
            pass

    return StoredTiff


def _heif() -> Opener:
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise MissingExtra("reading HEIC and HEIF", "heif") from error
    return cast(Opener, HeifImageFile)


def _jxl() -> Opener:
    from forensics.media.jxl import open_jxl

    return open_jxl


_LOADERS: dict[str, Callable[[], Opener]] = {
    "jpeg": _jpeg,
    "png": _png,
    "gif": _gif,
    "webp": _webp,
    "avif": _avif,
    "bmp": _bmp,
    "tiff": _tiff,
    "heif": _heif,
    "jxl": _jxl,
}
