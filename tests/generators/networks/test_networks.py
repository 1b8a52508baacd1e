"""Networks that denoise: shapes, sizes, conditions, and that they learn."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.networks.transformer import DenoisingTransformer, TransformerConfig  # noqa: E402
from forensics.generators.networks.unet import DenoisingUNet, UNetConfig  # noqa: E402

SMALL = TransformerConfig(channels=2, patch=2, width=24, depth=2, heads=2, labels=3)
NETWORKS = {
    "transformer": lambda: DenoisingTransformer(SMALL),
    "unet": lambda: DenoisingUNet(UNetConfig(2, 16, (1, 2), attention=1, labels=3)),
}


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(7)


def shaken(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.1)
    return module.eval()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(8, 8), (12, 16)])
def test_any_size_is_taken(name: str, size: tuple[int, int]) -> None:
    z = torch.randn(3, 2, *size)
    assert NETWORKS[name]()(z, torch.rand(3)).shape == z.shape


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_start_at_zero(name: str) -> None:
    assert NETWORKS[name]()(torch.randn(2, 2, 8, 8), torch.rand(2)).abs().max() == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_all_that_is_given_counts(name: str) -> None:
    network = shaken(NETWORKS[name]())
    z, t, label = torch.randn(2, 2, 8, 8), torch.tensor([0.2, 0.7]), torch.tensor([0, 2])
    plain = network(z, t, label)
    for other in (network(z + 0.5, t, label), network(z, t + 0.2, label), network(z, t, label - 1)):
        assert ((other - plain).flatten(1).abs().max(1).values > 1e-4).all()
    torch.testing.assert_close(network(z, t), network(z, t, torch.full((2,), -1)))


@pytest.mark.parametrize("name", NETWORKS)
def test_pictures_do_not_see_each_other(name: str) -> None:
    network = shaken(NETWORKS[name]())
    z, t = torch.randn(3, 2, 8, 8), torch.rand(3)
    for i in range(3):
        torch.testing.assert_close(
            network(z[i : i + 1], t[i : i + 1])[0], network(z, t)[i], rtol=1e-4, atol=1e-5
        )


def test_text_and_control_start_without_effect_and_gain_it() -> None:
    config = TransformerConfig(channels=2, patch=2, width=24, depth=2, heads=2, context=5)
    z, t = torch.randn(2, 2, 8, 8), torch.rand(2)
    text, control = torch.randn(2, 4, 5), torch.randn(2, 16, 24)
    network = shaken(DenoisingTransformer(config))
    assert not torch.allclose(network(z, t, context=text), network(z, t))
    assert not torch.allclose(network(z, t, control=control), network(z, t))
    for block in network.blocks:
        nn.init.zeros_(block.cross.out.weight)
        nn.init.zeros_(block.cross.out.bias)
    torch.testing.assert_close(network(z, t, context=text), network(z, t))


def test_parts_of_patches_are_refused() -> None:
    with pytest.raises(UsageError, match="not made of patches"):
        DenoisingTransformer(SMALL)(torch.zeros(1, 2, 7, 8), torch.zeros(1))


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_learn(name: str) -> None:
    network = NETWORKS[name]()
    z, t = torch.randn(16, 2, 8, 8), torch.rand(16)
    wanted = z.flip(3) * t[:, None, None, None]
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    losses = []
    for _ in range(60):
        loss = (network(z, t) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
