"""Samples to the bytes of a file, format by format; Pillow and OpenCV encode, metadata goes in afterwards."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from forensics.errors import ForensicsError, LimitExceeded, UsageError
from forensics.media import JpegStructure, Pixels
from forensics.watermark.pictures.baggage import Baggage
from forensics.watermark.pictures.fields import upright
from forensics.watermark.pictures.fitting import fitting
from forensics.watermark.pictures.source import Samples, Source
from forensics.watermark.pictures.wrapping import wrap_jpeg, wrap_png, wrap_tiff

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["FLOOR", "Job", "encode", "narrow"]

FLOOR = 90  # JPEG quality below which nothing is written unasked
_FIRST_QUALITY = 95  # of a JPEG or lossy WebP whose source suggests none
_AVIF_QUALITY = 90
_ORIENTATION, _SOFTWARE = 274, 305
_LONGEST = {"jpeg": 65_500, "webp": 16_383, "avif": 65_536}  # pixels on a side, by their encoders
_LONGEST_SHOWN = {"PNG": 65_535, "WEBP": 0xFFFFFF}  # milliseconds
_CV_COMPRESSIONS = {"raw": 1, "tiff_lzw": 5, "tiff_adobe_deflate": 8, "packbits": 32773}


@dataclass(frozen=True)
class Job:
    """What is to be encoded.

    Attributes:
        source: The picture.
        quality: 1-100, None for what the source suggests.
        notes: Gets a sentence for whatever is not kept.
    """

    source: Source
    quality: int | None
    notes: list[str]

    @property
    def exif(self) -> bytes:
        """EXIF as Pillow's writers want it."""
        exif = self.source.baggage.exif
        return b"Exif\x00\x00" + exif if exif else b""


def encode(source: Source, format_name: str, quality: int | None, notes: list[str]) -> bytes:
    """Encode a picture with its metadata.

    Args:
        source: The picture.
        format_name: One of "jpeg", "png", "webp", "avif", "tiff", "bmp".
        quality: 1-100 for JPEG, WebP and AVIF; None for what the source suggests.
        notes: Gets a sentence for whatever is not kept.

    Raises:
        UsageError: The format cannot hold this picture.
        LimitExceeded: There is not enough memory.
        ForensicsError: The encoder refuses.
    """
    if source.animated and format_name not in ("png", "webp"):
        raise UsageError(
            f"an animation cannot be written as {format_name}", expected="a target that ends in .webp or .png"
        )
    height, width = source.frames[0].shape[:2]
    most = _LONGEST.get(format_name)
    if most and max(height, width) > most:
        raise UsageError(f"{width} x {height} pixels do not fit into {format_name}", expected=f"<= {most}")
    if quality is not None and format_name in ("png", "tiff", "bmp"):
        notes.append(f"{format_name.upper()} is lossless: the quality asked for does not apply")
    if source.bits == 16 and format_name not in ("png", "tiff"):
        notes.append(f"16 bits became 8: {format_name} holds no more")
    job = Job(fitting(source, format_name, notes), quality, notes)
    try:
        return _ENCODERS[format_name](job)
    except ForensicsError:
        raise
    except MemoryError as error:
        raise LimitExceeded(f"encoding this {format_name} needs more memory than there is") from error
    except Exception as error:  # encoders check what they are given, each with errors of its own
        raise ForensicsError(f"the picture cannot be encoded as {format_name}: {error}") from error


def _jpeg(job: Job) -> bytes:
    source = job.source
    picture = _picture(_flat(narrow(source.frames[0]), job.notes))
    given = source.storage.jpeg
    options: dict[str, Any] = {"progressive": bool(given and given.progressive), "optimize": True}
    if given is not None:
        options |= {"subsampling": _sampling(given, job.notes), "keep_rgb": _stores_rgb(given)}
    else:
        options |= {"subsampling": "4:4:4"}
    if given is not None and job.quality is None and given.quality >= FLOOR:
        options |= {"qtables": _tables(given)}
    else:
        if given is not None and job.quality is None:
            job.notes.append(f"the source's JPEG quality is about {given.quality}: {FLOOR} keeps the mark")
        options |= {"quality": job.quality or (_FIRST_QUALITY if given is None else FLOOR)}
    return wrap_jpeg(_saved(picture, "JPEG", **options), source.baggage, job.notes)


def _tables(given: JpegStructure) -> list[list[int]]:
    """Tables in the order of the components that use them, as libjpeg and nearly all others number them."""
    found = {t.identifier: list(t.values) for t in given.tables}
    return [found[k] for k in sorted(found)][: max(1, min(given.components, 3))]


def _stores_rgb(given: JpegStructure) -> bool:
    return given.components == 3 and given.adobe_transform == 0 and not given.jfif


def _sampling(given: JpegStructure, notes: list[str]) -> str:
    if given.subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        return given.subsampling
    if given.subsampling != "grey":
        notes.append(f"chroma subsampling {given.subsampling} became 4:4:4")
    return "4:4:4"


def _png(job: Job) -> bytes:
    source = job.source
    if source.animated:
        encoded = _saved_all(job, "PNG", disposal=0, blend=0)
    elif source.frames[0].shape[2] == 2 and source.bits == 8:
        encoded = _saved(_picture(source.frames[0]), "PNG")
    else:  # five times as fast as Pillow, for a sixth more bytes
        encoded = _by_opencv(source.frames[0], ".png", [], job.notes)
    return wrap_png(encoded, source.baggage)


def _webp(job: Job) -> bytes:
    source = job.source
    # Whatever came without loss goes on without loss.
    lossless = job.quality is None and (source.format != "webp" or source.storage.lossless)
    lossless = lossless and (source.format not in ("jpeg", "avif", "heif"))
    options: dict[str, Any] = {"lossless": lossless, "exact": True, "method": 4}
    options["quality"] = (50 if lossless else _FIRST_QUALITY) if job.quality is None else job.quality
    baggage = source.baggage
    options |= {"exif": job.exif, "icc_profile": baggage.icc or None, "xmp": b"".join(baggage.xmp[:1])}
    if source.animated:
        return _saved_all(job, "WEBP", **options)
    return _saved(_picture(_colour(narrow(source.frames[0]))), "WEBP", **options)


def _avif(job: Job) -> bytes:
    source = job.source
    samples = narrow(source.frames[0])
    if samples.shape[2] == 2:
        samples = _colour(samples)
    chroma = source.storage.chroma if source.format == "avif" else "4:4:4"
    if samples.shape[2] == 1:
        chroma = "4:0:0"
    return _saved(
        _picture(samples),
        "AVIF",
        quality=job.quality or _AVIF_QUALITY,
        subsampling=chroma,
        exif=_verbatim(source.baggage),
        icc_profile=source.baggage.icc or None,
        xmp=b"".join(source.baggage.xmp[:1]),
    )


def _verbatim(baggage: Baggage) -> Image.Exif | None:
    """EXIF that Pillow does not lay out anew when it also writes the orientation into a box of the AVIF."""
    from PIL import Image

    if not baggage.exif:
        return None
    # Its reader lays it out anew where the two differ, and stumbles over fields of wrong types.
    block = baggage.exif if baggage.orientation != 1 else upright(baggage.exif)

    class Verbatim(Image.Exif):
        """The orientation to look at, and bytes that stay as they are."""

        def tobytes(self, offset: int = 8) -> bytes:
            return b"Exif\x00\x00" + block

    found = Verbatim()
    found[_SOFTWARE] = ""  # Pillow takes the orientation out, and leaves out EXIF that is empty then
    if baggage.orientation != 1:
        found[_ORIENTATION] = baggage.orientation
    return found


def _tiff(job: Job) -> bytes:
    source = job.source
    compression = source.storage.compression if source.format == "tiff" else "tiff_adobe_deflate"
    if compression not in _CV_COMPRESSIONS:
        job.notes.append(f"the TIFF compression {compression} became lossless deflate")
        compression = "tiff_adobe_deflate"
    samples = source.frames[0]
    if source.bits == 16:
        import cv2

        options = [cv2.IMWRITE_TIFF_COMPRESSION, _CV_COMPRESSIONS[compression]]
        encoded = _by_opencv(samples, ".tiff", options, job.notes)
    else:
        encoded = _saved(_picture(samples), "TIFF", compression=compression)
    return wrap_tiff(encoded, source.baggage, alpha=samples.shape[2] in (2, 4))


def _bmp(job: Job) -> bytes:
    dpi = job.source.baggage.dpi
    options: dict[str, Any] = {"dpi": dpi} if dpi else {}
    return _saved(_picture(_flat(narrow(job.source.frames[0]), job.notes)), "BMP", **options)


_ENCODERS: dict[str, Callable[[Job], bytes]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "avif": _avif,
    "tiff": _tiff,
    "bmp": _bmp,
}


def narrow(samples: Samples) -> Pixels:
    """Return samples as 8 bits, by their high byte."""
    return np.asarray(samples if samples.dtype == np.uint8 else samples >> 8, np.uint8)


def _colour(samples: Pixels) -> Pixels:
    """Grey, with or without alpha, as colour."""
    if samples.shape[2] >= 3:
        return samples
    return np.concatenate([np.repeat(samples[..., :1], 3, axis=2), samples[..., 1:]], axis=2)


def _flat(samples: Pixels, notes: list[str]) -> Pixels:
    """The picture as it looks on white, where there is alpha."""
    if samples.shape[2] in (1, 3):
        return samples
    notes.append("transparency was laid on white")
    colours, alpha = samples[..., :-1].astype(np.uint16), samples[..., -1:].astype(np.uint16)
    return ((colours * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _by_opencv(samples: Samples, extension: str, options: list[int], notes: list[str]) -> bytes:
    """Samples of 8 or 16 bits through OpenCV, which orders colours the other way round."""
    import cv2

    channels = samples.shape[2]
    if channels == 2:
        notes.append("grey with alpha became colour with alpha: 16 bits of the former cannot be written here")
    order = {1: [0], 2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    written, data = cv2.imencode(extension, np.ascontiguousarray(samples[..., order]), options)
    if not written:
        raise UsageError(f"these samples cannot be written as {extension}")
    return bytes(data.tobytes())


def _picture(samples: Samples) -> Image.Image:
    from PIL import Image

    return Image.fromarray(samples[..., 0] if samples.shape[2] == 1 else samples)


def _saved(picture: Image.Image, format_name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format_name, **options)
    return buffer.getvalue()


def _saved_all(job: Job, format_name: str, **options: Any) -> bytes:
    storage, most = job.source.storage, _LONGEST_SHOWN[format_name]
    first, *rest = [_picture(_colour(narrow(f))) for f in job.source.frames]
    if max(storage.durations) > most:
        job.notes.append(
            f"frames are shown for {most / 1000:.0f} s at most, which is what a {format_name} can say"
        )
    return _saved(
        first,
        format_name,
        save_all=True,
        append_images=rest,
        duration=[min(d, most) for d in storage.durations],
        loop=storage.loop,
        **options,
    )
