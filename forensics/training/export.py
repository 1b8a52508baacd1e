"""From a module to an ONNX file, with proof that both compute the same."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from forensics.errors import ModelError
from forensics.runtime.sessions import Session

__all__ = ["OPSET", "export", "parity"]

OPSET = 18


def export(module: nn.Module, example: Tensor, path: Path, *, free: Sequence[int] = (0, 2, 3)) -> None:
    """Write a module of one input and one output as ONNX.

    Args:
        module: The module.
        example: An input.
        path: Where to.
        free: Axes of the input that may have any size.
    """
    axes = {axis: f"n{axis}" for axis in free}
    module, example = module.eval().cpu(), example.cpu()
    with torch.no_grad():
        flat = module(example).ndim != example.ndim  # then only the number of pictures is free
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, on itself
        torch.onnx.export(
            module,
            (example,),
            str(path),
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": axes, "output": {0: "n0"} if flat else axes},
            opset_version=OPSET,
            dynamo=False,
        )


@torch.no_grad()
def parity(module: nn.Module, path: Path, inputs: Sequence[Tensor], most: float = 1e-4) -> float:
    """Return the largest difference between a module and its file, relative to the largest value.

    Args:
        module: The module.
        path: Its ONNX file.
        inputs: What to try.
        most: What is allowed.

    Raises:
        ModelError: They differ by more.
    """
    session, module = Session(path.read_bytes()), module.eval().cpu()
    worst = 0.0
    for value in inputs:
        expected = module(value.cpu()).numpy()
        (found,) = session(value.cpu().numpy())
        worst = max(worst, float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max())))
    if worst > most:
        raise ModelError(f"{path} differs from its module by {worst:.2g}", expected=most, actual=worst)
    return worst
