"""Digests of files and pixels against hashlib."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from forensics.media.hashing import file_sha256, pixel_sha256


def test_pixels_that_are_a_view_hash_like_their_copy() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (8, 10, 4), dtype=np.uint8)[:, ::2, :3]
    expected = hashlib.sha256(b"8x5x3:" + pixels.tobytes()).hexdigest()
    assert pixel_sha256(pixels) == expected


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(256)) * 9000)
    assert file_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
