"""Opening a picture for marking: its samples at their own depth, and all that goes with them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forensics.errors import CorruptMedia, LimitExceeded, TruncatedMedia, UnsupportedMedia
from forensics.media import Kind, Limits, Media, gif, open_bytes, open_media
from forensics.media._guard import Deadline, decoding, quiet
from forensics.media.boxes import find_box
from forensics.media.exif import count_directories, read_exif
from forensics.media.image import check_scans, load_rgb, open_picture
from forensics.media.png import chunks, without_ancillary
from forensics.media.riff import webp_chunks
from forensics.watermark.pictures.baggage import Baggage, collect
from forensics.watermark.pictures.fields import upright
from forensics.watermark.pictures.source import Samples, Source, Storage

if TYPE_CHECKING:
    from PIL import Image, ImageFile

__all__ = ["load_bytes_for_marking", "load_for_marking"]

_SUBFILE, _PHOTOMETRIC, _TILE_WIDTH, _TILE_LENGTH = 254, 262, 322, 323
_LARGEST_TILE = 1 << 22  # pixels
_PAGES = 64
_GREY_TYPES = (0, 4)  # PNG 3rd edition, 11.2.1: grey, without and with alpha
# Modes of Pillow whose samples are taken as they are, and what becomes of the others.
_PLAIN = ("L", "LA", "RGB", "RGBA")
_CONVERTED = {
    "1": ("L", "black and white became grey: a mark needs levels between them"),
    "P": ("RGB", "the palette became full colour: a mark needs more colours than it has"),
    "PA": ("RGBA", "the palette became full colour: a mark needs more colours than it has"),
    "RGBX": ("RGB", ""),
    "YCbCr": ("RGB", ""),
    "RGBa": ("RGBA", "premultiplied alpha became plain alpha"),
}
_REFUSED = {
    "CMYK": "printing inks: convert the picture to RGB with its own profile first",
    "LAB": "CIELAB colours: convert the picture to RGB first",
}


def load_for_marking(path: str | os.PathLike[str], limits: Limits | None = None) -> Source:
    """Open a picture or animation for marking.

    Args:
        path: A plain file, identified by its content.
        limits: What reading it may cost; of an animation, all frames together have the pixels of one.

    Raises:
        MediaError: The file cannot be read, is a clip, or has samples or pages that cannot be marked; the
            message says what to do.
        MissingExtra: Its decoder is not installed.
    """
    return _load(open_media(path, limits))


def load_bytes_for_marking(data: bytes, name: str = "", limits: Limits | None = None) -> Source:
    """Open a picture in memory for marking.

    Args:
        data: The whole file.
        name: A name to show; it decides nothing.
        limits: What reading it may cost.

    Raises:
        MediaError: As for `load_for_marking`.
        MissingExtra: Its decoder is not installed.
    """
    return _load(open_bytes(data, name, limits))


def _load(media: Media) -> Source:
    if media.container.kind is Kind.VIDEO:
        raise UnsupportedMedia("this is a clip, not a picture", actual=media.container.mime)
    name = media.container.format
    if media.jpeg is not None:
        check_scans(media.jpeg, media.limits)
    picture = open_picture(media.data, name, media.limits)
    if picture.mode in _REFUSED:
        raise UnsupportedMedia(f"this picture is stored in {_REFUSED[picture.mode]}", actual=picture.mode)
    baggage = collect(media, picture)
    notes = list(baggage.problems)
    storage = Storage(media.jpeg, _is_lossless(media), _chroma(media), _compression(picture))
    if name != "tiff" and media.image is not None and media.image.frames > 1:
        return _animation(media, picture, baggage, storage, notes)
    if name == "tiff":
        _check_pages(media.data, notes)
    samples = _samples(media, picture, notes)
    samples.flags.writeable = False
    return Source(media.path, name, (samples,), baggage, storage, tuple(notes))


def _samples(media: Media, picture: ImageFile.ImageFile, notes: list[str]) -> Samples:
    """Decode a still picture, (H, W, C)."""
    name = media.container.format
    bits = media.image.bits if media.image else 8
    if bits == 16 and name in ("png", "tiff"):
        return _wide(media, picture)
    if bits > 8:
        notes.append(f"{bits} bits became 8: more of them cannot be read here")
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return load_rgb(picture, name)
    if picture.mode.startswith(("I", "F")):
        raise UnsupportedMedia(f"samples of {bits} bits and mode {picture.mode} cannot be marked")
    if 1 < bits < 8 and picture.mode == "L":
        notes.append(f"{bits} bits became 8: a mark needs levels between them")
    with decoding(name):
        picture.load()
        return _plain(picture, notes)


def _plain(picture: Image.Image, notes: list[str]) -> Samples:
    """8-bit samples of a decoded picture or frame, (H, W, C); a transparent colour becomes alpha."""
    mode, note = _CONVERTED.get(picture.mode, (picture.mode, ""))
    if note and note not in notes:
        notes.append(note)
    if "transparency" in picture.info:
        mode = {"L": "LA", "RGB": "RGBA"}.get(mode, mode)
    if mode not in _PLAIN:
        raise UnsupportedMedia(f"samples of mode {picture.mode} cannot be marked")
    samples = np.array(picture if mode == picture.mode else picture.convert(mode))
    return samples[..., None] if samples.ndim == 2 else samples


# Pillow reads wide colour by its high byte only.
def _wide(media: Media, picture: ImageFile.ImageFile) -> npt.NDArray[np.uint16]:
    import cv2

    name, data = media.container.format, media.data
    with decoding(name):
        data = _whole(data) if name == "png" else _plain_tiff(data, picture)
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16 or found.shape[:2] != picture.size[::-1]:
        raise CorruptMedia(f"the 16-bit samples of this {name} cannot be decoded")
    found = np.asarray(found, np.uint16)
    if found.ndim == 2:
        grey = found[..., None]
        return np.asarray(65535 - grey if _white_is_zero(picture) else grey, np.uint16)
    if name == "png" and data[25] in _GREY_TYPES:
        return np.ascontiguousarray(found[..., [0, 3]])
    order = [2, 1, 0, 3][: found.shape[2]]
    return np.ascontiguousarray(found[..., order])


def _whole(png: bytes) -> bytes:
    """The chunks that pixels need, all complete: OpenCV makes room for whatever length a cut one declares."""
    found = list(chunks(png))
    if not found or found[-1].kind != b"IEND":
        raise TruncatedMedia("the PNG ends early")
    return without_ancillary(png[: found[-1].end + 4])


def _plain_tiff(tiff: bytes, picture: ImageFile.ImageFile) -> bytes:
    """The TIFF without an orientation, which OpenCV would apply; it also makes room for tiles of any size."""
    fields = getattr(picture, "tag_v2", {})
    area = int(fields.get(_TILE_WIDTH) or 0) * int(fields.get(_TILE_LENGTH) or 0)
    if area > max(_LARGEST_TILE, 4 * picture.width * picture.height):
        raise LimitExceeded("the tiles of the TIFF are far larger than the picture", actual=area)
    return upright(tiff)


def _white_is_zero(picture: ImageFile.ImageFile) -> bool:
    return bool(getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == 0)


def _check_pages(data: bytes, notes: list[str]) -> None:
    """Refuse a TIFF of several pages, unless the further ones are smaller copies of the first."""
    if count_directories(data, _PAGES) < 2:
        return
    further = read_exif(data).directories
    second = next((d for d in further if d.name == "ifd1"), None)
    kind = second.raw(_SUBFILE) if second else None
    if count_directories(data, _PAGES) > 2 or kind is None or not any(b & 1 for b in kind):
        raise UnsupportedMedia("this TIFF has several pages: split it and mark them one by one")
    notes.append("the smaller copy in the TIFF was left out: it would show the picture without a mark")


def _animation(
    media: Media, picture: ImageFile.ImageFile, baggage: Baggage, storage: Storage, notes: list[str]
) -> Source:
    frames, durations = [], []
    if media.image is not None and media.image.bits > 8:
        notes.append(f"{media.image.bits} bits became 8: animations are read no wider")
    for frame in _decoded_frames(media, picture):
        frames.append(_plain(frame, notes))
        durations.append(round(float(frame.info.get("duration") or 0)))
    if getattr(picture, "default_image", False):
        notes.append("the still picture of this APNG, which is not among its frames, was left out")
        frames, durations = frames[1:], durations[1:]
    if not frames:
        raise CorruptMedia("no frame of this animation can be decoded")
    alike = _of_one_kind(frames)
    storage = Storage(None, storage.lossless, storage.chroma, "raw", tuple(durations), _plays(media, picture))
    return Source(media.path, media.container.format, alike, baggage, storage, tuple(notes))


def _plays(media: Media, picture: ImageFile.ImageFile) -> int:
    """How often an animation is shown, 0 for ever."""
    if media.container.format != "gif":
        return int(picture.info.get("loop") or 0)
    # A GIF is shown once, unless Netscape's extension asks for ever, or for so many times more.
    head = b"\x0bNETSCAPE2.0\x03\x01"
    for block in gif.blocks(media.data, Deadline(media.limits.seconds)):
        if block.kind == "application" and media.data.startswith(head, block.start):
            more = int.from_bytes(media.data[block.start + len(head) : block.start + len(head) + 2], "little")
            return more + 1 if more else 0
    return 1


def _decoded_frames(media: Media, picture: ImageFile.ImageFile) -> Iterator[Image.Image]:
    """Yield whole frames, as they are shown."""
    name, limits = media.container.format, media.limits
    deadline = Deadline(limits.seconds)
    declared = media.image.frames if media.image else 1
    total = declared * picture.width * picture.height
    if total > limits.pixels:
        raise LimitExceeded(
            f"the {declared} frames of this animation have too many pixels together",
            expected=f"<= {limits.pixels} pixels",
            actual=total,
        )
    for index in range(declared):
        deadline.check()
        with decoding(name):
            try:
                with quiet():
                    picture.seek(index)
            except EOFError:
                return
            picture.load()
        yield picture


def _of_one_kind(frames: list[Samples]) -> tuple[Samples, ...]:
    """Frames with as many channels as the richest one; alpha that hides nothing anywhere is left out."""
    colours = max(3 if f.shape[2] >= 3 else 1 for f in frames)
    hides = any(f.shape[2] in (2, 4) and int(f[..., -1].min()) < 255 for f in frames)
    return tuple(_as(f, colours, hides) for f in frames)


def _as(frame: Samples, colours: int, alpha: bool) -> Samples:
    has_alpha = frame.shape[2] in (2, 4)
    own = frame[..., : frame.shape[2] - has_alpha]
    parts = [own if own.shape[2] == colours else np.repeat(own, colours, axis=2)]
    if alpha:
        parts.append(frame[..., -1:] if has_alpha else np.full((*frame.shape[:2], 1), 255, np.uint8))
    whole = np.ascontiguousarray(np.concatenate(parts, axis=2))
    whole.flags.writeable = False
    return whole


def _is_lossless(media: Media) -> bool:
    """Whether a WebP has a lossless frame, and no lossy one."""
    if media.container.format != "webp":
        return False
    kinds = set()
    for chunk in webp_chunks(media.data):
        if chunk.kind == b"ANMF":  # RFC 9649, 2.7.1.1: 16 bytes, then the chunks of the frame
            inner = b"\x00" * 12 + media.data[chunk.start + 16 : chunk.end]
            kinds |= {c.kind for c in webp_chunks(inner)}
        else:
            kinds.add(chunk.kind)
    return b"VP8L" in kinds and b"VP8 " not in kinds


# AV1 codec ISO media file format binding, 2.3.3: the flags behind profile and level.
def _chroma(media: Media) -> str:
    box = (
        find_box(media.data, (b"meta", b"iprp", b"ipco", b"av1C"))
        if media.container.format == "avif"
        else None
    )
    flags = media.data[box.start + 2] if box is not None and box.end - box.start >= 4 else 0x0C
    return {0x00: "4:4:4", 0x08: "4:2:2"}.get(flags & 0x0C, "4:2:0")


def _compression(picture: ImageFile.ImageFile) -> str:
    name = str(picture.info.get("compression", "raw"))
    return {"tiff_deflate": "tiff_adobe_deflate"}.get(name, name)
