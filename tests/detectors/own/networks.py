"""Networks of somebody else, whose answers are known by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx import TensorProto, helper

__all__ = ["described", "means"]

FLOAT, BYTES = TensorProto.FLOAT, TensorProto.UINT8


def means(
    shape: Sequence[int | str] = ("n", 3, "h", "w"),
    *,
    last: bool = False,
    kind: int = FLOAT,
    gain: float = 1.0,
) -> bytes:
    """Return a network that says the mean of each plane, times a gain.

    Args:
        shape: Of its input.
        last: Whether the planes come last.
        kind: Of its input's values.
        gain: The factor.
    """
    nodes = [helper.make_node("Cast", ["input"], ["wide"], to=FLOAT)]
    name = "wide"
    if last:
        nodes.append(helper.make_node("Transpose", ["wide"], ["planes"], perm=[0, 3, 1, 2]))
        name = "planes"
    nodes += [
        helper.make_node("GlobalAveragePool", [name], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Mul", ["flat", "gain"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("input", kind, shape)],
        [helper.make_tensor_value_info("output", FLOAT, [None, None])],
        [helper.make_tensor("gain", FLOAT, [], [gain])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def described(
    folder: Path, network: bytes, *, name: str = "mine", given: dict[str, Any] | None = None,
    said: dict[str, Any] | None = None, **more: Any,
) -> Path:  # fmt: skip
    """Write a network and its TOML; return the latter."""
    (folder / f"{name}.onnx").write_bytes(network)
    lines = [
        f"{key} = {json.dumps(value)}" for key, value in {"name": name, "title": "Light", **more}.items()
    ]
    tables = {
        "model": {"file": f"{name}.onnx"},
        "input": given or {},
        "output": said or {"meaning": "score", "column": 1},
    }
    for table, values in tables.items():
        lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    path = folder / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
