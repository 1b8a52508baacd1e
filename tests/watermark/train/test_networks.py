"""The networks begin as what needs no training, and as the detector computes it."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.watermark.spread.analysis import normalised  # noqa: E402
from forensics.watermark.spread.masking import visibility as visibility_in_numpy  # noqa: E402
from forensics.watermark.train.networks import (  # noqa: E402
    Encoder,
    Extractor,
    NetworkConfig,
    Planes,
    visibility,
)

SMALL = NetworkConfig(8, 1, 8)


@pytest.fixture
def luma(photo: np.ndarray) -> np.ndarray:
    return np.asarray(photo[..., 1], np.float32)


def test_planes_are_those_of_the_detector(luma: np.ndarray) -> None:
    planes = Planes()(torch.from_numpy(luma[None, None]))[0].numpy()
    np.testing.assert_allclose(planes[0] + planes[1], luma, atol=1e-3)
    np.testing.assert_allclose(planes[2], normalised(luma), atol=5e-3)


def test_visibility_is_that_of_the_embedder(luma: np.ndarray) -> None:
    found = visibility(torch.from_numpy(luma[None, None]))[0, 0].numpy()
    np.testing.assert_allclose(found, visibility_in_numpy(luma), rtol=2e-3)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_untrained_networks_change_nothing(luma: np.ndarray, levels: int) -> None:
    value = torch.from_numpy(luma[None, None])
    config = NetworkConfig(8, 2, 8, levels=levels)
    np.testing.assert_allclose(
        Extractor(config)(value).detach().numpy(), Planes()(value)[:, 2:].numpy(), atol=1e-6
    )
    np.testing.assert_allclose(Encoder(config)(value).detach().numpy(), visibility(value).numpy(), rtol=1e-6)


def test_encoder_changes_the_strength_by_no_more_than_its_reach(luma: np.ndarray) -> None:
    encoder = Encoder(NetworkConfig(8, 1, 8, reach=2.0))
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, 0, 3)
    value = torch.from_numpy(luma[None, None])
    factor = (encoder(value) / visibility(value)).detach().numpy()
    assert factor.max() <= 2.0001
    assert factor.min() >= 0.4999
    assert np.ptp(factor) > 1


def test_strength_does_not_alternate_from_pixel_to_pixel(luma: np.ndarray) -> None:
    encoder = Encoder(NetworkConfig(8, 1, 8, reach=2.0))
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, 0, 3)
    value = torch.from_numpy(luma[None, None])
    factor = torch.log(encoder(value) / visibility(value))[0, 0].detach()
    board = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(luma.shape[0] // 2, luma.shape[1] // 2)
    assert abs(float((factor * board).mean())) < 0.01 * float(factor.std())


def test_gradient_reaches_every_weight(luma: np.ndarray) -> None:
    for network in (Encoder(NetworkConfig(8, 1, 8, levels=2)), Extractor(SMALL)):
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, 0, 0.1)
        network(torch.from_numpy(luma[None, None])).square().mean().backward()
        assert all(float(p.grad.abs().max()) > 0 for p in network.parameters())
