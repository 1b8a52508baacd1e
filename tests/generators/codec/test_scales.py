"""Maps of tokens of growing size: as loops over squares say, whole again from tokens, and ever nearer."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.codec.bottlenecks import Scales  # noqa: E402
from forensics.generators.codec.bottlenecks.scales import enlarged, reduced  # noqa: E402
from forensics.generators.codec.model import Codec, CodecConfig  # noqa: E402


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(9)


def drawing(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def shaken(sides: tuple[int, ...] = (1, 2, 4)) -> Scales:
    layer = Scales(sides, 8, 2).eval()
    for convolution in layer.smooth.parameters():
        nn.init.normal_(convolution, std=0.1)
    return layer


def straight(x: np.ndarray, factor: int) -> np.ndarray:
    """Enlarge (h, w) by straight lines between the middles of places, row by row."""

    def line(values: np.ndarray) -> np.ndarray:
        middles = (np.arange(len(values) * factor) + 0.5) / factor - 0.5
        return np.interp(middles, np.arange(len(values)), values)

    return np.apply_along_axis(line, 1, np.apply_along_axis(line, 0, x))


def test_maps_are_enlarged_by_straight_lines_and_reduced_to_means() -> None:
    x = torch.randn(1, 1, 4, 4)
    np.testing.assert_allclose(enlarged(x, 2)[0, 0], straight(x[0, 0].numpy(), 2), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        reduced(x, 2)[0, 0], x[0, 0].numpy().reshape(2, 2, 2, 2).mean((1, 3)), atol=1e-6
    )
    assert torch.equal(enlarged(x, 1), x)


def test_what_coarse_maps_leave_over_is_quantised_finer() -> None:
    layer, x = shaken(), torch.randn(1, 2, 4, 4)
    found = layer(x)
    vectors, total, start = layer.book.vectors.numpy(), np.zeros((2, 4, 4)), 0
    for side, smooth in zip((1, 2, 4), layer.smooth, strict=True):
        left = x[0].numpy() - total
        small = left.reshape(2, side, 4 // side, side, 4 // side).mean((2, 4)).reshape(2, -1).T
        index = ((small[:, None] - vectors[None]) ** 2).sum(2).argmin(1)
        np.testing.assert_array_equal(found.indices[0, 0, start : start + side * side].numpy(), index)
        large = np.stack([straight(part.reshape(side, side), 4 // side) for part in vectors[index].T])
        more = smooth(torch.from_numpy(large[None]).float())[0].detach().numpy()
        total, start = total + large + more, start + side * side
    assert found.indices.shape == (1, 1, 21)
    np.testing.assert_allclose(found.z[0].detach(), total, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("side", [4, 8])
def test_squares_come_back_from_their_tokens(side: int) -> None:
    layer, x = shaken(), torch.randn(3, 2, side, side)
    found = layer(x)
    assert found.indices.shape == (3, 1, 21 * (side // 4) ** 2)
    torch.testing.assert_close(layer.of_indices(found.indices), found.z, rtol=1e-4, atol=1e-4)


def test_gradients_pass_to_the_encoder_and_to_what_smooths() -> None:
    layer, x = shaken(), torch.randn(2, 2, 4, 4, requires_grad=True)
    found = layer(x)
    (slope,) = torch.autograd.grad(found.z.sum(), x, retain_graph=True)
    torch.testing.assert_close(slope, torch.ones_like(x))
    found.z.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in layer.smooth.parameters())
    loss = 1.25 * sum(((x - part) ** 2).mean() for part in sums(layer, found.indices)) / 3
    torch.testing.assert_close(found.loss, loss, rtol=1e-4, atol=1e-5)


def sums(layer: Scales, indices: torch.Tensor) -> list[torch.Tensor]:
    """What is approached after each map."""
    z, found, start = torch.zeros(()), [], 0
    for number, side in enumerate(layer.sides):
        part = indices[:, 0, start : start + side * side].unflatten(1, (side, side))
        large = enlarged(layer.book.of_indices(part), layer.sides[-1] // side)
        z = z + large + layer.smooth[number](large)
        found.append(z.detach())
        start += side * side
    return found


def test_every_finer_map_comes_nearer() -> None:
    layer = Scales((1, 2, 4), 32, 2).train()
    layer.book.keep = 0.8
    for step in range(60):
        x = torch.randn(16, 2, 4, 4, generator=drawing(step)) + torch.randn(
            16, 2, 1, 1, generator=drawing(1000 + step)
        )
        layer(x, drawing(step))
    errors = [(x - part).square().mean().item() for part in sums(layer.eval(), layer(x).indices)]
    assert errors[0] > errors[1] > 2 * errors[2]


def test_sizes_that_do_not_suit_are_refused() -> None:
    for sides in ((), (0, 2), (2, 1), (2, 2), (1, 3, 4)):
        with pytest.raises(UsageError, match="maps of tokens grow"):
            Scales(sides, 8, 2)
    with pytest.raises(UsageError, match="whole maps"):
        Scales((1, 2, 4), 8, 2)(torch.randn(1, 2, 6, 4))


def test_codecs_take_them_of_any_suitable_size() -> None:
    codec = Codec(CodecConfig(2, 4, 8, bottleneck="scales", sides=(1, 2), tokens=8)).eval()
    for height, width in ((8, 8), (8, 12)):
        x = torch.rand(2, 3, height, width)
        assert codec.decode(codec.encode(x)).shape == x.shape
