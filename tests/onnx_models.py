"""Small ONNX models for tests, whose output is known by hand."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import TensorProto, helper

__all__ = ["chain", "grey", "linear", "painter"]


def linear(scale: float, offset: float) -> bytes:
    """Return a model of pictures (n, 1, h, w) that computes `scale * x + offset`."""
    sizes = ["n", 1, "h", "w"]
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["input", "scale"], ["scaled"]),
            helper.make_node("Add", ["scaled", "offset"], ["output"]),
        ],
        "linear",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, sizes)],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, sizes)],
        [
            helper.make_tensor("scale", TensorProto.FLOAT, [], [scale]),
            helper.make_tensor("offset", TensorProto.FLOAT, [], [offset]),
        ],
    )
    return _written(graph)


def chain(*operators: str, shape: Sequence[int | str | None] = ("n", 3, "h", "w"), rank: int = 2) -> bytes:
    """Return a model that applies operators one after the other; those that take two inputs get one twice.

    Args:
        operators: As ONNX calls them.
        shape: Of the input.
        rank: Of the output.
    """
    names = ["input", *(f"value{i}" for i in range(len(operators)))]
    nodes = [
        helper.make_node(kind, [names[i]] * (2 if kind in ("MatMul", "Mul", "Sub") else 1), [names[i + 1]])
        for i, kind in enumerate(operators)
    ]
    graph = helper.make_graph(
        nodes,
        "chain",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, [None] * rank)],
    )
    return _written(graph)


def grey(side: int) -> bytes:
    """Return a denoiser of pictures (n, 3, side, side) and times (n): half of what it sees, whenever."""
    sizes = ["n", 3, side, side]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["input", "half"], ["output"])],
        "grey",
        [
            helper.make_tensor_value_info("input", TensorProto.FLOAT, sizes),
            helper.make_tensor_value_info("times", TensorProto.FLOAT, ["n"]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, sizes)],
        [helper.make_tensor("half", TensorProto.FLOAT, [], [0.5])],
    )
    return _written(graph)


def painter(side: int) -> bytes:
    """Return a generator: noise (n, 3 * side * side) to its hyperbolic tangent, as pictures."""
    graph = helper.make_graph(
        [
            helper.make_node("Tanh", ["input"], ["bounded"]),
            helper.make_node("Reshape", ["bounded", "shape"], ["output"]),
        ],
        "painter",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3 * side * side])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 3, side, side])],
        [helper.make_tensor("shape", TensorProto.INT64, [4], [-1, 3, side, side])],
    )
    return _written(graph)


def _written(graph: onnx.GraphProto) -> bytes:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
