"""Spectra of sets against a transform by hand."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.evaluation.spectrum import (
    log_profiles,
    periodograms,
    ring_frequencies,
    ring_means,
    spectral_distance,
)


def by_hand(picture: np.ndarray) -> list[float]:
    """The definition, frequency by frequency and ring by ring."""
    height, width = picture.shape[:2]
    luma = (0.299 * picture[..., 0] + 0.587 * picture[..., 1] + 0.114 * picture[..., 2]) / 255
    down, across = (np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in (height, width))
    window = down[:, None] * across[None, :]
    shown = (luma - (luma * window).sum() / window.sum()) * window
    rings: dict[int, list[float]] = {}
    for v in range(height):
        for u in range(width):
            wave = np.exp(
                -2j * np.pi * (v * np.arange(height)[:, None] / height + u * np.arange(width) / width)
            )
            fy, fx = min(v, height - v) / height, min(u, width - u) / width
            ring = round(np.hypot(fy, fx) * min(height, width))
            rings.setdefault(ring, []).append(abs((shown * wave).sum()) ** 2 / (window**2).sum())
    means = [float(np.mean(rings[k])) for k in range(1, min(height, width) // 2 + 1)]
    return [float(np.log10(mean + 1 / (12 * 255**2))) for mean in means]


@pytest.mark.parametrize("shape", [(16, 16), (17, 22)])
def test_profile_follows_its_definition(photo: np.ndarray, shape: tuple[int, int]) -> None:
    picture = np.ascontiguousarray(photo[: shape[0], : shape[1]])
    np.testing.assert_allclose(log_profiles(picture[None])[0], by_hand(picture), rtol=1e-9)


def test_white_noise_has_its_variance_in_every_ring(rng: np.random.Generator) -> None:
    grey = np.rint(128 + 20 * rng.standard_normal((200, 32, 32, 1))).astype(np.uint8)
    profiles = ring_means(periodograms(np.repeat(grey, 3, axis=3)))
    np.testing.assert_allclose(profiles.mean(axis=0)[1:], (20 / 255) ** 2, rtol=0.1)


def test_a_wave_stands_in_its_ring() -> None:
    wave = np.rint(128 + 60 * np.sin(2 * np.pi * 7 * np.arange(32) / 32)).astype(np.uint8)
    picture = np.broadcast_to(wave[None, None, :, None], (1, 32, 32, 3))
    profile = log_profiles(np.ascontiguousarray(picture))[0]
    assert ring_frequencies(32, 32)[profile.argmax()] == pytest.approx(7 / 32)


def test_flat_pictures_have_the_power_of_rounding() -> None:
    np.testing.assert_allclose(
        log_profiles(np.full((2, 16, 16, 3), 90, np.uint8)), np.log10(1 / (12 * 255**2))
    )


def test_half_the_contrast_is_six_decibels(rng: np.random.Generator) -> None:
    strong = rng.integers(-60, 61, (20, 32, 32, 1)) * 2
    sets = [np.repeat(128 + strong // d, 3, axis=3).astype(np.uint8) for d in (1, 2)]
    assert spectral_distance(*map(log_profiles, sets)) == pytest.approx(20 * np.log10(2), abs=0.01)


def test_distance_is_a_distance_and_grows_with_damage(pictures: np.ndarray, blurred, grainy) -> None:
    first, second = log_profiles(pictures[:48]), log_profiles(pictures[48:])
    assert spectral_distance(first, first) == 0.0
    assert spectral_distance(first, second) == pytest.approx(spectral_distance(second, first))
    for damage in (blurred, grainy):
        found = [
            spectral_distance(first, log_profiles(damage(pictures[48:], much))) for much in (0.5, 1, 3, 9)
        ]
        assert found == sorted(found)
        assert found[-1] > 5 * spectral_distance(first, second)


def test_batches_make_no_difference(pictures: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = log_profiles(pictures)
    monkeypatch.setattr("forensics.generators.evaluation.spectrum._BATCH_PIXELS", 5 * 32 * 32)
    np.testing.assert_allclose(log_profiles(pictures), whole, rtol=1e-12)


def test_what_cannot_be_compared_is_refused(pictures: np.ndarray) -> None:
    for wrong in (pictures[:0], pictures[:, :15], pictures.astype(float), pictures[..., 0], "pictures"):
        with pytest.raises(UsageError):
            log_profiles(wrong)  # type: ignore[arg-type]
    profiles = log_profiles(pictures)
    for other in (profiles[:, 1:], profiles[:0], profiles[0]):
        with pytest.raises(UsageError):
            spectral_distance(profiles, other)
