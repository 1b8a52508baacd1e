"""Other open marks behind one face, as their own libraries make and read them (the extra `benchmark`)."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["BITS", "Peer", "peers", "versions"]

Pixels = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.uint8]

BITS = 32  # the only length that rivaGan has


@dataclass(frozen=True)
class Peer:
    """A mark of somebody else.

    Attributes:
        name: What it is called.
        embed: Makes (H, W, 3) RGB that says (32,) bits.
        extract: Reads (32,) bits; None where the library refuses the picture.
    """

    name: str
    embed: Callable[[Pixels, Bits], Pixels]
    extract: Callable[[Pixels], Bits | None]


def versions() -> dict[str, str]:
    """Return the versions of the libraries."""
    return {
        name: version(name)
        for name in ("invisible-watermark", "blind-watermark", "onnxruntime", "PyWavelets")
    }


def peers() -> list[Peer]:
    """Return all peers, each on one thread."""
    _load_rivagan()
    return [*(_invisible(method) for method in ("dwtDct", "dwtDctSvd", "rivaGan")), _blind()]


def _load_rivagan() -> None:
    """Give the library sessions of one thread; its own loader takes every core."""
    import imwatermark
    import onnxruntime
    import torch
    from imwatermark.rivaGan import RivaWatermark

    torch.set_num_threads(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    folder = Path(imwatermark.__file__).parent
    for part in ("encoder", "decoder"):
        path = str(folder / f"rivagan_{part}.onnx")
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        setattr(RivaWatermark, part, session)


def _invisible(method: str) -> Peer:
    from imwatermark import WatermarkDecoder, WatermarkEncoder

    def embed(pixels: Pixels, bits: Bits) -> Pixels:
        encoder = WatermarkEncoder()
        encoder.set_watermark("bits", bits.tolist())
        return _swapped(encoder.encode(_swapped(pixels), method))

    def extract(pixels: Pixels) -> Bits | None:
        try:
            bits = WatermarkDecoder("bits", BITS).decode(_swapped(pixels), method)
        except RuntimeError:  # "image too small": less than 256 x 256 pixels
            return None
        return np.asarray(bits, np.uint8).ravel()

    return Peer(method, embed, extract)


def _blind() -> Peer:
    multiprocessing.set_start_method(None, force=True)  # its import sets one, and fails where one is set
    import blind_watermark

    blind_watermark.bw_notes.close()

    def embed(pixels: Pixels, bits: Bits) -> Pixels:
        marker = blind_watermark.WaterMark(password_img=1, password_wm=1)
        marker.read_img(img=_swapped(pixels))
        marker.read_wm(bits.astype(bool), mode="bit")
        return _swapped(np.rint(marker.embed()).astype(np.uint8))

    def extract(pixels: Pixels) -> Bits | None:
        marker = blind_watermark.WaterMark(password_img=1, password_wm=1)
        with np.errstate(all="ignore"):
            bits = marker.extract(embed_img=_swapped(pixels), wm_shape=BITS, mode="bit")
        return np.asarray(bits, np.uint8)

    return Peer("blind_watermark", embed, extract)


def _swapped(pixels: Pixels) -> Pixels:
    """RGB to BGR and back."""
    return np.ascontiguousarray(pixels[..., ::-1])
