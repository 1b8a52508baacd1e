"""Attention against PyTorch's own, masks that leak nothing, and blocks that start as nothing."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from forensics.generators.parts.rotary import grid_angles, rotated  # noqa: E402
from forensics.generators.parts.transformer import (  # noqa: E402
    Attention,
    GatedNetwork,
    Modulation,
    RootMeanSquare,
    TransformerBlock,
    modulated,
)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(3)


def shaken(module: nn.Module) -> nn.Module:
    """Return a module none of whose weights is at its start."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module.eval()


@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_its_formula(causal: bool) -> None:
    layer = shaken(Attention(12, 3))
    x = torch.randn(2, 5, 12)
    queries, (keys, values) = layer.queries(x), layer.keys_values(x).chunk(2, dim=2)
    out = torch.zeros_like(x)
    for head in range(3):
        part = slice(4 * head, 4 * head + 4)
        q, k = (
            v[..., part] / v[..., part].pow(2).mean(2, keepdim=True).add(1e-6).sqrt() * norm.weight
            for v, norm in ((queries, layer.query_norm), (keys, layer.key_norm))
        )
        logits = q @ k.transpose(1, 2) / math.sqrt(4)
        if causal:
            logits = logits.masked_fill(torch.ones(5, 5).triu(1).bool(), -math.inf)
        out[..., part] = logits.softmax(2) @ values[..., part]
    torch.testing.assert_close(layer(x, causal=causal), layer.out(out), rtol=1e-4, atol=1e-5)


def test_other_sequences_are_attended_to() -> None:
    layer = shaken(Attention(12, 3, context=7))
    x, context = torch.randn(2, 5, 12), torch.randn(2, 9, 7)
    shuffled = context[:, torch.randperm(9)]
    torch.testing.assert_close(layer(x, context), layer(x, shuffled), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(layer(x, context), layer(x, context + 1))


def test_causal_masks_leak_nothing() -> None:
    block = shaken(TransformerBlock(12, 3))
    x = torch.randn(1, 6, 12, requires_grad=True)
    found = block(x, causal=True)
    for place in range(6):
        (slope,) = torch.autograd.grad(found[0, place].sum(), x, retain_graph=True)
        assert (slope[0, place + 1 :] == 0).all()
        assert (slope[0, : place + 1].abs().sum(1) > 0).all()


def test_masks_say_who_sees_whom() -> None:
    block, x = shaken(TransformerBlock(12, 3)), torch.randn(2, 6, 12)
    before = torch.ones(6, 6).tril().bool()
    torch.testing.assert_close(block(x, causal=before), block(x, causal=True), rtol=1e-4, atol=1e-5)
    everything = torch.ones(6, 6).bool()
    torch.testing.assert_close(block(x, causal=everything), block(x), rtol=1e-4, atol=1e-5)


def test_blocks_start_as_the_way_past_them() -> None:
    x, condition = torch.randn(2, 5, 12), torch.randn(2, 12)
    block = TransformerBlock(12, 3, context=7)
    torch.testing.assert_close(block(x, Modulation(12)(condition), torch.randn(2, 4, 7)), x)
    assert not torch.allclose(TransformerBlock(12, 3, identity=False)(x), x)


def test_conditions_modulate_all_places_alike() -> None:
    block, modulation = shaken(TransformerBlock(12, 3)), shaken(Modulation(12))
    x = torch.randn(2, 5, 12)
    one, other = (block(x, modulation(torch.full((2, 12), value))) for value in (0.0, 1.0))
    assert not torch.allclose(one, other)
    order = torch.randperm(5)
    torch.testing.assert_close(block(x[:, order]), block(x)[:, order], rtol=1e-4, atol=1e-5)


def test_dropout_only_in_training() -> None:
    block = shaken(TransformerBlock(12, 3, dropout=0.5))
    x = torch.randn(2, 5, 12)
    torch.testing.assert_close(block(x), block(x))
    assert not torch.allclose(block.train()(x), block(x))


def test_modulation_is_scale_then_shift() -> None:
    torch.testing.assert_close(
        modulated(torch.tensor(2.0), torch.tensor(3.0), torch.tensor(0.5)), torch.tensor(6.0)
    )


def test_size_of_values_is_that_of_pytorch() -> None:
    x, own, theirs = torch.randn(3, 5, 16), RootMeanSquare(16), torch.nn.RMSNorm(16, eps=1e-6)
    torch.nn.init.normal_(own.weight)
    theirs.weight.data.copy_(own.weight)
    torch.testing.assert_close(own(x), theirs(x))


def test_gates_are_those_of_their_formula() -> None:
    network = shaken(GatedNetwork(12))
    x = torch.randn(3, 5, 12)
    gate, up, down = (layer.weight for layer in (network.gate, network.up, network.down))
    gated = x @ gate.T
    wanted = (gated / (1.0 + torch.exp(-gated)) * (x @ up.T)) @ down.T
    torch.testing.assert_close(network(x), wanted, rtol=1e-4, atol=1e-5)
    plain, other = (TransformerBlock(48, 3, gated=gated).network for gated in (False, True))
    weights, more = (sum(p.numel() for p in n.parameters() if p.ndim > 1) for n in (plain, other))
    assert weights == more  # two thirds of the width for three matrices


def test_norms_and_gates_are_options_of_the_block() -> None:
    x = torch.randn(2, 5, 12)
    block = shaken(TransformerBlock(12, 3, norm="root", gated=True))
    assert isinstance(block.first_norm, RootMeanSquare)
    assert isinstance(block.second_norm, RootMeanSquare)
    shift, scale, gate, shift_after, scale_after, gate_after = block.modulation.detach()
    half = x + gate * block.attention(block.first_norm(x) * (1 + scale) + shift)
    wanted = half + gate_after * block.network(block.second_norm(half) * (1 + scale_after) + shift_after)
    torch.testing.assert_close(block(x), wanted)


def test_blocks_have_the_weights_they_had_before_there_were_options() -> None:
    assert set(TransformerBlock(12, 3).state_dict()) == {
        "modulation", "attention.queries.weight", "attention.keys_values.weight",
        "attention.query_norm.weight", "attention.key_norm.weight", "attention.out.weight",
        "attention.out.bias", "network.0.weight", "network.0.bias", "network.3.weight", "network.3.bias",
    }  # fmt: skip


@pytest.mark.parametrize("causal", [False, True])
def test_attention_with_turned_places_is_its_formula(causal: bool) -> None:
    layer, angles = shaken(Attention(24, 2)), grid_angles(2, 3, 12)
    x = torch.randn(1, 6, 24)
    queries, (keys, values) = layer.queries(x), layer.keys_values(x).chunk(2, dim=2)
    out = torch.zeros_like(x)
    for head in range(2):
        part = slice(12 * head, 12 * head + 12)
        q = rotated(layer.query_norm(queries[..., part]), angles)
        k = rotated(layer.key_norm(keys[..., part]), angles)
        logits = q @ k.transpose(1, 2) / math.sqrt(12)
        if causal:
            logits = logits.masked_fill(torch.ones(6, 6).triu(1).bool(), -math.inf)
        out[..., part] = logits.softmax(2) @ values[..., part]
    found = layer(x, causal=causal, angles=angles)
    torch.testing.assert_close(found, layer.out(out), rtol=1e-4, atol=1e-5)
