"""Fake networks: small ONNX files written by hand, which stand for the real ones that cannot ship.

A fake computes `means @ weights + bias` of the three planes of its input, so that what it says depends on the
picture, and a test knows what that must be. It is not the network of anybody.
"""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

__all__ = ["fake_network"]


def fake_network(shape: tuple[int, ...], weights: npt.ArrayLike, bias: npt.ArrayLike) -> bytes:
    """Return an ONNX file from a picture of `shape` to (1, n): its three means times `weights`, plus `bias`.

    Args:
        shape: Of the input; the second size is that of the channels, 0 stands for any size.
        weights: (3, n).
        bias: (n,).
    """
    matrix, offset = np.asarray(weights, np.float32), np.asarray(bias, np.float32)
    nodes = [
        _node("GlobalAveragePool", ["picture"], ["means"]),
        _node("Flatten", ["means"], ["flat"]),
        _node("Gemm", ["flat", "weights", "bias"], ["said"]),
    ]
    graph = b"".join(
        [
            *(_field(1, node) for node in nodes),
            _field(2, b"fake"),
            _field(5, _tensor("weights", matrix)),
            _field(5, _tensor("bias", offset)),
            _field(11, _value("picture", shape)),
            _field(12, _value("said", (1, matrix.shape[1]))),
        ]
    )
    opset = _field(1, b"") + _number(2, 13)
    return _number(1, 7) + _field(7, graph) + _field(8, opset)


def _node(kind: str, inputs: list[str], outputs: list[str]) -> bytes:
    named = [_field(1, i.encode()) for i in inputs] + [_field(2, o.encode()) for o in outputs]
    return b"".join([*named, _field(4, kind.encode())])


def _tensor(name: str, values: npt.NDArray[np.float32]) -> bytes:
    sizes = b"".join(_number(1, size) for size in values.shape)
    return sizes + _number(2, 1) + _field(8, name.encode()) + _field(9, values.astype("<f4").tobytes())


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(_field(1, _number(1, n) if n else _field(2, b"any")) for n in shape)
    tensor = _number(1, 1) + _field(2, sizes)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _field(number: int, data: bytes) -> bytes:
    """A field of bytes, as Protocol Buffers write it."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return struct.pack(f"{len(parts) + 1}B", *parts, value)
