"""Marks found in clips: whatever was dropped, cut, shrunk, or shown at another rate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from forensics.errors import UsageError
from forensics.media import Limits, Media, open_media
from forensics.watermark.attacks.video import cut_frames, drop_frames, retime
from forensics.watermark.clips import detecting
from forensics.watermark.clips.fusing import parts_of, whole_of
from forensics.watermark.clips.marking import FrameMarker
from forensics.watermark.clips.sampling import Sample
from forensics.watermark.keys import Key
from forensics.watermark.payload import Payload
from forensics.watermark.spread.nulls import Nulls, shipped
from forensics.watermark.video import detect_clip, detect_frames, embed_clip
from forensics.watermark.watermarker import Watermarker

from .clip_files import decoded, moving, written

pytest.importorskip("av", reason="clips need PyAV")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 frames, 640 x 360."""
    folder = tmp_path_factory.mktemp("walk")
    return written(folder / "walk.mp4", moving(40, (360, 640)), options={"preset": "veryfast"})


@pytest.fixture(scope="module")
def clip(walk: Path, marker: Watermarker) -> Path:
    """The same, marked."""
    return embed_clip(walk, walk.with_name("marked.mp4"), marker, "c0ffee").path


@pytest.fixture(scope="module")
def wanted(marker: Watermarker) -> Payload:
    return marker.payload("c0ffee")


def shrunk(frames, size: tuple[int, int]) -> list[np.ndarray]:
    return [cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) for pixels in frames]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_half_size_strong_coding_and_lost_frames(
    clip: Path, key: Key, wanted: Payload, tmp_path: Path, codec: str
) -> None:
    frames = shrunk(drop_frames(decoded(clip), 0.2, 3), (320, 180))
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    found = detect_clip(written(tmp_path / "small.mp4", frames, codec=codec, crf=28, options=options), [key])
    assert found.payload == wanted
    assert found.key == key.id
    assert found.log10_p < -8
    assert found.geometry is not None
    assert found.geometry.scale is None or found.geometry.scale == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("attack", [
    lambda frames: cut_frames(frames, 10, 31),
    pytest.param(lambda frames: islice(frames, 17, 41), marks=pytest.mark.slow),
    lambda frames: retime(frames, 25 / 30),
], ids=["cut out", "excerpt", "30 a second"])  # fmt: skip
@pytest.mark.slow
def test_times_do_not_matter(clip: Path, key: Key, wanted: Payload, tmp_path: Path, attack) -> None:
    found = detect_clip(written(tmp_path / "other.mkv", attack(iter(decoded(clip))), crf=26, rate=30), [key])
    assert found.payload == wanted


def test_black_frames_in_front(clip: Path, key: Key, wanted: Payload, tmp_path: Path) -> None:
    frames = decoded(clip)[:16]
    dark = [np.zeros_like(frames[0])] * 24
    assert detect_clip(written(tmp_path / "dark.mp4", dark + frames), [key]).payload == wanted


def test_a_source_that_begins_black(key: Key, marker: Watermarker, wanted: Payload, tmp_path: Path) -> None:
    frames = moving(12, (256, 384))
    source = written(tmp_path / "dark.mp4", [np.zeros_like(frames[0])] * 6 + frames)
    clip = embed_clip(source, tmp_path / "out.mp4", marker, "c0ffee")
    assert detect_clip(clip.path, [key]).payload == wanted
    assert detect_clip(written(tmp_path / "cut.mp4", decoded(clip.path)[7:]), [key]).payload == wanted


def test_nothing_where_nothing_is(walk: Path, clip: Path, key: Key, other: Key) -> None:
    for path, keys in ((walk, [key]), (clip, [other])):
        found = detect_clip(path, keys, frames=24)
        assert not found.detected
        assert found.payload is None
        assert found.p_value > 1e-4
        assert found.rate == 1e-6


def test_the_right_one_of_several_keys(clip: Path, key: Key, other: Key, wanted: Payload) -> None:
    found = detect_clip(clip, [other, key], frames=16)
    assert (found.key, found.payload) == (key.id, wanted)


def lenient(times: float) -> Nulls:
    """Nulls by which so many fewer hypotheses count."""
    nulls = shipped()
    own, lattices = (replace(null, share=null.share / times) for null in (nulls.own_grid, nulls.lattices))
    return Nulls("other pictures", own, lattices)


def test_a_calibration_counts(clip: Path, key: Key) -> None:
    path, frames = clip, decoded(clip)[:8]
    for look in (
        lambda nulls: detect_clip(path, [key], nulls=nulls, frames=8),
        lambda nulls: detect_frames(frames, [key], nulls=nulls),
    ):
        assert look([lenient(10)]).log10_p == pytest.approx(look(()).log10_p - 1, abs=0.01)


def test_a_short_marked_piece_is_found_and_paid_for(key: Key, marker: Watermarker, wanted: Payload) -> None:
    """Five parts without a mark and one with: twice as many tries as parts."""
    rng = np.random.default_rng(4)
    foreign = moving(80, (192, 256), seed=8)
    # What is added to each frame of the first five parts drowns the mark in the sum of all.
    foreign = [np.roll(pixels, rng.integers(0, 64, 2), (0, 1)) for pixels in foreign]
    own = [pixels.copy() for pixels in moving(16, (192, 256))]
    marking = FrameMarker(marker, "c0ffee", (192, 256))
    for pixels in own:
        luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        before = luma.astype(np.int16)
        marking.mark(luma, full=True)
        pixels[:] = np.clip(pixels + (luma - before)[..., None], 0, 255)
    loud = [Sample(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), 100.0) for p in foreign]
    quiet = [Sample(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)) for p in own]
    alone = detecting._detect(quiet, [key], 1e-6, ())
    among = detecting._detect([*loud, *quiet], [key], 1e-6, ())
    assert alone.payload == among.payload == wanted
    assert among.log10_p == pytest.approx(alone.log10_p + math.log10(12), abs=0.01)
    assert among.p_value == pytest.approx(10**among.log10_p)
    twice = detecting._detect([*quiet, *quiet], [key], 1e-6, ())
    assert twice.log10_p == pytest.approx(alone.log10_p + math.log10(2), abs=2)
    assert twice.rate == 1e-6


def test_frames_of_several_sizes(clip: Path, key: Key, wanted: Payload) -> None:
    frames = decoded(clip)[:9]
    blank = np.full((200, 220, 3), 99, np.uint8)
    found = detect_frames([blank, *frames[:4], blank, *frames[4:], np.zeros((2, 2, 3), np.uint8)], [key])
    assert found.payload == wanted


def test_parts_are_few_and_lose_no_frame() -> None:
    rng = np.random.default_rng(0)
    sizes = [(64, 80)] * 20 + [(80, 64)] * 3 + [(64, 80)] * 200 + [(72, 72)] + [(80, 64)]
    frames = (Sample(rng.integers(0, 255, size, np.uint8), 1.0 + n % 3) for n, size in enumerate(sizes))
    parts = parts_of(frames)
    assert [(p.shape, p.frames) for p in parts[:4]] == [
        ((64, 80), 16), ((64, 80), 4), ((80, 64), 4), ((64, 80), 16)
    ]  # fmt: skip
    assert len(parts) == 8
    assert sum(part.frames for part in parts) == 224  # all but the one whose size came up too late
    whole = whole_of(parts)
    assert (whole.shape, whole.frames) == ((64, 80), 220)
    same = [part.total for part in parts if part.shape == (64, 80)]
    assert np.allclose(whole.total, np.sum(same, axis=0))
    assert whole.best.weight == 3.0


def test_frames_count_by_weight() -> None:
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 255, (64, 64), np.uint8) for _ in range(2))
    (a,), (b,) = parts_of([Sample(first)]), parts_of([Sample(second)])
    (both,) = parts_of([Sample(first, 8.0), Sample(second, 2.0)])
    assert np.allclose(both.total, 8 * a.total + 2 * b.total, atol=1e-5)
    assert both.best.luma is first


def test_a_mark_that_was_moved_is_called_copied(key: Key, marker: Watermarker, wanted: Payload) -> None:
    shape = (704, 1024)  # 40 tiles: in fewer, one frame cannot tell
    marking = FrameMarker(marker, "c0ffee", shape)
    own, moved = [], []
    for here, there in zip(moving(1, shape, seed=3), moving(1, shape, seed=9), strict=True):
        luma = cv2.cvtColor(here, cv2.COLOR_RGB2GRAY)
        before = luma.astype(np.int16)
        marking.mark(luma, full=True)
        added = (luma - before)[..., None]
        own.append(np.clip(here + added, 0, 255).astype(np.uint8))
        moved.append(np.clip(there + added, 0, 255).astype(np.uint8))
    found, copy = (detect_frames(frames, [key]) for frames in (own, moved))
    assert found.payload == copy.payload == wanted
    assert (found.copied, copy.copied) == (False, True)
    assert "copied from another clip" in copy.reason
    assert "copied" not in found.reason


def test_wrong_usage(clip: Path, key: Key) -> None:
    frames = [np.zeros((64, 64, 3), np.uint8)]
    for call in (
        lambda: detect_frames(frames, []),
        lambda: detect_frames([], [key]),
        lambda: detect_frames(frames, [key], rate=0.0),
        lambda: detect_clip(clip, []),
        lambda: detect_clip(clip, [key], rate=1.0),
        lambda: detect_clip(clip, [key], frames=0),
    ):
        with pytest.raises(UsageError):
            call()


def test_tiny_and_flat_clips_have_no_mark(key: Key) -> None:
    for shape in ((8, 8, 3), (30, 500, 3), (128, 128, 3)):
        found = detect_frames([np.full(shape, 77, np.uint8)] * 3, [key])
        assert (found.detected, found.p_value) == (False, 1.0)


def test_limits_of_the_medium_hold(clip: Path, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def recorded(media: Media, count: int) -> Iterator[Sample]:
        asked.append(count)
        return iter([Sample(np.zeros((64, 64), np.uint8))])

    monkeypatch.setattr(detecting, "samples", recorded)
    for media, frames in ((clip, 96), (clip, 7), (open_media(clip, Limits(frames=4)), 9)):
        detect_clip(media, [key], frames=frames)
    assert asked == [96, 7, 4]
