"""Distortions do what they say to the pixels, and let the gradient pass."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from forensics.watermark.train.distortions import DISTORTIONS, distorted  # noqa: E402


@pytest.fixture
def lumas(photo: np.ndarray) -> np.ndarray:
    return np.stack([photo[:128, :128, c] for c in range(3)])[:, None].astype(np.float32)


@pytest.mark.parametrize("kind", sorted(DISTORTIONS))
def test_gradient_passes_as_if_nothing_was_done(lumas: np.ndarray, kind: str) -> None:
    value = torch.from_numpy(lumas).requires_grad_()
    out = distorted(value, np.random.default_rng(1), 1.0, kind)
    (out * torch.arange(128.0)).sum().backward()
    np.testing.assert_allclose(value.grad.numpy(), np.broadcast_to(np.arange(128.0), lumas.shape))
    assert out.shape == value.shape
    seen = out.detach()
    assert 0 <= float(seen.min()) <= float(seen.max()) <= 255


@pytest.mark.parametrize("kind", sorted(set(DISTORTIONS) - {"none"}))
def test_stronger_changes_more(lumas: np.ndarray, kind: str) -> None:
    value = torch.from_numpy(lumas)
    weak, strong = (
        float((distorted(value, np.random.default_rng(1), s, kind) - value).abs().mean()) for s in (0.1, 1.0)
    )
    assert strong > weak
    assert strong > 0.5


def test_nothing_is_done_to_what_is_left_alone(lumas: np.ndarray) -> None:
    assert torch.equal(distorted(torch.from_numpy(lumas), np.random.default_rng(1), 1.0, "none"),
                       torch.from_numpy(lumas))  # fmt: skip


def test_jpeg_is_that_of_an_encoder(lumas: np.ndarray) -> None:
    found = distorted(torch.from_numpy(lumas[:1]), np.random.default_rng(0), 1.0, "jpeg")[0, 0].numpy()
    buffer = io.BytesIO()
    Image.fromarray(lumas[0, 0].astype(np.uint8)).save(buffer, "JPEG", quality=25)
    expected = np.asarray(Image.open(buffer), np.float32)
    assert np.abs(found - expected).mean() < 1.0


def test_same_draw_is_the_same_picture(lumas: np.ndarray) -> None:
    value = torch.from_numpy(lumas)
    first, second, other = (distorted(value, np.random.default_rng(s), 1.0) for s in (3, 3, 4))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
