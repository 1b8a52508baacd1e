"""Sliced Wasserstein distances against SciPy and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import convolve
from scipy.stats import wasserstein_distance

from forensics.errors import UsageError
from forensics.generators.evaluation.laplacian import line_distances, pyramid, sliced_wasserstein

TAPS = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256.0


def lowered(picture: np.ndarray) -> np.ndarray:
    return convolve(picture.astype(float), TAPS[:, :, None], mode="mirror")[::2, ::2]


def raised(picture: np.ndarray) -> np.ndarray:
    spread = np.zeros((2 * picture.shape[0], 2 * picture.shape[1], 3))
    spread[::2, ::2] = picture
    return convolve(spread, 4 * TAPS[:, :, None], mode="mirror")


def test_distance_on_lines_is_that_of_scipy(rng: np.random.Generator) -> None:
    first, second = rng.standard_normal((40, 6)), 2 * rng.standard_normal((40, 6)) + 1
    lines = rng.standard_normal((5, 6))
    wanted = [wasserstein_distance(first @ line, second @ line) for line in lines]
    np.testing.assert_allclose(line_distances(first, second, lines), wanted)


@pytest.mark.parametrize("shape", [(32, 32), (40, 64)])
def test_pyramid_is_that_of_burt_and_adelson(photo: np.ndarray, shape: tuple[int, int]) -> None:
    picture = photo[: shape[0], : shape[1]]
    fine, middle, coarse = pyramid(picture, 3)
    first = lowered(picture)
    np.testing.assert_allclose(middle, (first - raised(lowered(first))), atol=1e-3)
    np.testing.assert_allclose(fine[:-2, :-2], (picture - raised(first))[:-2, :-2], atol=1e-3)
    np.testing.assert_allclose(coarse, lowered(first), atol=1e-3)


def by_hand(first: np.ndarray, second: np.ndarray, seed: int, level: int) -> float:
    """Patch by patch and line by line, with the draws of the implementation."""
    rng = np.random.default_rng([seed, level])
    side = first.shape[1]
    places = rng.integers(0, (side - 6, side - 6), (len(first), 5, 2))
    lines = rng.standard_normal((9, 147))
    sets = []
    for pictures in (first, second):
        patches = np.array(
            [
                [picture[y : y + 7, x : x + 7, channel] for channel in range(3)]
                for picture, few in zip(pictures, places, strict=True)
                for y, x in few
            ]
        )
        for channel in range(3):
            plane = patches[:, channel]
            patches[:, channel] = (plane - plane.mean()) / plane.std()
        sets.append(patches.reshape(len(patches), -1))
    units = [line / np.linalg.norm(line) for line in lines]
    return float(np.mean([wasserstein_distance(sets[0] @ u, sets[1] @ u) for u in units]))


def test_levels_are_those_of_plain_loops(pictures: np.ndarray) -> None:
    first, second = pictures[:10], pictures[10:20]
    found = sliced_wasserstein(first, second, patches=50, directions=9, seed=4)
    coarse = [np.array([lowered(p) for p in s]) for s in (first, second)]
    fine = [np.array([p - raised(lowered(p)) for p in s]) for s in (first, second)]
    assert [level.side for level in found.levels] == [32, 16]
    # The last row and column of the finest level differ from SciPy's: OpenCV mirrors before it spreads.
    assert found.levels[0].distance == pytest.approx(by_hand(*fine, 4, 0), rel=0.02)
    assert found.levels[1].distance == pytest.approx(by_hand(*coarse, 4, 1), rel=1e-4)
    assert found.mean == pytest.approx(np.mean([level.distance for level in found.levels]))


def test_a_set_is_at_nothing_from_itself_and_both_ways_are_alike(pictures: np.ndarray) -> None:
    first, second = pictures[:40], pictures[40:80]
    assert sliced_wasserstein(first, first).mean == 0.0
    there, back = sliced_wasserstein(first, second), sliced_wasserstein(second, first)
    assert there.mean == pytest.approx(back.mean, rel=1e-6)
    assert sliced_wasserstein(first, second) == there
    assert sliced_wasserstein(first, second, seed=1) != there


def test_more_damage_is_farther(pictures: np.ndarray, blurred, grainy) -> None:
    first, second = pictures[:48], pictures[48:]
    for damage in (blurred, grainy):
        found = [sliced_wasserstein(first, damage(second, much)).levels[0].distance for much in (0.7, 2, 8)]
        assert found == sorted(found)
        assert found[-1] > 2 * sliced_wasserstein(first, second).levels[0].distance


def test_brightness_and_contrast_are_not_seen(pictures: np.ndarray) -> None:
    faint = (pictures // 2 + 60).astype(np.uint8)
    shown = (pictures // 2 * 2).astype(np.uint8)
    assert sliced_wasserstein(shown, faint).mean < 1e-3


def test_flat_pictures_have_no_texture(pictures: np.ndarray) -> None:
    dark, bright = (np.full((4, 32, 32, 3), value, np.uint8) for value in (3, 200))
    assert sliced_wasserstein(dark, bright).mean == pytest.approx(0.0, abs=1e-2)
    assert sliced_wasserstein(dark, pictures[:4]).mean > 0.3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.zeros((1, 32, 32, 3), np.uint8), np.zeros((1, 32, 32, 3), np.uint8)),
        (np.zeros((0, 32, 32, 3), np.uint8), np.zeros((0, 32, 32, 3), np.uint8)),
        (np.zeros((4, 15, 32, 3), np.uint8), np.zeros((4, 15, 32, 3), np.uint8)),
        (np.zeros((4, 32, 32, 3), np.uint8), np.zeros((5, 32, 32, 3), np.uint8)),
        (np.zeros((4, 32, 32, 3), np.uint8), np.zeros((4, 32, 33, 3), np.uint8)),
        (np.zeros((4, 32, 32, 3), np.float32), np.zeros((4, 32, 32, 3), np.float32)),
        (np.zeros((4, 32, 32), np.uint8), np.zeros((4, 32, 32), np.uint8)),
        (None, None),
    ],
)
def test_what_cannot_be_compared_is_named(first: np.ndarray, second: np.ndarray) -> None:
    with pytest.raises(UsageError) as caught:
        sliced_wasserstein(first, second)
    assert caught.value.expected
