"""What the codec says of a picture, in numbers and in words."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.media.types import Pixels
from forensics.watermark.detection import Marked
from forensics.watermark.keys import Key
from forensics.watermark.payload import Payload
from forensics.watermark.spread import codec
from forensics.watermark.spread.views import views_of
from forensics.watermark.watermarker import Watermarker

from ..conftest import Scene


def luma(pixels: Pixels) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)


def test_every_picture_has_its_own_variant_and_offset(key: Key, other: Key, scene: Scene) -> None:
    """The mean of many marked pictures must not show the tile."""
    pictures = [luma(scene(80 + i, 130, 140)) for i in range(12)]
    places = [codec.placement(key, picture) for picture in pictures]
    assert len({(p.row, p.column) for p in places}) == 12
    assert len({p.variant for p in places}) > 3
    assert codec.placement(key, pictures[0].copy()) == places[0]
    assert codec.placement(other, pictures[0]) != places[0]
    changed = pictures[0].copy()
    changed[0, 0] ^= 1
    assert codec.placement(key, changed) != places[0]


def test_place_of_the_mark_is_where_it_was_put(key: Key, marked: Marked, scene: Scene) -> None:
    from forensics.watermark.spread.detecting import find
    from forensics.watermark.spread.views import views_of

    found = find(views_of(luma(marked.pixels)), key)
    assert found.place == codec.placement(key, luma(scene(11, 512, 640)))


def test_answer_without_a_mark_says_nothing_else(key: Key, scene: Scene) -> None:
    found = codec.detect_in(views_of(luma(scene(81, 200, 200))), [key], 1e-6)
    assert (found.detected, found.key, found.payload, found.copied) == (False, "", None, None)
    assert (found.geometry, found.tampering) == (None, None)
    assert found.likelihoods.shape == (0,)
    assert found.reason == "No mark of these keys was found."
    assert 0 < found.p_value <= 1


def test_answer_with_a_mark_says_all(key: Key, other: Key, marked: Marked) -> None:
    found = codec.detect_in(views_of(luma(marked.pixels)), [other, key], 1e-9)
    assert (found.detected, found.key, found.payload) == (True, key.id, marked.payload)
    assert found.copied is False
    assert found.likelihoods.shape == (127,)
    assert found.reason == "A mark with payload 000c0ffee is there."
    assert found.rate == 1e-9


@pytest.mark.parametrize(
    ("payload", "copied", "said"),
    [
        (None, None, "too weak to read"),
        (Payload("standard", 1, "00000abcd", True), True, "copied from another picture"),
        (Payload("standard", 1, "00000abcd", True), None, "payload 00000abcd is there."),
    ],
)
def test_reason_is_a_sentence(payload: Payload | None, copied: bool | None, said: str) -> None:
    reason = codec._reason(payload, copied)
    assert said in reason
    assert reason.endswith(".")


def test_payloads_of_one_picture_differ_in_the_data_only(marker: Watermarker, scene: Scene) -> None:
    pixels = scene(82, 256, 256)
    one, two = (marker.residual(pixels, text).values for text in ("1", "2"))
    share = float((one * two).sum() / np.sqrt((one**2).sum() * (two**2).sum()))
    assert 0.1 < share < 0.9
