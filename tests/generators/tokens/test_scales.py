"""The model of maps of growing size: nothing leaks from finer maps, and what is learned is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from forensics.errors import UsageError  # noqa: E402
from forensics.generators.codec.bottlenecks.scales import enlarged, reduced  # noqa: E402
from forensics.generators.pipelines.chance import Chance  # noqa: E402
from forensics.generators.pipelines.tokens import scale_by_scale  # noqa: E402
from forensics.generators.tokens.model import causal_loss  # noqa: E402
from forensics.generators.tokens.scales import ScaleConfig, ScaleTransformer, carried  # noqa: E402
from forensics.generators.train.denoising import as_network  # noqa: E402

SMALL = ScaleConfig(tokens=5, sides=(1, 2, 4), width=24, depth=2, heads=2)
MAPS = (slice(0, 1), slice(1, 5), slice(5, 21))


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(8)


def test_maps_see_coarser_ones_alone() -> None:
    model, tokens = ScaleTransformer(SMALL).eval(), torch.randint(5, (1, 21))
    plain = model(tokens)
    for number, here in enumerate(MAPS):
        for place in range(21)[here]:
            other = tokens.clone()
            other[0, place] = (other[0, place] + 1) % 5
            changed = (model(other) - plain).abs().amax(dim=2)[0] > 1e-6
            assert not changed[: here.stop].any()
            if number < 2:
                assert changed[here.stop :].all()
    tokens[:, 5:] = -1
    torch.testing.assert_close(model(tokens)[:, :5], plain[:, :5])


def test_coarser_maps_are_handed_on_as_their_sum() -> None:
    maps = [torch.randn(1, 3, side, side) for side in (1, 2, 4)]
    flat = torch.cat([part.flatten(2) for part in maps], dim=2)[0].T
    given = carried((1, 2, 4)) @ flat
    one, two = enlarged(maps[0], 4), enlarged(maps[0], 4) + enlarged(maps[1], 2)
    assert (given[:1] == 0).all()
    torch.testing.assert_close(given[1:5], reduced(one, 2).flatten(2)[0].T)
    torch.testing.assert_close(given[5:], two.flatten(2)[0].T)


def test_classes_count() -> None:
    model, tokens = (
        ScaleTransformer(ScaleConfig(5, (1, 2), 24, 1, 2, labels=3)).eval(),
        torch.randint(5, (2, 5)),
    )
    assert not torch.allclose(model(tokens, torch.tensor([0, 1])), model(tokens, torch.tensor([2, 1])))
    torch.testing.assert_close(model(tokens), model(tokens, torch.tensor([-1, -1])))
    with pytest.raises(UsageError, match="classes"):
        ScaleTransformer(SMALL)(torch.randint(5, (1, 21)), torch.tensor([0]))
    with pytest.raises(UsageError, match="grow"):
        ScaleConfig(sides=(4, 2))


def test_maps_are_drawn_each_from_those_before_by_the_chances_of_its_tokens() -> None:
    asked = []

    def network(tokens: np.ndarray) -> np.ndarray:
        asked.append((tokens >= 0).sum(1).tolist())
        logits = np.zeros((*tokens.shape, 2), np.float32)
        logits[..., 1] = math.log(3.0)
        return logits

    *_, drawn = scale_by_scale(network, (1, 2, 4), Chance(1, range(300)))
    assert asked == [[0] * 300, [1] * 300, [5] * 300]
    assert drawn.shape == (300, 21)
    assert abs(drawn.mean() - 0.75) < 4 * math.sqrt(0.75 * 0.25 / drawn.size)


def test_eight_pictures_are_learned_and_drawn_map_by_map() -> None:
    model = ScaleTransformer(SMALL).train()
    real = torch.randint(5, (8, 21), generator=torch.Generator().manual_seed(3))
    real[:, 0], real[:, 1] = torch.arange(8) // 2, torch.arange(8) % 2  # the first two maps tell them apart
    real[:, 2:5] = real[:, 1:2]
    optimizer = torch.optim.AdamW(model.parameters(), 4e-3)
    for _ in range(200):
        loss = causal_loss(model, real)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    *_, drawn = scale_by_scale(as_network(model.eval()), (1, 2, 4), Chance(1, range(60)))
    made = torch.from_numpy(drawn)
    assert (made[:, None, :1] == real[None, :, :1]).all(2).any(1).float().mean() > 0.9
    told = (made[:, 1:2] == made[:, 2:5]).all(1)  # drawn at once, the second map is not always of one kind
    known = (made[told][:, None] == real[None]).all(2)
    assert known.any(1).float().mean() > 0.8
    assert loss.item() < 0.3
