"""Patterns in the features of decoders, against what they are made of."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.errors import UsageError  # noqa: E402
from forensics.watermark.train.decoders.tiled import (  # noqa: E402
    Layer,
    Patterned,
    Tiled,
    layer_for,
    steady_rate,
    still_before,
)


class Decoder(nn.Module):
    """Latents of a quarter of the sides to pictures."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(4, 8, 3, padding=1)
        self.larger = nn.Upsample(scale_factor=2)
        self.second = nn.Conv2d(8, 6, 3, padding=1)
        self.last = nn.Sequential(nn.Conv2d(6, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, latents):
        return torch.sigmoid(self.last(torch.tanh(self.second(self.larger(self.first(latents))))))


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    return Decoder().requires_grad_(False)


LATENTS = torch.randn(2, 4, 16, 32, generator=torch.Generator().manual_seed(1))
TILES = torch.randn(2, 64, 64, generator=torch.Generator().manual_seed(2))


def test_without_a_pattern_pictures_are_those_of_the_decoder(decoder):
    tiled = Tiled(decoder, Layer("second", 6, 2))
    assert torch.equal(tiled(LATENTS, torch.zeros(1, 64, 64)), decoder(LATENTS))
    assert not torch.allclose(tiled(LATENTS, TILES), decoder(LATENTS), atol=1e-3)
    assert not decoder.second._forward_hooks


def test_patterns_are_linear_in_the_tile_and_move_with_it(decoder):
    tiled = Tiled(decoder, Layer("second", 6, 2))
    first, second = tiled.features(TILES)
    both = tiled.features(TILES[:1] + 2 * TILES[1:])
    assert torch.allclose(both[0], first + 2 * second, atol=1e-4)
    moved = tiled.features(TILES.roll((2, 6), (1, 2)))
    assert torch.allclose(moved[0], first.roll((1, 3), (1, 2)), atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_each_value_of_a_pattern_is_a_sum_over_pixels_of_the_tile(decoder, stride):
    tiled = Tiled(decoder, Layer("second", 6, stride))
    weight = tiled.pattern.weight
    pixels = TILES[0].reshape(64 // stride, stride, 64 // stride, stride).permute(1, 3, 0, 2).flatten(0, 1)
    by_hand = torch.zeros(6)
    for row in (-1, 0, 1):
        for column in (-1, 0, 1):
            there = pixels[:, (3 + row) % (64 // stride), column % (64 // stride)]
            by_hand += weight[:, :, row + 1, column + 1] @ there
    assert torch.allclose(tiled.features(TILES)[0, :, 3, 0], by_hand, atol=1e-4)


def test_a_decoder_of_one_key_paints_what_the_one_of_all_keys_does(decoder):
    tiled = Tiled(decoder, Layer("second", 6, 2))
    wanted = tiled(LATENTS, TILES[:1])
    folded = Decoder()
    folded.load_state_dict(decoder.state_dict())
    folded.second = Patterned(folded.second, tiled.features(TILES[:1]))
    assert torch.allclose(folded(LATENTS), wanted, atol=1e-6)


def test_patterns_repeat_over_pictures_of_any_size(decoder):
    tiled = Tiled(decoder, Layer("second", 6, 2))
    flat = torch.zeros(1, 4, 40, 40)
    change = tiled(flat, TILES[:1]) - decoder(flat)
    inner = change[..., 8:72, 8:72]
    assert torch.allclose(inner, change[..., 72:136, 72:136], atol=1e-5)


def test_a_step_of_adam_changes_pictures_as_much_as_was_asked_for(decoder):
    rate = 1e-3
    changes = []
    for seed in range(8):
        torch.manual_seed(seed)
        tiled = Tiled(decoder, Layer("second", 6, 2))
        tiled.scaled_to(LATENTS, TILES, rate)
        with torch.no_grad():
            before = tiled(LATENTS, TILES)
            signs = torch.where(torch.rand_like(tiled.pattern.weight) < 0.5, -rate, rate)
            tiled.pattern.weight += signs
            changes.append(255 * (tiled(LATENTS, TILES) - before).square().mean().sqrt())
    assert 0.25 < torch.stack(changes).mean() < 1.0


def test_the_first_layer_of_half_the_sides_is_chosen(decoder):
    assert layer_for(decoder, LATENTS) == Layer("larger", 8, 2)
    coarse = nn.Sequential(nn.Conv2d(4, 48, 1), nn.PixelShuffle(4))
    assert layer_for(coarse, LATENTS) == Layer("0", 48, 4)


def test_a_decoder_without_features_is_refused():
    class Flat(nn.Module):
        def forward(self, latents):
            return latents

    with pytest.raises(UsageError, match="no layer"):
        layer_for(Flat(), LATENTS)


def test_what_is_used_before_the_layer_alone_stands_still(decoder):
    names = {id(value): name for name, value in decoder.named_parameters()}
    for layer, expected in (("second", {"first.weight", "first.bias"}), ("first", set())):
        found = still_before(decoder, Layer(layer, 6, 2), LATENTS)
        assert {names[id(value)] for value in found} == expected


def test_what_is_used_before_and_behind_the_layer_is_learned(decoder):
    class Twice(nn.Module):
        """A decoder whose first layer is used again."""

        def __init__(self):
            super().__init__()
            self.inner, self.middle = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 1)

        def forward(self, latents):
            return self.inner(self.middle(self.inner(latents)))

    assert still_before(Twice(), Layer("middle", 3, 1), torch.zeros(1, 3, 8, 8)) == []


def test_features_with_room_are_preferred():
    class Wide(Decoder):
        def __init__(self):
            super().__init__()
            self.second = nn.Conv2d(8, 16, 3, padding=1)
            self.last = nn.Sequential(nn.Conv2d(16, 12, 3, padding=1), nn.PixelShuffle(2))

    assert layer_for(Decoder(), LATENTS) == Layer("larger", 8, 2)
    assert layer_for(Wide(), LATENTS) == Layer("second", 16, 2)


def test_a_decoder_that_answers_strongly_learns_slowly(decoder):
    rate = steady_rate(decoder, LATENTS.numpy(), 1e-4)
    assert rate == 1e-4
    before = {name: value.clone() for name, value in decoder.state_dict().items()}
    with torch.no_grad():
        decoder.last[0].weight.mul_(1e3)
        plain, slow = decoder(LATENTS), steady_rate(decoder, LATENTS.numpy(), 1e-2)
        assert 0 < slow < 1e-2
        for values in decoder.parameters():
            values.add_(slow * torch.randn(values.shape).sign())
        change = 255 * float((decoder(LATENTS) - plain).square().mean().sqrt())
    assert 0.1 < change < 2.5
    assert before.keys() == decoder.state_dict().keys()


def test_the_inner_layer_may_be_called_by_names():
    class Named(nn.Module):
        def forward(self, x, *, bias):
            return x + bias

    found = Patterned(Named(), torch.ones(1, 1, 2, 2))(torch.zeros(1, 1, 3, 4), bias=1.0)
    assert torch.equal(found, torch.full((1, 1, 3, 4), 2.0))
