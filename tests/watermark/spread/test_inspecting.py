"""Tile by tile: copied marks are told, and so is where a mark is missing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack
from forensics.watermark.detection import Marked
from forensics.watermark.keys import Key
from forensics.watermark.payload import VERSION, Payload
from forensics.watermark.spread.codec import mark
from forensics.watermark.watermarker import Watermarker, added

from ..conftest import Scene


def laid_on(target: Pixels, marked: Marked, source: Pixels) -> Pixels:
    """The strongest copy: exactly what was added to one picture, added to another."""
    change = marked.pixels.astype(int) - source
    return np.clip(target.astype(int) + change, 0, 255).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spec", ["none", "jpeg:80", "resize:0.8"])
def test_copied_mark_is_told_and_its_own_is_not_accused(
    marker: Watermarker, scene: Scene, marked: Marked, seed: int, spec: str
) -> None:
    attack = parse_attack(spec)
    copied = marker.detect(attack(laid_on(scene(300 + seed, 512, 640), marked, scene(11, 512, 640))))
    assert copied.payload == marked.payload
    assert copied.copied is True
    assert "copied" in copied.reason
    own = marker.detect(attack(marker.embed(scene(300 + seed, 512, 640), "1").pixels))
    assert own.copied is False


def test_photographs_are_told_from_copies(marker: Watermarker) -> None:
    cat, cup = skimage.data.chelsea(), skimage.data.coffee()
    crop = np.s_[:300, :448]
    marked = marker.embed(np.ascontiguousarray(cat[crop]), "1")
    assert marker.detect(marked.pixels).copied is not True
    assert marker.detect(laid_on(cup[crop], marked, cat[crop])).copied is not False


def test_flat_picture_does_not_tell_whose_mark_it_is(marker: Watermarker) -> None:
    marked = marker.embed(np.full((512, 512, 3), 128, np.uint8), "1")
    assert marker.detect(marked.pixels).copied is None


def test_missing_part_is_shown(marker: Watermarker, scene: Scene, marked: Marked) -> None:
    pixels = marked.pixels.copy()
    pixels[128:384, 256:576] = scene(301, 512, 640)[128:384, 256:576]
    whole, changed = marker.detect(marked.pixels), marker.detect(pixels)
    assert whole.tampering is not None
    assert whole.tampering.share < 0.05
    assert changed.tampering is not None
    shown = changed.tampering.map > 0.5
    assert shown.shape == (512, 640)
    truth = np.zeros(shown.shape, bool)
    truth[128:384, 256:576] = True
    assert (shown & truth).sum() / (shown | truth).sum() > 0.5
    assert changed.tampering.share == pytest.approx(truth.mean(), abs=0.12)


def test_map_lies_on_the_turned_picture(marker: Watermarker, scene: Scene, marked: Marked) -> None:
    pixels = marked.pixels.copy()
    pixels[128:384, 320:576] = scene(302, 512, 640)[128:384, 320:576]
    truth = np.zeros((512, 640, 3), np.uint8)
    truth[128:384, 320:576] = 255
    attack = parse_attack("rotate:15,inside+resize:0.9")
    found = marker.detect(attack(pixels))
    expected = attack(truth)[..., 0] > 127
    assert found.tampering is not None
    assert found.tampering.map.shape == expected.shape
    shown = found.tampering.map > 0.5
    assert (shown & expected).sum() / (shown | expected).sum() > 0.4


def test_small_or_weak_pictures_get_no_map(marker: Watermarker, scene: Scene) -> None:
    assert marker.detect(marker.embed(scene(303, 180, 180), "1").pixels).tampering is None


@pytest.mark.parametrize("version", [1, 3])
def test_marks_of_another_version_are_read_and_not_judged(
    key: Key, marker: Watermarker, scene: Scene, version: int
) -> None:
    """They were bound in another way: taken for this one, every old mark would seem copied."""
    pixels = scene(304, 512, 640)
    luma = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    said = Payload("standard", version, "0000000a1", verified=True)
    found = marker.detect(added(pixels, mark(luma, key, said, 40.0)))
    assert (found.payload, found.copied) == (said, None)
    now = Payload("standard", VERSION, "0000000a1", verified=True)
    assert marker.detect(added(pixels, mark(luma, key, now, 40.0))).copied is False
