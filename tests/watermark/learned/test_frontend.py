"""The trained front end runs networks over pictures of any size, and knows no key."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from forensics.errors import ModelError
from forensics.runtime.store import Bundle, bundled
from forensics.watermark.learned import frontend
from forensics.watermark.learned.codec import BUNDLE
from forensics.watermark.learned.frontend import ENCODER, EXTRACTOR, Learned

from ...onnx_models import linear

pytest.importorskip("onnxruntime")


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    files = {ENCODER: linear(0.5, 1.0), EXTRACTOR: linear(-2.0, 3.0)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return Bundle(tmp_path, {"files": {n: hashlib.sha256(d).hexdigest() for n, d in files.items()}})


@pytest.mark.parametrize("size", [(128, 128), (3, 200), (65, 64), (131, 257), (300, 170)])
def test_networks_see_the_whole_picture_part_by_part(
    bundle: Bundle, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(frontend, "_TILE", 96)
    luma = rng.uniform(0, 255, size).astype(np.float32)
    front = Learned(bundle)
    np.testing.assert_allclose(front.amplitude(luma), 0.5 * luma + 1, rtol=1e-5)
    np.testing.assert_allclose(front.residual(luma), -2 * luma + 3, rtol=1e-5, atol=1e-3)


def test_parts_are_as_large_as_promised(
    bundle: Bundle, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, ...]] = []
    monkeypatch.setattr(frontend, "_TILE", 96)
    front = Learned(bundle)
    run = front._extractor.__call__

    def watch(value: np.ndarray) -> list[np.ndarray]:
        seen.append(value.shape)
        return run(value)

    monkeypatch.setattr(front, "_extractor", watch)
    front.residual(rng.uniform(0, 255, (500, 400)).astype(np.float32))
    assert max(max(shape) for shape in seen) == 96 + 2 * 64
    assert all(shape[2] % 2 == 0 == shape[3] % 2 for shape in seen)


def test_changed_weights_are_refused(bundle: Bundle) -> None:
    (bundle.folder / EXTRACTOR).write_bytes(linear(1.0, 0.0))
    with pytest.raises(ModelError, match="not the file"):
        Learned(bundle).residual(np.zeros((64, 64), np.float32))


def test_parts_see_as_much_around_them_as_the_whole(
    photo: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    luma = np.asarray(photo[..., 1], np.float32)
    front = Learned(bundled(BUNDLE))
    whole = front.amplitude(luma), front.residual(luma)
    monkeypatch.setattr(frontend, "_TILE", 64)
    for part, seen in zip((front.amplitude(luma), front.residual(luma)), whole, strict=True):
        np.testing.assert_allclose(part, seen, atol=1e-3)
