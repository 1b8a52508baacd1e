"""What is exported computes what the module does, and a difference is told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
from torch import Tensor, nn  # noqa: E402

from forensics.errors import ModelError  # noqa: E402
from forensics.runtime.sessions import Session  # noqa: E402
from forensics.runtime.store import open_bundle  # noqa: E402
from forensics.training.card import Card, write_card  # noqa: E402
from forensics.training.export import export, halve, parity  # noqa: E402


@pytest.fixture
def module() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.GELU(), nn.Conv2d(3, 1, 3, padding=1))


def test_file_takes_any_size(module: nn.Module, tmp_path: Path) -> None:
    export(module, torch.rand(1, 1, 8, 8), tmp_path / "m.onnx")
    inputs = [torch.rand(2, 1, 9, 31), torch.rand(1, 1, 40, 8)]
    assert parity(module, tmp_path / "m.onnx", inputs) < 1e-5
    (found,) = Session((tmp_path / "m.onnx").read_bytes())(inputs[0].numpy())
    np.testing.assert_allclose(found, module(inputs[0]).detach().numpy(), atol=1e-5)


@torch.no_grad()
def test_weights_that_are_16_bit_floats_are_kept_as_such(tmp_path: Path) -> None:
    module, path = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64, bias=False)), tmp_path / "m"
    x = torch.randn(3, 64)
    module[0].weight.copy_(module[0].weight.half())  # the other one is not rounded
    export(module, x, path, free=(0,))
    (before,), size = Session(path.read_bytes())(x.numpy()), path.stat().st_size
    halve(path)
    (after,) = Session(path.read_bytes())(x.numpy())
    np.testing.assert_array_equal(after, before)
    assert 2 * 64 * 64 - 500 < size - path.stat().st_size <= 2 * 64 * 64
    onnx.checker.check_model(str(path))
    kinds = {values.name: values.data_type for values in onnx.load(str(path)).graph.initializer}
    assert kinds["0.bias"] == onnx.TensorProto.FLOAT  # too small to matter
    assert sorted(kinds.values()) == [1, 1, 10]
    halve(path)
    assert {v.name: v.data_type for v in onnx.load(str(path)).graph.initializer} == kinds


def test_values_beyond_16_bits_stay(tmp_path: Path) -> None:
    class Large(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.full((64, 64), 1e6))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.weight

    export(Large(), torch.rand(2, 64), tmp_path / "m", free=(0,))
    before = (tmp_path / "m").read_bytes()
    halve(tmp_path / "m")
    assert onnx.load_from_string((tmp_path / "m").read_bytes()) == onnx.load_from_string(before)


def test_difference_is_told(module: nn.Module, tmp_path: Path) -> None:
    export(module, torch.rand(1, 1, 8, 8), tmp_path / "m.onnx")
    with torch.no_grad():
        module[0].weight.mul_(1.01)
    with pytest.raises(ModelError, match="differs from its module"):
        parity(module, tmp_path / "m.onnx", [torch.rand(1, 1, 8, 8)])


def test_card_names_what_the_model_is(module: nn.Module, tmp_path: Path) -> None:
    class Named(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + 1

    export(Named(), torch.rand(1, 1, 8, 8), tmp_path / "m.onnx")
    card = Card("name", "task.", "paper", "data", "CC0", "train it", {"b": 1, "a": 2}, 99, "cpu",
                {"accuracy": 0.98765}, "Limits here.")  # fmt: skip
    write_card(tmp_path, card, {"m.onnx": tmp_path / "m.onnx"})
    bundle = open_bundle(tmp_path)
    assert bundle.read("m.onnx")
    assert bundle.card["images"] == 99
    text = (tmp_path / "card.md").read_text()
    for said in (
        "# name",
        "task.",
        "CC0",
        "train it",
        "| accuracy | 0.9877 |",
        "Limits here.",
        "99 pictures",
    ):
        assert said in text
    assert json.loads((tmp_path / "card.json").read_text())["bytes"] == (tmp_path / "m.onnx").stat().st_size
