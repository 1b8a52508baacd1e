"""What critics see pictures under: permutations of pixels, affine changes of colour, and how often."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.generators.gan.augmentation import Adaptive, augment, colours, moves  # noqa: E402


def drawing(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def pictures() -> torch.Tensor:
    torch.manual_seed(3)
    return torch.rand(64, 3, 16, 16) * 2 - 1


def test_without_chance_nothing_changes(pictures: torch.Tensor) -> None:
    torch.testing.assert_close(augment(pictures, 0.0, drawing()), pictures, atol=1e-5, rtol=1e-5)


def test_moves_are_mirrors_quarter_turns_and_shifts(pictures: torch.Tensor) -> None:
    found = moves(pictures, 1.0, drawing()).numpy()
    seen = set()
    for x, y in zip(pictures.numpy(), found, strict=True):
        ways = [
            (flip, turns, down, across)
            for flip in (False, True)
            for turns in range(4)
            for down in range(-2, 3)
            for across in range(-2, 3)
            if np.array_equal(y, _moved(x, flip, turns, down, across))
        ]
        assert len(ways) == 1
        seen.add(ways[0][:2])
    assert len(seen) == 8


def _moved(x: np.ndarray, flip: bool, turns: int, down: int, across: int) -> np.ndarray:
    mirrored = x[:, :, ::-1] if flip else x
    return np.roll(np.rot90(mirrored, turns, axes=(1, 2)), (down, across), axis=(1, 2))


def test_colours_change_by_one_affine_map_for_each_picture(pictures: torch.Tensor) -> None:
    found = colours(pictures, 1.0, drawing()).double()
    for x, y in zip(pictures.double(), found, strict=True):
        design = torch.cat([x.flatten(1), torch.ones(1, 256)]).T
        solution = torch.linalg.lstsq(design, y.flatten(1).T).solution
        torch.testing.assert_close(design @ solution, y.flatten(1).T, atol=1e-4, rtol=1e-4)
    grey = torch.full((64, 3, 2, 2), 0.4)
    same = colours(grey, 1.0, drawing())
    spread = same.amax((1, 2, 3)) - same.amin((1, 2, 3))
    assert spread.max() < 1e-4  # grey stays grey
    assert same.flatten(1)[:, 0].std() > 0.1


def test_each_way_has_its_chance() -> None:
    x = torch.linspace(-1, 1, 16).expand(2000, 1, 16, 16)
    unmoved = (moves(x, 0.3, drawing()) == x).flatten(1).all(1).double().mean().item()
    shift = 0.3 * 4 / 5
    still = (1 - shift) * ((1 - 0.3 / 2) * (1 - 0.3 * 3 / 4) + 0.3 / 2 * 0.3 / 4)
    assert unmoved == pytest.approx(still, abs=0.04)  # across; what moves down is not seen


def test_gradients_pass_back_to_the_pictures(pictures: torch.Tensor) -> None:
    x = pictures[:8].clone().requires_grad_()
    augment(x, 1.0, drawing()).square().sum().backward()
    assert (x.grad.abs().flatten(1).sum(1) > 0).all()
    again = augment(pictures, 0.5, drawing(4))
    torch.testing.assert_close(again, augment(pictures, 0.5, drawing(4)))


def test_chance_rises_while_the_critic_is_too_sure() -> None:
    adaptive = Adaptive(target=0.6, length=100, most=0.8)
    for expected in (0.1, 0.2):
        adaptive.see(torch.tensor([1.0] * 9 + [-1.0]))  # mean sign 0.8
        assert float(adaptive.share) == pytest.approx(expected)
    adaptive.see(torch.tensor([5.0] * 7 + [-1.0] * 3))  # 0.4
    assert float(adaptive.share) == pytest.approx(0.1)
    for _ in range(3):
        adaptive.see(torch.full((10,), -3.0))
    assert float(adaptive.share) == 0.0
    for _ in range(20):
        adaptive.see(torch.ones(10))
    assert float(adaptive.share) == pytest.approx(0.8)
    assert math.isclose(float(adaptive.state_dict()["share"]), 0.8, rel_tol=1e-6)
