"""Marked clips as files: what is marked, and what is kept as it was."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.errors import CorruptMedia, UsageError
from forensics.watermark.clips.marking import FrameMarker, halvings
from forensics.watermark.video import Coding, detect_clip, embed_clip
from forensics.watermark.watermarker import Watermarker

from .clip_files import decoded, moving, packets, rotate, written

av = pytest.importorskip("av", reason="clips need PyAV")


@pytest.mark.parametrize(
    ("height", "width", "times"),
    [
        (128, 5000, 0),
        (319, 600, 0),
        (320, 600, 1),
        (720, 1280, 1),
        (1920, 1080, 2),
        (2160, 3840, 3),
        (60000, 60000, 5),
    ],
)
def test_tiles_grow_with_the_frame(height: int, width: int, times: int) -> None:
    assert halvings(height, width) == times


@pytest.mark.parametrize(("full", "steps"), [(True, 255), (False, 219)])
@pytest.mark.parametrize("shape", [(256, 320), (360, 480)])
def test_the_error_is_as_asked_for(
    marker: Watermarker, scene, shape: tuple[int, int], full: bool, steps: int
) -> None:
    luma = cv2.cvtColor(scene(5, *shape), cv2.COLOR_RGB2GRAY)
    marked = np.clip(luma, 40, 215)
    before = marked.copy()
    error = FrameMarker(marker, "c0ffee", shape).mark(marked, full=full)
    difference = (marked.astype(float) - before) * 255 / steps
    assert np.mean(difference**2) == pytest.approx(error)
    assert 10 * np.log10(255**2 / error) == pytest.approx(40, abs=0.1)


def test_all_frames_carry_the_same_tile(marker: Watermarker) -> None:
    frames = [cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) for pixels in moving(2, step=40)]
    marking = FrameMarker(marker, "c0ffee", frames[0].shape)
    tiles = []
    for luma in frames:
        marked = luma.copy()
        marking.mark(marked, full=True)
        added = marked.astype(np.float32) - luma
        tiles.append(sum(added[y : y + 64, x : x + 64] for y in range(0, 256, 64) for x in range(0, 384, 64)))
    assert np.corrcoef(tiles[0].ravel(), tiles[1].ravel())[0, 1] > 0.9


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """24 frames with sound, BT.709 in limited range, pixels wider than high."""
    colours = {"color_range": 1, "colorspace": 1, "color_primaries": 1, "color_trc": 1}
    return written(
        tmp_path / "film.mp4", moving(24), sound="aac", sample_aspect_ratio=Fraction(4, 3), **colours
    )


def test_what_is_not_the_mark_is_kept(film: Path, marker: Watermarker, tmp_path: Path) -> None:
    clip = embed_clip(film, tmp_path / "out.mp4", marker, "c0ffee")
    assert (clip.frames, clip.marked, clip.audio) == (24, 24, 1)
    assert clip.psnr == pytest.approx(40, abs=0.2)
    assert packets(clip.path, "audio") == packets(film, "audio")
    times = [time for time, _ in sorted(packets(film, "video"))]
    assert [time for time, _ in sorted(packets(clip.path, "video"))] == pytest.approx(times, abs=1e-4)
    with av.open(str(film)) as before, av.open(str(clip.path)) as after:
        for name in ("color_range", "colorspace", "color_primaries", "color_trc", "sample_aspect_ratio"):
            values = [getattr(c.streams.video[0].codec_context, name) for c in (before, after)]
            assert values[0] == values[1] != 0
        assert after.metadata["title"] == "a walk"
        assert after.duration == before.duration
    error = np.mean(
        [
            (a.astype(float) - b) ** 2
            for a, b in zip(decoded(film, "gray"), decoded(clip.path, "gray"), strict=True)
        ]
    )
    assert 37 < 10 * np.log10(255**2 / error) < 41  # the mark at 219 of 255 steps, and the coding


def test_full_range_stays_full(marker: Watermarker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []
    mark = FrameMarker.mark

    def recorded(self: FrameMarker, luma: np.ndarray, *, full: bool) -> float:
        taken.append(full)
        return mark(self, luma, full=full)

    monkeypatch.setattr(FrameMarker, "mark", recorded)
    limited = written(tmp_path / "limited.mp4", moving(2), color_range=1)
    embed_clip(limited, tmp_path / "first.mp4", marker, "c0ffee")
    film = written(tmp_path / "film.mp4", moving(2), color_range=2, colorspace=1)
    clip = embed_clip(film, tmp_path / "out.mp4", marker, "c0ffee")
    assert taken == [False, False, True, True]
    with av.open(str(clip.path)) as after:
        assert after.streams.video[0].codec_context.color_range == 2
    means = [np.mean(decoded(path, "yuv420p")[0][:256]) for path in (film, clip.path)]
    assert means[0] == pytest.approx(means[1], abs=1)


def test_clips_of_rgb_become_yuv(marker: Watermarker, tmp_path: Path) -> None:
    film = written(tmp_path / "film.mkv", moving(4, (160, 192)), codec="libx264rgb", pix_fmt="rgb24")
    clip = embed_clip(film, tmp_path / "out.mp4", marker, "c0ffee")
    with av.open(str(film)) as before, av.open(str(clip.path)) as after:
        matrices = [c.streams.video[0].codec_context.colorspace for c in (before, after)]
    assert matrices == [0, 2]
    colours = [np.mean(decoded(path)[0], axis=(0, 1)) for path in (film, clip.path)]
    assert colours[0] == pytest.approx(colours[1], abs=2)


@pytest.mark.parametrize(
    ("suffix", "codec", "sound"),
    [(".webm", "libvpx-vp9", "libopus"), (".mkv", "libx264", "pcm_s16le"), (".mov", "mjpeg", "aac")],
)
def test_containers(marker: Watermarker, tmp_path: Path, suffix: str, codec: str, sound: str) -> None:
    frames = moving(8, (160, 192))
    form = {"pix_fmt": "yuvj420p"} if codec == "mjpeg" else {}
    film = written(tmp_path / f"film{suffix}", frames, codec=codec, sound=sound, **form)
    clip = embed_clip(film, tmp_path / f"out{suffix}", marker, "c0ffee")
    assert (clip.frames, clip.audio) == (8, 1)
    assert [data for _, data in packets(clip.path, "audio")] == [data for _, data in packets(film, "audio")]
    with av.open(str(clip.path)) as after:
        assert after.streams.video[0].codec_context.name == ("vp9" if suffix == ".webm" else "h264")
    assert detect_clip(clip.path, [marker.key]).payload == marker.payload("c0ffee")


def test_sound_that_does_not_fit_leaves_nothing(marker: Watermarker, tmp_path: Path) -> None:
    film = written(tmp_path / "film.mkv", moving(3, (160, 192)), sound="pcm_s16le")
    with pytest.raises(CorruptMedia):
        embed_clip(film, tmp_path / "out.webm", marker, "c0ffee")
    assert [path.name for path in tmp_path.iterdir()] == ["film.mkv"]


def test_a_clip_shown_turned_is_turned(marker: Watermarker, tmp_path: Path) -> None:
    film = written(tmp_path / "film.mp4", moving(4, (160, 192)), sample_aspect_ratio=Fraction(4, 3))
    upright = decoded(film)
    rotate(film)
    clip = embed_clip(film, tmp_path / "out.mp4", marker, "c0ffee")
    with av.open(str(clip.path)) as after:
        frame = next(after.decode(video=0))
        assert frame.rotation == 0
        assert after.streams.video[0].codec_context.sample_aspect_ratio == Fraction(3, 4)
    found = decoded(clip.path)
    expected = np.rot90(upright[0], -1)
    assert found[0].shape == expected.shape == (192, 160, 3)
    assert 10 * np.log10(255**2 / np.mean((found[0].astype(float) - expected) ** 2)) > 30


def test_frames_of_another_size_are_fitted(marker: Watermarker, tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mjpeg", rate=24)
        stream.width, stream.height, stream.pix_fmt = 192, 160, "yuvj420p"
        for number, pixels in enumerate(moving(6, (160, 192))):
            small = pixels if number < 4 else pixels[:128, :160]
            file = io.BytesIO()
            Image.fromarray(small).save(file, "JPEG", quality=95, subsampling=2)
            packet = av.Packet(file.getvalue())
            packet.stream, packet.pts, packet.dts, packet.is_keyframe = stream, number, number, True
            packet.time_base = stream.codec_context.time_base or 1
            out.mux(packet)
    assert {frame.shape for frame in decoded(path)} == {(160, 192, 3), (128, 160, 3)}
    clip = embed_clip(path, tmp_path / "out.mp4", marker, "c0ffee")
    assert [frame.shape for frame in decoded(clip.path)] == [(160, 192, 3)] * 6


@pytest.mark.parametrize("every", [2, 5])
def test_every_so_many_frames(marker: Watermarker, tmp_path: Path, every: int) -> None:
    film = written(tmp_path / "film.mp4", moving(20), crf=8)
    clip = embed_clip(film, tmp_path / "out.mp4", marker, "c0ffee", Coding(every=every, crf=8))
    assert (clip.frames, clip.marked) == (20, 20 // every)
    errors = [
        np.mean((a.astype(float) - b) ** 2)
        for a, b in zip(decoded(film, "gray"), decoded(clip.path, "gray"), strict=True)
    ]
    marked = errors[::every]
    others = [error for number, error in enumerate(errors) if number % every]
    assert min(marked) > 2 * max(others)
    assert detect_clip(clip.path, [marker.key]).payload == marker.payload("c0ffee")


def test_progress_frame_by_frame(marker: Watermarker, tmp_path: Path) -> None:
    film = written(tmp_path / "film.mp4", moving(5, (160, 192)))
    steps: list[int] = []
    embed_clip(film, tmp_path / "out.mp4", marker, advance=lambda: steps.append(len(steps)))
    assert all(b == a + 1 for a, b in pairwise(steps))
    assert len(steps) == 5


@pytest.mark.parametrize(
    ("target", "coding", "payload"),
    [
        ("out.avi", Coding(), "1"),
        ("out.mp4", Coding(every=0), "1"),
        ("out.mp4", Coding(), "xyz"),
        ("film.mp4", Coding(), "1"),
    ],
)
def test_wrong_usage(marker: Watermarker, tmp_path: Path, target: str, coding: Coding, payload: str) -> None:
    film = written(tmp_path / "film.mp4", moving(2, (160, 192)))
    before = film.read_bytes()
    for overwrite in (False, True):
        with pytest.raises(UsageError):
            embed_clip(film, tmp_path / target, marker, payload, coding, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    assert film.read_bytes() == before


def test_a_target_is_replaced_when_asked(marker: Watermarker, tmp_path: Path) -> None:
    film = written(tmp_path / "film.mp4", moving(2, (160, 192)))
    (tmp_path / "out.mp4").write_bytes(b"something")
    with pytest.raises(UsageError, match="exists"):
        embed_clip(film, tmp_path / "out.mp4", marker)
    assert embed_clip(film, tmp_path / "out.mp4", marker, overwrite=True).frames == 2


def test_small_clips_are_refused(marker: Watermarker, tmp_path: Path) -> None:
    film = written(tmp_path / "film.mp4", moving(2, (96, 192)))
    with pytest.raises(UsageError, match="192x96"):
        embed_clip(film, tmp_path / "out.mp4", marker)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_other_codecs_are_for_pictures(marker: Watermarker, tmp_path: Path) -> None:
    film = written(tmp_path / "film.mp4", moving(2, (160, 192)))
    other = Watermarker(marker.key)
    other.codec = replace(other.codec, name="learned")
    with pytest.raises(UsageError, match="codec spread, not learned"):
        embed_clip(film, tmp_path / "out.mp4", other)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
