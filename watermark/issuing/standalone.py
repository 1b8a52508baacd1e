"""A decoder of somebody's own as one ONNX file, with its tile folded into the layers that it goes to."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra, ModelError
from forensics.runtime.onnx_file import refuse_external

__all__ = ["standalone"]

Floats = npt.NDArray[np.float32]

_INPUTS = 2


def standalone(network: bytes, tile: Floats) -> bytes:
    """Return an ONNX file from latents to pictures that are signed with one tile.

    What depends on the tile alone is computed here: the file has neither the tile nor the map that takes it
    to the features, but their product.

    Args:
        network: ONNX file of a decoder that signs, from latents and tiles.
        tile: (64, 64), already of the strength wanted.

    Raises:
        MissingExtra: onnx or ONNX Runtime is not installed.
        ModelError: The file is none of a decoder that signs.
    """
    try:
        import onnx
        import onnx.numpy_helper
    except ImportError as error:
        raise MissingExtra("writing ONNX files", "train") from error
    refuse_external(network)
    try:
        model = onnx.load_from_string(network)
    except Exception as error:  # protobuf raises classes of its own
        raise ModelError("the file is no ONNX model") from error
    graph = model.graph
    if len(graph.input) != _INPUTS:
        raise ModelError("the model is no decoder that signs", expected=_INPUTS, actual=len(graph.input))
    name = graph.input[1].name
    graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(tile[None], np.float32), name))
    del graph.input[1]
    return _folded(model.SerializeToString())


def _folded(model: bytes) -> bytes:
    """Return a model with everything computed that depends on no input."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra("running trained models", "cpu") from error
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "folded.onnx"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(place)
        try:
            onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            return place.read_bytes()
        except Exception as error:  # ONNX Runtime raises classes of its own
            raise ModelError("the model cannot be folded") from error
