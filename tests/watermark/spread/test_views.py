"""On which levels a mark is looked for."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.watermark.spread import views
from forensics.watermark.spread.views import views_of


@pytest.mark.parametrize(
    ("size", "times"),
    [((128, 128), [0]), ((255, 900), [0]), ((256, 256), [0, 1]), ((512, 512), [0, 1, 2]),
     ((1023, 1023), [0, 1, 2]), ((1024, 1100), [1, 2, 3]), ((2048, 2048), [2, 3, 4]), ((10, 10), [0])],
)  # fmt: skip
def test_levels_follow_the_size(size: tuple[int, int], times: list[int]) -> None:
    found = views_of(np.zeros(size, np.uint8))
    assert [view.times for view in found] == times
    assert all(view.luma.dtype == np.float32 for view in found)
    assert all(view.luma.shape == tuple(round(n / 2**view.times) for n in size) for view in found)


@pytest.mark.parametrize("alternating", [False, True])
def test_first_level_looks_for_shorter_periods(rng: np.random.Generator, alternating: bool) -> None:
    first, second = views_of(rng.integers(0, 256, (300, 300), dtype=np.uint8))[:2]
    for view, least in ((first, 20), (second, 46)):
        bases = view.bases(alternating=alternating)
        lengths = np.hypot(bases[:, 0], bases[:, 1])
        turned = 301 if view is first else 0
        squares = bases[len(bases) - turned - 20 : len(bases) - turned]
        assert lengths.min() >= least * 0.7
        np.testing.assert_allclose(squares[:, 0, 0], squares[:, 1, 1])
        assert squares[-1, 0, 0] == pytest.approx(92, rel=0.01)


def test_turned_tiles_are_tried_without_a_lattice(rng: np.random.Generator) -> None:
    view = views_of(rng.integers(0, 256, (300, 300), dtype=np.uint8))[0]
    turned = view.bases(alternating=False)[-301:]
    np.testing.assert_allclose(np.linalg.det(turned), 64**2)
    angles = np.degrees(np.arctan2(turned[:, 1, 0], turned[:, 0, 0]))
    np.testing.assert_allclose(angles, np.linspace(-45, 45, 301), atol=1e-6)


def test_work_is_done_once(rng: np.random.Generator) -> None:
    (view,) = views_of(rng.integers(0, 256, (130, 140), dtype=np.uint8))
    for alternating in (False, True):
        assert view.bases(alternating=alternating) is view.bases(alternating=alternating)
    assert view.bases(alternating=True) is not view.bases(alternating=False)
    assert view.plane is view.plane


def test_pictures_longer_than_warps_can_take_are_cut() -> None:
    (view,) = views_of(np.zeros((130, views._MOST_SIDE + 500), np.uint8))
    assert view.luma.shape == (130, views._MOST_SIDE)


@pytest.mark.parametrize(("size", "side"), [((512, 700), 256), ((330, 400), 206), ((1023, 1023), 256)])
def test_windows_lie_inside_the_picture(rng: np.random.Generator, size: tuple[int, int], side: int) -> None:
    view = views_of(rng.integers(0, 256, size, dtype=np.uint8))[0]
    windows = view.windows
    assert [window.side for window in windows] == [side] * 5
    corners = {(window.x, window.y) for window in windows}
    assert len(corners) == 5
    assert max(x for x, _ in corners) == size[1] - side
    assert max(y for _, y in corners) == size[0] - side
    assert windows[0].plane is windows[0].plane
    for alternating in (False, True):
        bases = windows[0].bases(alternating=alternating)
        assert bases is windows[0].bases(alternating=alternating)
        assert bases.shape[1:] == (2, 2)
        assert len(bases) % 8 == 0


def test_small_pictures_have_no_windows(rng: np.random.Generator) -> None:
    assert views_of(rng.integers(0, 256, (300, 900), dtype=np.uint8))[0].windows == ()
