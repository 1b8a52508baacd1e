"""Embed, then verify: what was agreed on survives, or nothing is handed out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from forensics.errors import UsageError, WatermarkError
from forensics.watermark.attacks import parse_attack
from forensics.watermark.contract import embed_and_verify
from forensics.watermark.keys import Key
from forensics.watermark.watermarker import RATE, Watermarker

from .conftest import Scene


def test_kept_contract_holds_for_whoever_tries_it(marker: Watermarker, scene: Scene) -> None:
    contract = [parse_attack("jpeg:60"), parse_attack("crop:0.6+resize:0.8")]
    kept = embed_and_verify(marker, scene(21, 384, 384), "beef", contract, seed=4)
    assert [check.attack for check in kept.checks] == ["none", *map(str, contract)]
    for check, pixels in zip(
        kept.checks, (kept.marked.pixels, *(a(kept.marked.pixels, seed=4) for a in contract)), strict=True
    ):
        again = marker.detect(pixels)
        assert check.exact
        assert again.payload == kept.marked.payload
        assert again.log10_p == check.log10_p <= math.log10(RATE)


def test_mark_is_as_weak_as_the_contract_allows(key: Key, scene: Scene) -> None:
    weak = Watermarker(key, psnr=50)
    pixels, contract = scene(22, 256, 256), [parse_attack("jpeg:15")]
    kept = embed_and_verify(weak, pixels, "1", contract)
    reached = round(kept.marked.psnr)
    assert 36 <= reached < 50
    before = Watermarker(key, psnr=reached + 1).embed(pixels, "1")
    found = weak.detect(contract[0](before.pixels, seed=0))
    assert found.payload != kept.marked.payload or found.log10_p > math.log10(RATE)


@pytest.mark.parametrize("least", [37.0, 36.5])
def test_contract_that_cannot_be_kept_is_refused_by_name(
    marker: Watermarker, scene: Scene, least: float
) -> None:
    contract = [parse_attack("jpeg:80"), parse_attack("blur:20")]
    with pytest.raises(WatermarkError, match=rf"does not survive blur:20.*not even at {least}") as caught:
        embed_and_verify(marker, scene(23, 192, 192), "1", contract, least_psnr=least)
    assert caught.value.actual.startswith("p = 10^")


def test_marker_stronger_than_the_least_is_tried_once(key: Key, scene: Scene) -> None:
    kept = embed_and_verify(Watermarker(key, psnr=30), scene(23, 192, 192), "1", least_psnr=36)
    assert kept.marked.psnr == pytest.approx(30, abs=0.2)


def test_what_does_not_fit_is_refused(marker: Watermarker) -> None:
    with pytest.raises(UsageError, match="too small"):
        embed_and_verify(marker, np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(UsageError, match="hexadecimal"):
        embed_and_verify(marker, np.zeros((256, 256, 3), np.uint8), "zz")
