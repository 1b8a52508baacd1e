"""Bottlenecks against closed forms, and a codec that learns pictures of any size."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import distributions  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.codec.bottlenecks import (  # noqa: E402
    Codebook,
    Gaussian,
    Rounding,
    gaussian_kl,
    kl_objective,
)
from forensics.generators.codec.model import Codec, CodecConfig, detail_loss  # noqa: E402

BOTTLENECKS = ("gaussian", "rounding", "codebook")


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(6)


def drawing() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def test_divergence_is_that_of_pytorch() -> None:
    mean, log_variance = torch.randn(2, 3, 4, 5)
    own = distributions.Normal(mean, (log_variance / 2).exp())
    expected = distributions.kl_divergence(own, distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(gaussian_kl(mean, log_variance), expected)


def test_pressures_by_hand() -> None:
    kl = torch.tensor([[[[1.0, 2.0]], [[0.1, 0.1]]], [[[3.0, 0.0]], [[0.1, 0.3]]]])  # (2, 2, 1, 2)
    assert kl_objective(kl, "beta", 0.5).item() == pytest.approx(0.5 * (3.2 + 3.4) / 2)
    assert kl_objective(kl, "capacity", 3.3).item() == pytest.approx((0.1 + 0.1) / 2)
    assert kl_objective(kl, "free_bits", 1.0).item() == pytest.approx(3.0 + 1.0)
    with pytest.raises(UsageError, match="no pressure"):
        kl_objective(kl, "gamma", 1.0)  # type: ignore[arg-type]


def test_latents_are_drawn_from_the_gaussian() -> None:
    mean, log_variance = torch.full((1, 1, 64, 64), 0.7), torch.full((1, 1, 64, 64), -1.0)
    layer = Gaussian(1)
    found = layer(torch.cat([mean, log_variance], 1), drawing()).z
    assert found.mean().item() == pytest.approx(0.7, abs=0.03)
    assert found.std().item() == pytest.approx(0.6065, abs=0.03)
    torch.testing.assert_close(layer(torch.cat([mean, log_variance], 1)).z, mean)


@pytest.mark.parametrize("levels", [(2,), (3, 4), (8, 5, 5)])
def test_rounding_uses_every_token(levels: tuple[int, ...]) -> None:
    layer = Rounding(levels)
    found = layer(1.5 * torch.randn(8, len(levels), 64, 64))
    assert found.indices is not None
    assert set(found.indices.unique().tolist()) == set(range(layer.tokens))
    torch.testing.assert_close(layer.of_indices(found.indices), found.z)
    for channel, count in enumerate(levels):
        seen = found.z[:, channel].unique()
        torch.testing.assert_close(seen, torch.linspace(-1, 1, count), atol=1e-5, rtol=0)


def test_rounding_takes_the_nearest_level() -> None:
    layer = Rounding((5,))
    values = torch.atanh(torch.tensor([-0.99, -0.41, 0.0, 0.39, 0.99]))
    found = layer(values.reshape(1, 1, 1, 5)).z.flatten()
    torch.testing.assert_close(found, torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0]))


def test_gradients_pass_through_rounding_and_codebooks() -> None:
    for layer in (Rounding((5, 5)), Codebook(16, 2)):
        x = (0.3 * torch.randn(2, 2, 4, 4)).requires_grad_()
        layer(x).z.sum().backward()
        assert (x.grad != 0).all()
    with pytest.raises(UsageError, match="two levels"):
        Rounding((5, 1))


def test_codebooks_find_clusters() -> None:
    centres = torch.tensor([[2.0, 0.0], [-2.0, 1.0], [0.0, -3.0]])
    layer = Codebook(3, 2, keep=0.8).train()
    for step in range(200):
        which = torch.randint(3, (4, 8, 8), generator=drawing().manual_seed(step))
        points = centres[which].movedim(-1, 1) + 0.05 * torch.randn(4, 2, 8, 8)
        found = layer(points, drawing())
    assert torch.cdist(centres, layer.vectors).min(1).values.max() < 0.1
    assert found.loss.item() < 0.01
    still = layer.eval().vectors.clone()
    layer(points)
    assert torch.equal(layer.vectors, still)
    torch.testing.assert_close(layer.of_indices(found.indices), layer(points).z, atol=0.2, rtol=0)


@pytest.mark.parametrize("bottleneck", BOTTLENECKS)
@pytest.mark.parametrize("factor", [1, 4])
def test_any_size_goes_through(factor: int, bottleneck: str) -> None:
    codec = Codec(CodecConfig(factor, 4, 8, bottleneck=bottleneck)).eval()  # type: ignore[arg-type]
    for height, width in ((16, 16), (24, 32)):
        x = torch.rand(2, 3, height, width)
        z = codec.encode(x)
        assert z.shape == (2, 4, height // factor, width // factor)
        assert codec.decode(z).shape == x.shape
        torch.testing.assert_close(codec.decode(z), codec.pictures(codec.latents(x).z), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stem", [2, 4])
def test_stems_make_channels_of_pixels(stem: int) -> None:
    codec = Codec(CodecConfig(4, 4, 8, stem=stem)).eval()
    x = torch.rand(2, 3, 24, 32)
    z = codec.encode(x)
    assert z.shape == (2, 4, 6, 8)
    assert codec.decode(z).shape == x.shape
    sides: list[tuple[int, ...]] = []
    for part in (codec.down, codec.up):
        for layer in part.modules():
            if isinstance(layer, torch.nn.Conv2d):
                layer.register_forward_hook(lambda _, __, found: sides.append(tuple(found.shape[2:])))
    codec.decode(codec.encode(x))
    assert max(sides) == (24 // stem, 32 // stem)  # no convolution at full size


def test_latents_are_of_unit_size_after_standardising() -> None:
    codec, x = Codec(CodecConfig(2, 4, 8)).eval(), torch.rand(16, 3, 16, 16)
    before = codec.decode(codec.encode(x))
    codec.standardise(codec.latents(x).z)
    z = codec.encode(x)
    torch.testing.assert_close(z.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-4, rtol=0)
    torch.testing.assert_close(z.std(dim=(0, 2, 3)), torch.ones(4), atol=1e-3, rtol=0)
    torch.testing.assert_close(codec.decode(z), before, atol=1e-4, rtol=1e-4)
    again = Codec(CodecConfig(2, 4, 8))
    again.load_state_dict(codec.state_dict())
    torch.testing.assert_close(again.mean, codec.mean)


def test_sizes_that_do_not_suit_are_refused() -> None:
    with pytest.raises(UsageError, match="do not suit"):
        Codec(CodecConfig(4, 4, 8)).encode(torch.rand(1, 3, 18, 16))
    with pytest.raises(UsageError, match="power of two"):
        CodecConfig(3)
    for stem in (0, 3, 8):
        with pytest.raises(UsageError, match="no stem"):
            CodecConfig(4, stem=stem)


def test_details_count_more() -> None:
    wanted = torch.rand(1, 3, 8, 8)
    even, checks = torch.full((8, 8), 0.1), 0.1 * torch.tensor([[1.0, -1], [-1, 1]]).repeat(4, 4)
    assert detail_loss(wanted + even, wanted).item() == pytest.approx(0.11, rel=1e-4)
    assert detail_loss(wanted + checks, wanted).item() == pytest.approx(0.31, rel=1e-4)


@pytest.mark.parametrize("bottleneck", BOTTLENECKS)
def test_eight_pictures_are_learned(bottleneck: str) -> None:
    config = CodecConfig(2, 4, 16, bottleneck=bottleneck, tokens=64)  # type: ignore[arg-type]
    codec, x = Codec(config).train(), torch.rand(8, 3, 4, 4).repeat_interleave(4, 2).repeat_interleave(4, 3)
    optimizer, generator = torch.optim.Adam(codec.parameters(), 3e-3), drawing()
    for _ in range(200):
        found = codec.latents(x, generator)
        loss = detail_loss(codec.pictures(found.z), x) + found.loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    error = (codec.eval().decode(codec.encode(x)) - x).square().mean()
    assert -10 * torch.log10(error).item() > (18 if bottleneck == "codebook" else 22)


KINDS = ("gaussian", "rounding", "signs", "codebook", "product", "spherical", "residual", "relaxed")


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_are_painted_as_latents(kind: str) -> None:
    config = CodecConfig(2, 4, 8, bottleneck=kind, levels=(3, 3), tokens=8, groups=2, attention=True)  # type: ignore[arg-type]
    codec, x = Codec(config).eval(), torch.rand(2, 3, 8, 12)
    found = codec.latents(x)
    assert torch.isfinite(found.loss)
    assert codec.pictures(found.z).shape == x.shape
    if found.indices is None:
        assert kind == "gaussian"
        return
    assert found.indices.shape == (2, 4, 6 * codec.bottleneck.each)
    assert 0 <= found.indices.min() <= found.indices.max() < codec.bottleneck.tokens
    torch.testing.assert_close(codec.bottleneck.of_indices(found.indices), found.z, atol=1e-5, rtol=1e-5)
