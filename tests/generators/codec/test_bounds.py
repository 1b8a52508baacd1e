"""Bounds of a linear variational autoencoder, whose evidence and posterior are known."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")
stats = pytest.importorskip("scipy.stats")

from torch import distributions  # noqa: E402

from forensics.generators.codec.bounds import (  # noqa: E402
    elbo,
    gaussian_log_density,
    importance_bound,
    log_weights,
)

VARIANCE = 0.3


@pytest.fixture
def linear() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    return torch.randn(5, 2, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)


def evidence(weight: torch.Tensor, x: torch.Tensor) -> np.ndarray:
    w = weight.numpy()
    return stats.multivariate_normal(np.zeros(5), w @ w.T + VARIANCE * np.eye(5)).logpdf(x.numpy())


def drawn(
    weight: torch.Tensor, x: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor, count: int
) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return log_weights(lambda z: z @ weight.T, x, (mean, log_variance), VARIANCE, count, generator)


def test_decoder_is_a_gaussian() -> None:
    x, mean = torch.randn(2, 3, 2, 4, 4)
    expected = distributions.Normal(mean, VARIANCE**0.5).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(gaussian_log_density(x, mean, VARIANCE), expected)


def test_likeliest_variance_is_the_squared_error_and_likeliest_picture_the_mean() -> None:
    x, mean = torch.randn(2, 1, 3, 8, 8)
    error = float((x - mean).square().mean())
    at = [float(gaussian_log_density(x, mean, share * error)) for share in (0.8, 0.95, 1.0, 1.05, 1.25)]
    assert int(np.argmax(at)) == 2
    possible = torch.rand(6, 1, 4, 4)
    guess = torch.zeros(1, 1, 4, 4, requires_grad=True)
    (slope,) = torch.autograd.grad(
        gaussian_log_density(possible, guess.expand(6, -1, -1, -1), VARIANCE).sum(), guess
    )
    torch.testing.assert_close(slope / slope.norm(), possible.mean(0)[None] / possible.mean(0).norm())


def test_bound_is_less_by_the_divergence_of_the_posterior(linear: tuple[torch.Tensor, torch.Tensor]) -> None:
    weight, x = linear
    mean, log_variance = torch.zeros(4, 2, dtype=torch.float64) + 0.2, torch.full((4, 2), -1.0).double()
    precision = np.eye(2) + weight.numpy().T @ weight.numpy() / VARIANCE
    true = distributions.MultivariateNormal(
        torch.from_numpy(np.linalg.solve(precision, weight.numpy().T @ x.numpy().T / VARIANCE).T),
        precision_matrix=torch.from_numpy(precision),
    )
    own = distributions.MultivariateNormal(mean, torch.diag_embed(log_variance.exp()))
    expected = evidence(weight, x) - distributions.kl_divergence(own, true).numpy()
    found = elbo(drawn(weight, x, mean, log_variance, 20_000)).numpy()
    np.testing.assert_allclose(found, expected, rtol=0.02)


def test_importance_tightens_the_bound_up_to_the_evidence(linear: tuple[torch.Tensor, torch.Tensor]) -> None:
    weight, x = linear
    x = 0.3 * x
    mean, log_variance = torch.zeros(4, 2, dtype=torch.float64), torch.zeros(4, 2, dtype=torch.float64)
    weights = drawn(weight, x, mean, log_variance, 20_000)
    of = [
        torch.stack([importance_bound(part) for part in weights.split(count)]).mean(0).numpy()
        for count in (1, 5, 50, 20_000)
    ]
    np.testing.assert_allclose(of[0], elbo(weights).numpy())
    for looser, tighter in pairwise(of):
        assert (looser < tighter + 0.02).all()
    np.testing.assert_allclose(of[-1], evidence(weight, x), atol=0.1)


def test_with_the_true_posterior_every_draw_is_the_evidence() -> None:
    weight, x = torch.tensor([[1.5]]).double(), torch.randn(4, 1).double()
    variance = 1.0 / (1.0 + 1.5**2 / VARIANCE)
    mean, log_variance = variance * 1.5 * x / VARIANCE, torch.full((4, 1), np.log(variance)).double()
    weights = drawn(weight, x, mean, log_variance, 3)
    expected = stats.norm(0, np.sqrt(1.5**2 + VARIANCE)).logpdf(x[:, 0].numpy())
    np.testing.assert_allclose(weights.numpy(), np.tile(expected, (3, 1)), rtol=1e-6)
