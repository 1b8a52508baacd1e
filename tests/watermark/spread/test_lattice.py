"""Where the tiles lie, against lattices that were laid."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.watermark.spread.autocorrelation import autocorrelation
from forensics.watermark.spread.lattice import lattices
from forensics.watermark.spread.plane import Plane, plane_of

SIZE = (520, 600)


def turned(period: float, degrees: float, stretch: float = 1.0, slant: float = 0.0) -> np.ndarray:
    a = np.radians(degrees)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return period * turn @ np.array([[stretch, slant], [0.0, 1.0]])


def laid(
    rng: np.random.Generator, basis: np.ndarray, strength: float = 0.35, *, alternating: bool = False
) -> np.ndarray:
    """Noise, and in it a random tile repeated along two periods, or alternating."""
    tile = cv2.GaussianBlur(np.tile(rng.standard_normal((64, 64)), (3, 3)), (0, 0), 1.2)[64:128, 64:128]
    signs = np.indices((40, 40)).sum(axis=0) % 2 * -2 + 1 if alternating else np.ones((40, 40))
    flat = np.kron(signs, tile / tile.std()).astype(np.float32)
    linear = basis / 64
    middle = np.array([1280, 1280]) - np.linalg.inv(linear) @ [SIZE[1] / 2, SIZE[0] / 2]
    matrix = np.hstack([np.linalg.inv(linear), middle[:, None]])
    seen = cv2.warpAffine(flat, matrix, SIZE[::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    return (strength * seen + rng.standard_normal(SIZE)).astype(np.float32)


CASES = {
    "upright": turned(64, 0), "small": turned(41.3, 0), "large": turned(88, 0), "turned": turned(55, 23),
    "slanted": turned(64, 0, slant=0.2),
    "turned far": turned(64, -41), "stretched": turned(60, 5, stretch=1.25),
}  # fmt: skip


@pytest.mark.parametrize("alternating", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_lattice_is_found_within_half_a_percent(
    rng: np.random.Generator, name: str, alternating: bool
) -> None:
    basis = CASES[name]
    plane = plane_of(laid(rng, basis, alternating=alternating))
    found = lattices(autocorrelation(plane), 20, 92, 6, alternating=alternating)
    change = np.linalg.solve(found[0].basis, basis)
    assert abs(np.linalg.det(np.rint(change))) == pytest.approx(1)
    assert np.abs(change - np.rint(change)).max() < 0.005


def test_noise_has_no_lattice_of_that_strength(rng: np.random.Generator) -> None:
    def strongest(residual: np.ndarray) -> float:
        return lattices(autocorrelation(plane_of(residual)), 20, 92, 1)[0].strength

    noise = [strongest(rng.standard_normal(SIZE).astype(np.float32)) for _ in range(4)]
    assert strongest(laid(rng, CASES["turned"])) > 2 * max(noise)


@pytest.mark.parametrize("alternating", [False, True])
@pytest.mark.parametrize("name", ["small", "turned", "upright"])
def test_lattices_of_both_kinds_are_found_where_both_are(
    rng: np.random.Generator, name: str, alternating: bool
) -> None:
    """Their peaks and dips at odd multiples cancel each other."""
    basis = CASES[name]
    both = laid(rng, basis) + laid(rng, basis, alternating=True)
    found = lattices(autocorrelation(plane_of(both)), 20, 92, 6, alternating=alternating)
    changes = [np.linalg.solve(lattice.basis, basis) for lattice in found]
    assert any(np.abs(c - np.rint(c)).max() < 0.01 and abs(np.linalg.det(np.rint(c))) == 1 for c in changes)


def test_lattices_are_all_different_and_strongest_first(rng: np.random.Generator) -> None:
    found = lattices(autocorrelation(plane_of(laid(rng, CASES["upright"]))), 20, 92, 6)
    assert 2 <= len(found) <= 6
    assert [lat.strength for lat in found] == sorted((lat.strength for lat in found), reverse=True)
    for i, one in enumerate(found):
        for two in found[:i]:
            change = np.linalg.solve(one.basis, two.basis)
            whole = np.abs(change - np.rint(change)).max() < 0.06
            assert not (whole and abs(round(float(np.linalg.det(np.rint(change))))) == 1)


@pytest.mark.parametrize("size", [(64, 80), (97, 131), (200, 150)])
def test_autocorrelation_is_that_of_numpy(rng: np.random.Generator, size: tuple[int, int]) -> None:
    plane: Plane = plane_of(rng.standard_normal(size).astype(np.float32))
    height, width = len(plane.values), plane.width
    power = np.zeros((height, width // 2 + 1))
    power[:, : width // 2] = np.abs(plane.values) ** 2 / 2 - 1
    square = np.fft.fftfreq(height)[:, None] ** 2 + (np.arange(width // 2 + 1) / width) ** 2
    power[(square < 0.05**2) | (square > 0.40**2)] = 0
    power[:2] = power[-2:] = 0
    power[:, :3] = 0
    whole = np.fft.irfft2(power, (height, width))
    found = autocorrelation(plane)
    x, y = (int(v) for v in found.centre)
    lags = found.values / found.values.std()
    expected = np.roll(whole, (y, x), (0, 1))[: lags.shape[0], : lags.shape[1]]
    expected = expected / expected.std()
    np.testing.assert_allclose(lags, expected, atol=2e-3)
    np.testing.assert_allclose(lags, lags[::-1, ::-1], atol=2e-3)


@pytest.mark.parametrize("size", [(32, 32), (40, 300)])
def test_small_pictures_have_some_lattice_or_none(size: tuple[int, int], rng: np.random.Generator) -> None:
    found = lattices(autocorrelation(plane_of(rng.standard_normal(size).astype(np.float32))), 20, 92, 6)
    assert all(np.isfinite(lattice.basis).all() for lattice in found)
    lattices(autocorrelation(plane_of(np.zeros(size, np.float32))), 20, 92, 6)
