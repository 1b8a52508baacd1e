"""A small network of convolutions, and a folder of a detector with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from forensics.detectors.learned.model import CLASSIFIER, METHOD, TABLE

from ..bundles import written

__all__ = ["convolving", "detector"]


def convolving(side: int | str = "h", wide: int = 8) -> bytes:
    """Return a network (n, 3, side, side) to (n, 1): a convolution, a bend, a mean and a product."""
    rng = np.random.default_rng(3)

    def weights(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(rng.normal(0, 0.4, shape).astype(np.float32), name)

    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["input", "kernel", "bias"], ["maps"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["maps"], ["bent"]),
            helper.make_node("GlobalAveragePool", ["bent"], ["means"]),
            helper.make_node("Flatten", ["means"], ["flat"]),
            helper.make_node("Gemm", ["flat", "matrix", "last"], ["output"]),
        ],
        "convolving",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 1])],
        [
            weights("kernel", wide, 3, 3, 3),
            weights("bias", wide),
            weights("matrix", wide, 1),
            weights("last", 1),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(made, full_check=True)
    return bytes(made.SerializeToString())


def detector(folder: Path, network: bytes | None = None, table: bytes = b"") -> Path:
    """Write a detector of tiles as `forensics train detector` does."""
    method = {"method": "residual", "side": 64, "tiles": 8}
    files = {CLASSIFIER: network or convolving(), METHOD: json.dumps(method).encode()}
    return written(folder, {**files, **({TABLE: table} if table else {})})
