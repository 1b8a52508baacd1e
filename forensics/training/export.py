"""From a module to an ONNX file, with proof that both compute the same."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnx.helper
import onnx.numpy_helper
import torch
from onnx import TensorProto
from torch import Tensor, nn

from forensics.errors import ModelError
from forensics.files import atomic_write
from forensics.runtime.sessions import Session

__all__ = ["OPSET", "export", "halve", "parity"]

OPSET = 18
_LARGE = 1024  # values; smaller ones are not worth a node


def export(
    module: nn.Module, example: Tensor | Sequence[Tensor], path: Path, *, free: Sequence[int] = (0, 2, 3)
) -> None:
    """Write a module of one output as ONNX.

    Args:
        module: The module.
        example: Its input, or inputs, for a batch of two or more.
        path: Where to.
        free: Axes of the first input that may have any size; of the others only the first may.
    """
    axes = {axis: f"n{axis}" for axis in free}
    module, examples = module.eval().cpu(), [value.cpu() for value in _several(example)]
    with torch.no_grad():
        flat = module(*examples).ndim != examples[0].ndim  # then only the number of pictures is free
    more = [f"input{number}" for number in range(1, len(examples))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, on itself
        torch.onnx.export(
            module,
            tuple(examples),
            str(path),
            input_names=["input", *more],
            output_names=["output"],
            dynamic_axes={
                "input": axes,
                "output": {0: "n0"} if flat else axes,
                **{name: {0: "n0"} for name in more},
            },
            opset_version=OPSET,
            dynamo=False,
        )


def halve(path: Path) -> None:
    """Keep large weights that are 16-bit floats anyway as such; what computes widens them when it starts.

    Args:
        path: The ONNX file, which computes the same afterwards.
    """
    model = onnx.load(str(path))
    casts = []
    for weights in model.graph.initializer:
        values = onnx.numpy_helper.to_array(weights)
        if values.dtype != np.float32 or values.size < _LARGE or not _is_half(values):
            continue
        name, kept = weights.name, f"{weights.name}.half"
        weights.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), kept))
        casts.append(onnx.helper.make_node("Cast", [kept], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    atomic_write(path, model.SerializeToString())


@torch.no_grad()
def parity(
    module: nn.Module, path: Path, inputs: Sequence[Tensor | Sequence[Tensor]], most: float = 1e-4
) -> float:
    """Return the largest difference between a module and its file, relative to the largest value.

    Args:
        module: The module.
        path: Its ONNX file.
        inputs: What to try: the inputs of each call.
        most: What is allowed.

    Raises:
        ModelError: They differ by more.
    """
    session, module = Session(path.read_bytes()), module.eval().cpu()
    worst = 0.0
    for value in inputs:
        given = [one.cpu() for one in _several(value)]
        expected = module(*given).numpy()
        (found,) = session(*(one.numpy() for one in given))
        worst = max(worst, float(np.abs(found - expected).max() / max(1.0, np.abs(expected).max())))
    if worst > most:
        raise ModelError(f"{path} differs from its module by {worst:.2g}", expected=most, actual=worst)
    return worst


def _is_half(values: npt.NDArray[np.float32]) -> bool:
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float16) == values).all())


def _several(value: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return [value] if isinstance(value, Tensor) else value
