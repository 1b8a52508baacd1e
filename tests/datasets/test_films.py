"""Pieces of films: consecutive frames, never the same twice, upright squares."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensics.datasets.films import pieces_of
from forensics.errors import MediaError, UnsupportedMedia

from .packing import encoded, flat

av = pytest.importorskip("av", reason="reading films needs PyAV")


def filmed(path: Path, frames: Iterable[np.ndarray], rate: int = 25) -> Path:
    """Write an MP4."""
    with av.open(str(path), "w", format="mp4") as out:
        stream: Any = out.add_stream("mpeg4", rate=Fraction(rate))
        stream.pix_fmt, stream.bit_rate, stream.codec_context.gop_size = "yuv420p", 800_000, 12
        for number, pixels in enumerate(frames):
            if not number:
                stream.height, stream.width = pixels.shape[:2]
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def counting(path: Path, count: int, step: int = 4) -> Path:
    """A film whose grey levels count its frames, in steps: most codecs do not keep single ones."""
    return filmed(path, (flat(20 + step * number, 48, 64) for number in range(count)))


def numbers(piece: np.ndarray, step: int = 4) -> np.ndarray:
    return (piece.mean(axis=(1, 2, 3)) - 20) / step


def turned(path: Path) -> Path:
    """Have it shown turned by 90 degrees clockwise, as telephones do."""
    data = path.read_bytes()
    start = data.index(b"tkhd") + 44
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data[:start] + matrix + data[start + len(matrix) :])
    return path


def test_pieces_are_consecutive_spread_and_apart(tmp_path: Path) -> None:
    film = counting(tmp_path / "a.mp4", 100, 2)
    pieces = list(pieces_of(film, 32, 8, 4))
    assert [piece.shape for piece in pieces] == [(8, 32, 32, 3)] * 4
    found = np.array([numbers(piece, 2) for piece in pieces])
    assert np.diff(found, axis=1) == pytest.approx(np.ones((4, 7)), abs=1.1)
    assert found[:, 0] == pytest.approx(np.linspace(0, 92, 4), abs=1)


def test_as_many_pieces_as_there_are_and_no_frame_twice(tmp_path: Path) -> None:
    film = counting(tmp_path / "a.mp4", 50)
    found = np.concatenate([numbers(piece) for piece in pieces_of(film, 32, 8, 99)]).round()
    assert len(found) == 48
    assert len(set(found)) == 48
    assert sorted(found) == list(found)


def test_of_a_long_film_pieces_are_sought(tmp_path: Path) -> None:
    frames = (flat(20 + (number // 2) % 200, 32, 32) for number in range(800))
    film = filmed(tmp_path / "a.mp4", frames, rate=10)
    pieces = list(pieces_of(film, 16, 4, 3))
    starts = [piece[0].mean() for piece in pieces]
    expected = [20 + (n // 2) % 200 for n in (0, 398, 796)]
    assert starts == pytest.approx(expected, abs=2)


def test_squares_from_the_middle_as_they_are_shown(tmp_path: Path) -> None:
    pixels = flat(30, 64, 96)
    pixels[:32, 16:80] = 200  # the upper half of the middle is light
    pixels[:, :8] = 90
    film = filmed(tmp_path / "a.mp4", [pixels] * 4)
    upright = next(pieces_of(film, 32, 4, 1))[2].astype(float)
    assert upright[2:14].mean() > 180
    assert upright[18:30].mean() < 50
    sideways = next(pieces_of(turned(film), 32, 4, 1))[2].astype(float)
    np.testing.assert_array_equal(sideways, np.rot90(upright, 3))


def test_short_and_small_films_give_nothing(tmp_path: Path) -> None:
    film = counting(tmp_path / "a.mp4", 10)
    assert list(pieces_of(film, 32, 11, 3)) == []
    assert list(pieces_of(film, 49, 4, 3)) == []
    assert len(list(pieces_of(film, 48, 10, 3))) == 1


def test_what_is_no_film_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    (tmp_path / "b.mp4").write_bytes(encoded(flat(1, 40, 40)))
    with pytest.raises(MediaError):
        list(pieces_of(tmp_path / "a.mp4", 32, 4, 1))
    with pytest.raises(UnsupportedMedia, match="no clip"):
        list(pieces_of(tmp_path / "b.mp4", 32, 4, 1))
