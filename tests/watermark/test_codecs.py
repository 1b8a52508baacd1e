"""Which looks are taken at a picture, for the marks of which codecs."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from forensics.errors import MissingExtra, UsageError
from forensics.watermark import codecs
from forensics.watermark.attacks import parse_attack
from forensics.watermark.codecs import codec_named, looks, nulls_of_front
from forensics.watermark.keys import Key
from forensics.watermark.learned.codec import learned
from forensics.watermark.spread.nulls import shipped
from forensics.watermark.watermarker import Watermarker, detect

from .conftest import Scene

trained = pytest.mark.skipif(find_spec("onnxruntime") is None, reason="needs ONNX Runtime")


def names(*wanted: str) -> list[list[tuple[str, str]]]:
    return [[(codec.name, codec.front.name) for codec in look.codecs] for look in looks(wanted)]


@trained
def test_the_trained_front_end_looks_for_the_marks_of_all_codecs() -> None:
    assert names("spread") == [[("spread", "classical")], [("spread", "learned")]]
    assert names("learned") == [[("learned", "learned")]]
    assert names("spread", "learned") == [
        [("spread", "classical")],
        [("spread", "learned"), ("learned", "learned")],
    ]
    assert [look.quick for look in looks(["spread", "learned"])] == [True, False]
    assert [look.quick for look in looks(["learned"])] == [False]
    with pytest.raises(UsageError, match="no codec 'other'"):
        looks(["other"])


def test_without_onnx_runtime_there_is_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "find_spec", lambda _: None)
    assert names("spread") == [[("spread", "classical")]]
    assert not looks(["spread"])[0].quick
    assert codecs.available() == ("spread",)


def test_a_trained_codec_without_onnx_runtime_is_told(
    key: Key, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codecs, "find_spec", lambda _: None)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    learned.cache_clear()
    with pytest.raises(MissingExtra, match="cpu"):
        Watermarker(key, codec="learned").detect(scene(3, 128, 128))
    with pytest.raises(MissingExtra, match="cpu"):
        detect(scene(3, 128, 128), [key], codecs=["spread", "learned"])
    learned.cache_clear()


@trained
def test_nulls_are_those_of_the_front_end_whatever_the_codec() -> None:
    assert looks(["spread"])[1].codecs[0].nulls is codec_named("learned").nulls
    assert nulls_of_front("classical") is shipped()
    assert nulls_of_front("learned") is codec_named("learned").nulls


@trained
@pytest.mark.parametrize("attack", ["webp:40", "jpeg:40", "crop_rescale:0.5+jpeg:60"])
def test_rough_pictures_hide_marks_from_the_classical_front_end_only(
    key: Key, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rough = _drawing(3, 512)
    marked = Watermarker(key).embed(rough, "c0ffee")
    attacked = parse_attack(attack)(marked.pixels, seed=1)
    found = detect(attacked, [key])
    assert (found.codec, found.front, found.payload) == ("spread", "learned", marked.payload)
    monkeypatch.setattr(codecs, "find_spec", lambda _: None)
    alone = detect(attacked, [key])
    assert alone.front == "classical"
    assert alone.log10_p > found.log10_p + 3


@trained
def test_a_mark_that_lies_as_it_was_put_in_is_seen_without_training(key: Key, scene: Scene) -> None:
    pixels = Watermarker(key).embed(scene(3, 384, 448), "1").pixels
    found = detect(pixels, [key])
    assert found.front == "classical"
    assert found.payload is not None


@trained
def test_a_mark_that_was_turned_is_left_to_the_trained_front_end(key: Key, scene: Scene) -> None:
    """The high-pass looks quickly here: it would find this one too, but not on the picture's own grid."""
    pixels = Watermarker(key).embed(scene(3, 384, 448), "1").pixels
    found = detect(parse_attack("rotate:9")(pixels, seed=1), [key])
    assert (found.detected, found.front) == (True, "learned")


@trained
def test_the_rate_is_that_of_all_looks_together(key: Key, scene: Scene) -> None:
    pixels = Watermarker(key, psnr=50).embed(scene(3, 256, 256), "1").pixels
    weak = parse_attack("noise:12+jpeg:20")(pixels, seed=1)
    p_value = detect(weak, [key], rate=0.999).p_value
    assert 1e-12 < p_value < 0.5
    for rate, told in ((1.05 * p_value, True), (0.95 * p_value, False)):
        found = detect(weak, [key], rate=rate)
        assert found.detected == told
        assert found.p_value == pytest.approx(p_value)


def _drawing(seed: int, side: int) -> np.ndarray:
    """Return strokes of ink, dense and hard: what hides a mark best from a high-pass."""
    import cv2

    rng = np.random.default_rng(seed)
    paper = np.full((side, side, 3), 236, np.uint8)
    for _ in range(side * 5):
        x, y = (int(n) for n in rng.integers(0, side, 2))
        length, angle = rng.uniform(8, 40), rng.normal(x / side * 3, 0.4)
        end = (int(x + length * np.cos(angle)), int(y + length * np.sin(angle)))
        ink = tuple(int(n) for n in rng.integers(0, 60, 3))
        cv2.line(paper, (x, y), end, ink, int(rng.integers(1, 3)))
    return paper
