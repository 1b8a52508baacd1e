"""Scales of EDM and of consistency models against their formulas, and Gaussian pictures in closed form."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from forensics.generators.networks.preconditioned import Preconditioned, scales  # noqa: E402
from forensics.generators.objectives import Level, Objective, broadcast, denoising_loss  # noqa: E402
from forensics.generators.sampling.paths import PATHS  # noqa: E402

DATA = 0.5


def drawing(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class Silent(nn.Module):
    """A network that says nothing, and keeps what it was given."""

    given: Tensor
    heard: Tensor

    def forward(self, z: Tensor, t: Tensor, *told: Tensor) -> Tensor:
        self.given, self.heard, self.told = z, t, told
        return torch.zeros_like(z)


@pytest.mark.parametrize("least", [0.0, 0.002])
def test_scales_are_those_of_the_papers(least: float) -> None:
    """Karras et al. 2022, table 1; Song et al. 2023, appendix C."""
    sigma = torch.tensor([0.01, 0.5, 3.0, 70.0], dtype=torch.float64)
    path = PATHS["ve"]
    found = scales(path.at(path.time(sigma)), DATA, least)
    torch.testing.assert_close(found.kept, DATA**2 / ((sigma - least) ** 2 + DATA**2))
    torch.testing.assert_close(found.out, (sigma - least) * DATA / (sigma**2 + DATA**2).sqrt())
    torch.testing.assert_close(found.given, 1 / (sigma**2 + DATA**2).sqrt())
    torch.testing.assert_close(found.heard, sigma.log() / 4)


@pytest.mark.parametrize("name", ["linear", "cosine", "vp"])
def test_all_paths_are_one_at_the_same_noise(name: str) -> None:
    """What is said of z / alpha depends on sigma / alpha alone; with noise alone, numbers stay finite."""
    level = torch.tensor([0.02, 0.7, 9.0], dtype=torch.float64)
    scaled = torch.randn(3, 2, dtype=torch.float64, generator=drawing())
    network = nn.Linear(2, 2, dtype=torch.float64)
    said = []
    for path in (PATHS["ve"], PATHS[name]):
        t = path.time(level)
        module = Preconditioned(_Times(network), path, DATA)
        said.append(module(scaled * path.at(broadcast(t, scaled)).alpha, t))
    torch.testing.assert_close(said[0], said[1])
    ends = Preconditioned(_Times(network), PATHS[name], DATA)(scaled[:2], torch.tensor([0.0, 1.0]).double())
    assert torch.isfinite(ends).all()
    torch.testing.assert_close(ends[1], scaled[1])  # where there is no noise, there is the picture


class _Times(nn.Module):
    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        found: Tensor = self.layer(z) * (1 + t[:, None])
        return found


def test_a_network_that_says_nothing_is_the_best_for_gaussian_pictures() -> None:
    """E[x | z] of pictures around zero is linear, and that is what is kept."""
    path, sigma = PATHS["ve"], torch.tensor([0.1, 1.0, 10.0], dtype=torch.float64)
    t, network = path.time(sigma), Silent()
    z = torch.randn(3, 4, dtype=torch.float64, generator=drawing())
    found = Preconditioned(network, path, DATA)(z, t, torch.tensor([1, 2, 3]))
    gain = (DATA**2 / (DATA**2 + sigma**2))[:, None]
    torch.testing.assert_close(found, gain * z)
    assert network.told[0].tolist() == [1, 2, 3]


def test_inputs_and_errors_have_unit_size_at_all_levels_of_noise() -> None:
    """So that the loss of EDM, of a network that says nothing, is one: for any pictures of that size."""
    path, generator = PATHS["ve"], drawing()
    x = DATA * torch.randn(20_000, 16, generator=generator).sign()
    network = Silent()
    module = Preconditioned(network, path, DATA)
    for mean in (-4.0, -1.2, 2.0):
        objective = Objective(path, "x", Level(path, mean, 0.1), "edm", DATA)
        assert float(denoising_loss(module, x, objective, generator)) == pytest.approx(1.0, abs=0.02)
        assert float(network.given.std()) == pytest.approx(1.0, abs=0.02)
        assert float(network.heard.mean()) == pytest.approx(mean / 4, abs=0.01)


def test_the_least_noise_is_taken_for_none() -> None:
    path, least = PATHS["ve"], 0.002
    z = torch.randn(2, 3, generator=drawing())
    t = torch.as_tensor(path.time(torch.tensor([least, least / 2])))
    module = Preconditioned(_Times(nn.Linear(3, 3)), path, DATA, least)
    np.testing.assert_allclose(module(z, t).detach(), z, atol=1e-5)
