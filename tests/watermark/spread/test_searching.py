"""Looking for a mark on the picture's own grid and along lattices."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack
from forensics.watermark.detection import Marked
from forensics.watermark.keys import Key
from forensics.watermark.spread.geometry import shortest
from forensics.watermark.spread.searching import (
    Aligned,
    align,
    in_windows,
    on_lattices,
    on_own_grid,
    sync_plan,
)
from forensics.watermark.spread.sync import hypotheses
from forensics.watermark.spread.views import View, views_of
from forensics.watermark.watermarker import Watermarker

from ..conftest import Scene


def luma(pixels: Pixels) -> np.ndarray:
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)


@pytest.mark.parametrize(
    "spec",
    [
        "none",
        "quarter:1",
        "quarter:2",
        "quarter:3",
        "flip:horizontal",
        "flip:vertical",
        "flip:horizontal+quarter:1",
        "flip:horizontal+quarter:3",
    ],
)
def test_eight_ways_of_turning_are_one_look(key: Key, marked: Marked, spec: str) -> None:
    pixels = np.ascontiguousarray(parse_attack(spec)(marked.pixels))
    views = views_of(luma(pixels))
    found = on_own_grid(views, sync_plan(key))[0]
    assert found.sync.z > 12
    assert found.view is views[0]
    assert found.searched == 8 * len(views) * hypotheses(sync_plan(key))
    place, z = align(found).place(sync_plan(key))
    assert z > 12
    assert 0 <= place.row < 64


@pytest.mark.parametrize(("spec", "period"), [("resize:0.75", 48), ("rotate:14", 64), ("resize:1.3", 83.2)])
def test_lattice_of_a_warped_mark_is_found(key: Key, marked: Marked, spec: str, period: float) -> None:
    views = views_of(luma(parse_attack(spec)(marked.pixels)))
    plan = sync_plan(key)
    assert on_own_grid(views, plan)[0].sync.z < 8
    found = on_lattices(views, plan, 2)
    assert found[0].sync.z >= found[1].sync.z
    assert found[0].sync.z > 9
    bases = sum(len(view.bases(alternating=False)) for view in views)
    assert found[0].searched == bases * hypotheses(plan)
    lengths = np.hypot(*shortest(found[0].basis)) * 2 ** found[0].view.times
    np.testing.assert_allclose(lengths, period, rtol=0.02)


@pytest.mark.parametrize("spec", ["perspective:0.2", "none", "rotate:9"])
def test_windows_show_the_lattice_of_a_tilted_mark(key: Key, other: Key, spec: str, scene: Scene) -> None:
    marked = Watermarker(key).embed(scene(21, 640, 704), "1").pixels
    view = views_of(luma(parse_attack(spec)(marked, seed=1)))[0]
    windows = view.windows
    found = in_windows(windows, sync_plan(key))
    assert found.sync.z > 9
    assert found.window in windows
    bases = sum(len(window.bases(alternating=False)) for window in windows)
    assert found.searched == bases * hypotheses(sync_plan(key))
    assert in_windows(windows, sync_plan(other)).sync.z < 7


def test_another_key_finds_nothing(other: Key, marked: Marked) -> None:
    views, plan = views_of(luma(marked.pixels)), sync_plan(other)
    assert on_own_grid(views, plan)[0].sync.z < 8
    assert on_lattices(views, plan, 1)[0].sync.z < 8


def test_own_grid_is_not_resampled(key: Key, marked: Marked) -> None:
    views = views_of(luma(marked.pixels))
    aligned = align(on_own_grid(views, sync_plan(key))[0])
    assert isinstance(aligned, Aligned)
    assert not aligned.warped
    assert aligned.luma is views[0].luma
    assert aligned.inside.all()


def test_warped_grid_knows_its_inside(key: Key, marked: Marked) -> None:
    views = views_of(luma(parse_attack("rotate:14,inside")(marked.pixels)))
    aligned = align(on_lattices(views, sync_plan(key), 1)[0])
    assert isinstance(aligned.view, View)
    assert aligned.warped
    assert 0.4 < aligned.inside.mean() < 1
    assert not aligned.residual[~aligned.inside].any()
