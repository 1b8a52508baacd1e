"""The model of clips is that of pictures to begin with, and learns what moves."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.networks.transformer import DenoisingTransformer, TransformerConfig  # noqa: E402
from forensics.generators.networks.video import DenoisingVideoTransformer  # noqa: E402

SMALL = TransformerConfig(channels=2, patch=2, width=24, depth=2, heads=2, labels=3)


@pytest.fixture
def pictures() -> DenoisingTransformer:
    torch.manual_seed(9)
    network = DenoisingTransformer(SMALL)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.1)
    return network.eval()


def test_clips_are_pictures_to_begin_with(pictures: DenoisingTransformer) -> None:
    z, t, label = torch.randn(3, 5, 2, 8, 6), torch.rand(3), torch.tensor([0, 2, -1])
    found = DenoisingVideoTransformer(pictures).eval()(z, t, label)
    for frame in range(5):
        torch.testing.assert_close(found[:, frame], pictures(z[:, frame], t, label), rtol=1e-4, atol=1e-5)


def test_frames_see_each_other_after_training(pictures: DenoisingTransformer) -> None:
    network = DenoisingVideoTransformer(pictures).eval()
    for parameter in network.temporal.parameters():
        nn.init.normal_(parameter, std=0.1)
    z, t = torch.randn(2, 4, 2, 8, 6), torch.rand(2)
    other = z.clone()
    other[0, 2] += 1
    changed = (network(other, t) - network(z, t)).abs().flatten(2).amax(2) > 1e-5
    assert changed[0].all()  # every frame of the clip
    assert not changed[1].any()  # and none of the other one
    turned = network(z.flip(1), t).flip(1)
    assert not torch.allclose(turned, network(z, t), atol=1e-4)  # time has a direction


def test_known_frames_are_at_the_end_of_the_path(pictures: DenoisingTransformer) -> None:
    network = DenoisingVideoTransformer(pictures).eval()
    z, t = torch.randn(1, 3, 2, 8, 6), torch.tensor([0.2])
    found = network(z, t, known=torch.tensor([[True, False, False]]))
    torch.testing.assert_close(found[:, 0], pictures(z[:, 0], torch.ones(1)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found[:, 1:], network(z, t)[:, 1:], rtol=1e-4, atol=1e-5)


def test_pictures_are_refused(pictures: DenoisingTransformer) -> None:
    with pytest.raises(UsageError, match="five axes"):
        DenoisingVideoTransformer(pictures)(torch.randn(2, 2, 8, 8), torch.rand(2))


def test_what_only_other_frames_tell_is_learned() -> None:
    """Each frame is to be the one before it: no picture alone says that."""
    torch.manual_seed(10)
    network = DenoisingVideoTransformer(DenoisingTransformer(TransformerConfig(1, 2, 24, 2, 2)))
    z, t = torch.randn(16, 4, 1, 4, 4), torch.rand(16)
    wanted = z.roll(1, dims=1)
    optimizer, losses = torch.optim.AdamW(network.parameters(), 3e-3), []
    for _ in range(250):
        loss = (network(z, t) - wanted)[:, 1:].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
