"""The critic of patches is a vision transformer: patches are its tokens, told apart by place alone."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

import torch.nn.functional as F  # noqa: E402

from forensics.generators.gan import critics  # noqa: E402
from forensics.generators.gan.critics import TransformerCritic  # noqa: E402
from forensics.generators.gan.networks import GanConfig  # noqa: E402
from forensics.generators.parts.patches import patchify, unpatchify  # noqa: E402

CONFIG = GanConfig(16, 3, 8, 4, labels=4, critic="transformer", classes="auxiliary")


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(4)


def test_patches_are_tokens_whose_order_only_places_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    network, x = TransformerCritic(CONFIG).eval(), torch.rand(3, 3, 16, 16) * 2 - 1
    shuffled = unpatchify(patchify(x, 4)[:, torch.randperm(16)], 4, 4, 4)
    assert not torch.allclose(network(x), network(shuffled), atol=1e-3)
    monkeypatch.setattr(critics, "positions", lambda *sizes: torch.zeros(1))
    torch.testing.assert_close(network(x), network(shuffled), rtol=1e-4, atol=1e-5)


def test_it_names_what_only_the_place_of_a_patch_tells() -> None:
    network = TransformerCritic(CONFIG).train()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)

    def drawn(count: int) -> tuple[torch.Tensor, torch.Tensor]:
        label = torch.randint(4, (count,))  # in which quarter the bright patch is
        row = 2 * (label // 2) + torch.randint(2, (count,))
        column = 2 * (label % 2) + torch.randint(2, (count,))
        patches = 0.1 * torch.randn(count, 16, 48)
        patches[torch.arange(count), 4 * row + column] += 1.0
        return unpatchify(patches, 4, 4, 4), label

    for _ in range(80):
        x, label = drawn(32)
        named = network.judged(x).classes
        assert named is not None
        optimizer.zero_grad()
        F.cross_entropy(named, label).backward()
        optimizer.step()
    x, label = drawn(200)
    named = network.eval().judged(x).classes
    assert named is not None
    assert (named.argmax(1) == label).float().mean() > 0.9
