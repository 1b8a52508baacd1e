"""Marks for pictures in memory: one key, embed and detect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from forensics.errors import UsageError
from forensics.watermark.calibration import Counted, counted
from forensics.watermark.codecs import Look, codec_named, looks
from forensics.watermark.detection import Detection, Marked, Pixels
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, VERSION, Layout, Payload, parse_identity
from forensics.watermark.spread import codec as spread
from forensics.watermark.spread.embedding import Residual
from forensics.watermark.spread.nulls import Nulls
from forensics.watermark.spread.views import views_of

__all__ = ["LEAST_SIDE", "RATE", "Watermarker", "added", "detect", "detect_luma"]

LEAST_SIDE = 128
_MOST_SIDE = 64_000  # half of it OpenCV's warps can take
RATE = 1e-6  # false alarms per picture
_PSNR = (25.0, 60.0)
_HEADROOM = 0.01  # dB by which the error of a sample may differ from that of the whole


class Watermarker:
    """Embeds and detects the marks of one key.

    Args:
        key: The secret.
        layout: "standard" (36 bits of payload), "short" (16, for weaker channels) or "long" (100).
        psnr: Peak signal-to-noise ratio of marked pictures in dB, 25 to 60.
        codec: "spread", or "learned", which needs ONNX Runtime.

    Raises:
        MissingExtra: The codec needs a package that is not installed.
        UsageError: There is no such layout or codec, or the ratio is out of range.

    Example:
        >>> import numpy as np
        >>> picture = np.full((256, 256, 3), 90, np.uint8)
        >>> marker = Watermarker(Key.generate())
        >>> found = marker.detect(marker.embed(picture, "c0ffee").pixels)
        >>> found.detected, found.payload.identity
        (True, '000c0ffee')
    """

    def __init__(
        self, key: Key, *, layout: str = "standard", psnr: float = 40.0, codec: str = "spread"
    ) -> None:
        if layout not in LAYOUTS:
            raise UsageError(f"no layout {layout!r}; there are: {', '.join(sorted(LAYOUTS))}", actual=layout)
        if not _PSNR[0] <= psnr <= _PSNR[1]:
            raise UsageError(f"the PSNR must be 25 to 60 dB, not {psnr}", expected="25 to 60", actual=psnr)
        self.key = key
        self.layout: Layout = LAYOUTS[layout]
        self.psnr = psnr
        self.codec = codec_named(codec)

    def embed(self, pixels: Pixels, payload: str = "0") -> Marked:
        """Return a marked copy of a picture.

        Args:
            pixels: (H, W, 3) uint8 RGB, at least 128 pixels each way.
            payload: Identity in hexadecimal digits.

        Raises:
            UsageError: The picture or the payload does not fit.
        """
        said = self.payload(payload)
        marked = added(pixels, self.residual(pixels, payload))
        return Marked(marked, said, self.codec.name, self.key.id, _psnr(pixels, marked))

    def residual(self, pixels: Pixels, payload: str = "0") -> Residual:
        """Return what `embed` adds to every colour, for pictures of more than 8 bits.

        Args:
            pixels: (H, W, 3) uint8 RGB.
            payload: Identity in hexadecimal digits.

        Raises:
            UsageError: The picture or the payload does not fit.
        """
        luma = _luma(_checked(pixels, LEAST_SIDE))
        strength = self.psnr + _HEADROOM
        return spread.mark(luma, self.key, self.payload(payload), strength, codec=self.codec)

    def detect(self, pixels: Pixels, *, rate: float = RATE) -> Detection:
        """Look for a mark of this key.

        Args:
            pixels: (H, W, 3) uint8 RGB.
            rate: False-alarm rate, inside (0, 1).

        Raises:
            UsageError: That is no such picture or rate.
        """
        return detect(pixels, [self.key], rate=rate, codecs=[self.codec.name])

    def embed_many(self, pictures: Iterable[tuple[Pixels, str]]) -> Iterator[Marked]:
        """Mark pictures one by one, each with its payload."""
        for pixels, payload in pictures:
            yield self.embed(pixels, payload)

    def detect_many(self, pictures: Iterable[Pixels], *, rate: float = RATE) -> Iterator[Detection]:
        """Look for marks in pictures one by one."""
        for pixels in pictures:
            yield self.detect(pixels, rate=rate)

    def payload(self, text: str) -> Payload:
        """Return the payload that an identity in hexadecimal digits makes.

        Raises:
            UsageError: It does not fit into the layout.
        """
        identity = parse_identity(text, self.layout)
        version = VERSION if self.layout.version else 0
        return Payload(self.layout.name, version, f"{identity:0{self.layout.digits}x}", verified=True)


def detect(
    pixels: Pixels,
    keys: Sequence[Key],
    *,
    rate: float = RATE,
    nulls: Sequence[Nulls] = (),
    codecs: Sequence[str] = ("spread",),
    quick: bool = False,
) -> Detection:
    """Look for the marks of any of some keys.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        keys: At least one.
        rate: False-alarm rate for all keys together, inside (0, 1).
        nulls: What unmarked pictures show; as shipped for front ends that are not among them.
        codecs: In which ways it may have been marked.
        quick: Take the cheapest look only, which finds marks that lie as they were put in. It counts as one
            of all looks, so that whoever takes the others later has the false-alarm rate asked for.

    Raises:
        MissingExtra: A codec needs a package that is not installed.
        UsageError: That is no such picture, rate or codec, or there is no key or codec.
    """
    if not keys:
        raise UsageError("detection needs a key")
    if not 0 < rate < 1:
        raise UsageError(f"the false-alarm rate must lie between 0 and 1, not {rate}", actual=rate)
    if not codecs:
        raise UsageError("detection needs a codec")
    return detect_luma(_luma(_checked(pixels, 1)), keys, rate, nulls, codecs, quick=quick)


def detect_luma(
    luma: npt.NDArray[np.uint8],
    keys: Sequence[Key],
    rate: float,
    nulls: Sequence[Nulls] = (),
    codecs: Sequence[str] = ("spread",),
    *,
    quick: bool = False,
) -> Detection:
    """Look for marks in (H, W) luma; all else is as for `detect`, and is not checked."""
    every = looks(codecs)
    cost = counted(every, nulls)
    taken = (replace(every[0], quick=True),) if quick else every
    found: list[Detection] = []
    for one in _looked(luma, keys, cost.of_each(rate), nulls, taken):
        found.append(one)
        if one.payload is not None and one.copied is not None:
            break
    return _corrected(min(found, key=_worth), cost, rate)


def _worth(found: Detection) -> tuple[bool, bool, float]:
    """Return what to rank detections by, the best first: what they say counts before how sure they are."""
    return found.payload is None, found.copied is None, found.log10_p


def _looked(
    luma: npt.NDArray[np.uint8],
    keys: Sequence[Key],
    rate: float,
    nulls: Sequence[Nulls],
    taken: Sequence[Look],
) -> Iterator[Detection]:
    """Take one look after the other."""
    for look in taken:
        views = views_of(luma, front=look.front)
        for codec in look.codecs:
            yield spread.detect_in(views, keys, rate, nulls, codec, quick=look.quick)


def _corrected(found: Detection, cost: Counted, rate: float) -> Detection:
    """Count that there were several ways to find it by."""
    log10_p = cost.of_all(found.log10_p)
    return replace(found, log10_p=log10_p, p_value=10.0**log10_p, rate=rate)


def added(pixels: Pixels, residual: Residual) -> Pixels:
    """Return (H, W, 3) pixels with the residual added to every colour, rounded and clipped."""
    import cv2

    marked = np.empty_like(pixels)
    for start, strip in residual.strips():
        part = pixels[start : start + len(strip)]
        marked[start : start + len(strip)] = cv2.add(part, cv2.merge([strip] * 3), dtype=cv2.CV_8U)
    return marked


def _checked(pixels: object, least: int) -> Pixels:
    if not isinstance(pixels, np.ndarray):
        raise UsageError(f"a picture is a NumPy array, not {type(pixels).__name__}", actual=type(pixels))
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        actual = f"{pixels.dtype} {pixels.shape}"
        raise UsageError(
            f"a picture is uint8 (H, W, 3), not {actual}", expected="uint8 (H, W, 3)", actual=actual
        )
    if min(pixels.shape[:2]) < least:
        size = f"{pixels.shape[1]}x{pixels.shape[0]}"
        raise UsageError(f"the picture is too small: {size}, least {least} px", actual=size)
    if least > 1 and max(pixels.shape[:2]) > _MOST_SIDE:
        size = f"{pixels.shape[1]}x{pixels.shape[0]}"
        raise UsageError(f"the picture is too long to be marked: {size}, most {_MOST_SIDE} px", actual=size)
    return pixels


def _luma(pixels: Pixels) -> npt.NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)


def _psnr(first: Pixels, second: Pixels) -> float:
    import cv2

    return float(cv2.PSNR(np.ascontiguousarray(first), second))
