"""What an ONNX file says of itself, read from its bytes without any library.

An ONNX file may keep weights in other files, which ONNX Runtime opens wherever the program happens to stand,
also if the model itself comes from memory. So files that name others are recognised here, and refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from forensics.errors import ModelError

__all__ = ["OnnxFile", "onnx_section", "read_onnx", "refuse_external"]

_IR, _PRODUCER, _GRAPH, _OPSETS = 1, 2, 7, 8  # fields of ModelProto (onnx.proto)
_DOMAIN, _VERSION = 1, 2  # of OperatorSetIdProto
_NODE, _OPERATOR = 1, 4  # of GraphProto and NodeProto
_EXTERNAL, _LOCATION = 13, 14  # of TensorProto
_MOST_MESSAGES = 5_000_000

# Which fields of which message lead to tensors: number of the field, and what stands there.
_WAYS: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}


@dataclass(frozen=True)
class OnnxFile:
    """What a file says of itself.

    Attributes:
        ir: Version of the format.
        opset: Version of the standard operators; 0 if it uses none.
        others: Further sets of operators, as "domain:version".
        producer: Program that wrote it.
        operators: Kinds of operators of its main graph, sorted.
    """

    ir: int
    opset: int
    others: tuple[str, ...]
    producer: str
    operators: tuple[str, ...]


@dataclass(frozen=True)
class _Field:
    """One field of a message: its number, and a number or the place of bytes."""

    number: int
    value: int
    start: int
    end: int


def read_onnx(data: bytes) -> OnnxFile:
    """Return what an ONNX file says of itself.

    Args:
        data: Its content.

    Raises:
        ModelError: It is no ONNX file.
    """
    ir, producer, opsets, operators, graphs = 0, "", {}, set(), 0
    for field in _fields(data, 0, len(data)):
        if field.number == _IR:
            ir = field.value
        elif field.number == _PRODUCER:
            producer = _text(data, field)
        elif field.number == _OPSETS:
            own = {f.number: f for f in _fields(data, field.start, field.end)}
            domain = _text(data, own[_DOMAIN]) if _DOMAIN in own else ""
            opsets[domain] = own[_VERSION].value if _VERSION in own else 0
        elif field.number == _GRAPH:
            graphs += 1
            operators |= _operators(data, field)
    if not graphs or not ir:
        raise ModelError("the file is no ONNX model", expected="a graph and a version of the format")
    standard = max(opsets.pop("", 0), opsets.pop("ai.onnx", 0))
    others = tuple(f"{domain}:{version}" for domain, version in sorted(opsets.items()))
    return OnnxFile(ir, standard, others, producer, tuple(sorted(operators)))


def onnx_section(files: Mapping[str, bytes]) -> dict[str, dict[str, Any]]:
    """Return the section of a card on the ONNX files of a model: version of format and operators.

    Args:
        files: Content of the files by name; those that do not end in .onnx are left out.

    Raises:
        ModelError: One of them is no ONNX file.
    """
    found = {name: read_onnx(data) for name, data in files.items() if name.endswith(".onnx")}
    return {name: {"ir": file.ir, "opset": file.opset} for name, file in found.items()}


def refuse_external(data: bytes) -> None:
    """Refuse a model that keeps weights in other files.

    Args:
        data: Content of an ONNX file.

    Raises:
        ModelError: It names other files, or is no ONNX file.
    """
    if b"location" not in data:  # the key under which the name of another file has to stand
        return
    left, seen = [("model", 0, len(data))], 0
    while left:
        kind, start, end = left.pop()
        for field in _fields(data, start, end):
            seen += 1
            if kind == "tensor" and (
                field.number == _EXTERNAL or (field.number == _LOCATION and field.value)
            ):
                raise ModelError(
                    "the model keeps weights in other files, which are not read: save it as one file",
                    expected="weights inside the file",
                    actual="external data",
                )
            if field.number in _WAYS[kind] and field.end > field.start:
                left.append((_WAYS[kind][field.number], field.start, field.end))
        if seen > _MOST_MESSAGES:
            raise ModelError("the model has too many parts", expected=_MOST_MESSAGES, actual=seen)


def _operators(data: bytes, graph: _Field) -> set[str]:
    """Return the kinds of the nodes of a graph."""
    found = set()
    for node in _fields(data, graph.start, graph.end):
        if node.number == _NODE:
            inner = _fields(data, node.start, node.end)
            found |= {_text(data, field) for field in inner if field.number == _OPERATOR}
    return found


# Encoding of Protocol Buffers: a key says number and kind; kind 0 is a number of 7 bits a byte, 1 and 5 are
# of 8 and 4 bytes, and 2 gives the number of bytes that follow.
def _fields(data: bytes, start: int, end: int) -> Iterator[_Field]:
    """Yield the fields of a message.

    Raises:
        ModelError: It is damaged.
    """
    place = start
    while place < end:
        key, place = _number(data, place, end)
        kind = key & 7
        value = 0
        begin = place
        if kind == 0:
            value, place = _number(data, place, end)
        elif kind == 2:
            size, begin = _number(data, place, end)
            place = begin + size
        elif kind in (1, 5):
            place += 8 if kind == 1 else 4
        else:
            raise _damaged()
        if place > end:
            raise _damaged()
        yield _Field(key >> 3, value, begin, place if kind == 2 else begin)


def _number(data: bytes, place: int, end: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    value = shift = 0
    while place < end and shift < 70:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
        shift += 7
    raise _damaged()


def _text(data: bytes, field: _Field) -> str:
    return data[field.start : field.end][:200].decode("utf-8", "replace")


def _damaged() -> ModelError:
    return ModelError("the file is no ONNX model: it is damaged")
