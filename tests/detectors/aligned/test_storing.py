"""One encoder for both classes, and a look at what it wrote."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.datasets.procedural import camera
from forensics.detectors.aligned import parse_stored
from forensics.detectors.aligned.storing import store, verify
from forensics.errors import ForensicsError, UsageError

PICTURE = camera(np.random.default_rng(1), 40, 56)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("jpeg", "jpeg:90:420"),
        ("JPEG:75", "jpeg:75:420"),
        ("jpeg:60:444", "jpeg:60:444"),
        ("png", "png"),
        ("webp:80", "webp:80"),
    ],
)
def test_codecs_are_read_and_written(text: str, means: str) -> None:
    how = parse_stored(text)
    assert str(how) == means
    assert parse_stored(means) == how
    data = store(PICTURE, how)
    assert data == store(PICTURE, how)
    assert verify(data, PICTURE, how).shape == PICTURE.shape


@pytest.mark.parametrize(
    "text", ["", "gif", "jpeg:0", "jpeg:101", "jpeg:x", "png:90", "webp:80:420", "jpeg:90:411"]
)
def test_others_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="give jpeg"):
        parse_stored(text)


def test_a_quality_that_was_not_passed_on_is_seen() -> None:
    # The call that a published benchmark made: the quality is taken for the number of a parameter.
    with_mistake = [cv2.imencode(".jpg", PICTURE, [factor, 90])[1].tobytes() for factor in (11, 50)]
    assert with_mistake[0] == with_mistake[1]
    with pytest.raises(ForensicsError, match="quality 95"):
        verify(with_mistake[1], PICTURE, parse_stored("jpeg:50"))


def test_what_else_an_encoder_gets_wrong() -> None:
    with pytest.raises(ForensicsError, match="format png"):
        verify(store(PICTURE, parse_stored("png")), PICTURE, parse_stored("webp:80"))
    with pytest.raises(ForensicsError, match="shape"):
        verify(store(PICTURE[:-1], parse_stored("png")), PICTURE, parse_stored("png"))
    with pytest.raises(ForensicsError, match="chroma"):
        verify(store(PICTURE, parse_stored("jpeg:90:444")), PICTURE, parse_stored("jpeg:90"))
    with pytest.raises(ForensicsError, match="other pixels"):
        verify(store(255 - PICTURE, parse_stored("png")), PICTURE, parse_stored("png"))
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0110] = "camera"
    Image.fromarray(PICTURE).save(out, "JPEG", quality=90, exif=exif)
    with pytest.raises(ForensicsError, match="metadata"):
        verify(out.getvalue(), PICTURE, parse_stored("jpeg:90"))
