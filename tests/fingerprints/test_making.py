"""Fingerprints of pictures: what they survive, what they do not, and the eight positions."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.errors import UsageError
from forensics.fingerprints import available, distance, fingerprint, fingerprints, middles, upright, variants
from forensics.fingerprints.dct import coefficients
from forensics.fingerprints.luma import luma
from forensics.fingerprints.making import VARIANTS

Pixels = npt.NDArray[np.uint8]
KINDS = ("dct", "pdq")

TURNED: dict[str, Callable[[Pixels], Pixels]] = {
    "as it is": lambda p: p,
    "mirrored left to right": lambda p: p[:, ::-1],
    "mirrored top to bottom": lambda p: p[::-1],
    "turned by 180 degrees": lambda p: np.rot90(p, 2),
    "transposed": lambda p: p.transpose(1, 0, 2),
    "turned left": np.rot90,
    "turned right": lambda p: np.rot90(p, -1),
    "transposed across the other diagonal": lambda p: np.rot90(p, 2).transpose(1, 0, 2),
}


def saved(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def cropped(pixels: Pixels, share: float) -> Pixels:
    height, width = (round(share / 2 * side) for side in pixels.shape[:2])
    return pixels[height : pixels.shape[0] - height, width : pixels.shape[1] - width]


@pytest.mark.parametrize("share", [0.05, 0.156])
def test_crops_between_two_windows_are_near_to_the_middle(share: float, photo: Pixels) -> None:
    whole = fingerprint(photo)
    crop = np.ascontiguousarray(np.rot90(cropped(photo, share)))
    plain = min(distance(v.fingerprint, whole) for v in variants(crop))
    inner = {v.position: distance(v.fingerprint, whole) for v in middles(crop)}
    assert min(inner.values()) < 0.6 * plain
    assert min(inner, key=lambda name: inner[name]) == "turned right"


def test_the_middle_of_the_smallest_picture_is_the_picture() -> None:
    dot = np.full((1, 2, 3), 7, np.uint8)
    assert [v.fingerprint for v in middles(dot)] == [v.fingerprint for v in variants(dot)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("position", VARIANTS)
def test_each_position_is_found(kind: str, position: str, photo: Pixels) -> None:
    moved = fingerprint(np.ascontiguousarray(TURNED[position](photo)), kind)
    bits = {v.position: distance(moved, v.fingerprint) for v in variants(photo, kind)}
    assert bits.pop(position) <= 56
    assert min(bits.values()) > 60


def test_positions_of_ours_are_exact_where_nothing_is_resized(photo: Pixels) -> None:
    square = np.asarray(Image.fromarray(photo).resize((256, 256)))
    for variant in variants(square):
        moved = fingerprint(np.ascontiguousarray(TURNED[variant.position](square)))
        assert distance(moved, variant.fingerprint) <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_saving_resizing_and_brightness_are_survived(kind: str, photo: Pixels) -> None:
    original = fingerprint(photo, kind)
    brighter = np.clip(photo.astype(float) * 1.2, 0, 255).astype(np.uint8)
    smaller = np.asarray(Image.fromarray(photo).resize((128, 96), Image.Resampling.LANCZOS))
    for changed in (saved(photo, 30), brighter, smaller):
        assert distance(original, fingerprint(changed, kind)) <= 31


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.3])
def test_cut_off_edges_are_survived_by_ours(share: float, photo: Pixels) -> None:
    assert distance(fingerprint(photo), fingerprint(cropped(photo, share))) <= 64


def test_a_border_is_survived_by_ours(photo: Pixels) -> None:
    framed = np.pad(photo, ((12, 12), (16, 16), (0, 0)), constant_values=255)
    assert distance(fingerprint(photo), fingerprint(framed)) <= 64


def test_low_coefficients_are_those_of_the_definition() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (256, 256, 1), dtype=np.uint8).repeat(3, axis=2)
    grid = pixels[..., 0].astype(float).reshape(64, 4, 64, 4).mean(axis=(1, 3))
    place, wave = np.arange(64)[None, :], np.arange(64)[:, None]
    basis = np.sqrt(2 / 64) * np.cos(np.pi * (2 * place + 1) * wave / 128)
    expected = (basis @ grid @ basis.T)[1:17, 1:17]
    np.testing.assert_allclose(coefficients(luma(pixels))[0], expected, atol=1e-2)


@pytest.mark.parametrize("kind", KINDS)
def test_flat_pictures_have_no_fingerprint_of_use(kind: str) -> None:
    ramp = np.linspace(0, 255, 256).astype(np.uint8)[None, :, None] * np.ones((256, 1, 3), np.uint8)
    for pixels in (np.full((64, 80, 3), 200, np.uint8), ramp, np.zeros((1, 1, 3), np.uint8)):
        assert not fingerprint(pixels, kind).usable
    assert fingerprints(np.zeros((9, 9, 3), np.uint8)) == ()


def test_all_kinds_that_are_there_are_made(photo: Pixels) -> None:
    assert tuple(code.kind for code in fingerprints(photo)) == available()


def test_upright_ones_are_the_first_of_the_positions(photo: Pixels) -> None:
    for pixels in (photo, np.full((64, 80, 3), 200, np.uint8)):
        made = upright(pixels)
        assert tuple(code.kind for code in made) == KINDS
        assert made == tuple(variants(pixels, kind)[0].fingerprint for kind in KINDS)
        assert made == tuple(fingerprint(pixels, kind) for kind in KINDS)


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(pixels: Pixels) -> None:
    with pytest.raises(UsageError):
        fingerprint(pixels)
    with pytest.raises(UsageError):
        variants(np.zeros((4, 4, 3), np.uint8), "no-such")
