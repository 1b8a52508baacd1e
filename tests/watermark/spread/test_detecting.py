"""From a picture to an answer, and how seldom it is wrong."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import skimage.data

from forensics.datasets.procedural import camera, coloured_noise
from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack
from forensics.watermark.detection import Marked
from forensics.watermark.keys import Key
from forensics.watermark.spread import detecting
from forensics.watermark.spread.detecting import HOPELESS, find, hopeless_at
from forensics.watermark.spread.nulls import Nulls
from forensics.watermark.spread.views import views_of
from forensics.watermark.statistics import Null
from forensics.watermark.watermarker import Watermarker

from ..conftest import Scene


def luma(pixels: Pixels) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)


def unmarked(pictures: int, each: int, height: int = 170, width: int = 200) -> list[float]:
    """log10 p-values of pictures that nobody marked, half of them like photos, half coloured noise."""
    out = []
    for i in range(pictures):
        noise = np.clip(127 + 45 * coloured_noise(i, height, width, 0.4 * (i % 5)), 0, 255).astype(np.uint8)
        views = views_of(luma(camera(900 + i, height, width)) if i % 2 else noise)
        out += [find(views, Key(f"wild {i:13d} {j:13d}".encode())).log10_p for j in range(each)]
    return out


def judged(found: list[float]) -> None:
    assert min(found) > -4
    for limit in (-1, -2):
        allowed = len(found) * 10.0**limit
        assert sum(p <= limit for p in found) <= allowed + 4 * allowed**0.5


def test_no_p_value_of_unmarked_pictures_is_small() -> None:
    judged(unmarked(6, 4))


def test_nor_is_it_where_windows_are_searched_as_well() -> None:
    judged(unmarked(3, 3, 330, 400))


@pytest.mark.slow
def test_no_p_value_of_300_unmarked_pictures_is_small() -> None:
    judged(unmarked(30, 10))


@pytest.mark.parametrize("name", ["brick", "grass", "gravel", "camera", "moon"])
def test_regular_textures_are_not_taken_for_marks(key: Key, other: Key, name: str) -> None:
    views = views_of(np.ascontiguousarray(getattr(skimage.data, name)()))
    assert min(find(views, k).log10_p for k in (key, other)) > -3


@pytest.mark.parametrize(
    "spec", ["none", "jpeg:50", "crop:0.5+jpeg:80", "resize:0.6", "rotate:-8+jpeg:80", "flip:horizontal"]
)
def test_marks_are_found_and_read(key: Key, marked: Marked, spec: str) -> None:
    found = find(views_of(luma(parse_attack(spec)(marked.pixels, seed=2))), key)
    assert found.log10_p < -12
    assert found.words[0].payload == marked.payload
    assert found.aligned is not None
    assert found.log10_p < found.log10_sync < -6


def test_tilted_pictures_are_put_straight_and_read(key: Key, scene: Scene) -> None:
    marked = Watermarker(key).embed(scene(22, 640, 768), "c0ffee")
    for spec in ("perspective:0.3", "perspective:0.4"):
        found = find(views_of(luma(parse_attack(spec)(marked.pixels, seed=1))), key)
        assert found.candidate.window is not None
        assert found.words
        assert found.words[0].payload == marked.payload


def test_right_tag_makes_surer_and_a_wrong_one_changes_nothing(key: Key, marked: Marked) -> None:
    views = views_of(luma(marked.pixels))
    good = find(views, key)
    tries = 2 * (detecting._CANDIDATES + 2) * (1 + detecting._ROUNDS)
    gain = math.log10(tries / 0.01) - 24 * math.log10(2)
    assert good.log10_p == pytest.approx(good.log10_sync + gain, abs=1e-6)
    assert gain < -3


def test_null_given_is_the_null_used(key: Key, marked: Marked) -> None:
    views = views_of(luma(marked.pixels))
    bound = find(views, key, Nulls("bound", Null(), Null()))
    easy = find(views, key, Nulls("easy", Null(share=0.0318), Null(share=0.0318)))
    assert bound.log10_p - easy.log10_p == pytest.approx(2, abs=1e-6)


def test_mark_without_a_readable_word_is_still_found(
    key: Key, marked: Marked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detecting, "read_words", _unread)
    found = find(views_of(luma(marked.pixels)), key)
    assert found.log10_p == found.log10_sync < -6
    assert not found.words[0].payload.verified


def _unread(key: Key, *rest: object, alternating: bool) -> tuple[object, ...]:
    """Words as if all tags were wrong: read with another key."""
    from forensics.watermark.spread.reading import read_words

    return read_words(Key(bytes(32)), *rest, alternating=alternating)  # type: ignore[arg-type]


def test_hopeless_pictures_are_not_read(key: Key) -> None:
    found = find(views_of(np.full((300, 300), 90, np.uint8)), key)
    assert found.log10_p == 0 > HOPELESS
    assert (found.aligned, found.words) == (None, ())


def test_almost_sure_pictures_are_read_although_nothing_is_there(
    key: Key,
) -> None:
    """Where chance passes the gate, what is read has no right tag."""
    found = find(views_of(luma(camera(5, 200, 230))), key, hopeless=1.0)
    assert found.words
    assert not any(word.payload.verified for word in found.words)
    assert found.log10_p == found.log10_sync


def test_what_cannot_reach_the_rate_is_not_read(key: Key, marked: Marked) -> None:
    """A right tag of 24 bits, tried 24 times, for 1 % of the rate, makes 10^-3.84 of the p-value."""
    gain = np.log10(24 / 0.01 / 2**24)
    assert hopeless_at(10**-6.5) == pytest.approx(-6.5 - gain)
    assert hopeless_at(1e-3) == hopeless_at(0.5) == HOPELESS
    assert hopeless_at(1e-9) == hopeless_at(1e-30) == -3.0  # so strong a mark is read whatever is asked for
    views = views_of(luma(marked.pixels))
    whole = find(views, key)
    assert whole.log10_p == pytest.approx(whole.log10_sync + gain)
    again = find(views, key, hopeless=whole.log10_sync)
    assert again.log10_p == whole.log10_p
    unread = find(views, key, hopeless=whole.log10_sync - 0.01)
    assert (unread.words, unread.log10_p) == ((), whole.log10_sync)
