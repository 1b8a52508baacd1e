"""Frames of animated pictures against what was put in."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from forensics.errors import LimitExceeded, MediaError, UsageError
from forensics.media import Kind, Limits, open_bytes
from forensics.media.animation import spread

from .helpers import encode, encode_frames


@pytest.fixture(scope="module")
def frames(photo):
    return [np.roll(photo[:48, :64], 8 * i, axis=1) for i in range(10)]


def animated(frames, name):
    options = {"png": {}, "webp": {"lossless": True}, "gif": {}, "avif": {"quality": 100}}[name]
    return encode_frames(frames, name, duration=100, **options)


@pytest.mark.parametrize("name", ["png", "webp"])
def test_lossless_frames_come_back(frames, name):
    media = open_bytes(animated(frames, name))
    assert (media.container.kind, media.image.frames) == (Kind.ANIMATION, 10)
    found = list(media.frames())
    assert [f.index for f in found] == list(range(10))
    assert all(np.array_equal(f.pixels, original) for f, original in zip(found, frames, strict=True))
    assert np.array_equal(media.pixels, frames[0])


@pytest.mark.parametrize("name", ["gif", "avif"])
def test_lossy_frames_agree_with_pillow(frames, name):
    data = animated(frames, name)
    media = open_bytes(data)
    assert media.image.frames == 10
    with Image.open(io.BytesIO(data)) as reference:
        for frame in media.frames():
            reference.seek(frame.index)
            assert np.array_equal(frame.pixels, np.asarray(reference.convert("RGB")))


@pytest.mark.parametrize("name", ["png", "webp", "gif", "avif"])
def test_times_and_spread(frames, name):
    found = list(open_bytes(animated(frames, name)).frames(4))
    assert [f.index for f in found] == [0, 3, 6, 9]
    # WebP frames carry the time of their end in Pillow's account of old, of their start in the new one.
    assert np.allclose(np.diff([f.seconds for f in found]), 0.3, atol=0.011)
    assert not any(f.pixels.flags.writeable for f in found)


def test_a_still_picture_is_one_frame(photo):
    media = open_bytes(encode(photo, "png"))
    (frame,) = media.frames(5)
    assert (frame.index, frame.seconds) == (0, 0.0)
    assert frame.pixels is media.pixels


def test_frame_limit_and_count(frames):
    data = animated(frames, "gif")
    assert len(list(open_bytes(data, limits=Limits(frames=3)).frames())) == 3
    assert len(list(open_bytes(data, limits=Limits(frames=3)).frames(8))) == 3
    assert [f.index for f in open_bytes(data).frames(1)] == [0]
    with pytest.raises(UsageError):
        open_bytes(data).frames(0)


def test_time_limit(frames):
    with pytest.raises(LimitExceeded, match="longer"):
        list(open_bytes(animated(frames, "webp"), limits=Limits(seconds=0)).frames())


def test_a_cut_animation_gives_its_frames_up_to_the_cut(frames):
    data = animated(frames, "png")
    found = []
    with pytest.raises(MediaError):
        found.extend(open_bytes(data[: len(data) * 2 // 3]).frames())
    media = open_bytes(data[: len(data) * 2 // 3])
    assert np.array_equal(media.pixels, frames[0])


@given(st.integers(0, 10_000), st.integers(1, 100))
def test_spread(total, count):
    found = spread(total, count)
    assert len(found) == min(total, count)
    assert found == sorted(set(found))
    assert not found or (found[0] == 0 and (count == 1 or found[-1] == total - 1))
    gaps = np.diff(found)
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 1
