"""Chains are the simple attacks in a row."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack


@pytest.mark.parametrize(
    ("chain", "parts"),
    [
        ("screenshot:0.75", "resize:0.75,filter=bilinear+blur:0.5+jpeg:80"),
        ("screenshot:1.5,quality=60", "resize:1.5,filter=bilinear+blur:0.5+jpeg:60"),
        ("combined:0.5", "crop:0.5+brightness:1.5+jpeg:80"),
        ("combined:0.2,factor=0.5,quality=40", "crop:0.2+brightness:0.5+jpeg:40"),
        ("social:100", "limit:100+jpeg:71"),
        ("social:2048,quality=60,sharpen=yes", "limit:2048+sharpness:1.5+jpeg:60"),
        ("printed:0,noise=0", "blur:1+contrast:0.85+gamma:1.1+jpeg:80"),
        ("regen_lite:0.25", "down_up:0.25+denoise:10+jpeg:75"),
        ("regen_lite:0.5,method=nlm,strength=5,quality=60", "down_up:0.5+denoise:5,method=nlm+jpeg:60"),
    ],
)
def test_chain_is_its_parts(photo: Pixels, chain: str, parts: str) -> None:
    assert np.array_equal(parse_attack(chain)(photo, seed=1), parse_attack(parts)(photo, seed=1))


def test_screenshot_with_a_window_holds_the_picture(photo: Pixels) -> None:
    shown = parse_attack("resize:0.75,filter=bilinear+blur:0.5")(photo)
    result = parse_attack("screenshot:0.75,frame=yes,quality=95")(photo)
    height, width = shown.shape[:2]
    assert result.shape[0] > height * 1.15
    assert result.shape[1] > width * 1.03
    top, left = (result.shape[0] - height) // 2, (result.shape[1] - width) // 2
    inside = result[top : top + height, left : left + width]
    assert np.abs(inside.astype(float) - shown).mean() < 4
    assert result[: top // 3].mean() > 150  # a light bar above, a dark one below
    assert result[-top // 3 :].mean() < 100


def test_print_warps_and_flattens(photo: Pixels) -> None:
    result = parse_attack("printed:0.1")(photo, seed=2)
    assert result.shape == photo.shape
    inside = np.s_[20:-20, 20:-20]
    assert result[inside].std() < photo[inside].std()
    assert (result[:2, :2].max() < 60) or (result[-2:, -2:].max() < 60)


def test_print_adds_grain() -> None:
    flat = np.full((64, 64, 3), 128, np.uint8)
    clean, grainy = (parse_attack(f"printed:0,noise={sigma}")(flat).std() for sigma in (0, 10))
    assert clean < 0.5
    assert grainy > 4
