"""Inversion of a linear generator is least squares."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.gan.inversion import invert  # noqa: E402


def test_latents_are_those_of_least_squares() -> None:
    torch.manual_seed(0)
    weight, wanted = torch.randn(4, 12), torch.randn(3, 3, 2, 2)
    found = invert(
        lambda z: (z @ weight).reshape(-1, 3, 2, 2), wanted, torch.zeros(3, 4), steps=400, rate=0.1
    )
    expected, *_ = np.linalg.lstsq(weight.numpy().T, wanted.flatten(1).numpy().T, rcond=None)
    np.testing.assert_allclose(found.latent.numpy(), expected.T, atol=1e-3)
    left = ((expected.T @ weight.numpy() - wanted.flatten(1).numpy()) ** 2).mean(1)
    np.testing.assert_allclose(found.psnr.numpy(), 10 * np.log10(4 / left), atol=0.01)
    assert found.losses[-1] == pytest.approx(left.mean(), rel=1e-3)
    assert found.losses[0] == pytest.approx(float(wanted.square().mean()), rel=1e-5)


def test_wrong_usage_is_said() -> None:
    wanted = torch.zeros(1, 3, 2, 2)
    with pytest.raises(UsageError, match="takes steps"):
        invert(lambda z: z, wanted, wanted, steps=0)
    with pytest.raises(UsageError, match="other pictures"):
        invert(lambda z: z[:, :1], wanted, wanted)
