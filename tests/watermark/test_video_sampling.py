"""Which frames of a clip are looked at."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensics.errors import CorruptMedia
from forensics.media import Limits, open_media
from forensics.watermark.clips import sampling
from forensics.watermark.clips.sampling import Sample, samples

from .clip_files import written

av = pytest.importorskip("av", reason="clips need PyAV")

COUNT = 120


def numbered(count: int = COUNT) -> list[np.ndarray]:
    """Frames that show their number by their grey level: 2 n + 8."""
    rng = np.random.default_rng(0)
    grain = rng.integers(-5, 6, (64, 96, 1))
    return [np.broadcast_to(2 * n + 8 + grain, (64, 96, 3)).astype(np.uint8) for n in range(count)]


def number(sample: Sample) -> int:
    return round((float(sample.luma.mean()) - 8) / 2)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 frames; every 20th begins a group, and every fourth of a group is predicted from one side."""
    folder = tmp_path_factory.mktemp("numbered")
    groups = {"g": "20", "keyint_min": "20", "sc_threshold": "0", "bf": "3", "b_strategy": "0"}
    return written(folder / "film.mp4", numbered(), crf=10, options=groups)


def kinds(path: Path) -> dict[int, str]:
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return {n: av.video.frame.PictureType(f.pict_type).name for n, f in enumerate(frames)}


@pytest.mark.parametrize("count", [24, 48])
def test_those_stored_best_from_all_over(path: Path, count: int) -> None:
    found = list(samples(open_media(path), count))
    kind = kinds(path)
    assert [kind[number(sample)] for sample in found if sample.weight == 8] == ["I"] * 6
    weights = {"I": 8.0, "P": 2.0, "B": 1.0}
    assert all(sample.weight == weights[kind[number(sample)]] for sample in found)
    numbers = [number(sample) for sample in found]
    assert len(set(numbers)) == len(numbers)
    assert 0.75 * count <= len(numbers) <= count
    width = COUNT // (count // 2)
    assert {n // width for n in numbers} == set(range(count // 2))
    better = {n for n in numbers if kind[n] != "B"}
    assert {n // width for n in better} == {n // width for n, k in kind.items() if k != "B"}
    # What is marked is every so many frames: the others must be met whatever that number is.
    for every in (2, 3, 4, 5):
        assert {n % every for n in numbers} == set(range(every))


def test_a_long_clip_is_looked_at_in_places(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "_DECODED", 50)
    monkeypatch.setattr(sampling, "_AHEAD", 4)
    found = list(samples(open_media(path), 8))
    assert [number(sample) for sample in found if sample.weight == 8] == [0, 20, 60, 80]
    numbers = [number(sample) for sample in found]
    assert len(set(numbers)) == len(numbers) >= 6
    assert all(n % 20 < 4 for n in numbers)
    # With more places than groups the search goes on behind what was seen, and nothing is seen twice.
    numbers = [number(sample) for sample in samples(open_media(path), 24)]
    assert len(set(numbers)) == len(numbers) > 12
    assert {n // 20 for n in numbers} == set(range(6))


def test_a_clip_that_does_not_say_its_length(path: Path, tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        """A file that cannot go back: nothing is known of the end when the head is written."""

        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += data
            return len(data)

    pipe = Pipe()
    with av.open(pipe, "w", format="matroska") as out:
        stream: Any = out.add_stream("libx264", rate=24, options={"crf": "10", "g": "20"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for pixels in numbered(60):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    endless = tmp_path / "pipe.mkv"
    endless.write_bytes(bytes(pipe.data))
    with av.open(str(endless)) as container:
        assert not container.duration
    found = [sample.luma.mean() for sample in samples(open_media(endless), 10)]
    assert 5 <= len(found) <= 10
    assert min(found) < 30
    assert max(found) > 90


def test_the_time_is_kept(path: Path) -> None:
    assert [number(s) for s in samples(open_media(path, Limits(seconds=0.0)), 24)] == [0]


def test_a_clip_without_pictures(tmp_path: Path) -> None:
    silent = tmp_path / "sound.mkv"
    with av.open(str(silent), "w") as out:
        track: Any = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        out.mux(track.encode(frame))
        out.mux(track.encode(None))
    with pytest.raises(CorruptMedia, match="no video stream"):
        list(samples(open_media(silent), 4))


def test_frames_are_not_kept(tmp_path: Path) -> None:
    big = [np.full((512, 512, 3), n, np.uint8) for n in range(40)]
    path = written(tmp_path / "big.mp4", big, options={"preset": "ultrafast"})
    tracemalloc.start()
    try:
        assert sum(1 for _ in samples(open_media(path), 40)) >= 30
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 512 * 512  # a few planes of luma, not forty
