"""Losses of features against SciPy, and what they are for."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
signal = pytest.importorskip("scipy.signal")

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.codec.perceptual import RandomFeatures, feature_loss  # noqa: E402


def test_features_are_fixed_convolutions() -> None:
    network, x = RandomFeatures((4, 6), seed=3), torch.rand(1, 3, 8, 8)
    first, second = network(x)
    assert (first.shape, second.shape) == ((1, 4, 8, 8), (1, 6, 4, 4))
    picture, weight = 2 * x[0].numpy() - 1, network.layers[0].weight.numpy()
    padded = np.pad(picture, ((0, 0), (1, 1), (1, 1)))
    expected = [sum(signal.correlate2d(padded[c], weight[k, c], "valid") for c in range(3)) for k in range(4)]
    np.testing.assert_allclose(first[0].numpy(), np.maximum(expected, 0), atol=1e-5)
    again = RandomFeatures((4, 6), seed=3)
    torch.testing.assert_close(again(x)[1], second)
    assert not torch.allclose(RandomFeatures((4, 6), seed=4)(x)[1], second)
    assert not any(weight.requires_grad for weight in network.parameters())


def test_loss_by_hand() -> None:
    one, other = torch.randn(2, 2, 5, 4, 4)
    unit = [x.numpy() / np.linalg.norm(x.numpy(), axis=1, keepdims=True) for x in (one, other)]
    expected = ((unit[0] - unit[1]) ** 2).sum(1).mean()
    assert feature_loss([one, one], [other, one]).item() == pytest.approx(expected / 2, rel=1e-4)
    with pytest.raises(UsageError, match="same layers"):
        feature_loss([one], [])


def test_blur_costs_more_than_a_brighter_picture() -> None:
    """Of two pictures equally far away in pixels, the one without texture is farther in features."""
    torch.manual_seed(0)
    network, x = RandomFeatures(), 0.5 + 0.2 * torch.randn(4, 3, 32, 32)
    blurred = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(x, [1] * 4, mode="reflect"), 3, 1)
    size = (blurred - x).square().mean().sqrt()
    brighter = x + size
    assert (brighter - x).square().mean().sqrt().item() == pytest.approx(size.item(), rel=1e-4)
    wanted = network(x)
    of_blur, of_light = (float(feature_loss(network(y), wanted)) for y in (blurred, brighter))
    assert of_blur > 1.2 * of_light


def test_gradients_reach_the_picture() -> None:
    torch.manual_seed(1)
    network, x = RandomFeatures(), torch.rand(1, 3, 16, 16)
    found = (0.5 + 0.1 * torch.randn(x.shape)).requires_grad_()
    optimizer, losses = torch.optim.Adam([found], 0.05), []
    for _ in range(40):
        loss = feature_loss(network(found), network(x))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
