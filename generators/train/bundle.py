"""From trained modules to a model on disk: ONNX files that compute the same, weights, a recipe, a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import save
from torch import Tensor, nn

from forensics.files import atomic_write
from forensics.generators.pipelines.recipe import RECIPE, Recipe, recipe_text
from forensics.training.card import Card, write_card
from forensics.training.export import export, halve, parity

__all__ = ["DIFFERENCE", "WEIGHTS", "Exported", "half", "rounded", "write_model"]

WEIGHTS = "weights.safetensors"
M = TypeVar("M", bound=nn.Module)
DIFFERENCE = "largest difference of ONNX and PyTorch"


@dataclass(frozen=True)
class Exported:
    """A module to write as ONNX.

    Attributes:
        module: The module.
        inputs: Of one call, for a batch of two.
        free: Axes that may have any size, beside the first.
    """

    module: nn.Module
    inputs: Sequence[Tensor]
    free: Sequence[int] = ()


def write_model(
    folder: Path,
    networks: Mapping[str, Exported],
    weights: nn.Module,
    recipe: Recipe,
    card: Card,
    others: Mapping[str, bytes] | None = None,
) -> dict[str, float]:
    """Write a model, its weights rounded to 16 bits; return its metrics, and how far files are from modules.

    Args:
        folder: Where to.
        networks: By name of file.
        weights: What is kept for PyTorch, as 16-bit floats.
        recipe: How to draw with it.
        card: What to say of it.
        others: Further files of the model, by name.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    files, worst = {}, 0.0
    rounded(weights)
    for name, exported in networks.items():
        files[name] = folder / name
        export(exported.module, exported.inputs, files[name], free=(0, *exported.free))
        halve(files[name])
        worst = max(worst, parity(exported.module, files[name], [exported.inputs, *_other(exported)]))
    atomic_write(folder / WEIGHTS, save(half(weights)))
    for name, content in {RECIPE: recipe_text(recipe).encode(), **(others or {})}.items():
        atomic_write(folder / name, content)
        files[name] = folder / name
    metrics = {**card.metrics, DIFFERENCE: worst}
    write_card(folder, replace(card, metrics=metrics), {**files, WEIGHTS: folder / WEIGHTS})
    return metrics


def half(module: nn.Module) -> dict[str, Tensor]:
    """Return weights by name, floats as 16-bit ones."""
    state = {name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()}
    return {name: v.to(torch.float16) if v.is_floating_point() else v for name, v in state.items()}


@torch.no_grad()
def rounded(module: M) -> M:
    """Round the weights of a module to the 16-bit floats as which they are kept; returns the module."""
    for values in (*module.parameters(), *module.buffers()):
        if values.is_floating_point():
            values.copy_(values.to(torch.float16))
    return module


def _other(exported: Exported) -> list[list[Tensor]]:
    """Return inputs for a batch of one, which files have to take as well."""
    return [[value[:1] for value in exported.inputs]]
