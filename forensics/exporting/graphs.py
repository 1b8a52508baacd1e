"""Changing ONNX files: sizes that are fixed, and numbers of fewer bits."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy.typing as npt

from forensics.errors import MissingExtra, ModelError, UsageError
from forensics.runtime.onnx_file import read_onnx
from forensics.runtime.sessions import Session

__all__ = ["Precision", "fixed", "to_half", "to_int8"]

Arrays = Sequence[npt.NDArray[Any]]

_LAYERS = frozenset({"Conv", "ConvTranspose", "MatMul", "Gemm"})  # whose weights are worth fewer bits
_IN_EIGHT = ("Conv", "MatMul", "Gemm")


class Precision(StrEnum):
    """What numbers a network computes with."""

    FP32 = "fp32"  # as it is
    FP16 = "fp16"  # floats of 16 bits throughout; inputs and outputs stay as they are
    INT8 = "int8"  # convolutions and products of matrices in 8 bits, the rest as it is


def fixed(model: bytes, side: int = 0, batch: int = 0) -> bytes:
    """Return a model for one size only, which runtimes without free sizes need.

    Args:
        model: Content of its file.
        side: Of pictures (the last two of the four axes of its first input), in pixels or, of latents, in
            their places; free if 0.
        batch: Pictures at a time; free if 0.

    Raises:
        MissingExtra: onnx is not installed.
        UsageError: The model is for another size, or has no such axes.
    """
    if not side and not batch:
        return model
    onnx = _onnx()
    made = onnx.load_from_string(model)
    for number, port in enumerate(made.graph.input):
        axes = port.type.tensor_type.shape.dim
        if batch and len(axes):
            _set(axes[0], batch, "batch")
        if side and number == 0:
            if len(axes) != 4:
                raise UsageError("the model takes no pictures: leave --side out", actual=len(axes))
            _set(axes[2], side, "side")
            _set(axes[3], side, "side")
    return bytes(made.SerializeToString())


def to_half(model: bytes) -> bytes:
    """Return a model that computes with 16-bit floats; inputs and outputs keep their kinds.

    Raises:
        MissingExtra: onnx is not installed.
        ModelError: It cannot be converted.
        UsageError: It has no layers that gain from it.
    """
    _check_layers(model)
    onnx = _onnx()
    from onnxruntime.transformers.float16 import convert_float_to_float16

    try:
        with _quiet():
            made = convert_float_to_float16(
                onnx.load_from_string(_folded(onnx.load_from_string(model))), keep_io_types=True
            )
        return bytes(made.SerializeToString())
    except MissingExtra:
        raise
    except Exception as error:  # the converter raises whatever it meets
        raise ModelError(f"the model cannot be made fp16: {error}") from error


def to_int8(model: bytes, calls: Sequence[Arrays]) -> bytes:
    """Return a model whose convolutions and products are computed in 8 bits.

    Weights have a scale for each channel; what flows between layers has the range that it takes in the calls
    given (quantise and dequantise nodes, static).

    Args:
        model: Content of its file.
        calls: Real inputs of some calls.

    Raises:
        MissingExtra: onnx is not installed.
        ModelError: It cannot be converted.
        UsageError: It has no layers that gain from it.
    """
    _check_layers(model)
    onnx = _onnx()
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    whole = onnx.load_from_string(_folded(onnx.load_from_string(model)))
    onnx.helper.set_model_props(whole, {"onnx.quant.pre_process": "onnxruntime.quant"})  # it is folded
    names = [port.name for port in whole.graph.input]
    with tempfile.TemporaryDirectory() as folder, _quiet():
        place = Path(folder) / "int8.onnx"
        try:
            quantize_static(
                whole,
                str(place),
                _Calls([dict(zip(names, call, strict=True)) for call in calls]),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(_IN_EIGHT),
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        except Exception as error:  # likewise
            raise ModelError(f"the model cannot be made int8: {error}") from error
        return _trimmed(place.read_bytes())


class _Calls:
    """Inputs, one call after the other, as ONNX Runtime's quantiser asks for them."""

    def __init__(self, calls: list[Mapping[str, Any]]) -> None:
        self._left: Iterator[Mapping[str, Any]] = iter(calls)

    def get_next(self) -> Mapping[str, Any] | None:
        """Return the next one, None in the end."""
        return next(self._left, None)

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return self._left

    def __next__(self) -> Mapping[str, Any]:
        return next(self._left)


def _check_layers(model: bytes) -> None:
    found = read_onnx(model)
    if not _LAYERS & set(found.operators):
        raise UsageError(
            "the model has no convolutions or products of matrices that fewer bits are for: take fp32",
            expected=sorted(_LAYERS),
            actual=list(found.operators),
        )


def _set(axis: Any, size: int, what: str) -> None:
    if axis.dim_value not in (0, size):
        raise UsageError(
            f"the model is for a {what} of {axis.dim_value} only", expected=axis.dim_value, actual=size
        )
    axis.Clear()
    axis.dim_value = size


def _folded(model: Any) -> bytes:
    """Return a model in which all is computed that depends on no input; nothing is fused."""
    import onnxruntime

    data = model.SerializeToString()
    Session(data)  # which says what is wrong with it, and draws in no other files
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "folded.onnx"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(place)
        onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        return _trimmed(place.read_bytes())


def _trimmed(data: bytes) -> bytes:
    """Return a model that names only those sets of operators which it uses."""
    model = _onnx().load_from_string(data)
    used = {node.domain for node in model.graph.node} | {""}
    kept = [one for one in model.opset_import if one.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    return bytes(model.SerializeToString())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep converters from telling what is known, such as that small numbers become zero."""
    import warnings

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _onnx() -> Any:
    try:
        import onnx
        import onnx.helper
    except ImportError as error:
        raise MissingExtra("converting ONNX files", "export") from error
    return onnx
