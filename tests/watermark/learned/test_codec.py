"""The codec learned, with the networks that ship."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.runtime.store import bundled
from forensics.watermark.attacks import parse_attack
from forensics.watermark.codecs import NAMES, available, codec_named, nulls_of_front
from forensics.watermark.contract import embed_and_verify
from forensics.watermark.identification import Users
from forensics.watermark.keys import Key
from forensics.watermark.learned.codec import BUNDLE, learned
from forensics.watermark.quality import measure
from forensics.watermark.watermarker import Watermarker, detect

from ..conftest import Scene

pytest.importorskip("onnxruntime")

BOTH = ("spread", "learned")


@pytest.fixture
def marker(key: Key) -> Watermarker:
    return Watermarker(key, codec="learned")


def test_it_is_there_where_onnx_runtime_is() -> None:
    assert available() == NAMES == BOTH
    with pytest.raises(UsageError, match="no codec 'other'"):
        codec_named("other")


def test_weights_are_small_and_come_with_their_card() -> None:
    card = bundled(BUNDLE).card
    assert card["bytes"] < 8 * 2**20
    assert card["metrics"]["largest difference of ONNX and PyTorch"] < 1e-4


@pytest.mark.parametrize(
    "attack", ["none", "jpeg:50", "resize:0.5", "rotate:12", "noise:8", "flip:horizontal", "perspective:0.3"]
)
def test_marks_are_found_and_read(marker: Watermarker, scene: Scene, attack: str) -> None:
    plain = scene(3, 512, 576)
    marked = marker.embed(plain, "c0ffee")
    assert marked.codec == "learned"
    assert marked.psnr == pytest.approx(40, abs=0.3)
    found = marker.detect(parse_attack(attack)(marked.pixels, seed=1))
    assert found.detected
    assert found.codec == "learned"
    assert found.payload == marked.payload
    assert found.key == marker.key.id


@pytest.mark.slow
@pytest.mark.parametrize(("top", "left"), [(0, 0), (64, 0), (70, 130), (128, 64)])
def test_cropped_marks_know_their_picture_and_their_place(
    marker: Watermarker, scene: Scene, top: int, left: int
) -> None:
    """Tiles that alternate come with either sign, and what binds them with the same."""
    plain = scene(3, 704, 768)
    pixels = np.ascontiguousarray(marker.embed(plain, "c0ffee").pixels[top:, left:])
    found = marker.detect(pixels)
    assert found.copied is False
    assert found.geometry is not None
    assert found.geometry.kept == pytest.approx(pixels.size / plain.size, abs=0.12)
    assert found.tampering is not None
    assert found.tampering.share < 0.05


@pytest.mark.slow
def test_copied_marks_are_called_copied(marker: Watermarker, scene: Scene) -> None:
    plain, other = scene(3, 704, 768), scene(12, 704, 768)
    lifted = marker.embed(plain, "1").pixels.astype(int) - plain
    for shift in (0, 64):
        moved = np.clip(other + np.roll(lifted, shift, 0), 0, 255).astype(np.uint8)
        assert marker.detect(moved).copied is True


def test_nothing_hangs_on_the_number_of_a_row(marker: Watermarker, scene: Scene) -> None:
    pixels = marker.embed(scene(11, 512, 512), "1").pixels
    found = [marker.detect(np.ascontiguousarray(pixels[y:, x:])).log10_p for y, x in ((0, 0), (1, 0), (0, 1))]
    assert max(found) < min(found) + 4


def test_it_is_as_discreet_as_spread(marker: Watermarker, key: Key, scene: Scene) -> None:
    plain = scene(4, 512, 512)
    trained, untrained = (measure(plain, m.embed(plain, "1").pixels) for m in (marker, Watermarker(key)))
    assert trained.ssim > untrained.ssim - 0.005
    assert trained.gmsd < untrained.gmsd + 0.005


@pytest.mark.slow
def test_marks_of_the_codecs_do_not_meet(marker: Watermarker, key: Key, scene: Scene) -> None:
    other, plain = Watermarker(key), scene(5, 512, 640)
    assert not other.detect(marker.embed(plain, "1").pixels).detected
    assert not marker.detect(other.embed(plain, "1").pixels).detected


@pytest.mark.slow
@pytest.mark.parametrize("order", [BOTH, BOTH[::-1]])
def test_a_picture_carries_both(key: Key, scene: Scene, order: tuple[str, str]) -> None:
    pixels = scene(6, 640, 704)
    for number, codec in enumerate(order):
        pixels = Watermarker(key, codec=codec).embed(pixels, str(number + 1)).pixels
    found = {codec: Watermarker(key, codec=codec).detect(pixels) for codec in BOTH}
    assert {codec: int(f.payload.identity) for codec, f in found.items() if f.payload} == {
        c: n + 1 for n, c in enumerate(order)
    }
    for codec, both in found.items():  # neither is much weaker than alone
        marker = Watermarker(key, codec=codec)
        alone = marker.detect(marker.embed(scene(6, 640, 704), "1").pixels)
        assert both.log10_p < 0.85 * alone.log10_p


def test_looking_in_three_ways_costs_a_factor_of_three(marker: Watermarker, key: Key, scene: Scene) -> None:
    pixels = marker.embed(scene(7, 384, 448), "1").pixels
    bare = [replace(nulls_of_front(name), together={}) for name in ("classical", "learned")]
    alone, both = (detect(pixels, [key], nulls=bare, codecs=codecs) for codecs in (["learned"], BOTH))
    assert both.codec == "learned"
    assert both.log10_p == pytest.approx(alone.log10_p + np.log10(3), abs=1e-6)
    together = nulls_of_front("learned").together  # and with what was measured of all looks together
    counted = (marker.detect(pixels), detect(pixels, [key], codecs=BOTH))
    for found, without, name in zip(counted, (alone, both), ("learned", "spread+learned"), strict=True):
        assert found.log10_p == pytest.approx(together[name].corrected(without.log10_p), abs=1e-6)
    with pytest.raises(UsageError, match="needs a codec"):
        detect(pixels, [key], codecs=())


@pytest.mark.slow
def test_other_keys_and_unmarked_pictures_show_nothing(marker: Watermarker, scene: Scene) -> None:
    plain = scene(8, 320, 384)
    marked = marker.embed(plain, "1").pixels
    strangers = [Watermarker(Key(bytes([i] * 32)), codec="learned").detect(marked).log10_p for i in range(6)]
    assert min([*strangers, marker.detect(plain).log10_p]) > -3


def test_contract_is_kept_with_the_same_codec(marker: Watermarker, scene: Scene) -> None:
    kept = embed_and_verify(marker, scene(9, 384, 384), "7", [parse_attack("jpeg:40")])
    assert kept.marked.codec == "learned"


def test_users_are_told_apart(marker: Watermarker, key: Key, scene: Scene) -> None:
    likelihoods = marker.detect(marker.embed(scene(10, 384, 384), "2a").pixels).likelihoods
    users = [f"{i:x}" for i in range(64)]
    assert Users(key, users, codec="learned").identify(likelihoods).identity == "2a"
    assert Users(key, users).identify(likelihoods).log10_p > -3


def test_codec_is_loaded_once() -> None:
    assert learned() is learned()
    assert learned().nulls is not None
    assert learned().nulls.front == "learned"
