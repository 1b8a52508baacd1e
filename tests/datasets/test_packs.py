"""Squares to train on, from folders, archives and nothing."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.datasets.packs import PROCEDURAL, load_pack, load_squares
from forensics.datasets.procedural import camera
from forensics.errors import UsageError

from .packing import bomb


def numbered(value: int, size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inner = tmp_path / "pictures" / "inner"
    inner.mkdir(parents=True)
    (inner / "b.png").write_bytes(numbered(20, (64, 100)))
    (inner.parent / "a.png").write_bytes(numbered(10, (32, 32)))
    (inner.parent / "small.png").write_bytes(numbered(1, (31, 90)))
    (inner.parent / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    (inner.parent / "notes.txt").write_text("no picture")
    return inner.parent


def test_folder_is_cut_into_squares(folder: Path) -> None:
    squares = load_squares(folder, 32)
    assert squares.shape == (1 + 6, 32, 32, 3)
    assert sorted(set(squares[:, 0, 0, 0].tolist())) == [10, 20]


def test_archive_gives_the_same(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "pack.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(folder, "pack")
    np.testing.assert_array_equal(load_squares(archive, 32), load_squares(folder, 32))


def test_large_pictures_are_halved_and_give_few(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(numbered(9, (600, 700)))
    assert load_squares(tmp_path, 32).shape == (16, 32, 32, 3)  # from 150 x 175


def test_no_more_than_asked_for(folder: Path) -> None:
    assert len(load_squares(folder, 32, most=3)) == 3


def test_procedural_needs_nothing_and_is_the_same_again() -> None:
    first, second = load_squares(PROCEDURAL, 64, 20), load_squares(PROCEDURAL, 64, 20)
    assert first.shape == (20, 64, 64, 3)
    np.testing.assert_array_equal(first, second)
    assert len({square.tobytes() for square in first}) == 20


@pytest.mark.parametrize("name", ["shapes", "textures"])
def test_other_procedural_corpora(name: str) -> None:
    squares = load_squares(name, 32, 20)
    assert squares.shape == (20, 32, 32, 3)
    np.testing.assert_array_equal(load_squares(name, 32, 7), squares[:7])
    assert len({square.tobytes() for square in squares}) == 20


def test_procedural_squares_are_cut_from_scenes_of_the_camera() -> None:
    """What was trained on them before can be trained again."""
    squares = load_squares(PROCEDURAL, 32, 17)
    np.testing.assert_array_equal(squares[5], camera(0, 128, 128)[32:64, 32:64])
    np.testing.assert_array_equal(squares[16], camera(1, 128, 128)[:32, :32])


def test_what_only_looks_like_a_picture_is_passed_over(folder: Path) -> None:
    (folder / "folder.png").mkdir()
    (folder / "huge.png").write_bytes(bomb())
    os.mkfifo(folder / "pipe.png")
    assert len(load_squares(folder, 32)) == 7


def test_numbers_below_one_are_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="side is at least 1"):
        load_squares(folder, 0)
    with pytest.raises(UsageError, match="most is at least 1"):
        load_squares(PROCEDURAL, 32, 0)


@pytest.mark.parametrize("name", ["missing", "notes.txt"])
def test_source_that_is_none_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="neither a folder"):
        load_squares(folder / name, 32)


def test_nothing_large_enough_is_told(folder: Path) -> None:
    with pytest.raises(UsageError, match="no picture of at least 400"):
        load_squares(folder, 400)


def test_a_pack_says_what_it_was_cut_from(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "pack.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(folder, "pack")
    for source, above in ((folder, ""), (archive, "pack/")):
        pack = load_pack(source, 32)
        np.testing.assert_array_equal(pack.squares, load_squares(folder, 32))
        inner = f"{above}inner/b.png"
        assert pack.names == (f"{above}a.png", inner, *(f"{inner}#{i}" for i in range(2, 7)))
        assert pack.sizes == {(32, 32): 1, (100, 64): 1, (90, 31): 1}
        assert pack.formats == {"png": 3}
        assert pack.small == (f"{above}small.png",)
        assert pack.unreadable == (f"{above}broken.jpg",)


def test_a_pack_knows_which_squares_are_of_one_picture(folder: Path) -> None:
    pack = load_pack(folder, 32)
    assert pack.origins.tolist() == [0, 1, 1, 1, 1, 1, 1]
    assert [len(part) for part in pack.parts] == [1, 6]
    np.testing.assert_array_equal(np.concatenate(pack.parts), pack.squares)
    assert load_pack(PROCEDURAL, 16, 20).origins.tolist() == [0] * 16 + [1] * 4
    assert load_pack("shapes", 16, 3).origins.tolist() == [0, 1, 2]


def test_pictures_are_cut_scaled_down_or_both(folder: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 100, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "inner" / "b.png")
    pieces, whole, both = (load_pack(folder, 32, how=how) for how in ("pieces", "whole", "both"))
    assert whole.names == ("a.png", "inner/b.png")
    assert both.origins.tolist() == [0, *[1] * 7]  # the first is as large as a square: it is one
    np.testing.assert_array_equal(both.squares[2:], pieces.squares[1:])
    np.testing.assert_array_equal(both.squares[:2], whole.squares)
    means = pixels[:, 18:82].astype(np.float64).reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(whole.squares[1] - means).max() <= 0.5 + 1e-9
    assert whole.small == pieces.small


def test_side_is_that_of_the_first_picture_if_none_is_given(folder: Path) -> None:
    assert load_pack(folder).squares.shape == (7, 32, 32, 3)
    assert load_pack(folder / "inner").squares.shape == (1, 64, 64, 3)
    with pytest.raises(UsageError, match="of their own"):
        load_pack(PROCEDURAL)
    (folder / "empty").mkdir()
    with pytest.raises(UsageError, match="of any size"):
        load_pack(folder / "empty")


def test_a_seed_draws_a_fair_sample(tmp_path: Path) -> None:
    for value in range(40):
        (tmp_path / f"{value:02}.png").write_bytes(numbered(value, (8, 8)))
    drawn = [load_pack(tmp_path, 8, 10, seed=seed).squares[:, 0, 0, 0].tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert max(drawn[0]) > 20
    assert load_pack(tmp_path, 8, 10).squares[:, 0, 0, 0].tolist() == list(range(10))
    archive = tmp_path / "pack.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(tmp_path, "pack", filter=lambda m: None if m.name.endswith(".tar") else m)
    assert load_pack(archive, 8, 10, seed=1).squares[:, 0, 0, 0].tolist() == drawn[2]


def test_names_can_be_passed_over(folder: Path) -> None:
    pack = load_pack(folder, 32, without={"inner/b.png", "broken.jpg"})
    assert (pack.names, pack.unreadable) == (("a.png",), ())


def test_procedural_packs_are_drawn_from_the_seed() -> None:
    first = load_pack("shapes", 32, 9)
    np.testing.assert_array_equal(first.squares, load_squares("shapes", 32, 9))
    assert (first.names[2], first.sizes, first.formats) == ("shapes-0-2", {(32, 32): 9}, {"made": 9})
    assert (load_pack("shapes", 32, 9, seed=1).squares != first.squares).any()
