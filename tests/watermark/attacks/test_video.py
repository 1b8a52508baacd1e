from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from forensics.errors import MissingExtra, UsageError
from forensics.media.types import Pixels
from forensics.watermark.attacks import parse_attack
from forensics.watermark.attacks.video import (
    Codec,
    _timed,
    attack_frames,
    cut_frames,
    drop_frames,
    retime,
    transcode,
)


def psnr(first: Pixels, second: Pixels) -> float:
    return 10 * float(np.log10(255**2 / np.mean((first.astype(float) - second) ** 2)))


@pytest.fixture
def clip(photo: Pixels) -> list[Pixels]:
    """Twelve frames: a window that pans over a smooth picture."""
    smooth = parse_attack("blur:2")(photo)
    return [np.ascontiguousarray(smooth[40:136, 4 * i : 4 * i + 128]) for i in range(12)]


def numbered(count: int) -> Iterator[Pixels]:
    return (np.full((16, 16, 3), i, np.uint8) for i in range(count))


def numbers(frames: Iterator[Pixels]) -> list[int]:
    return [int(pixels[0, 0, 0]) for pixels in frames]


@pytest.mark.parametrize("codec", Codec)
def test_codec_keeps_frames_and_loses_detail_with_crf(clip: list[Pixels], codec: Codec) -> None:
    pytest.importorskip("av")
    losses = []
    for crf in (15, 30, 45):
        result = list(transcode(clip, codec, crf))
        assert [x.shape for x in result] == [x.shape for x in clip]
        losses.append(np.mean([psnr(a, b) for a, b in zip(result, clip, strict=True)]))
    assert losses[0] > 36
    assert losses == sorted(losses, reverse=True)
    assert losses[2] < losses[0] - 5


@pytest.mark.parametrize("codec", Codec)
def test_codec_gives_the_same_bytes_again(clip: list[Pixels], codec: Codec) -> None:
    pytest.importorskip("av")
    first, second = (list(transcode(clip, codec, 30)) for _ in range(2))
    assert np.array_equal(first, second)


def test_codec_reads_frames_as_they_come(clip: list[Pixels]) -> None:
    pytest.importorskip("av")
    assert len(list(transcode(iter(clip), Codec.H264, 23, fps=29.97))) == 12


def test_odd_sides_lose_their_last_row_and_column(clip: list[Pixels]) -> None:
    pytest.importorskip("av")
    (result,) = transcode([clip[0][:95, :127]], Codec.H264, 10)
    assert result.shape == (94, 126, 3)
    assert psnr(result, clip[0][:94, :126]) > 36


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("size", [(16, 16), (33, 47), (20, 100)])
def test_small_frames_keep_their_size(clip: list[Pixels], codec: Codec, size: tuple[int, int]) -> None:
    pytest.importorskip("av")
    small = [pixels[: size[0], : size[1]] for pixels in clip[:3]]
    result = list(transcode(small, codec, 15))
    rows, columns = size[0] // 2 * 2, size[1] // 2 * 2
    assert [x.shape for x in result] == [(rows, columns, 3)] * 3
    assert min(psnr(a, b[:rows, :columns]) for a, b in zip(result, small, strict=True)) > 33


def test_mistakes_are_explained(clip: list[Pixels]) -> None:
    pytest.importorskip("av")
    with pytest.raises(UsageError, match="crf is 0 to 51, not 52"):
        transcode(clip, Codec.H265, 52)
    with pytest.raises(UsageError, match="frames a second, not 0"):
        transcode(clip, Codec.VP9, 30, fps=0)
    with pytest.raises(UsageError, match="at least one frame"):
        list(transcode([], Codec.H264, 30))
    with pytest.raises(UsageError, match=r"frames of one size, not \(64, 64, 3\) after \(96, 128, 3\)"):
        list(transcode([clip[0], clip[0][:64, :64]], Codec.H264, 30))


def test_missing_library_names_the_extra(clip: list[Pixels], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"synthetic-media-forensics\[video\]"):
        transcode(clip, Codec.H264, 23)
    with pytest.raises(MissingExtra):
        parse_attack("vp9:30")(clip[0])


def test_picture_attacks_act_on_every_frame(clip: list[Pixels]) -> None:
    attack = parse_attack("perspective:0.3+brightness:0.5")
    result = list(attack_frames(iter(clip), attack, seed=4))
    assert np.array_equal(result, [attack(pixels, seed=4) for pixels in clip])


def test_noise_is_new_in_every_frame_and_the_same_again() -> None:
    attack = parse_attack("none+noise:5")
    first, second = (
        list(attack_frames([np.full((32, 32, 3), 99, np.uint8)] * 3, attack, 4)) for _ in range(2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


def test_codecs_act_on_the_clip(clip: list[Pixels]) -> None:
    pytest.importorskip("av")
    result = list(attack_frames(clip, parse_attack("blur:1+h264:28+quarter:1")))
    blurred = [parse_attack("blur:1")(pixels) for pixels in clip]  # of 64 x 48, x264 varies
    expected = [np.rot90(pixels) for pixels in transcode(blurred, Codec.H264, 28)]
    assert np.array_equal(result, expected)
    alone = parse_attack("h264:28")(blurred[5])
    assert not np.array_equal(np.rot90(alone), result[5])  # a frame among others is coded otherwise


def test_frame_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="uint8 RGB"):
        list(attack_frames([np.zeros((16, 16), np.uint8)], parse_attack("none")))


def test_dropped_frames() -> None:
    kept = numbers(drop_frames(numbered(250), 0.2, seed=1))
    assert kept == sorted(set(kept))
    assert 180 < len(kept) < 220
    assert kept == numbers(drop_frames(numbered(250), 0.2, seed=1))
    assert kept != numbers(drop_frames(numbered(250), 0.2, seed=2))
    assert numbers(drop_frames(numbered(9), 0)) == list(range(9))
    with pytest.raises(UsageError, match=r"in \[0, 1\), not 1"):
        drop_frames(numbered(3), 1)


@pytest.mark.parametrize(
    ("start", "stop", "left"),
    [(2, 4, [0, 1, 4, 5]), (0, 3, [3, 4, 5]), (4, 99, [0, 1, 2, 3]), (3, 3, range(6))],
)
def test_cut(start: int, stop: int, left: list[int]) -> None:
    assert numbers(cut_frames(numbered(6), start, stop)) == list(left)


def test_cut_out_of_order_is_refused() -> None:
    with pytest.raises(UsageError, match="not 4 to 2"):
        cut_frames(numbered(6), 4, 2)


@pytest.mark.parametrize(
    ("speed", "left"),
    [
        (1, [0, 1, 2, 3, 4, 5]),
        (2, [0, 2, 4]),
        (0.5, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
        (1.5, [0, 1, 3, 4]),
    ],
)
def test_retiming_repeats_or_leaves_out(speed: float, left: list[int]) -> None:
    assert numbers(retime(numbered(6), speed)) == left
    with pytest.raises(UsageError, match=r"the speed is 0\.1 to 10, not 0"):
        retime(numbered(6), 0)


def test_packets_are_decoded_before_they_are_shown() -> None:
    """x265 gives clips of one frame times of decoding that nothing wrote, which no file takes."""
    packets = [
        SimpleNamespace(pts=0, dts=2**57),
        SimpleNamespace(pts=3, dts=1),
        SimpleNamespace(pts=4, dts=4),
    ]
    assert [packet.dts for packet in _timed(packets)] == [0, 1, 4]


def test_stills_are_coded_every_time(photo: Pixels) -> None:
    pytest.importorskip("av")
    for _ in range(40):
        (shown,) = transcode([photo[:70, :90]], Codec.H265, 30)
        assert shown.shape == (70, 90, 3)
