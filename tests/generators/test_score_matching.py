"""Score matching against Jacobians, Fisher's divergence, and Gaussian densities."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from forensics.generators.score_matching import (  # noqa: E402
    score_matching_loss,
    sliced_score_matching_loss,
)

MEAN = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
ROOT = torch.tensor([[1.0, 0.0, 0.0], [0.6, 0.5, 0.0], [-0.3, 0.2, 0.8]], dtype=torch.float64)


def drawing(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def points(count: int, seed: int = 1) -> Tensor:
    return MEAN + torch.randn(count, 3, generator=drawing(seed), dtype=torch.float64) @ ROOT.T


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3)).double()


def test_loss_is_its_formula() -> None:
    """The trace from Jacobians of each point; the gradient by its weights is that of the formula."""
    x, score = points(6), network()
    found = score_matching_loss(score, x)
    jacobians = torch.func.vmap(torch.func.jacrev(score))(x)
    wanted = (score(x).square().sum(1) / 2 + jacobians.diagonal(dim1=1, dim2=2).sum(1)).mean()
    torch.testing.assert_close(found, wanted)
    weights = list(score.parameters())[:3]
    for mine, other in zip(
        torch.autograd.grad(found, weights), torch.autograd.grad(wanted, weights), strict=True
    ):
        torch.testing.assert_close(mine, other)


def test_loss_is_the_divergence_of_fisher_but_for_a_constant() -> None:
    """Hyvarinen's theorem, for a Gaussian density, whose score is known; no density is looked at."""
    x, score = points(200_000), network()
    true = -(x - MEAN) @ torch.linalg.inv(ROOT @ ROOT.T)
    with torch.no_grad():
        wanted = ((score(x) - true).square().sum(1) - true.square().sum(1)).mean() / 2
    assert score_matching_loss(score, x).item() == pytest.approx(wanted.item(), abs=0.02)


def test_the_best_linear_score_is_that_of_the_gaussian_with_the_same_moments() -> None:
    """Exactly: with the mean and the covariance of the points themselves."""
    x = points(500)
    layer = nn.Linear(3, 3).double()
    optimizer = torch.optim.LBFGS(
        layer.parameters(), max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )  # fmt: skip

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = score_matching_loss(layer, x)
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[arg-type, unused-ignore]
    precision = torch.linalg.inv(torch.cov(x.T, correction=0))
    torch.testing.assert_close(layer.weight.data, -precision, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(layer.bias.data, precision @ x.mean(0), atol=1e-4, rtol=1e-4)


def test_slices_are_the_whole_on_average() -> None:
    score, x = network(), points(4).repeat(20_000, 1)
    whole = score_matching_loss(score, x[:4]).item()
    assert sliced_score_matching_loss(score, x, drawing(3)).item() == pytest.approx(whole, abs=0.01)
    pictures = torch.randn(5, 3, 2, 2, generator=drawing(), dtype=torch.float64)
    slopes = torch.rand(3, 2, 2, generator=drawing(2), dtype=torch.float64)
    # one direction is enough where no number depends on another
    torch.testing.assert_close(
        sliced_score_matching_loss(lambda z: -slopes * z**3, pictures, drawing(4)),
        score_matching_loss(lambda z: -slopes * z**3, pictures),
    )


def test_a_score_that_does_not_depend_on_the_picture_has_no_trace() -> None:
    x = points(3)
    found = score_matching_loss(lambda z: MEAN.expand(len(z), 3) + 0 * z.detach().requires_grad_(), x)
    assert found.item() == pytest.approx(float(MEAN.square().sum() / 2))
