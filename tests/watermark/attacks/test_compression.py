from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image, features

from forensics.errors import UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack


def psnr(first: Pixels, second: Pixels) -> float:
    return 10 * float(np.log10(255**2 / np.mean((first.astype(float) - second) ** 2)))


@pytest.mark.parametrize("quality", [10, 50, 90])
def test_jpeg_is_that_of_opencv(photo: Pixels, quality: int) -> None:
    _, coded = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    theirs = cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1]
    ours = parse_attack(f"jpeg:{quality}")(photo)
    assert np.abs(ours.astype(float) - theirs).mean() < 0.5
    assert psnr(ours, photo) == pytest.approx(psnr(theirs, photo), abs=0.05)


def test_chroma_is_kept_where_asked() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, ::2, 0] = 255  # columns of red: lost where chroma has half the resolution
    for name in ("jpeg", "avif") if features.check("avif") else ("jpeg",):
        half, whole = (parse_attack(f"{name}:95,chroma={c}")(pixels) for c in ("420", "444"))
        assert psnr(whole, pixels) > psnr(half, pixels) + 10


def test_webp_is_that_of_opencv(photo: Pixels) -> None:
    _, coded = cv2.imencode(".webp", photo[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 50])
    theirs = cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1]
    assert psnr(parse_attack("webp:50")(photo), photo) == pytest.approx(psnr(theirs, photo), abs=0.5)


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
def test_lower_quality_loses_more(photo: Pixels, name: str) -> None:
    if name == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    losses = [psnr(parse_attack(f"{name}:{quality}")(photo), photo) for quality in (95, 70, 40, 10)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1] + 5


def test_double_jpeg_is_two_saves_with_a_cut_between(photo: Pixels) -> None:
    first, second = BytesIO(), BytesIO()
    Image.fromarray(photo).save(first, "JPEG", quality=40)
    with Image.open(first) as once:
        once.crop((3, 3, 256, 192)).save(second, "JPEG", quality=85)
    with Image.open(second) as twice:
        expected = np.asarray(twice)
    assert np.array_equal(parse_attack("double_jpeg:85,first=40,shift=3")(photo), expected)


@pytest.mark.parametrize("colours", [2, 16, 200])
def test_gif_has_so_many_colours(photo: Pixels, colours: int) -> None:
    for dither in ("yes", "no"):
        result = parse_attack(f"gif:{colours},dither={dither}")(photo)
        assert len(np.unique(result.reshape(-1, 3), axis=0)) <= colours


def test_picture_too_long_for_a_format_is_refused() -> None:
    with pytest.raises(UsageError, match="webp:75: a picture of 17000 x 16 cannot be stored as WEBP"):
        parse_attack("webp")(np.zeros((16, 17_000, 3), np.uint8))


def test_missing_avif_is_explained(photo: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda _: False)
    with pytest.raises(UsageError, match="does not write AVIF"):
        parse_attack("avif")(photo)


@pytest.mark.slow
def test_picture_that_pillow_doubts_when_it_opens_files() -> None:
    pixels = np.full((9_500, 10_000, 3), 90, np.uint8)
    assert np.abs(parse_attack("jpeg")(pixels).astype(np.int16) - 90).max() <= 2
