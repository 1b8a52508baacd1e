"""What is kept of a model: the same weights in its files for ONNX and for PyTorch."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")
from safetensors.torch import load_file  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from forensics.generators.pipelines.recipe import Recipe  # noqa: E402
from forensics.generators.train.bundle import DIFFERENCE, WEIGHTS, Exported, rounded, write_model  # noqa: E402
from forensics.training.card import Card  # noqa: E402

CARD = Card("name", "task.", "paper", "data", "CC0", "train it", {}, 9, "cpu", {"error": 0.5}, "Limits.")


class Mixed(nn.Module):
    """Weights, a count, and a table that is computed."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 40, 3, padding=1), nn.Conv2d(40, 3, 3, padding=1)
        self.register_buffer("seen", torch.tensor(2**20 + 1))

    def forward(self, x: Tensor) -> Tensor:
        waves = torch.arange(64.0).sin().reshape(8, 8)
        deep: Tensor = self.last(torch.relu(self.first(x) + waves))
        return deep


def test_weights_are_rounded_and_counts_are_not() -> None:
    torch.manual_seed(0)
    module = Mixed()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    assert rounded(module) is module
    for name, value in module.state_dict().items():
        expected = before[name].half().float() if value.is_floating_point() else before[name]
        assert torch.equal(value, expected)
    assert not torch.equal(module.first.weight, before["first.weight"])


def test_files_have_the_same_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = Mixed().eval()
    exported = {"m.onnx": Exported(module, [torch.rand(2, 3, 8, 8)])}
    metrics = write_model(tmp_path, exported, module, Recipe("codec", (3, 8, 8)), CARD)
    assert metrics["error"] == 0.5
    assert metrics[DIFFERENCE] < 1e-6
    kept = load_file(tmp_path / WEIGHTS)
    initializers = {v.name: v for v in onnx.load(str(tmp_path / "m.onnx")).graph.initializer}
    for name in ("first.weight", "last.weight"):
        found = onnx.numpy_helper.to_array(initializers[f"{name}.half"])
        assert kept[name].dtype == torch.float16
        assert torch.equal(torch.from_numpy(found.copy()), kept[name])
        assert torch.equal(kept[name].float(), module.state_dict()[name])
