"""Photos as a camera would have taken them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from forensics.datasets.procedural import camera
from forensics.detectors.aligned import AlignedRecipe, build, pairs
from forensics.detectors.aligned import sensing as module
from forensics.detectors.aligned.sensing import sensed
from tests.detectors.aligned.photos import folder_of


def test_one_colour_is_kept_at_each_pixel_of_the_pattern_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.zeros((16, 16, 3), np.uint8)
    picture[...] = (200, 100, 50)
    for phase, name in enumerate(("BG", "GB", "RG", "GR")):
        raw = module._one_colour(picture, phase).astype(np.uint8)
        assert [int((raw == value).sum()) for value in (200, 100, 50)] == [64, 128, 64]
        whole = cv2.demosaicing(raw, getattr(cv2, f"COLOR_Bayer{name}2RGB"))
        assert np.abs(whole[4:-4, 4:-4].astype(int) - picture[4:-4, 4:-4]).max() <= 1


def test_every_way_keeps_what_is_to_be_seen_and_the_seed_decides() -> None:
    photo = camera(np.random.default_rng(0), 64, 64)
    found = [sensed(photo, np.random.default_rng(seed)) for seed in range(24)]
    for picture in found:
        assert (picture.shape, picture.dtype) == (photo.shape, np.uint8)
        small = [cv2.resize(x, (16, 16), interpolation=cv2.INTER_AREA).astype(int) for x in (photo, picture)]
        assert np.abs(small[0] - small[1]).mean() < 4
    assert len({picture.tobytes() for picture in found}) == 24
    assert (sensed(photo, np.random.default_rng(3)) == found[3]).all()


def test_colours_that_were_filled_in_follow_their_neighbours() -> None:
    """Noise of three colours becomes smoother than it was: each keeps a quarter or half of its own values."""
    noise = np.random.default_rng(0).integers(96, 160, (128, 128, 3)).astype(np.uint8)
    rough = np.abs(np.diff(noise.astype(int), axis=1)).mean()
    plain = [sensed(noise, np.random.default_rng(seed)) for seed in range(8)]
    assert min(np.abs(np.diff(p.astype(int), axis=1)).mean() for p in plain) < 0.7 * rough


def test_sets_are_made_of_such_photos(tmp_path: Path) -> None:
    photos = folder_of(tmp_path / "photos", 3)
    recipe = AlignedRecipe((str(photos),), ("nearest2",), count=3, size=32, codec="png", match=False)
    plain = {pair.number: pair.real for pair in pairs(recipe)}
    through = AlignedRecipe(**{**recipe.as_dict(), "sensor": True})
    for pair in pairs(through):
        assert (pair.real != plain[pair.number]).any()
        assert np.abs(pair.real.astype(int) - plain[pair.number]).mean() < 30
    record = build(tmp_path / "set", through).record
    assert (
        record["photos"]["history"]
        if "history" in record["photos"]
        else record["history"] == {"as stored, sensed": 3}
    )
