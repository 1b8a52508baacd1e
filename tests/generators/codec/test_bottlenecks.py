"""Tokens by signs, groups, residuals and mixtures, and whether they are used, against NumPy and SciPy."""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
stats = pytest.importorskip("scipy.stats")

import torch.nn.functional as F  # noqa: E402
from torch import distributions  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.codec.bottlenecks import (  # noqa: E402
    Codebook,
    Gaussian,
    Product,
    Relaxed,
    Residual,
    Signs,
    Spherical,
    active_units,
    annealed,
    entropy_gap,
    usage_of,
)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(7)


def drawing(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def nearest(points: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return ((points[:, None] - vectors[None]) ** 2).sum(2).argmin(1)


def flat(x: torch.Tensor) -> np.ndarray:
    return x.detach().movedim(1, -1).flatten(0, -2).numpy()


def test_usage_is_the_perplexity_of_scipy() -> None:
    indices = torch.tensor([[0, 0, 0, 5], [5, 2, 0, 0]])
    usage = usage_of(indices, 8)
    assert usage.share == pytest.approx(3 / 8)
    assert usage.perplexity == pytest.approx(np.exp(stats.entropy([5, 1, 2])))
    assert usage_of(torch.arange(8), 8).perplexity == pytest.approx(8.0)
    assert usage_of(torch.zeros(9, dtype=torch.long), 8).perplexity == pytest.approx(1.0)


def test_entropies_are_those_of_scipy() -> None:
    logits = torch.randn(6, 5)
    chance = logits.softmax(1).double().numpy()
    expected = np.mean([stats.entropy(row) for row in chance]) - stats.entropy(chance.mean(0))
    assert entropy_gap(logits).item() == pytest.approx(expected, rel=1e-4)
    sure = 100.0 * torch.eye(5)
    assert entropy_gap(sure).item() == pytest.approx(-np.log(5), rel=1e-4)
    assert entropy_gap(torch.zeros(4, 5)).item() == pytest.approx(0.0, abs=1e-5)


def trained(revive: float) -> float:
    """Return the perplexity of a codebook whose vectors begin far away from all latents but for one."""
    layer = Codebook(16, 2, keep=0.8, revive=revive).train()
    layer.vectors[1:] += 50.0
    layer.sums.copy_(layer.vectors)
    for step in range(60):
        points = torch.randn(4, 2, 8, 8, generator=drawing(step))
        found = layer(points, drawing(step))
    assert found.indices is not None
    return usage_of(found.indices, 16).perplexity


def test_resets_save_a_codebook_from_collapse() -> None:
    assert trained(revive=0.0) == pytest.approx(1.0)
    assert trained(revive=0.01) > 10.0


@pytest.mark.parametrize(
    "layer",
    [Codebook(16, 4, entropy=0.1), Spherical(16, 4), Product(2, 16, 4), Residual(2, 16, 4)],
    ids=lambda layer: type(layer).__name__,
)
def test_codebooks_are_looked_up_and_follow_in_32_bits(layer: torch.nn.Module) -> None:
    """As GPUs compute, where features have 16 bits: tokens, costs and vectors are those of 32 bits."""
    other, x = copy.deepcopy(layer), torch.randn(4, 4, 16, 16).bfloat16()
    for module in (layer, other):
        for book in getattr(module, "books", [module]):
            book.revive = 0.995  # some begin anew
    with torch.autocast("cpu", torch.bfloat16):
        found = layer.train()(x.requires_grad_(), drawing())
    wanted = other.train()(x.detach().float(), drawing())
    assert found.z.dtype == torch.float32
    if not isinstance(layer, Spherical):  # directions are of 16 bits
        torch.testing.assert_close(found.indices, wanted.indices)
        torch.testing.assert_close(layer.state_dict(), other.state_dict())
    (slope,) = torch.autograd.grad(found.z.sum() + found.loss, x)
    assert slope.isfinite().all()


def test_entropy_spreads_latents_over_the_vectors() -> None:
    """One free latent for each place, all near the same vector: the penalty drives them apart."""
    layer = Codebook(4, 2, commitment=0.0, entropy=1.0).eval()
    layer.vectors.copy_(torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]]))
    x = (torch.tensor([0.3, 0.2]).reshape(1, 2, 1, 1) + 0.2 * torch.randn(1, 2, 8, 8)).requires_grad_()
    before = usage_of(layer(x).indices, 4).perplexity
    optimizer = torch.optim.Adam([x], 0.05)
    for _ in range(60):
        optimizer.zero_grad()
        layer(x).loss.backward()
        optimizer.step()
    assert before < 2.5
    assert usage_of(layer(x).indices, 4).perplexity > 3.9


def test_signs_are_tokens_without_a_codebook() -> None:
    layer, x = Signs(5), torch.randn(2, 5, 6, 7, requires_grad=True)
    found = layer(x)
    torch.testing.assert_close(found.z, torch.where(x > 0, 1.0, -1.0))
    bits = (flat(x) > 0).astype(int)
    np.testing.assert_array_equal(found.indices.flatten().numpy(), bits @ (2 ** np.arange(5)))
    torch.testing.assert_close(layer.of_indices(found.indices), found.z.detach())
    (slope,) = torch.autograd.grad(found.z.sum(), x)
    torch.testing.assert_close(slope, torch.ones_like(x))
    everything = layer.of_indices(torch.arange(32).reshape(1, 4, 8))
    assert len(np.unique(flat(everything), axis=0)) == layer.tokens == 32


def test_signs_cost_what_all_tokens_would() -> None:
    """The entropy of places adds up over bits; that of all together does where bits are independent."""
    layer = Signs(3, commitment=0.0, entropy=1.0)
    x = torch.tensor([[a, b, c] for a in (-0.3, 0.6) for b in (0.1, -0.8) for c in (0.4, 0.2)])
    codes = layer.of_indices(torch.arange(8).reshape(1, 1, 8))[0, :, 0].T  # (8, 3)
    logits = -torch.cdist(x, codes).square()
    found = layer(x.T.reshape(1, 3, 2, 4)).loss
    torch.testing.assert_close(found, entropy_gap(logits), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("groups", [1, 3])
def test_groups_have_a_codebook_each(groups: int) -> None:
    layer, x = Product(groups, 5, 6).eval(), torch.randn(2, 6, 4, 3, requires_grad=True)
    found = layer(x)
    assert found.indices.shape == (2, 4, 3 * groups)
    points, wide = flat(x), 6 // groups
    tokens = found.indices.reshape(-1, groups).numpy()
    for number, book in enumerate(layer.books):
        part = points[:, wide * number : wide * (number + 1)]
        np.testing.assert_array_equal(tokens[:, number], nearest(part, book.vectors.numpy()))
    torch.testing.assert_close(layer.of_indices(found.indices), found.z.detach())
    (slope,) = torch.autograd.grad(found.z.sum(), x)
    torch.testing.assert_close(slope, torch.ones_like(x))


def test_few_vectors_make_many_tokens() -> None:
    """3 groups of 5 vectors: 125 combinations, all reached."""
    layer = Product(3, 5, 3)
    every = torch.cartesian_prod(*[torch.arange(5)] * 3).reshape(1, 1, -1)
    z = layer.of_indices(every)
    assert len(np.unique(flat(z).round(5), axis=0)) == 125
    with pytest.raises(UsageError, match="groups share"):
        Product(4, 5, 6)


def test_residuals_are_quantised_again() -> None:
    layer, x = Residual(3, 8, 2).eval(), torch.randn(2, 2, 5, 4, requires_grad=True)
    found = layer(x)
    left, total = flat(x).copy(), 0.0
    for number, book in enumerate(layer.books):
        vectors = book.vectors.numpy()
        index = nearest(left, vectors)
        np.testing.assert_array_equal(found.indices.reshape(-1, 3)[:, number].numpy(), index)
        left, total = left - vectors[index], total + vectors[index]
    np.testing.assert_allclose(flat(found.z), total, atol=1e-5)
    torch.testing.assert_close(layer.of_indices(found.indices), found.z.detach(), atol=1e-5, rtol=1e-5)
    (slope,) = torch.autograd.grad(found.z.sum(), x)
    torch.testing.assert_close(slope, torch.ones_like(x))
    with pytest.raises(UsageError, match="needs codebooks"):
        Residual(0, 8, 2)


def test_every_further_codebook_comes_nearer() -> None:
    layer = Residual(3, 8, 2).train()
    for book in layer.books:
        book.keep = 0.8
    for step in range(60):
        x = torch.randn(4, 2, 8, 8, generator=drawing(step))
        found = layer(x, drawing(step))
    parts = found.indices.unflatten(2, (-1, 3)).unbind(3)
    z, errors = torch.zeros_like(x), []
    for book, part in zip(layer.books, parts, strict=True):
        z = z + book.of_indices(part)
        errors.append((x - z).square().mean().item())
    assert errors[0] < 0.4
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.6 * errors[1]


def test_spheres_quantise_by_angle() -> None:
    layer, x = Product(2, 9, 6, spherical=True).train(), 5.0 * torch.randn(2, 6, 8, 8)
    for step in range(3):
        layer(x, drawing(step))
    layer.eval()
    found = layer(x)
    tokens = found.indices.reshape(-1, 2).numpy()
    for number, book in enumerate(layer.books):
        assert isinstance(book, Spherical)
        torch.testing.assert_close(book.vectors.norm(dim=1), torch.ones(9))
        cosine = flat(F.normalize(x[:, 3 * number : 3 * number + 3], dim=1)) @ book.vectors.numpy().T
        np.testing.assert_array_equal(tokens[:, number], cosine.argmax(1))
    torch.testing.assert_close(layer(0.01 * x).z, found.z)  # only the direction counts


def test_mixtures_of_tokens_are_those_of_the_concrete_distribution() -> None:
    layer, logits = Relaxed(6, 3, temperature=0.7, amount=1.0), torch.randn(2, 6, 4, 4)
    even = distributions.Categorical(logits=torch.zeros(2, 4, 4, 6))
    expected = distributions.kl_divergence(distributions.Categorical(logits=logits.movedim(1, -1)), even)
    found = layer.eval()(logits)
    torch.testing.assert_close(found.loss, expected.mean())
    torch.testing.assert_close(found.indices, logits.argmax(1))
    torch.testing.assert_close(found.z, layer.vectors[logits.argmax(1)].movedim(-1, 1))
    layer.train()
    chosen = torch.zeros(6)
    layer.temperature = 0.01  # nearly one vector each: which one, by its chance (the Gumbel-max trick)
    wide = logits[:1, :, :1, :1].expand(1, 6, 60, 60)
    z = layer(wide, drawing()).z[0].flatten(1).T
    chosen = torch.bincount(torch.cdist(z, layer.vectors).argmin(1), minlength=6) / 3600
    torch.testing.assert_close(chosen, logits[0, :, 0, 0].softmax(0), atol=0.03, rtol=0)
    layer.temperature = 0.7
    x = logits.clone().requires_grad_()
    layer(x, drawing()).z.square().sum().backward()
    assert (x.grad != 0).all()


def test_costs_rise_over_a_share_of_the_run() -> None:
    assert [annealed(done, 0.4) for done in (0.0, 0.1, 0.2, 0.4, 1.0)] == pytest.approx([0, 0.25, 0.5, 1, 1])
    assert annealed(0.0, 0.0) == 1.0


def test_collapsed_values_are_counted() -> None:
    mean = torch.randn(500, 4, 2, 2) * torch.tensor([1.0, 0.5, 0.05, 0.0]).reshape(4, 1, 1) + 3.0
    active = active_units(mean)
    expected = mean.numpy().var(axis=0, ddof=1) > 0.01
    np.testing.assert_array_equal(active.numpy(), expected)
    assert active.flatten(1).all(1).tolist() == [True, True, False, False]


def test_a_heavy_divergence_collapses_the_posterior_and_annealing_delays_it() -> None:
    """Four numbers through one value each: with all of the weight from the start, it says nothing."""
    data = torch.randn(256, 1, 1, 1) * 2.0
    counts = []
    for weight in (20.0, 0.01):
        torch.manual_seed(0)
        encode, decode, layer = torch.nn.Conv2d(1, 2, 1), torch.nn.Conv2d(1, 1, 1), Gaussian(1)
        optimizer = torch.optim.Adam([*encode.parameters(), *decode.parameters()], 0.05)
        for step in range(150):
            found = layer(encode(data), drawing(step))
            optimizer.zero_grad()
            ((decode(found.z) - data).square().mean() + weight * found.loss).backward()
            optimizer.step()
        counts.append(int(active_units(layer(encode(data)).z).sum()))
    assert counts == [0, 1]


# Rezende et al. 2014, arXiv:1401.4082, eqs. 7 and 8 (Bonnet and Price).
def test_gradients_through_draws_are_those_of_bonnet_and_price() -> None:
    """For f(z) = z^3: d E[f] / d mean = 3 E[z^2] and d E[f] / d variance = E[f''] / 2 = 3 mean."""
    mean, log_variance = torch.tensor(0.8, requires_grad=True), torch.tensor(-0.5, requires_grad=True)
    both = torch.stack([mean, log_variance]).reshape(1, 2, 1, 1).expand(1, 2, 600, 600)
    z = Gaussian(1)(both, drawing()).z
    by_mean, by_log = torch.autograd.grad((z**3).mean(), (mean, log_variance))
    variance = float(torch.exp(torch.tensor(-0.5)))
    assert by_mean.item() == pytest.approx(3 * (0.64 + variance), rel=0.02)
    assert by_log.item() == pytest.approx(3 * 0.8 * variance, rel=0.03)
