from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack
from forensics.watermark.attacks.overlay import paste

GREY = np.full((200, 300, 3), 90, np.uint8)


def changed(result: Pixels, before: Pixels) -> np.ndarray:
    return (result != before).any(axis=2)


@pytest.mark.parametrize("height", [0.08, 0.2, 0.4])
def test_text_is_as_high_as_told(height: float) -> None:
    for seed in range(5):
        rows = np.flatnonzero(changed(parse_attack(f"text:{height}")(GREY, seed), GREY).any(axis=1))
        assert 0.6 * height * 200 < np.ptp(rows) < 1.9 * height * 200  # with its outline, tails and cut edges


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_logo_covers_its_share(share: float) -> None:
    covered = changed(parse_attack(f"logo:{share}")(GREY, seed=3), GREY)
    assert covered.mean() == pytest.approx(share, rel=0.12)  # with its soft rim


def test_logo_lets_the_picture_through_as_told() -> None:
    clear, solid = (parse_attack(f"logo:0.2,opacity={o}")(GREY, seed=3).astype(float) for o in ("0.25", "1"))
    assert np.abs(clear - (0.25 * solid + 0.75 * GREY)).max() <= 1


@given(st.floats(0.02, 0.9), st.integers(1, 20), st.integers(0, 99))
def test_erase_covers_at_most_its_share(share: float, count: int, seed: int) -> None:
    covered = changed(parse_attack(f"erase:{share!r},count={count}")(GREY, seed), GREY)
    assert covered.mean() <= share + 0.01 * count
    if count == 1 and share < 0.5:
        assert covered.mean() == pytest.approx(share, abs=0.01)
        rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
        assert covered.sum() == len(rows) * len(columns)


def test_border_goes_around(photo: Pixels) -> None:
    result = parse_attack("border:0.1,colour=black")(photo)
    assert result.shape == (192 + 38, 256 + 38, 3)
    assert np.array_equal(result[19:-19, 19:-19], photo)
    assert (result[:19] == 0).all()
    assert (parse_attack("border:0.1")(photo)[:, :19] == 255).all()


@pytest.mark.parametrize(("ratio", "shape"), [(1, (256, 256)), (2, (192, 384)), (0.5, (512, 256))])
def test_letterbox_reaches_the_ratio(photo: Pixels, ratio: float, shape: tuple[int, int]) -> None:
    result = parse_attack(f"letterbox:{ratio}")(photo)
    top, left = (shape[0] - 192) // 2, (shape[1] - 256) // 2
    assert result.shape[:2] == shape
    assert np.array_equal(result[top : top + 192, left : left + 256], photo)
    assert result.sum() == photo.sum()


def test_collage_holds_the_picture(photo: Pixels) -> None:
    result = parse_attack("collage:0.3")(photo, seed=8)
    assert photo.size / result.size == pytest.approx(0.3, rel=0.01)
    corner = np.ascontiguousarray(photo[:1, :20])
    rows, columns = result.shape[:2]
    places = [
        (r, c)
        for r in range(rows - 191)
        for c in range(columns - 255)
        if np.array_equal(result[r, c], photo[0, 0]) and np.array_equal(result[r : r + 1, c : c + 20], corner)
    ]
    assert len(places) == 1
    ((row, column),) = places
    assert np.array_equal(result[row : row + 192, column : column + 256], photo)
    outside = result.astype(float)
    outside[row : row + 192, column : column + 256] = np.nan
    assert np.nanstd(outside) > 20


def test_paste_onto_another_picture(photo: Pixels) -> None:
    result = paste(photo, np.zeros((300, 300, 3), np.uint8), 7, 9)
    assert np.array_equal(result[7:199, 9:265], photo)
    assert result.sum() == photo.sum()
    with pytest.raises(UsageError, match=r"256 x 192 at \(50, 0\) does not fit on 300 x 300"):
        paste(photo, result, 0, 50)
