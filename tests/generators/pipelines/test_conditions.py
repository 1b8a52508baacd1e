"""What is shown of a picture, by each rule; and bringing pictures to a size."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.generators.pipelines.conditions import (
    CONDITIONS,
    condition_of,
    fitted,
    grey,
    low,
    opened,
    steep,
)


@pytest.fixture
def picture(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize("rule", sorted(CONDITIONS))
def test_every_rule_says_what_it_shows(rule: str, picture: np.ndarray) -> None:
    condition = CONDITIONS[rule]
    found = condition.of(picture)
    assert (found.shape, found.dtype) == ((condition.channels, 24, 32), np.uint8)
    hole = np.zeros((24, 32), bool) if condition.masked else None
    shown = condition_of(rule, picture, hole)
    assert (shown.shape, shown.dtype) == ((1, condition.inputs, 24, 32), np.float32)
    assert 0 <= shown.min() <= shown.max() <= 1
    assert condition.source
    np.testing.assert_array_equal(found, condition.of(picture.copy()))


def test_slopes_are_those_of_scipy(picture: np.ndarray) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    level = picture.mean(2) / 255.0
    across, down = (ndimage.sobel(level, axis=axis, mode="nearest") / 4 for axis in (1, 0))
    expected = np.clip(np.hypot(across, down), 0, 1) * 255
    np.testing.assert_allclose(steep(picture)[0], expected, atol=0.51)


def test_edges_are_thin_and_where_the_picture_changes() -> None:
    step = np.zeros((32, 32, 3), np.uint8)
    step[:, 16:] = 255
    found = CONDITIONS["canny"].of(step)[0]
    assert set(np.unique(found)) == {0, 255}
    np.testing.assert_array_equal(found[4:28].any(0).nonzero()[0], [15])
    assert not CONDITIONS["canny"].of(np.full((32, 32, 3), 90, np.uint8)).any()


def test_low_resolution_keeps_means_and_no_detail(picture: np.ndarray) -> None:
    flat = np.full((16, 16, 3), (10, 20, 30), np.uint8)
    np.testing.assert_array_equal(low(flat), np.moveaxis(flat, -1, 0))
    assert low(picture).std() < 0.4 * picture.std()
    assert abs(low(picture).mean() - picture.mean()) < 6


def test_grey_levels_are_luminance(picture: np.ndarray) -> None:
    expected = picture @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(grey(picture)[0], expected, atol=0.51)


def test_there_is_nothing_in_a_hole(picture: np.ndarray) -> None:
    hole = np.zeros((24, 32), bool)
    hole[3:9, 20:] = True
    shown = condition_of("mask", picture, hole)[0]
    np.testing.assert_array_equal(shown[3], ~hole)
    assert not shown[:3, hole].any()
    np.testing.assert_allclose(shown[:3, ~hole], np.moveaxis(picture, -1, 0)[:, ~hole] / 255, atol=1e-6)
    values = np.ones((2, 1, 2, 2), np.float32)
    known = np.array([[[[True, False], [True, True]]]])
    np.testing.assert_array_equal(opened(values, np.repeat(known, 2, 0))[0, 0], known[0, 0])


def test_rules_and_masks_go_together(picture: np.ndarray) -> None:
    with pytest.raises(UsageError, match="no rule 'magic'; there are: canny"):
        condition_of("magic", picture)
    with pytest.raises(UsageError, match="needs a mask"):
        condition_of("mask", picture)
    with pytest.raises(UsageError, match="takes no mask"):
        condition_of("grey", picture, np.zeros((24, 32), bool))


@pytest.mark.parametrize(("shape", "wanted"), [((24, 32), (12, 12)), ((9, 40), (16, 8)), ((5, 5), (10, 20))])
def test_middle_of_a_picture_is_brought_to_a_size(shape: tuple[int, int], wanted: tuple[int, int]) -> None:
    across = np.broadcast_to(np.linspace(0, 255, shape[1])[None, :, None], (*shape, 3)).astype(np.uint8)
    found = fitted(across, *wanted)
    assert found.shape == (*wanted, 3)
    assert abs(found.mean() - across.mean()) < 3
    np.testing.assert_array_equal(fitted(found, *wanted), found)
