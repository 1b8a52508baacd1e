"""What holds for every registered attack."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks import ATTACKS, Attack, Step, parse_attack

VIDEO = ("h264", "h265", "vp9")
NAMES = ATTACKS.names()

# At these strengths nothing changes, not one byte.
SAME = [
    "none",
    *(
        "rotate:0",
        "rotate:0,canvas=grow",
        "rotate:0,canvas=inside",
        "quarter:0",
        "crop:1",
        "crop:1,place=random",
    ),
    *("crop_rescale:1", "resize:1", "down_up:1", "limit:4000", "aspect:1", "shear:0", "shift:0,columns=0"),
    *("perspective:0", "bend:0", "brightness:1", "contrast:1", "gamma:1", "saturation:1", "hue:0"),
    *("sharpness:1", "posterise:8", "white_balance:0", "noise:0", "salt_pepper:0", "speckle:0", "blur:0"),
    *("median:1", "box:1", "pixelate:1", "defocus:0", "motion:1", "bit_depth:8", "logo:0", "erase:0"),
    *("border:0", "collage:1", "denoise:0", "remodulate:0", "remove_tile:0,period=32"),
]
TWICE = ["flip:horizontal", "flip:vertical", "flip:both", "invert", "quarter:2"]


def plain(attack: str) -> Attack:
    if attack in VIDEO:
        pytest.importorskip("av")
    return parse_attack(attack)


def busy(height: int, width: int, grey: bool = False) -> Pixels:
    rng = np.random.default_rng(height * 1000 + width)
    pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return np.repeat(pixels[..., :1], 3, axis=2) if grey else pixels


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "pixels", [busy(33, 47), busy(128, 128), busy(40, 56, grey=True), np.zeros((48, 32, 3), np.uint8)]
)
def test_attack_keeps_the_contract(name: str, pixels: Pixels) -> None:
    attack, before = plain(name), pixels.copy()
    pixels.flags.writeable = False
    first, second = attack(pixels, seed=3), attack(pixels, seed=3)
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.shape[2] == 3
    assert first.flags.c_contiguous
    assert first.flags.writeable
    assert not np.may_share_memory(first, pixels)
    assert np.array_equal(first, second)
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("name", NAMES)
def test_attack_is_documented_and_changes_something(name: str, photo: Pixels) -> None:
    operation = ATTACKS.get(name)
    assert operation.name == name
    assert operation.title
    assert "\n" not in operation.title
    assert operation.source
    assert operation.family in operation.apply.__module__
    assert [p.check(p.default) for p in operation.parameters] == [p.default for p in operation.parameters]
    stronger = {"limit": "limit:100", "social": "social:100"}.get(name, name)
    result = plain(stronger)(photo, seed=1) if name not in VIDEO else plain(name)(photo)
    # On this picture no tile is found, so none is taken away.
    assert np.array_equal(result, photo) == (name in ("none", "remove_tile"))


@pytest.mark.parametrize("text", SAME)
@pytest.mark.parametrize("size", [(33, 47), (64, 64)])
def test_strength_of_nothing_changes_nothing(text: str, size: tuple[int, int]) -> None:
    pixels = busy(*size)
    assert np.array_equal(parse_attack(text)(pixels, seed=5), pixels)


@pytest.mark.parametrize("text", TWICE)
def test_twice_is_nothing(text: str) -> None:
    pixels = busy(33, 47)
    once = parse_attack(text)(pixels)
    assert not np.array_equal(once, pixels)
    assert np.array_equal(parse_attack(f"{text}+{text}")(pixels), pixels)


@pytest.mark.parametrize(
    "text",
    [
        "noise",
        "salt_pepper",
        "speckle",
        "crop:0.3,place=random",
        "perspective",
        "bend",
        "text",
        "logo",
        "erase",
    ],
)
def test_seed_matters_where_something_is_drawn(text: str, photo: Pixels) -> None:
    attack = parse_attack(text)
    assert not np.array_equal(attack(photo, seed=1), attack(photo, seed=2))


def test_steps_draw_different_numbers() -> None:
    flat = np.full((64, 64, 3), 128, np.uint8)
    once, twice = (parse_attack(t)(flat, seed=9).astype(float) - 128 for t in ("noise:5", "noise:5+noise:5"))
    assert twice.std() == pytest.approx(once.std() * np.sqrt(2), rel=0.05)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((15, 64, 3), np.uint8), "at least 16 px a side, not 64 x 15"),
        (np.zeros((64, 64), np.uint8), r"uint8 RGB pictures \(H, W, 3\), not uint8 \(64, 64\)"),
        (np.zeros((64, 64, 4), np.uint8), r"not uint8 \(64, 64, 4\)"),
        (np.zeros((64, 64, 3), np.float32), "not float32"),
        (np.zeros((16, 40_000, 3), np.uint8), "at most 32767 px a side"),
    ],
)
def test_what_is_no_picture_is_refused(pixels: Pixels, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_attack("none")(pixels)


def test_result_too_small_names_the_step() -> None:
    with pytest.raises(UsageError, match=r"^crop:0.05: .*at least 16 px a side, not 14 x 14"):
        parse_attack("flip+crop:0.05")(busy(64, 64))


def test_result_too_large_is_refused_before_it_is_made() -> None:
    with pytest.raises(UsageError, match="aspect:4: pictures have at most"):
        parse_attack("aspect:4")(np.zeros((16, 10_000, 3), np.uint8))
    with pytest.raises(UsageError, match="400000000 px in all"):
        parse_attack("resize:4")(np.zeros((6_000, 6_000, 3), np.uint8))


def test_seed_below_zero_is_refused() -> None:
    with pytest.raises(UsageError, match="a seed is 0 or more, not -1"):
        parse_attack("noise")(busy(32, 32), seed=-1)


def test_steps_are_checked_where_they_are_made() -> None:
    jpeg = ATTACKS.get("jpeg")
    assert str(Attack((Step(jpeg, (50.0, "444")),))) == "jpeg:50,chroma=444"
    with pytest.raises(UsageError, match="takes 2 values"):
        Step(jpeg, (50,))
    with pytest.raises(UsageError, match="quality is 1 to 100, whole, not '101'"):
        Step(jpeg, (101, "420"))
    with pytest.raises(UsageError, match="1 to 16 steps, not 0"):
        Attack(())
