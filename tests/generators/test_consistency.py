"""Consistency models without a teacher: parts by hand, and Gaussian pictures, whose ways are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from forensics.generators.consistency import (  # noqa: E402
    curriculum,
    intervals,
    levels,
    pseudo_huber,
    training_loss,
)
from forensics.generators.distillation import saying  # noqa: E402
from forensics.generators.networks.preconditioned import Preconditioned  # noqa: E402
from forensics.generators.sampling.paths import PATHS  # noqa: E402
from forensics.generators.sampling.targets import Estimate  # noqa: E402
from forensics.generators.sampling.times import karras  # noqa: E402

PATH, LEAST = PATHS["ve"], 0.002
MEAN, SPREAD = 0.3, 0.4


def drawing(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_steps_double_evenly_over_the_run() -> None:
    """Eight numbers for eight eighths: arXiv:2310.14189, section 3.4."""
    found = [curriculum((i + 0.5) / 8, 10, 1280) for i in range(8)]
    assert found == [10, 20, 40, 80, 160, 320, 640, 1280]
    assert curriculum(1.0, 10, 1280) == 1280
    assert curriculum(0.99, 10, 100) == 80
    assert curriculum(0.5, 7, 7) == 7


def test_levels_are_those_of_the_sampler() -> None:
    of_sampler = PATH.at(np.array(karras(18, PATH)[:-1])).sigma
    np.testing.assert_allclose(levels(17).flip(0).numpy(), of_sampler, rtol=1e-6)


def test_intervals_are_as_likely_as_a_normal_logarithm() -> None:
    of = levels(12)
    inside = norm(-1.1, 2.0).cdf(of.log().numpy())
    np.testing.assert_allclose(intervals(of).numpy(), np.diff(inside) / (inside[-1] - inside[0]), rtol=1e-9)


def test_distance_is_a_square_near_and_a_length_far() -> None:
    near, far = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    near[0, 0, 0, 0], near[1, 1, 2, 2] = 1e-5, 1e3
    bend = 0.00054 * np.sqrt(48)
    found = pseudo_huber(near.double(), far.double())
    assert found[0].item() == pytest.approx(1e-10 / (2 * bend), rel=1e-3)
    assert found[1].item() == pytest.approx(1e3 - bend)


def test_loss_is_its_formula_and_what_is_aimed_at_has_no_gradient() -> None:
    x, steps = MEAN + SPREAD * torch.randn(64, 2, generator=drawing(), dtype=torch.float64), 5
    slope = nn.Parameter(torch.tensor(0.4, dtype=torch.float64))

    def student(z: Tensor, t: Tensor) -> Estimate:
        return Estimate(slope * z * (1 + t[:, None]), z)

    loss = training_loss(student, x, PATH, steps, drawing(3))
    loss.backward()
    generator, of = drawing(3), levels(steps)
    number = torch.multinomial(intervals(of).float(), 64, replacement=True, generator=generator)
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    near, far = of[number][:, None], of[number + 1][:, None]
    first, second = (1 - (level / 80) ** (1 / 7) for level in (near, far))
    mine = slope.detach().clone().requires_grad_()
    wanted = 0.4 * (x + near * noise) * (1 + first)
    apart, bend = mine * (x + far * noise) * (1 + second) - wanted, 0.00054 * np.sqrt(2)
    expected = (((apart.square().sum(1) + bend**2).sqrt() - bend) / (far - near)[:, 0]).mean()
    expected.backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(slope.grad, mine.grad)


class Points(nn.Module):
    """What is missing in numbers, by their noise."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Linear(2, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1)
        )

    def forward(self, z: Tensor, t: Tensor) -> Tensor:
        found: Tensor = self.layers(torch.cat([z, t[:, None]], 1))
        return found


def test_ends_of_ways_are_learned_without_a_teacher() -> None:
    """Of Gaussian numbers a way ends at the same quantile: f(z) = mean + (z - mean) s(least) / s(sigma)."""
    student = Preconditioned(Points(), PATH, 0.5, LEAST)
    says, steps = saying(student, "x", PATH), 900
    optimizer = torch.optim.Adam(student.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        x = MEAN + SPREAD * torch.randn(256, 1, generator=drawing(step))
        optimizer.zero_grad()
        training_loss(says, x, PATH, curriculum(step / steps, 10, 40), drawing(10_000 + step)).backward()
        nn.utils.clip_grad_norm_(student.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    quantile = torch.tensor([[-1.5], [-0.5], [0.5], [1.5]])
    for sigma in (0.2, 1.0, 20.0):
        t = torch.full((4,), float(PATH.time(sigma)))
        with torch.no_grad():
            found = student(MEAN + quantile * (SPREAD**2 + sigma**2) ** 0.5, t)
        mean_of_all = MEAN + quantile * SPREAD**2 / (SPREAD**2 + sigma**2) ** 0.5  # what a denoiser would say
        wanted = MEAN + quantile * SPREAD
        assert (found - wanted).abs().max() < 0.2
        if sigma >= 1.0:
            assert (found - wanted).square().mean() < 0.2 * (mean_of_all - wanted).square().mean()
