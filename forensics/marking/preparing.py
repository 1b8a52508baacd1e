"""From what is to be marked to a file that is ready to be signed: watermarked, encoded, on the stage."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from forensics.errors import ManifestError, UsageError
from forensics.marking.clock import Clock
from forensics.marking.films import film, is_film
from forensics.marking.profile import Order, What
from forensics.marking.staging import Stage
from forensics.media import Kind, Pixels, open_media
from forensics.provenance.formats import media_type
from forensics.watermark.payload import Payload
from forensics.watermark.pictures import Encoded, Source, encode_marked, load_for_marking, target_format
from forensics.watermark.watermarker import LEAST_SIDE, Watermarker

__all__ = ["Prepared", "check_target", "checked", "prepare_file", "prepare_pixels"]

_CLIPS = (".mp4", ".mov")
_ALIKE = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".tiff": ".tif", ".apng": ".png"}


@dataclass(frozen=True)
class Prepared:
    """A file that is ready to be signed.

    Attributes:
        path: Where it stands.
        expected: What its mark has to say; None without one.
        clip: Whether it is a clip.
        psnr: Of the mark that was put in, in dB; None if none was.
        notes: Sentences about what was left out.
        encoded: The file in memory with its pixels, where those are what any reader makes of it.
    """

    path: Path
    expected: Payload | None
    clip: bool = False
    psnr: float | None = None
    notes: tuple[str, ...] = ()
    encoded: Encoded | None = field(default=None, repr=False)


def checked(pixels: Pixels) -> Pixels:
    """Return pixels if they are those of a picture or clip.

    Raises:
        UsageError: They are no (H, W, 3) or (T, H, W, 3) uint8.
    """
    shape: tuple[int, ...] = getattr(pixels, "shape", ())
    kind = str(getattr(pixels, "dtype", type(pixels).__name__))
    if len(shape) not in (3, 4) or shape[-1] != 3 or kind != "uint8" or 0 in shape:
        actual = f"{kind} {shape}"
        raise UsageError(
            f"pixels are uint8 (H, W, 3), those of a clip (T, H, W, 3), not {actual}", actual=actual
        )
    return pixels


def check_target(target: Path, *, clip: bool) -> None:
    """Refuse a name that stands for a type of file that cannot carry all that belongs to a marked file.

    Raises:
        UsageError: The message says which names will do.
    """
    if clip:
        if target.suffix.lower() not in _CLIPS:
            raise UsageError(
                f"{target}: a marked clip is written as {' or '.join(_CLIPS)}, which hold credentials"
            )
        return
    try:
        name = target_format(target)
    except UsageError as error:
        raise UsageError(f"{target.name}: {error}; write a PNG, JPEG, WebP, AVIF or TIFF") from None
    if name == "bmp":
        raise UsageError(f"{target.name}: a BMP cannot hold credentials; write a PNG")


def prepare_pixels(
    pixels: Pixels, identity: str, order: Order, marker: Watermarker, stage: Stage, clock: Clock
) -> Prepared:
    """Put the mark into pixels, and encode them.

    Args:
        pixels: (H, W, 3) or (T, H, W, 3) uint8 RGB.
        identity: What the mark is to say.
        order: What is asked for.
        marker: Of the key.
        stage: Where to.
        clock: Measures the steps.

    Raises:
        UsageError: The picture is too small, or does not fit into the format.
        MissingExtra: What encodes it is not installed.
    """
    if is_film(pixels):
        return _film(pixels, identity, order, marker, stage, clock)
    return _picture(Source(None, "png", (pixels,)), identity, order, marker, stage, clock)


def prepare_file(
    source: Path, identity: str, order: Order, marker: Watermarker, stage: Stage, clock: Clock
) -> Prepared:
    """Put the mark into a picture or clip; all that goes with it is kept.

    Args:
        source: The file.
        identity: What the mark is to say.
        order: What is asked for.
        marker: Of the key.
        stage: Where to.
        clock: Measures the steps.

    Raises:
        MediaError: The file cannot be read.
        MissingExtra: Its decoder is not installed.
        ManifestError: It has credentials that would be lost.
        UsageError: It is too small, or the target does not fit.
    """
    if _stays(order):
        return _as_it_is(source, order, stage)
    if open_media(source).container.kind is Kind.VIDEO:
        check_target(stage.target, clip=True)
        return _clip(source, identity, order, marker, stage, clock)
    check_target(stage.target, clip=False)
    with clock("read"):
        opened = load_for_marking(source)
    if opened.baggage.credentials and order.what is What.MADE and not order.discard_credentials:
        raise ManifestError(
            f"{source.name} carries credentials that a file made by a model does not continue: say that it "
            "was edited, or ask to discard them"
        )
    return _picture(opened, identity, order, marker, stage, clock)


def _stays(order: Order) -> bool:
    return not order.watermark or order.carried is not None


def _as_it_is(source: Path, order: Order, stage: Stage) -> Prepared:
    """A file that gets no mark here is signed as it is, byte for byte."""
    clip = media_type(source).startswith("video/")
    endings = [_ALIKE.get(p.suffix.lower(), p.suffix.lower()) for p in (source, stage.target)]
    if endings[0] != endings[1]:
        raise UsageError(f"{stage.target}: nothing is encoded anew here; name a target like {source.name}")
    return Prepared(source, order.carried, clip, None, _unmarked(order))


def _unmarked(order: Order) -> tuple[str, ...]:
    return () if order.watermark else ("no watermark: credentials and registration only",)


def _picture(
    source: Source, identity: str, order: Order, marker: Watermarker, stage: Stage, clock: Clock
) -> Prepared:
    expected, psnr = order.carried, None
    if not _stays(order):
        _check_size(source.pixels.shape[0], source.pixels.shape[1])
        with clock("watermark"):
            marked = marker.embed(source.pixels, identity)
            source = source.with_pixels(marked.pixels) if source.path else _replaced(source, marked.pixels)
        expected, psnr = marked.payload, round(marked.psnr, 2)
    with clock("encode"):
        encoded = encode_marked(source, target_format(stage.target), quality=order.quality)
        stage.plain.write_bytes(encoded.data)
    plain = not source.animated and source.bits == 8 and source.frames[0].shape[2] == 3
    notes = (*encoded.notes, *_unmarked(order))
    return Prepared(stage.plain, expected, False, psnr, notes, encoded if plain else None)


def _replaced(source: Source, marked: Pixels) -> Source:
    """Plain pixels take the marked ones as they are."""
    return replace(source, frames=(marked,))


def _check_size(height: int, width: int) -> None:
    if min(height, width) < LEAST_SIDE:
        raise UsageError(
            f"{width}x{height} pixels are too few for a mark after the fact, which needs {LEAST_SIDE} each "
            "way: ask for no watermark to have credentials and registration only",
            expected=LEAST_SIDE,
            actual=min(height, width),
        )


def _film(
    frames: Pixels, identity: str, order: Order, marker: Watermarker, stage: Stage, clock: Clock
) -> Prepared:
    if _stays(order):
        with clock("encode"):
            stage.plain.write_bytes(film(frames, order.rate))
        return Prepared(stage.plain, order.carried, True, None, _unmarked(order))
    _check_size(frames.shape[1], frames.shape[2])
    before = stage.folder / "frames.mp4"
    with clock("encode"):
        before.write_bytes(film(frames, order.rate, lossless=True))
    return _clip(before, identity, order, marker, stage, clock)


def _clip(
    source: Path, identity: str, order: Order, marker: Watermarker, stage: Stage, clock: Clock
) -> Prepared:
    from forensics.watermark.video import Coding, embed_clip

    video = open_media(source).video
    if video is not None:
        _check_size(video.height, video.width)
    with clock("watermark"):
        clip = embed_clip(source, stage.plain, marker, identity, Coding(crf=order.crf))
    notes = (f"{clip.marked} of {clip.frames} frames marked, {clip.audio} streams of audio copied",)
    return Prepared(stage.plain, marker.payload(identity), True, round(clip.psnr, 2), notes)
