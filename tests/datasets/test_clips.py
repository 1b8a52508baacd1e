"""Clips from films, from stills and from nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.datasets.clips import CLIPS, load_clip_set, load_clips
from forensics.datasets.procedural import camera
from forensics.errors import MissingExtra, UsageError

from .packing import bomb, encoded, flat, packed, stored


def still(seed: int, height: int = 90, width: int = 120) -> bytes:
    return encoded(camera(seed, height, width))


@pytest.mark.parametrize("name", sorted(CLIPS))
def test_procedural_clips_need_nothing(name: str) -> None:
    clips = load_clips(name, 24, 5, 8)
    assert clips.shape == (8, 5, 24, 24, 3)
    assert clips.dtype == np.uint8
    np.testing.assert_array_equal(load_clips(name, 24, 5, 3), clips[:3])
    assert not np.array_equal(load_clips(name, 24, 5, 3, seed=1), clips[:3])
    assert len({clip.tobytes() for clip in clips}) == 8
    moving = np.abs(np.diff(clips.astype(float), axis=1)).mean(axis=(1, 2, 3, 4))
    assert moving.min() > 1


def test_a_mix_has_things_leaves_and_textures() -> None:
    """Where things move, most of the ground stands still; a window moves everything."""
    clips = load_clips("procedural", 32, 6, 40).astype(float)
    still_part = (np.ptp(clips, axis=1).max(axis=-1) < 20).mean(axis=(1, 2))
    assert 6 < (still_part > 0.4).sum() < 24


def test_stills_are_moved_over(tmp_path: Path) -> None:
    source = stored(tmp_path / "in", {f"{n}.png": still(n) for n in range(3)})
    clips = load_clips(source, 32, 8, 7)
    assert clips.shape == (7, 8, 32, 32, 3)
    np.testing.assert_array_equal(load_clips(source, 32, 8, 7), clips)
    np.testing.assert_array_equal(load_clips(source, 32, 8, 2), clips[:2])
    assert not np.array_equal(load_clips(source, 32, 8, 7, seed=1), clips)
    pictures = [cv2.blur(camera(n, 90, 120), (9, 9)).mean(axis=(0, 1)) for n in range(3)]
    means = clips.mean(axis=(1, 2, 3))
    nearest = [int(np.linalg.norm(pictures - mean, axis=1).argmin()) for mean in means]
    assert nearest[:3] == [0, 1, 2]
    assert not np.array_equal(clips[0], clips[3])  # another path over the first still


def test_pieces_say_what_they_are_of(tmp_path: Path) -> None:
    files = {"a.png": still(0), "b.png": b"no", "c.png": still(2)}
    found = load_clip_set(stored(tmp_path, files), 32, 4, 5)
    assert found.origins.tolist() == [0, 2, 0, 2, 0]  # in turns, by the numbers of the files
    np.testing.assert_array_equal(found.pixels, load_clips(tmp_path, 32, 4, 5))
    assert load_clip_set("sprites", 8, 2, 3).origins.tolist() == [0, 1, 2]


def test_an_archive_gives_the_same_as_a_folder(tmp_path: Path) -> None:
    files = {f"{n}.png": still(n) for n in range(2)}
    clips = load_clips(stored(tmp_path / "in", files), 32, 4, 4)
    np.testing.assert_array_equal(load_clips(packed(tmp_path / "in.tar", files), 32, 4, 4), clips)
    zipped = packed(tmp_path / "in.tgz", files, "w:gz")
    np.testing.assert_array_equal(load_clips(zipped, 32, 4, 4), clips)


def test_a_still_gives_no_more_than_sixteen(tmp_path: Path) -> None:
    assert len(load_clips(stored(tmp_path, {"a.png": still(0)}), 32, 2, 99)) == 16


def test_unusable_stills_are_passed_over(tmp_path: Path) -> None:
    files = {"a.png": bomb(), "b.png": encoded(flat(1, 39, 90)), "c.jpg": b"no", "d.png": still(4, 40, 40)}
    assert len(load_clips(stored(tmp_path, files), 32, 2, 20)) == 16


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds no stills"),
        ({"a.png": encoded(flat(1, 39, 90))}, r"\(not of at least 40 x 40 pixels: 1\)"),
        ({"a.png": b"no", "b.jpg": b""}, r"\(cannot be read: 2\)"),
    ],
)
def test_nothing_left_is_told_with_the_reason(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_clips(stored(tmp_path, files), 32, 4, 5)


def test_refusals(tmp_path: Path) -> None:
    for wrong, name in (((7, 4, 1), "side"), ((8, 0, 1), "frames"), ((8, 1, 0), "most")):
        with pytest.raises(UsageError, match=f"{name} is at least"):
            load_clips("sprites", *wrong)
    with pytest.raises(UsageError, match="seed is at least 0"):
        load_clips("sprites", 8, 1, 1, seed=-1)
    with pytest.raises(UsageError, match="nor one of: procedural, sprites, textures"):
        load_clips(tmp_path / "missing", 32, 4, 5)


@settings(max_examples=15)
@given(st.sampled_from(sorted(CLIPS)), st.integers(8, 40), st.integers(1, 6), st.integers(0, 2**31))
def test_clips_of_every_size(name: str, side: int, frames: int, seed: int) -> None:
    assert load_clips(name, side, frames, 1, seed).shape == (1, frames, side, side, 3)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    pytest.importorskip("av", reason="reading films needs PyAV")
    from .test_films import counting

    (tmp_path / "films" / "inner").mkdir(parents=True)
    counting(tmp_path / "films" / "a.mp4", 40)
    counting(tmp_path / "films" / "inner" / "b.MOV", 30)
    return tmp_path / "films"


def test_films_are_cut_into_pieces(films: Path) -> None:
    clips = load_clips(films, 32, 6, 4)
    assert clips.shape == (4, 6, 32, 32, 3)
    starts = (clips[:, 0].mean(axis=(1, 2, 3)) - 20) / 4
    assert starts == pytest.approx([0, 34, 0, 24], abs=1)
    assert len(load_clips(films, 32, 6, 99)) == 6 + 5
    assert len(load_clips(films, 32, 6, 1)) == 1
    assert len(load_clips(films / "a.mp4", 32, 6, 3)) == 3


def test_pieces_of_films_say_which(films: Path) -> None:
    assert load_clip_set(films, 32, 6, 99).origins.tolist() == [0] * 6 + [1] * 5


def test_stills_beside_films_are_not_looked_at(films: Path) -> None:
    clips = load_clips(films, 32, 6, 4)
    (films / "0.png").write_bytes(still(3))
    np.testing.assert_array_equal(load_clips(films, 32, 6, 4), clips)


def test_unusable_films_are_passed_over_and_told(films: Path) -> None:
    (films / "0.mp4").write_bytes(b"no film")
    (films / "folder.mp4").mkdir()
    assert len(load_clips(films, 32, 6, 99)) == 11
    with pytest.raises(
        UsageError, match=r"cannot be read: 1; not of at least 32 x 32 pixels and 41 frames: 2"
    ):
        load_clips(films, 32, 41, 4)
    data = (films / "a.mp4").read_bytes()
    (films / "a.mp4").write_bytes(data[: len(data) // 3])
    assert len(load_clips(films, 32, 6, 99)) >= 5


def test_films_without_pyav_name_the_extra(films: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtra, match=r"\[video\]"):
        load_clips(films, 32, 6, 4)
