"""Marks of which it is known what they would say: found where they cannot be read, and never by chance."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.stats import binom

from forensics.datasets.procedural import camera
from forensics.errors import UsageError
from forensics.watermark.attacks import parse_attack
from forensics.watermark.confirming import MOST, Confirmation, confirm, known_plan
from forensics.watermark.decoders import signature
from forensics.watermark.detection import Marked
from forensics.watermark.identification import Users
from forensics.watermark.keys import Key
from forensics.watermark.payload import LAYOUTS, SIGNED, Payload, message
from forensics.watermark.spread.carriers import make_plan, tile_of
from forensics.watermark.spread.codec import SPREAD
from forensics.watermark.spread.embedding import mark_values
from forensics.watermark.spread.nulls import shipped
from forensics.watermark.spread.views import views_of
from forensics.watermark.watermarker import Watermarker, detect

from .conftest import Scene

WEAK = "resize:0.5+jpeg:60"  # a mark of 44 dB in 256 pixels is not found any more after it


def signed(key: Key, identity: str, strength: float, side: int, seed: int = 3) -> np.ndarray:
    """Return noise around grey with the tile that a decoder signs with."""
    noise = 128 + 12 * np.random.default_rng(seed).standard_normal((side, side))
    tile = np.tile(signature(key, identity).tile, (side // 64, side // 64))
    luma = np.clip(np.rint(noise + strength * tile), 0, 255).astype(np.uint8)
    return np.repeat(luma[..., None], 3, axis=2)


def said(identity: str) -> Payload:
    return Payload("standard", SIGNED, f"{int(identity, 16):09x}", verified=True)


@pytest.fixture(scope="module", params=["spread", "learned"])
def faint(request: pytest.FixtureRequest, key: Key, scene: Scene) -> Marked:
    """A faint mark of either codec."""
    if request.param == "learned":
        pytest.importorskip("onnxruntime")
    return Watermarker(key, codec=request.param, psnr=44).embed(scene(11, 256, 256), "c0ffee")


@pytest.fixture(scope="module")
def faded(faint: Marked, key: Key) -> Confirmation:
    return confirm(parse_attack(WEAK)(faint.pixels), key, [faint.payload], faint.codec)


def test_what_cannot_be_found_blindly_is_found_by_what_it_says(
    faint: Marked, faded: Confirmation, key: Key
) -> None:
    pixels = parse_attack(WEAK)(faint.pixels)
    assert not detect(pixels, [key], codecs=[faint.codec]).detected
    assert faded.payload == faint.payload
    assert faded.log10_presence < -6
    assert faded.log10_meant < -4
    assert faded.log10_p == max(faded.log10_presence, faded.log10_meant)
    assert faded.scale == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("attack", "scale"), [("flip:horizontal", 1.0), ("rotate:90+jpeg:60", 1.0), ("resize:0.7", 0.7)]
)
def test_mirrored_turned_and_rescaled_ones_are_found(
    faint: Marked, key: Key, attack: str, scale: float
) -> None:
    found = confirm(parse_attack(attack)(faint.pixels), key, [faint.payload], faint.codec)
    assert found.log10_p < -9
    assert found.scale == pytest.approx(scale, abs=0.01)


def test_a_mark_that_says_something_else_is_there_but_not_meant(faint: Marked, key: Key) -> None:
    other = Watermarker(key).payload("c0ffef")
    found = confirm(faint.pixels, key, [other], faint.codec)
    assert found.log10_presence < -6  # what synchronises is the same in all marks of the key
    assert found.log10_meant > -2
    right = confirm(faint.pixels, key, [other, faint.payload], faint.codec)
    assert right.payload == faint.payload
    assert right.log10_p < -9


def test_the_other_codec_and_key_find_nothing(faint: Marked, key: Key, other: Key) -> None:
    codec = "learned" if faint.codec == "spread" else "spread"
    part = np.ascontiguousarray(faint.pixels[:128, :128])
    assert confirm(part, other, [faint.payload], faint.codec).log10_presence > -2
    assert confirm(part, key, [faint.payload], codec).log10_presence > -2


def test_marks_of_decoders_in_pictures_of_one_tile(key: Key) -> None:
    pixels = signed(key, "c0ffee123", 1.25, 64)
    assert not detect(pixels, [key]).detected
    found = confirm(pixels, key, [said("1"), said("c0ffee123"), said("2")])
    assert found.payload == said("c0ffee123")
    assert found.log10_presence < -3
    assert found.log10_meant < -2
    moved = confirm(np.roll(pixels, (11, 40), (0, 1)), key, [said("c0ffee123")])
    assert moved.log10_presence < -3  # wherever the tile begins


def test_all_bins_of_a_mark_but_those_that_bind_synchronise(key: Key) -> None:
    layout = LAYOUTS["standard"]
    word = 1 - 2 * layout.code.encode(message(key, 0xC0FFEE, layout, SIGNED)).astype(np.float32)
    plan, whole = make_plan(key, len(word)), known_plan(key, said("c0ffee"))
    assert sorted(whole.sync) == sorted([*plan.sync, *plan.data])
    assert len(whole.sync_phases) == 1  # the variant that decoders sign with
    values = np.zeros(len(plan.bins.radius), np.complex64)
    values[whole.sync] = whole.sync_phases[0]
    mark = mark_values(plan, word, 0)
    kept = np.flatnonzero(mark)
    assert np.allclose(values[kept], mark[kept] / np.abs(mark[kept]), atol=1e-6)
    assert np.corrcoef(tile_of(plan, values).ravel(), signature(key, "c0ffee").tile.ravel())[0, 1] > 0.95
    of_pictures = known_plan(key, Payload("standard", 2, "000c0ffee", verified=True))
    assert len(of_pictures.sync_phases) == len(plan.sync_phases)


def chances(pictures: int, keys: int) -> np.ndarray:
    """Return log10 p-values of unmarked pictures by keys that marked nothing, one payload each."""
    from forensics.watermark.confirming import _confirmed

    found = []
    for seed in range(pictures):
        views = views_of(cv2.cvtColor(camera(500 + seed, 64, 64), cv2.COLOR_RGB2GRAY))
        for n in range(keys):
            key = Key(np.random.default_rng([seed, n]).bytes(32))
            found.append(_confirmed(views, SPREAD, shipped(), key, said(f"{n:x}")).log10_presence)
    return np.array(found)


def check(log10_p: np.ndarray, rates: tuple[float, ...]) -> None:
    """Check that small p-values are no more frequent than they say, but for once in ten thousand tests."""
    for rate in rates:
        assert (log10_p <= np.log10(rate)).sum() <= binom.ppf(1 - 1e-4, len(log10_p), rate)


def test_small_p_values_of_unmarked_pictures_are_rare() -> None:
    check(chances(2, 20), (0.1, 0.01))


@pytest.mark.slow
def test_small_p_values_of_unmarked_pictures_are_rare_in_many() -> None:
    check(chances(24, 25), (0.1, 0.03, 0.01, 0.001))


def test_many_payloads_are_paid_for(scene: Scene, key: Key) -> None:
    pixels = scene(12, 64, 64)
    one = [confirm(pixels, key, [said(f"{n:x}")]).log10_presence for n in range(2)]
    assert confirm(pixels, key, [said(f"{n:x}") for n in range(2)]).log10_presence >= min(one)
    assert min(one) > -3


def test_what_is_meant_agrees_with_the_users(key: Key) -> None:
    """Where a mark is read as well, both say the same of whose it is, up to what each pays for."""
    pixels = signed(key, "c0ffee123", 2.5, 128)
    seen = detect(pixels, [key])
    of_users = Users(key, ["c0ffee123"], version=SIGNED).identify(seen.likelihoods).log10_p
    found = confirm(pixels, key, [said("c0ffee123")])
    assert found.log10_meant == pytest.approx(of_users, abs=2.5)
    assert found.log10_presence < seen.log10_p


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_wrong_counts_are_refused(key: Key, count: int) -> None:
    with pytest.raises(UsageError, match=f"1 to {MOST} payloads are looked for, not {count}"):
        confirm(np.zeros((64, 64, 3), np.uint8), key, [said(f"{n:x}") for n in range(count)])
