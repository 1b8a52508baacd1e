"""Clips written on the spot: what is said about them, and which frames come out."""

from __future__ import annotations

import contextlib
import fractions
import io
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from forensics.errors import CorruptMedia, LimitExceeded, MediaError, MissingExtra, UsageError
from forensics.media import Kind, Limits, open_bytes, open_media, video

av = pytest.importorskip("av")
FORMATS = [
    ("mp4", "mpeg4"),
    ("mov", "mpeg4"),
    ("matroska", "mpeg4"),
    ("webm", "libvpx-vp9"),
    ("avi", "mpeg4"),
]


def level(index):
    return 20 + 2 * (index % 100)


def clip(name="mp4", codec="mpeg4", count=100, rate=25, size=(64, 48), metadata=None, gop=12):
    """A clip whose grey level tells the number of each frame."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=name) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=fractions.Fraction(rate))
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.bit_rate = 500_000
        stream.codec_context.gop_size = gop
        for index in range(count):
            pixels = np.full((size[1], size[0], 3), level(index), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def number(frame):
    return (float(frame.pixels.mean()) - 20) / 2


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_every_container(tmp_path, name, codec):
    data = clip(name, codec)
    path = tmp_path / "clip.bin"
    path.write_bytes(data)
    for media in (open_media(path), open_bytes(data, "clip.bin")):
        assert (media.container.format, media.container.kind) == (name, Kind.VIDEO)
        info = media.video
        assert (info.width, info.height, info.pixel_format, round(info.fps)) == (64, 48, "yuv420p", 25)
        assert info.duration == pytest.approx(4, abs=0.1)
        assert info.frames in (0, 100)
        assert (info.audio, info.rotation, media.image, media.jpeg) == ((), 0, None, None)
        found = list(media.frames(5))
        assert [f.index for f in found] == pytest.approx([0, 25, 50, 74, 99], abs=1)
        assert [number(f) for f in found] == pytest.approx([f.index for f in found], abs=1.5)
        assert [f.seconds for f in found] == pytest.approx([f.index / 25 for f in found], abs=0.05)
        assert number(found[0]) == pytest.approx(0, abs=1)
        assert np.array_equal(media.pixels, found[0].pixels)
        assert media.luma.shape == (48, 64)
        assert not media.pixels.flags.writeable
    assert open_media(path).data == b""
    assert open_media(path).sha256 == open_bytes(data).sha256


def test_all_frames_of_a_short_clip():
    found = list(open_bytes(clip(count=20)).frames())
    assert [f.index for f in found] == list(range(20))


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_runs_follow_one_another_and_share_no_frame(name, codec):
    media = open_bytes(clip(name, codec), "clip.bin")
    runs = [list(run) for run in media.runs(5, 6)]
    assert [[f.index for f in run] for run in runs] == [
        [start + k for k in range(6)] for start in (0, 24, 47, 70, 94)
    ]
    assert [number(f) for run in runs for f in run] == pytest.approx(
        [f.index for run in runs for f in run], abs=1.5
    )


def test_runs_of_a_long_clip_are_sought_and_of_a_short_one_are_fewer():
    starts = [next(run) for run in open_bytes(clip(count=300, rate=10)).runs(3, 4)]
    assert [f.index for f in starts] == [0, 148, 296]
    assert [(number(f) + 10) % 100 for f in starts] == pytest.approx([10, 58, 6], abs=1.5)
    short = open_bytes(clip(count=20))
    assert [[f.index for f in run] for run in short.runs(9, 8)] == [list(range(8)), list(range(12, 20))]
    assert list(short.runs(1, 21)) == []
    few = open_bytes(clip(count=20), limits=Limits(frames=9))
    assert [[f.index for f in run] for run in few.runs(9, 8)] == [list(range(8))]


def test_runs_are_refused():
    media = open_bytes(clip(count=4))
    for wrong in ((0, 1), (1, 0)):
        with pytest.raises(UsageError, match="at least one frame"):
            media.runs(*wrong)
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(buffer, "PNG")
    with pytest.raises(UsageError, match="no clip"):
        open_bytes(buffer.getvalue()).runs(1, 1)


def test_what_a_decoder_raises_within_a_run_is_one_of_our_errors(monkeypatch):
    def broken(self, wanted):
        raise ValueError("broken")

    monkeypatch.setattr(video._Sampler, "_frame", broken)
    with pytest.raises(CorruptMedia, match="broken"):
        [list(run) for run in open_bytes(clip(count=20)).runs(1, 4)]


def test_far_frames_are_reached_by_seeking(monkeypatch):
    """Ten frames of a long clip cost ten short stretches, not the whole."""
    from forensics.media import video

    steps = 0
    place = video._Sampler._place

    def counting(self, time):
        nonlocal steps
        steps += 1
        return place(self, time)

    monkeypatch.setattr(video._Sampler, "_place", counting)
    data = clip(count=1500, gop=25)
    assert len(list(open_bytes(data).frames(10))) == 10
    assert steps < 400


def test_frame_limit():
    assert len(list(open_bytes(clip(), limits=Limits(frames=7)).frames())) == 7


def test_tags_of_the_container():
    media = open_bytes(clip(metadata={"title": "Zoë", "comment": "made by a model"}))
    found = media.metadata
    assert found.problems == ()
    assert (found.get("container", "title"), found.get("container", "comment")) == ("Zoë", "made by a model")
    assert found.get("container", "encoder").startswith("Lavf")


@pytest.mark.parametrize("name", ["mp4", "mov"])
@pytest.mark.parametrize("wide", [False, True])
def test_xmp_of_a_clip(tmp_path, name, wide):
    packet = b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description "
    packet += b"xmlns:p='http://ns.adobe.com/photoshop/1.0/' p:Credit='made by a model'/></rdf:RDF>"
    body = bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + packet
    head = (
        struct.pack(">I4sQ", 1, b"uuid", len(body) + 16)
        if wide
        else struct.pack(">I4s", len(body) + 8, b"uuid")
    )
    path = tmp_path / "clip"
    path.write_bytes(clip(name) + head + body)
    for media in (open_media(path), open_bytes(path.read_bytes())):
        assert media.metadata.get("xmp", "photoshop:Credit") == "made by a model"
        assert media.metadata.get("container", "encoder")


@pytest.mark.parametrize("size", [0, 1, 7, 8, 2**31])
def test_boxes_of_any_size_end_the_search(size):
    data = b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isomavc1" + struct.pack(">I", size) + b"free" + bytes(12)
    huge = data + struct.pack(">I4sQ", 1, b"free", 2**64 - 1)
    for file in (data, huge):
        assert open_bytes(file).metadata.group("xmp") == ()


def test_tags_of_broken_text_stay_text():
    data = clip(metadata={"title": "ABCDEFGH"}).replace(b"ABCDEFGH", b"AB\xff\xfe\xe9FGH")
    title = open_bytes(data).metadata.get("container", "title")
    assert title == "AB\ufffd\ufffd\ufffdFGH"


def test_long_tags_are_cut():
    found = open_bytes(clip(metadata={"comment": "x" * 500}), limits=Limits(metadata_bytes=100)).metadata
    assert found.get("container", "comment") == "x" * 100
    assert "cut" in found.problems[0]


def test_pixel_limit():
    media = open_bytes(clip(), limits=Limits(pixels=64 * 48 - 1))
    with pytest.raises(MediaError):
        _ = media.pixels


def test_time_limit():
    with pytest.raises(LimitExceeded, match="longer"):
        list(open_bytes(clip(count=400), limits=Limits(seconds=1e-4)).frames())


def test_without_pyav(monkeypatch):
    media = open_bytes(clip())
    monkeypatch.setitem(sys.modules, "av", None)
    for name in ("pixels", "luma", "video"):
        with pytest.raises(MissingExtra, match=r"\[video\]"):
            getattr(media, name)
    assert "[video]" in media.metadata.problems[0]
    assert media.sha256


def test_sound_alone_is_no_clip():
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    media = open_bytes(buffer.getvalue())
    for name in ("pixels", "video"):
        with pytest.raises(CorruptMedia, match="no video stream"):
            getattr(media, name)


@pytest.mark.parametrize(("name", "codec"), FORMATS)
def test_broken_clips_are_decoded_or_refused(name, codec):
    data = clip(name, codec, count=12)
    rng = np.random.default_rng(3)
    for trial in range(25):
        broken = bytearray(data[: len(data) * (trial + 5) // 30])
        for place in rng.integers(32, len(broken), trial % 5):
            broken[place] = rng.integers(256)
        media = open_bytes(bytes(broken))
        assert isinstance(media.metadata.problems, tuple)
        with contextlib.suppress(MediaError):
            assert media.video.width > 0
            assert [f.pixels.shape[2] for f in media.frames(3)]


def test_a_playlist_under_a_clip_head_opens_nothing(tmp_path):
    """Only the demuxer of the sniffed container runs, so text that points elsewhere is never followed."""
    (tmp_path / "secret.mp4").write_bytes(clip())
    text = f"ffconcat version 1.0\nfile '{tmp_path}/secret.mp4'\n".encode()
    with pytest.raises(MediaError):
        _ = open_bytes(text, "list.mp4").pixels
    with pytest.raises(MediaError):
        _ = open_bytes(b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isomavc1" + text).pixels


def test_what_is_wrong_with_a_clip_is_said_in_the_same_words_every_time(tmp_path):
    path = tmp_path / "broken.mp4"
    boxes = b"".join(struct.pack(">I4s", 8 * (40 - i), b"moov") for i in range(40))
    path.write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + boxes)
    said = set()
    for _ in range(3):
        with path.open("rb"), pytest.raises(CorruptMedia) as error:  # another number for the next file
            open_media(path).pixels  # noqa: B018
        said.add(str(error.value))
    assert len(said) == 1
    assert "'" not in said.pop()
