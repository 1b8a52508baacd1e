"""ONNX Runtime behind one small class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra, ModelError

__all__ = ["VARIABLE", "Session", "providers"]

VARIABLE = "FORENSICS_DEVICE"
_ON_GPU = ("CUDAExecutionProvider", "CPUExecutionProvider")
_MOST_THREADS = 4  # of one operator

Floats = npt.NDArray[np.float32]


class Session:
    """A model, ready to run.

    Args:
        model: The content of an ONNX file: from memory, a file cannot draw others in.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It is no model that this version runs.
    """

    def __init__(self, model: bytes) -> None:
        runtime = _library()
        options = runtime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = _threads()
        options.inter_op_num_threads = 1
        try:
            self._session = runtime.InferenceSession(model, options, providers=list(providers()))
        except Exception as error:  # ONNX Runtime raises classes of its own, without a common one
            raise ModelError(f"the model cannot be run: {_line(error)}") from error
        inputs = self._session.get_inputs()
        self._names: Sequence[str] = [value.name for value in inputs]
        self._shapes = tuple(tuple(n if isinstance(n, int) else None for n in v.shape) for v in inputs)

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return len(self._names)

    @property
    def shapes(self) -> tuple[tuple[int | None, ...], ...]:
        """Shape of each input, with None for what the file leaves open."""
        return self._shapes

    def __call__(self, *inputs: Floats) -> list[Floats]:
        """Return the outputs for some inputs, both in the order of the file.

        Raises:
            ModelError: The inputs do not fit.
        """
        try:
            return list(self._session.run(None, dict(zip(self._names, inputs, strict=True))))
        except Exception as error:
            raise ModelError(f"the model cannot be run on this input: {_line(error)}") from error


def providers() -> tuple[str, ...]:
    """Return what models run on: a GPU only where $FORENSICS_DEVICE is "cuda" and there is one."""
    if os.environ.get(VARIABLE, "cpu") != "cuda":
        return ("CPUExecutionProvider",)
    there = _library().get_available_providers()
    return tuple(name for name in _ON_GPU if name in there)


def _threads() -> int:
    """Return how many threads an operator has: $OMP_NUM_THREADS, as of all libraries, if it is set."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return int(wanted) if wanted.isdecimal() and int(wanted) else min(_MOST_THREADS, os.cpu_count() or 1)


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _library() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra("running trained models", "cpu") from error
    return onnxruntime
