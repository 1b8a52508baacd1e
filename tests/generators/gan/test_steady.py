"""What steadies a game, against closed forms: bounds, noise, memory, and a look ahead."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.func import functional_call  # noqa: E402

from forensics.generators.gan.steady import History, clip_weights, instance_noise, unrolled  # noqa: E402


def drawing() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def test_weights_stay_in_their_box() -> None:
    module = nn.Linear(20, 20)
    before = module.weight.detach().numpy().copy()
    clip_weights(module, 0.1)
    np.testing.assert_array_equal(module.weight.detach().numpy(), np.clip(before, -0.1, 0.1))
    assert module.bias.abs().max() <= 0.1
    assert (np.abs(before) > 0.1).any()


def test_noise_on_pictures_grows_less() -> None:
    x = torch.full((4, 3, 32, 32), 0.3)
    for done, deviation in ((0.0, 0.5), (0.5, 0.25), (0.9, 0.05)):
        found = instance_noise(x, 0.5, done, drawing())
        assert found.std().item() == pytest.approx(deviation, rel=0.05)
        assert found.mean().item() == pytest.approx(0.3, abs=0.02)
    torch.testing.assert_close(instance_noise(x, 0.5, 1.0, drawing()), x)


def test_history_is_the_mean_of_all_weights() -> None:
    module, seen = nn.Linear(3, 2), []
    history = History(module)
    for number in range(5):
        torch.manual_seed(number)
        module.reset_parameters()
        history.see(module)
        seen.append(torch.cat([module.weight.flatten(), module.bias]).detach().numpy())
    np.testing.assert_allclose(history.mean.numpy(), np.mean(seen, axis=0), atol=1e-6)
    distance = history.distance(module)
    assert distance.item() == pytest.approx(((seen[-1] - np.mean(seen, axis=0)) ** 2).sum(), rel=1e-4)
    distance.backward()
    slope = 2 * (seen[-1] - np.mean(seen, axis=0))
    np.testing.assert_allclose(module.weight.grad.flatten().numpy(), slope[:6], atol=1e-5)


class Slope(nn.Module):
    """A critic of one weight, w x."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(0.4))

    def forward(self, x: Tensor) -> Tensor:
        return self.w * x


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_looking_ahead_by_hand(steps: int) -> None:
    """The critic loses w (m - 1) + w^2 / 2, so w' = (1 - r) w - r (m - 1), and d w' / d m is known."""
    critic, rate = Slope(), 0.1
    made = torch.tensor(0.3, requires_grad=True)

    def loss(weights: Mapping[str, Tensor]) -> Tensor:
        w = weights["w"]
        at = functional_call(critic, dict(weights), (made - 1.0,))
        return at + 0.5 * w.square()

    later = unrolled(critic, loss, steps, rate)
    w, slope = 0.4, 0.0
    for _ in range(steps):
        w, slope = (1 - rate) * w - rate * (0.3 - 1.0), (1 - rate) * slope - rate
    assert float(later["w"].detach()) == pytest.approx(w, rel=1e-5)
    assert float(critic.w.detach()) == pytest.approx(0.4)
    value = -functional_call(critic, dict(later), (made,))  # what the generator loses: -w'(m) m
    (found,) = torch.autograd.grad(value, made)
    assert float(found) == pytest.approx(-(w + 0.3 * slope), rel=1e-5)
