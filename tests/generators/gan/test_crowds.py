"""Statistics over batches, and layers that normalise, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from forensics.generators.gan.config import GanConfig  # noqa: E402
from forensics.generators.gan.crowds import Deviation, Distances  # noqa: E402
from forensics.generators.gan.networks import critic_of, generator_of  # noqa: E402
from forensics.generators.gan.norms import REFERENCE, PixelNorm, VirtualBatchNorm  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(5)


def test_deviation_is_one_more_channel() -> None:
    x = torch.randn(6, 3, 4, 4)
    found = Deviation()(x)
    assert found.shape == (6, 4, 4, 4)
    torch.testing.assert_close(found[:, :3], x)
    expected = np.sqrt(x.numpy().var(axis=0) + 1e-8).mean()
    np.testing.assert_allclose(found[:, 3].numpy(), expected, rtol=1e-5)
    same = x[:1].expand(6, -1, -1, -1).clone().requires_grad_()
    Deviation()(same).sum().backward()
    assert torch.isfinite(same.grad).all()


def test_distances_are_those_of_the_paper() -> None:
    layer, x = Distances(8, kernels=3, each=4), torch.randn(5, 2, 2, 2)
    found = layer(x)
    assert found.shape == (5, 5, 2, 2)
    rows = (x.flatten(1).numpy() @ layer.project.weight.detach().numpy().T).reshape(5, 3, 4)
    for i in range(5):
        for b in range(3):
            near = sum(np.exp(-np.abs(rows[i, b] - rows[j, b]).sum()) for j in range(5) if j != i)
            assert found[i, 2 + b, 0, 0].item() == pytest.approx(near, rel=1e-4)


@pytest.mark.parametrize("crowd", ["deviation", "distance"])
@pytest.mark.parametrize("kind", ["plain", "transformer"])
def test_critics_can_see_the_crowd(kind: str, crowd: str) -> None:
    config = GanConfig(16, 3, 8, 8, critic=kind, crowd=crowd)  # type: ignore[arg-type]
    x, others = torch.randn(1, 3, 16, 16), torch.randn(2, 3, 3, 16, 16)
    critic = critic_of(config)
    assert not torch.allclose(critic(torch.cat([x, others[0]]))[0], critic(torch.cat([x, others[1]]))[0])
    alone = critic_of(GanConfig(16, 3, 8, 8, critic=kind))  # type: ignore[arg-type]
    torch.testing.assert_close(
        alone(torch.cat([x, others[0]]))[0], alone(torch.cat([x, others[1]]))[0], atol=1e-5, rtol=1e-4
    )


def test_pixels_have_unit_size() -> None:
    x = 7 * torch.randn(2, 16, 3, 5)
    found = PixelNorm()(x)
    torch.testing.assert_close(found.square().mean(1), torch.ones(2, 3, 5), atol=1e-4, rtol=1e-4)
    cosine = F.cosine_similarity(found, x, dim=1)
    torch.testing.assert_close(cosine, torch.ones(2, 3, 5), atol=1e-4, rtol=1e-4)


def test_virtual_batches_normalise_each_picture_with_the_reference() -> None:
    layer = VirtualBatchNorm(3, count=4)
    torch.nn.init.normal_(layer.weight)
    torch.nn.init.normal_(layer.bias)
    x = 2.0 + 3.0 * torch.randn(6, 3, 5, 5)
    found = layer(x)
    torch.testing.assert_close(
        found[:4],
        F.batch_norm(x[:4], None, None, layer.weight.flatten(), layer.bias.flatten(), training=True),
    )
    for i in (4, 5):
        both = torch.cat([x[:4], x[i : i + 1]])
        expected = F.batch_norm(both, None, None, layer.weight.flatten(), layer.bias.flatten(), training=True)
        torch.testing.assert_close(found[i], expected[4], atol=1e-5, rtol=1e-4)


def test_virtual_batches_are_exact_enough_in_16_bits() -> None:
    """As batch norm is: features far from zero leave little of a deviation that is rounded first."""
    layer, other = VirtualBatchNorm(3, count=4), torch.nn.BatchNorm2d(3)
    x = 8.0 + torch.randn(6, 3, 9, 9)
    wrong = [(one(x) - one(x.bfloat16()).float()).detach().abs().max().item() for one in (layer, other)]
    assert wrong[1] < 0.05
    assert wrong[0] < 0.05


def test_with_a_virtual_batch_pictures_do_not_depend_on_each_other() -> None:
    config = GanConfig(16, 3, 8, 4, norm="virtual", labels=3)
    make, noise = generator_of(config).train(), torch.randn(5, config.noise)
    label = torch.tensor([0, 1, 2, -1, 0])
    whole = make(noise, label)
    for i in range(5):
        torch.testing.assert_close(
            make(noise[i : i + 1], label[i : i + 1])[0], whole[i], atol=1e-5, rtol=1e-4
        )
    assert make.reference.shape == (REFERENCE, 8 + 3)
    batch = generator_of(GanConfig(16, 3, 8, 4)).train()
    assert not torch.allclose(batch(noise)[0], batch(noise[:2])[0], atol=1e-4)
