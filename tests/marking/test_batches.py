"""Tensors and clips in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from forensics.datasets.procedural import camera
from forensics.errors import UsageError
from forensics.marking import Order
from forensics.marking.batches import pictures_of
from forensics.marking.films import film
from forensics.media import open_bytes, open_media
from forensics.provenance import CredentialState, read
from forensics.watermark.video import detect_clip

from .conftest import Bench

Pixels = npt.NDArray[np.uint8]


class Tensor:
    """As much of a tensor as is needed, which says what was asked of it."""

    def __init__(self, values: npt.NDArray[np.float32], asked: tuple[str, ...] = ()) -> None:
        self.values, self.asked = values, asked

    def detach(self) -> Tensor:
        return Tensor(self.values, (*self.asked, "detach"))

    def float(self) -> Tensor:
        return Tensor(self.values, (*self.asked, "float"))

    def cpu(self) -> Tensor:
        return Tensor(self.values, (*self.asked, "cpu"))

    def numpy(self) -> Any:
        assert self.asked == ("detach", "float", "cpu")
        return self.values


def test_a_batch_of_tensors(bench: Bench, scene: Pixels) -> None:
    batch = np.stack([scene, scene[::-1]]).transpose(0, 3, 1, 2).astype(np.float32) / 255
    done = bench.marker.save_batch(Tensor(batch), bench.folder / "new", first=7)
    assert bench.left == ["new", "new/000007.png", "new/000008.png"]
    assert len({d.payload for d in done}) == 2
    assert np.abs(open_media(done[1].path).pixels.astype(int) - scene[::-1]).max() < 30


def test_batches_are_rounded_and_cut() -> None:
    batch = np.array([[-1.0, 0.0, 0.5, 1.0, 7.0]] * 3, np.float16).reshape(1, 3, 1, 5)
    (picture,) = pictures_of(batch)
    assert picture[0, :, 0].tolist() == [0, 0, 128, 255, 255]
    assert (picture.dtype, picture.shape) == (np.uint8, (1, 5, 3))


def test_what_is_no_batch() -> None:
    good = np.zeros((1, 3, 4, 4), np.float32)
    for wrong in (good[0], good[:, :2], good.astype(np.uint8), "x", np.full_like(good, np.nan)):
        with pytest.raises(UsageError):
            list(pictures_of(wrong))


@pytest.fixture(scope="module")
def frames() -> Pixels:
    pytest.importorskip("av")
    whole = camera(4, 192, 240)
    return np.stack([whole[:160, n : n + 192] for n in range(6)])


def test_a_clip_of_pixels(bench: Bench, frames: Pixels) -> None:
    done = bench.marker.save(frames, bench.folder / "made.mp4", Order(rate=6))
    assert bench.left == ["made.mp4"]
    found = detect_clip(done.path, [bench.profile.key])
    assert found.payload is not None
    assert found.payload.identity == done.payload
    assert read(done.path, bench.profile.policy).state is CredentialState.TRUSTED
    (entry,) = bench.store.by_payload("spread", bench.profile.key.id, done.payload)
    assert entry.record.media_type == "video/mp4"
    assert "6 of 6 frames marked" in done.notes[0]


def test_a_clip_that_is_a_file(bench: Bench, frames: Pixels, tmp_path: Any) -> None:
    source = tmp_path / "before.mp4"
    source.write_bytes(film(frames, 6))
    done = bench.marker.mark_file(source, bench.folder / "after.mp4", Order(payload="5"))
    assert (done.payload, done.state) == ("000000005", CredentialState.TRUSTED)
    for name in ("after.mkv", "after.png"):
        with pytest.raises(UsageError, match="a marked clip is written as"):
            bench.marker.mark_file(source, bench.folder / name)
    plain = bench.marker.mark_file(source, bench.folder / "plain.mp4", Order(watermark=False))
    assert (plain.payload, plain.state) == ("", CredentialState.TRUSTED)


def test_a_small_clip(bench: Bench, frames: Pixels) -> None:
    small = np.ascontiguousarray(frames[:, :65, :64])
    with pytest.raises(UsageError, match="64x65 pixels are too few"):
        bench.marker.save(small, bench.folder / "small.mp4")
    done = bench.marker.save(small, bench.folder / "small.mp4", Order(watermark=False))
    assert done.state is CredentialState.TRUSTED
    with pytest.raises(UsageError, match=r"\.mp4"):
        bench.marker.save(small, bench.folder / "small.png", Order(watermark=False))


def test_lossless_films_keep_what_is_grey(frames: Pixels) -> None:
    grey = np.repeat(frames[..., :1], 3, axis=3)
    seen = next(iter(open_bytes(film(grey, 5, lossless=True)).frames())).pixels
    assert np.abs(seen.astype(int) - grey[0]).max() <= 3
