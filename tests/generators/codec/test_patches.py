"""The critic of patches sees patches of the size it says, and nothing beyond."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from forensics.generators.codec.patches import PatchCritic  # noqa: E402


def test_each_logit_sees_a_patch_of_22_pixels() -> None:
    torch.manual_seed(0)
    critic, x = PatchCritic(8).eval(), torch.rand(1, 3, 64, 64, requires_grad=True)
    logits = critic(x)
    assert logits.shape == (1, 1, 15, 15)
    logits[0, 0, 7, 7].backward()
    seen = x.grad.abs().sum((0, 1)).nonzero()
    sides = seen.max(0).values - seen.min(0).values + 1
    assert sides.tolist() == [22, 22]


def test_slope_is_bounded_by_the_norms_of_its_layers() -> None:
    torch.manual_seed(0)
    critic = PatchCritic(8).train()
    for _ in range(30):
        critic(torch.rand(2, 3, 32, 32))  # power iterations of the norms
    for layer in (*critic.layers, critic.head):
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1.0, abs=0.05)
