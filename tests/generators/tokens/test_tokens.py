"""Token models: nothing leaks from what comes later, and what is learned is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.pipelines.chance import Chance  # noqa: E402
from forensics.generators.pipelines.tokens import level_by_level, masked_steps, one_by_one  # noqa: E402
from forensics.generators.tokens.model import (  # noqa: E402
    TokenConfig,
    TokenTransformer,
    causal_loss,
    masked_loss,
    shown_share,
)
from forensics.generators.tokens.pixelcnn import PixelCNN, PixelCNNConfig, bits  # noqa: E402
from forensics.generators.train.denoising import as_network  # noqa: E402

SMALL = {"tokens": 5, "rows": 3, "columns": 4, "width": 24, "depth": 2, "heads": 2}


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(8)


def drawing(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


LLAMA = {"norm": "root", "gated": True, "turned": "grid"}


@pytest.mark.parametrize("options", [{}, {"turned": "line"}, LLAMA], ids=["plain", "line", "llama"])
def test_later_tokens_do_not_count(options: dict[str, object]) -> None:
    model = TokenTransformer(TokenConfig(**SMALL, **options)).eval()  # type: ignore[arg-type]
    tokens = torch.randint(5, (1, 12))
    plain = model(tokens)
    for place in range(12):
        other = tokens.clone()
        other[0, place] = (other[0, place] + 1) % 5
        changed = (model(other) - plain).abs().amax(dim=2)[0] > 1e-6
        assert not changed[: place + 1].any()
        assert changed[place + 1 :].all()
    torch.testing.assert_close(model(tokens[:, :7]), plain[:, :7], rtol=1e-4, atol=1e-5)


def test_all_that_is_shown_counts_for_all() -> None:
    model = TokenTransformer(TokenConfig(**SMALL, causal=False)).eval()  # type: ignore[arg-type]
    tokens = torch.randint(5, (1, 12))
    other = tokens.clone()
    other[0, 7] = -1
    assert ((model(other) - model(tokens)).abs().amax(dim=2) > 1e-6).all()


def test_turned_places_are_told_by_distances_alone_if_causal() -> None:
    model = TokenTransformer(TokenConfig(**SMALL, **LLAMA)).eval()  # type: ignore[arg-type]
    tokens = torch.randint(5, (1, 12))
    before = model(tokens)
    model.place.normal_()
    torch.testing.assert_close(model(tokens), before)
    assert model.angles is not None
    model.angles += torch.randn(model.angles.shape[1])  # all places go on by as much
    torch.testing.assert_close(model(tokens), before, rtol=1e-4, atol=1e-5)
    model.angles *= 2.0
    assert not torch.allclose(model(tokens), before, atol=1e-3)


def test_hidden_places_differ_also_if_they_are_turned() -> None:
    model = TokenTransformer(TokenConfig(**SMALL, **LLAMA, causal=False)).eval()  # type: ignore[arg-type]
    logits = model(torch.full((1, 12), -1))[0]
    assert (logits[1:] - logits[0]).abs().amax(1).min() > 1e-3


def test_options_leave_the_weights_of_models_without_them_as_they_were() -> None:
    plain = TokenTransformer(TokenConfig(**SMALL)).state_dict()  # type: ignore[arg-type]
    turned = TokenTransformer(TokenConfig(**SMALL, turned="grid")).state_dict()  # type: ignore[arg-type]
    assert {n: v.shape for n, v in plain.items()} == {n: v.shape for n, v in turned.items()}
    assert {"norm.weight", "norm.bias", "begin", "embed.weight"} < set(plain)


@pytest.mark.parametrize("causal", [True, False])
def test_classes_count(causal: bool) -> None:
    model = TokenTransformer(TokenConfig(**SMALL, causal=causal, labels=3)).eval()  # type: ignore[arg-type]
    tokens = torch.randint(5, (2, 12))
    assert not torch.allclose(model(tokens, torch.tensor([0, 1])), model(tokens, torch.tensor([2, 1])))
    torch.testing.assert_close(model(tokens), model(tokens, torch.tensor([-1, -1])))
    with pytest.raises(UsageError, match="classes"):
        TokenTransformer(TokenConfig(**SMALL))(tokens, torch.tensor([0, 1]))  # type: ignore[arg-type]


def test_losses_are_cross_entropies() -> None:
    tokens = torch.randint(5, (200, 12))
    for causal, loss in ((True, causal_loss), (False, lambda m, t: masked_loss(m, t, drawing()))):
        model = TokenTransformer(TokenConfig(**SMALL, causal=causal))  # type: ignore[arg-type]
        nn.init.zeros_(model.head.weight)
        nn.init.zeros_(model.head.bias)
        assert loss(model, tokens).item() == pytest.approx(math.log(5), rel=1e-5)


def test_cosine_shows_little_at_first() -> None:
    assert shown_share(0.0).item() == pytest.approx(0.0)
    assert shown_share(1.0).item() == pytest.approx(1.0)
    assert shown_share(0.5).item() == pytest.approx(1 - math.cos(math.pi / 4))


def test_eight_pictures_are_learned_and_drawn_one_by_one() -> None:
    model = TokenTransformer(TokenConfig(**SMALL)).train()  # type: ignore[arg-type]
    real = torch.randint(5, (8, 12), generator=drawing(3))
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(250):
        loss = causal_loss(model, real)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    *_, drawn = one_by_one(as_network(model.eval()), 12, Chance(1, range(60)))
    made = torch.from_numpy(drawn)
    known = (made[:, None] == real[None]).all(2)
    assert known.any(1).float().mean() > 0.7
    assert known.any(0).sum() >= 5  # of the eight


def test_three_pictures_are_learned_and_drawn_in_steps() -> None:
    model = TokenTransformer(TokenConfig(**SMALL, causal=False)).train()  # type: ignore[arg-type]
    real = torch.randint(5, (3, 12), generator=drawing(3))
    optimizer, generator = torch.optim.AdamW(model.parameters(), 1e-2), drawing()
    for _ in range(400):
        loss = masked_loss(model, real.repeat(8, 1), generator)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network, hidden = as_network(model.eval()), np.full((60, 12), -1)
    *_, drawn = masked_steps(network, hidden, 12, Chance(1, range(60)))  # without chance, the surest alone
    made = torch.from_numpy(drawn)
    known = (made[:, None] == real[None]).all(2)
    assert known.any(1).float().mean() > 0.6
    assert known.any(0).all()
    part = real.clone()
    part[:, 6:] = -1  # the second half is told by the first
    *_, painted = masked_steps(network, part.numpy(), 6, Chance(1, range(3)), temperature=0.0)
    assert (painted == real.numpy()).mean() > 0.9


def test_pixels_see_only_those_before() -> None:
    model = PixelCNN(PixelCNNConfig(3, 8, 12, 2)).eval()
    x = torch.randint(8, (1, 3, 5, 5))
    plain = model(x)
    order = torch.arange(75).reshape(5, 5, 3).movedim(2, 0)  # rows, then columns, then colours
    for channel, row, column in ((0, 2, 2), (1, 2, 2), (2, 0, 4), (0, 0, 0), (2, 3, 1)):
        other = x.clone()
        other[0, channel, row, column] = (other[0, channel, row, column] + 4) % 8
        changed = (model(other) - plain).abs().amax(dim=-1)[0] > 1e-7
        here = order[channel, row, column]
        assert not changed[order <= here].any()
        if channel < 2:
            assert changed[channel + 1, row, column]


def test_bits_of_an_untrained_model_are_those_of_its_levels() -> None:
    model = PixelCNN(PixelCNNConfig(1, 16, 8, 1))
    nn.init.zeros_(model.head.weight)
    nn.init.zeros_(model.head.bias)
    assert bits(model, torch.randint(16, (3, 1, 4, 4))).tolist() == pytest.approx([4.0] * 3)


def test_two_pictures_are_learned_and_drawn_pixel_by_pixel() -> None:
    real = torch.stack([torch.eye(4), 1 - torch.eye(4)]).long()[:, None]
    model = PixelCNN(PixelCNNConfig(1, 2, 16, 3)).train()
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    for _ in range(200):
        loss = bits(model, real).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.15  # one bit for sixteen pixels is the least
    *_, drawn = level_by_level(as_network(model.eval()), (1, 4, 4), Chance(1, range(20)))
    made = torch.from_numpy(drawn)
    known = (made[:, None] == real[None]).flatten(2).all(2)
    assert known.any(1).float().mean() > 0.8
    assert known.any(0).all()
