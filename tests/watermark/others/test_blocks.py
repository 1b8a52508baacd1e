"""dwtDct and dwtDctSvd: the same bits as the library, in pictures that it marked and in others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.others.base import SCHEMES, bits_of, digits

from .pictures import blocky, embedded, formula

WORDS = json.loads(Path(__file__).with_name("library_words.json").read_text())["wavelets"]
METHODS = ("dwtDct", "dwtDctSvd")


def read(method: str, pixels: Pixels, length: int) -> list[str]:
    """Return the words of a length: as it should be, and with red and blue swapped."""
    return [digits(word.payload) for word in SCHEMES.get(method).decoder(None)(pixels, [length])]


@pytest.mark.parametrize(
    "record", WORDS, ids=lambda r: f"{r['scheme']}-{r['picture']}-{r['height']}-{len(r['bits'])}"
)
def test_reads_what_the_library_reads(record: dict[str, Any]) -> None:
    make = {"formula": formula, "blocky": blocky}[record["picture"]]
    pixels = make(record["height"], record["width"])
    assert read(record["scheme"], pixels, len(record["bits"]))[0] == record["bits"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("length", [32, 48, 136])
def test_reads_a_mark_made_by_the_published_rule(method: str, length: int, scene: Any) -> None:
    said = digits(np.random.default_rng(length).integers(0, 2, length, dtype=np.uint8))
    marked = embedded(scene(3, 320, 384), bits_of(said), method)
    (usual, swapped) = read(method, marked, length)
    right = np.mean(bits_of(usual) == bits_of(said))
    assert right > 0.8 if method == "dwtDct" else right == 1
    assert np.mean(bits_of(swapped) == bits_of(said)) < 0.8


@pytest.mark.parametrize("method", METHODS)
def test_red_and_blue_may_be_swapped(method: str, scene: Any) -> None:
    said = digits(np.random.default_rng(1).integers(0, 2, 32, dtype=np.uint8))
    marked = embedded(scene(3, 320, 384), bits_of(said), method)
    (usual, _), (_, swapped) = (read(method, pixels, 32) for pixels in (marked, marked[..., ::-1]))
    assert usual == swapped


@pytest.mark.parametrize("method", METHODS)
def test_what_the_library_refuses_is_refused(method: str) -> None:
    with pytest.raises(UsageError, match="too small"):
        read(method, np.zeros((255, 256, 3), np.uint8), 32)
    with pytest.raises(UsageError, match="too small"):
        read(method, np.zeros((9500, 7, 3), np.uint8), 32)  # without a single block
    assert read(method, np.zeros((8200, 8, 3), np.uint8), 32)[0] == "0" * 32


def test_swapping_back_needs_two_orders() -> None:
    words = SCHEMES.get("dwtDct").decoder(None)(formula(256, 256), [])
    assert [word.how for word in words] == ["", "red and blue swapped"]


@pytest.mark.extra
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(256, 256), (301, 283), (400, 640)])
def test_library_itself_agrees(method: str, size: tuple[int, int], scene: Any) -> None:
    pytest.importorskip("imwatermark", reason="needs the extra `benchmark`", exc_type=ImportError)
    from imwatermark import WatermarkDecoder, WatermarkEncoder

    for pixels in (formula(*size), blocky(*size), scene(5, *size)):
        bgr = np.ascontiguousarray(pixels[..., ::-1])
        encoder = WatermarkEncoder()
        encoder.set_watermark("bits", [1, 0, 0, 1] * 12)
        for image in (bgr, encoder.encode(bgr, method)):
            for length in (32, 46, 48, 136):
                theirs: npt.NDArray[Any] = np.asarray(WatermarkDecoder("bits", length).decode(image, method))
                rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
                assert read(method, np.asarray(rgb), length)[0] == digits(theirs.ravel().astype(np.uint8))
