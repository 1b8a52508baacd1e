"""Pixels that are known are not decoded again, and never taken for those of another picture."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from forensics.errors import MediaError
from forensics.marking import reading
from forensics.marking.reading import seen_in
from forensics.media import open_bytes, open_media
from forensics.media.hashing import pixel_sha256
from forensics.watermark.pictures import Source, encode_marked

from .conftest import Bench

Pixels = npt.NDArray[np.uint8]


@pytest.mark.parametrize("ending", ["png", "jpeg", "webp"])
def test_a_picture_that_only_got_credentials_is_not_decoded(
    bench: Bench, scene: Pixels, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = encode_marked(Source(None, "png", (scene,)), ending)
    with monkeypatch.context() as patch:
        patch.setattr(reading, "pixels_in", lambda data: pytest.fail("decoded once more"))
        done = bench.marker.save(scene, bench.folder / f"a.{ending}")
        assert seen_in(encoded.data, encoded) is encoded.pixels
    (entry,) = bench.store.by_payload("spread", bench.profile.key.id, done.payload)
    assert entry.record.pixel_sha256 == pixel_sha256(open_media(done.path).pixels)


def test_another_picture_is_decoded(scene: Pixels) -> None:
    encoded = encode_marked(Source(None, "png", (scene,)), "png")
    other = encode_marked(Source(None, "png", (scene[::-1].copy(),)), "png")
    assert np.array_equal(seen_in(other.data, encoded), scene[::-1])
    assert np.array_equal(seen_in(other.data, None), scene[::-1])
    with pytest.raises(MediaError):
        seen_in(encoded.data[:60], encoded)


def test_alpha_and_depth_are_read_from_the_file(bench: Bench, scene: Pixels) -> None:
    alpha = np.dstack([scene, np.full(scene.shape[:2], 200, np.uint8)])
    file = io.BytesIO()
    Image.fromarray(alpha).save(file, "PNG")
    source = bench.folder.parent / "alpha.png"
    source.write_bytes(file.getvalue())
    done = bench.marker.mark_file(source, bench.folder / "alpha.png")
    (entry,) = bench.store.by_payload("spread", bench.profile.key.id, done.payload)
    assert entry.record.pixel_sha256 == pixel_sha256(open_bytes(done.path.read_bytes()).pixels)
