"""Small ONNX models for tests, whose output is known by hand."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import TensorProto, helper

__all__ = ["chain", "denoiser", "even", "grey", "grey_denoiser", "linear", "painter", "signing"]


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


def denoiser(side: int, mean: float, deviation: float) -> bytes:
    """Return the best denoiser of pictures of independent Gaussian pixels, along the straight path.

    Behind z = t x + (1 - t) e, it says mean + g (z - t mean), g = t v / (t^2 v + (1 - t)^2), v = deviation^2.
    """
    constants = {"one": 1.0, "mean": mean, "v": deviation**2}
    steps = (
        ("Sub", "one", "t", "s"), ("Mul", "s", "s", "ss"), ("Mul", "t", "v", "tv"),
        ("Mul", "t", "tv", "ttv"), ("Add", "ttv", "ss", "power"), ("Div", "tv", "power", "gain"),
        ("Mul", "t", "mean", "centre"), ("Sub", "input", "centre", "rest"), ("Mul", "gain", "rest", "found"),
        ("Add", "found", "mean", "output"),
    )  # fmt: skip
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["time", "shape"], ["t"]),
            *(helper.make_node(kind, [one, other], [to]) for kind, one, other, to in steps),
        ],
        "denoiser",
        [
            helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, side, side]),
            helper.make_tensor_value_info("time", TensorProto.FLOAT, ["n"]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 3, side, side])],
        [
            helper.make_tensor("shape", TensorProto.INT64, [4], [-1, 1, 1, 1]),
            *(helper.make_tensor(name, TensorProto.FLOAT, [], [v]) for name, v in constants.items()),
        ],
    )
    return _written(graph)


def signing(strength: float, times: int = 2) -> bytes:
    """Return a decoder that signs: (n, 3, h, w) latents are pictures, to which tiles (n, 64, 64) are added.

    Args:
        strength: Of tiles.
        times: Tiles in each row and column of a picture.
    """
    graph = helper.make_graph(
        [
            helper.make_node("Unsqueeze", ["input1", "colours"], ["plane"]),
            helper.make_node("Tile", ["plane", "times"], ["repeated"]),
            helper.make_node("Mul", ["repeated", "strength"], ["added"]),
            helper.make_node("Add", ["input", "added"], ["output"]),
        ],
        "signing",
        [
            helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, "h", "w"]),
            helper.make_tensor_value_info("input1", TensorProto.FLOAT, ["m", 64, 64]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [
            helper.make_tensor("colours", TensorProto.INT64, [1], [1]),
            helper.make_tensor("times", TensorProto.INT64, [4], [1, 1, times, times]),
            helper.make_tensor("strength", TensorProto.FLOAT, [], [strength]),
        ],
    )
    return _written(graph)


def even(levels: int) -> bytes:
    """Return a model of grey levels (n, 3, h, w), int64, to which each of them is as likely as another."""
    graph = helper.make_graph(
        [
            helper.make_node("Shape", ["input"], ["sizes"]),
            helper.make_node("Concat", ["sizes", "levels"], ["all"], axis=0),
            helper.make_node("ConstantOfShape", ["all"], ["output"]),
        ],
        "even",
        [helper.make_tensor_value_info("input", TensorProto.INT64, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", 3, "h", "w", levels])],
        [helper.make_tensor("levels", TensorProto.INT64, [1], [levels])],
    )
    return _written(graph)


def _written(graph: onnx.GraphProto) -> bytes:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def grey_denoiser(side: int, *, shown: bool = False) -> bytes:
    """Return a denoiser (n, 3, side, side), (n) whose picture is grey, or what one more input shows of it."""
    shape = ["n", 3, side, side]
    inputs = [("input", shape), ("input1", ["n"])]
    nodes = [helper.make_node("Mul", ["input", "nothing"], ["output"])]
    if shown:
        inputs.append(("input2", ["n", 1, side, side]))
        nodes = [
            helper.make_node("Concat", ["input2"] * 3, ["colours"], axis=1),
            helper.make_node("Add", ["colours", "colours"], ["twice"]),
            helper.make_node("Sub", ["twice", "one"], ["output"]),
        ]
    graph = helper.make_graph(
        nodes,
        "denoiser",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes) for name, sizes in inputs],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor("nothing", TensorProto.FLOAT, [], [0.0]),
            helper.make_tensor("one", TensorProto.FLOAT, [], [1.0]),
        ],
    )
    return _written(graph)
