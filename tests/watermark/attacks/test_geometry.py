from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage import transform

from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack


def correlation(first: Pixels, second: Pixels, margin: int = 8) -> float:
    a, b = (np.asarray(x[margin:-margin, margin:-margin], float).ravel() for x in (first, second))
    return float(np.corrcoef(a, b)[0, 1])


@pytest.mark.parametrize("angle", [-33, -7, 0.5, 15, 45, 90, 120, 180])
@pytest.mark.parametrize(("canvas", "grow"), [("keep", False), ("grow", True)])
def test_rotation_is_that_of_skimage(photo: Pixels, angle: float, canvas: str, grow: bool) -> None:
    ours = parse_attack(f"rotate:{angle},canvas={canvas}")(photo)
    theirs = transform.rotate(photo, angle, resize=grow, order=3, preserve_range=True)
    assert np.abs(np.subtract(ours.shape, theirs.shape)).max() <= 1
    rows, columns = min(len(ours), len(theirs)), min(ours.shape[1], theirs.shape[1])
    if ours.shape == theirs.shape:
        assert correlation(ours, np.clip(theirs, 0, 255)) > 0.999
    else:
        assert correlation(ours[:rows, :columns], np.clip(theirs[:rows, :columns], 0, 255)) > 0.93


@given(st.floats(-180, 180), st.integers(40, 200), st.integers(40, 200))
def test_rotation_inside_shows_no_black(angle: float, height: int, width: int) -> None:
    white = np.full((height, width, 3), 255, np.uint8)
    result = parse_attack(f"rotate:{angle!r},canvas=inside")(white)
    assert (result[2:-2, 2:-2] == 255).all()


@pytest.mark.parametrize(("height", "width", "angle"), [(200, 100, 90), (120, 120, 45), (300, 100, 30)])
def test_rotation_inside_is_the_largest(height: int, width: int, angle: float) -> None:
    white = np.full((height, width, 3), 255, np.uint8)
    rows, columns = parse_attack(f"rotate:{angle},canvas=inside")(white).shape[:2]
    cos, sin = abs(np.cos(np.radians(angle))), abs(np.sin(np.radians(angle)))
    fitting = [
        a * b
        for a in range(1, 302)
        for b in range(1, 302)
        if a * cos + b * sin <= height + 1e-9 and a * sin + b * cos <= width + 1e-9
    ]
    assert rows * columns == pytest.approx(max(fitting), rel=0.03)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_those_of_pillow(photo: Pixels, turns: int) -> None:
    turned = Image.fromarray(photo).rotate(90 * turns, expand=True)
    assert np.array_equal(parse_attack(f"quarter:{turns}")(photo), np.asarray(turned))
    square = photo[:64, :64]
    near = parse_attack(f"rotate:{90 * turns if turns < 3 else -90}")(square)
    assert np.abs(near.astype(int) - parse_attack(f"quarter:{turns}")(square)).max() <= 1


def test_flips_are_those_of_pillow(photo: Pixels) -> None:
    picture = Image.fromarray(photo)
    left = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert np.array_equal(parse_attack("flip:horizontal")(photo), np.asarray(left))
    top = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    assert np.array_equal(parse_attack("flip:vertical")(photo), np.asarray(top))


@given(st.floats(0.05, 1), st.integers(0, 1000))
def test_crop_keeps_the_share_and_the_shape(share: float, seed: int) -> None:
    pixels = np.arange(150 * 200 * 3, dtype=np.uint32).reshape(150, 200, 3).astype(np.uint8)
    pixels[..., 0], pixels[..., 1] = np.arange(150)[:, None], np.arange(200)
    for place in ("centre", "random"):
        part = parse_attack(f"crop:{share!r},place={place}")(pixels, seed)
        rows, columns = part.shape[:2]
        assert rows == pytest.approx(150 * np.sqrt(share), abs=0.51)
        assert columns == pytest.approx(200 * np.sqrt(share), abs=0.51)
        top, left = part[0, 0, :2].astype(int)
        assert np.array_equal(part, pixels[top : top + rows, left : left + columns])
        if place == "centre":
            assert abs(150 - rows - 2 * top) <= 1
            assert abs(200 - columns - 2 * left) <= 1


def test_crop_rescale_is_crop_then_resize(photo: Pixels) -> None:
    part = Image.fromarray(parse_attack("crop:0.3")(photo)).resize((256, 192), Image.Resampling.LANCZOS)
    assert np.array_equal(parse_attack("crop_rescale:0.3")(photo), np.asarray(part))


@pytest.mark.parametrize("factor", [0.35, 0.5, 0.71, 1.5, 2])
def test_resize_is_near_that_of_skimage(photo: Pixels, factor: float) -> None:
    ours = parse_attack(f"resize:{factor}")(photo)
    assert ours.shape == (round(192 * factor), round(256 * factor), 3)
    theirs = transform.resize(photo, ours.shape[:2], order=3, anti_aliasing=factor < 1, preserve_range=True)
    assert correlation(ours, np.clip(theirs, 0, 255)) > 0.98  # they low-pass with a Gaussian


@pytest.mark.parametrize("name", ["lanczos", "bicubic", "bilinear", "box", "nearest"])
def test_filter_is_that_of_pillow(photo: Pixels, name: str) -> None:
    theirs = Image.fromarray(photo).resize((128, 96), Image.Resampling[name.upper()])
    assert np.array_equal(parse_attack(f"resize:0.5,filter={name}")(photo), np.asarray(theirs))


def test_down_up_comes_back_without_detail(photo: Pixels) -> None:
    result = parse_attack("down_up:0.25")(photo)
    assert result.shape == photo.shape
    spectrum = [np.abs(np.fft.fft2(x[..., 1] - x[..., 1].mean())) ** 2 for x in (photo, result)]
    high = np.hypot(np.fft.fftfreq(192)[:, None], np.fft.fftfreq(256)) > 0.2
    assert spectrum[1][high].sum() < 0.02 * spectrum[0][high].sum()


@pytest.mark.parametrize(
    ("longest", "shape"), [(128, (96, 128, 3)), (256, (192, 256, 3)), (2048, (192, 256, 3))]
)
def test_limit_never_enlarges(photo: Pixels, longest: int, shape: tuple[int, ...]) -> None:
    assert parse_attack(f"limit:{longest}")(photo).shape == shape
    assert parse_attack(f"limit:{longest}+quarter:1")(photo).shape == (shape[1], shape[0], 3)


def test_aspect_changes_the_width(photo: Pixels) -> None:
    assert parse_attack("aspect:0.75")(photo).shape == (192, 192, 3)


def test_shear_moves_rows_about_the_centre() -> None:
    pixels = np.zeros((101, 201, 3), np.uint8)
    pixels[:, 100] = 255  # an upright line through the centre
    result = parse_attack("shear:0.5")(pixels)[..., 0]
    for row in (20, 50, 80):  # a row above the centre moves to the right
        assert np.argmax(result[row]) == pytest.approx(100 + 0.5 * (50 - row), abs=0.6)


def test_shear_is_that_of_skimage(photo: Pixels) -> None:
    middle = transform.SimilarityTransform(translation=(-127.5, -95.5))
    slant = transform.AffineTransform(matrix=np.array([[1, -0.2, 0], [-0.1, 1, 0], [0, 0, 1]]))
    theirs = transform.warp(photo, (middle + slant + middle.inverse).inverse, order=3, preserve_range=True)
    assert correlation(parse_attack("shear:0.2,y=0.1")(photo), np.clip(theirs, 0, 255)) > 0.999


def test_shift_moves_the_grid(photo: Pixels) -> None:
    assert np.array_equal(parse_attack("shift:3,columns=5")(photo), photo[3:, 5:])


def test_perspective_moves_corners_inwards_and_keeps_lines() -> None:
    white = np.full((200, 300, 3), 255, np.uint8)
    result = parse_attack("perspective:0.5")(white, seed=4)[..., 0] > 127
    assert 0.25 < result.mean() < 1  # half of both sides stays at worst
    assert not result[0, 0] or not result[-1, -1]
    edge = np.array([(r, np.argmax(result[r])) for r in range(80, 121)])  # the left side is straight
    line = np.polyfit(edge[:, 0], edge[:, 1], 1)
    assert np.abs(np.polyval(line, edge[:, 0]) - edge[:, 1]).max() < 1.1


def test_bend_moves_by_no_more_than_told() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 100, axis=0).repeat(3, axis=2)
    moved = parse_attack("bend:4")(ramp, seed=2)[:, 8:-8, 0].astype(int) - ramp[:, 8:-8, 0]
    assert np.abs(moved).max() <= 4
    assert np.abs(moved).max() >= 1
    assert np.abs(np.diff(moved, axis=1)).max() <= 1
