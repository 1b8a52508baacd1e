"""Models of clips are those of pictures to begin with, and learn what moves."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.networks.transformer import DenoisingTransformer, TransformerConfig  # noqa: E402
from forensics.generators.networks.unet import DenoisingUNet, UNetConfig  # noqa: E402
from forensics.generators.networks.video import (  # noqa: E402
    DenoisingVideoTransformer,
    DenoisingVideoUNet,
    clip_denoiser,
)

TRANSFORMER = TransformerConfig(channels=2, patch=2, width=24, depth=2, heads=2, labels=3)
UNET = UNetConfig(channels=2, width=8, multiples=(1, 2), blocks=2, attention=1, heads=2, labels=3)
KINDS = {
    "transformer": (DenoisingTransformer, TRANSFORMER, DenoisingVideoTransformer),
    "unet": (DenoisingUNet, UNET, DenoisingVideoUNet),
}


def shaken(module: nn.Module) -> nn.Module:
    """Give all weights values, those that start at zero too."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.1)
    return module.eval()


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def networks(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A network of pictures with any weights, and the one of clips that begins with it."""
    torch.manual_seed(9)
    kind, config, of_clips = request.param
    pictures = shaken(kind(config))
    return pictures, of_clips(pictures).eval()


def test_clips_are_pictures_to_begin_with(networks: tuple[Any, Any]) -> None:
    pictures, clips = networks
    z, t, label = torch.randn(3, 5, 2, 8, 6), torch.rand(3), torch.tensor([0, 2, -1])
    found = clips(z, t, label)
    for frame in range(5):
        torch.testing.assert_close(found[:, frame], pictures(z[:, frame], t, label), rtol=1e-4, atol=1e-5)


def test_frames_see_each_other_after_training(networks: tuple[Any, Any]) -> None:
    _, clips = networks
    shaken(clips.temporal)
    z, t = torch.randn(2, 4, 2, 8, 6), torch.rand(2)
    other = z.clone()
    other[0, 2] += 1
    changed = (clips(other, t) - clips(z, t)).abs().flatten(2).amax(2) > 1e-5
    assert changed[0].all()  # every frame of the clip
    assert not changed[1].any()  # and none of the other one
    turned = clips(z.flip(1), t).flip(1)
    assert not torch.allclose(turned, clips(z, t), atol=1e-4)  # time has a direction


def test_known_frames_are_at_the_end_of_the_path(networks: tuple[Any, Any]) -> None:
    pictures, clips = networks
    z, t = torch.randn(1, 3, 2, 8, 6), torch.tensor([0.2])
    found = clips(z, t, known=torch.tensor([[True, False, False]]))
    torch.testing.assert_close(found[:, 0], pictures(z[:, 0], torch.ones(1)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found[:, 1:], clips(z, t)[:, 1:], rtol=1e-4, atol=1e-5)


def test_pictures_are_refused(networks: tuple[Any, Any]) -> None:
    with pytest.raises(UsageError, match="five axes"):
        networks[1](torch.randn(2, 2, 8, 8), torch.rand(2))


@pytest.mark.parametrize("config", [TRANSFORMER, UNET], ids=KINDS)
def test_the_size_says_which_network_it_is(config: Any) -> None:
    (wanted,) = (of_clips for _, known, of_clips in KINDS.values() if known is config)
    assert isinstance(clip_denoiser(config), wanted)


@pytest.mark.parametrize(
    ("config", "clips", "rate", "steps"),
    [
        (TransformerConfig(1, 2, 24, 2, 2), 16, 3e-3, 250),
        (UNetConfig(1, 8, (1,), attention=1, heads=2), 8, 1e-2, 100),
    ],
    ids=KINDS,
)
def test_what_only_other_frames_tell_is_learned(config: Any, clips: int, rate: float, steps: int) -> None:
    """Each frame is to be the one before it: no picture alone says that."""
    torch.manual_seed(10)
    network = clip_denoiser(config)
    z, t = torch.randn(clips, 4, 1, 4, 4), torch.rand(clips)
    wanted = z.roll(1, dims=1)
    optimizer, losses = torch.optim.AdamW(network.parameters(), rate), []
    for _ in range(steps):
        loss = (network(z, t) - wanted)[:, 1:].square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
