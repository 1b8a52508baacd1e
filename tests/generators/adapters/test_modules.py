"""Modules of PyTorch as samplers."""

from __future__ import annotations

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.errors import MissingExtra  # noqa: E402
from forensics.generators.adapters.modules import ModuleSampler  # noqa: E402
from forensics.generators.pipelines.base import Request  # noqa: E402
from forensics.generators.pipelines.outside import Outside, seed_of  # noqa: E402


class Painter(torch.nn.Module):
    """Noise of four values to pictures of one colour, and brighter by their class."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, noise: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
        colour = self.weight * noise[:, :3].tanh() / 2
        if label is not None:
            colour = colour + label[:, None] / 4
        return colour[:, :, None, None].expand(-1, -1, 5, 6)


def test_each_picture_is_made_of_noise_of_its_own_seed() -> None:
    pipeline = Outside(ModuleSampler(Painter(), (4,)))
    many = list(pipeline.sample(Request(5, seed=2, batch=5)))
    np.testing.assert_array_equal(list(pipeline.sample(Request(3, seed=2, batch=2))), many[:3])
    for number, picture in enumerate(many):
        noise = torch.randn(4, generator=torch.Generator().manual_seed(seed_of(2, number)))
        expected = (noise[:3].tanh().numpy() / 2 + 1) / 2 * 255
        assert picture.shape == (5, 6, 3)
        np.testing.assert_allclose(picture, np.broadcast_to(expected, (5, 6, 3)), atol=0.51)


def test_range_and_classes_are_those_of_the_module() -> None:
    unit = Outside(ModuleSampler(Painter(), (4,), low=0.0, labels=("dark", "bright")))
    assert unit.recipe.labels == ("dark", "bright")
    dark, bright = (next(unit.sample(Request(label=label))).astype(float) for label in (0, 1))
    open_to_all = (dark > 0) & (bright < 255)
    np.testing.assert_allclose((bright - dark)[open_to_all], 255 / 4, atol=1)
    assert (dark == 0).any() or (dark < 128).all()


def test_pytorch_has_to_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match="a module of PyTorch needs an extra"):
        ModuleSampler(Painter(), (4,))
