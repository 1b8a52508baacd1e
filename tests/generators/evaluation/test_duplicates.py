"""Near-duplicates are found whatever was done to them, and nothing else is."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from forensics.datasets.packs import load_squares
from forensics.errors import UsageError
from forensics.generators.evaluation import duplicates
from forensics.generators.evaluation.duplicates import (
    Match,
    difference_hashes,
    hash_distances,
    near_duplicates,
)

RGB = np.ndarray


def jpeg(picture: RGB) -> RGB:
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], -1)


def noisy(picture: RGB) -> RGB:
    noise = np.random.default_rng(2).normal(0, 5, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


CHANGES = {
    "none": lambda p: p,
    "jpeg": jpeg,
    "noise": noisy,
    "blur": lambda p: cv2.GaussianBlur(p, (0, 0), 0.6),
    "bright": lambda p: np.clip(p.astype(int) + 9, 0, 255).astype(np.uint8),
    "half": lambda p: cv2.resize(cv2.resize(p, (32, 32), interpolation=cv2.INTER_AREA), (64, 64)),
}


@pytest.fixture(scope="module")
def squares(pictures: RGB) -> RGB:
    """48 different pictures of 64 x 64."""
    return np.stack([cv2.resize(p, (64, 64), interpolation=cv2.INTER_CUBIC) for p in pictures[:48]])


def test_hash_is_that_of_plain_loops(rng: np.random.Generator) -> None:
    picture = rng.integers(0, 256, (64, 72, 3), dtype=np.uint8)
    luma = picture @ np.array([0.299, 0.587, 0.114])
    bits = ""
    for row in range(8):
        cells = [luma[8 * row : 8 * row + 8, 8 * column : 8 * column + 8].mean() for column in range(9)]
        bits += "".join("1" if right > left else "0" for left, right in pairwise(cells))
    found = difference_hashes(picture[None])
    assert found.dtype == np.uint64
    assert np.unpackbits(found.view(np.uint8)).tolist() == [int(bit) for bit in bits]


def test_hash_distances_count_bits(rng: np.random.Generator) -> None:
    first, second = rng.integers(0, 2**63, (2, 5), dtype=np.uint64)
    wanted = [[bin(int(a) ^ int(b)).count("1") for b in second] for a in first]
    assert hash_distances(first, second).tolist() == wanted


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("change", CHANGES)
def test_changed_copies_are_found(squares: RGB, change: str, mirrored: bool) -> None:
    copies = np.stack([CHANGES[change](p) for p in squares[:24]])
    made = copies[:, :, ::-1] if mirrored else copies
    found = near_duplicates(made, squares)
    assert len(found) >= 22
    assert all(match.train == match.made and match.mirrored is mirrored for match in found)
    assert all(0.9 <= match.ssim <= 1 for match in found)


def test_different_pictures_are_none(squares: RGB) -> None:
    assert near_duplicates(squares[:24], squares[24:]) == ()


def test_what_hashes_miss_is_compared_if_asked_for(squares: RGB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "HASH_BITS", -1)
    assert near_duplicates(squares[:3], squares) == ()
    found = near_duplicates(squares[:3], squares, also=[0, 5, 2])
    assert found == (Match(0, 0, 1.0, False), Match(2, 2, 1.0, False))


def test_the_most_alike_of_several_is_told(squares: RGB) -> None:
    train = np.stack([noisy(squares[0]), squares[0], CHANGES["bright"](squares[0])])
    assert near_duplicates(squares[:1], train) == (Match(0, 1, 1.0, False),)
    mirrored = noisy(squares[0])[:, ::-1]
    assert near_duplicates(squares[:1], np.stack([mirrored, squares[0]])) == (Match(0, 1, 1.0, False),)


def test_small_pictures_are_compared_as_they_are(pictures: RGB) -> None:
    tiny = np.ascontiguousarray(pictures[:6, :16, :20])
    assert [match.train for match in near_duplicates(tiny, tiny)] == list(range(6))


def test_blocks_make_no_difference(squares: RGB, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = near_duplicates(squares, squares[::-1].copy())
    monkeypatch.setattr(duplicates, "_BLOCK", 100)
    assert near_duplicates(squares, squares[::-1].copy()) == whole
    assert len(whole) == 48


def test_flat_pictures_are_alike() -> None:
    flat = np.full((2, 32, 32, 3), 128, np.uint8)
    assert [match.made for match in near_duplicates(flat, flat)] == [0, 1]


def test_what_cannot_be_compared_is_refused(squares: RGB) -> None:
    for wrong in (squares[:0], squares[:, :15], squares[:, :40], squares.astype(float)):
        with pytest.raises(UsageError):
            near_duplicates(squares, wrong)
        with pytest.raises(UsageError):
            near_duplicates(wrong, squares)


def test_photos_are_told_from_their_copies(data_dir: Path) -> None:
    """On photos that the thresholds were not chosen on."""
    photos = load_squares(data_dir / "photos" / "pack128_research.tar", 128, 800)
    known, new = photos[:400], photos[400:]
    for change in ("jpeg", "noise", "blur", "bright"):
        found = near_duplicates(np.stack([CHANGES[change](p) for p in known[:100]]), known)
        assert sum(match.made == match.train for match in found) >= 95
    mirrored = near_duplicates(np.stack([jpeg(p[:, ::-1]) for p in known[:100]]), known)
    assert sum(match.made == match.train and match.mirrored for match in mirrored) >= 95
    assert len(near_duplicates(new, known)) <= 4
