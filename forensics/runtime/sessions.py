"""ONNX Runtime behind one small class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra, ModelError, UsageError
from forensics.runtime.onnx_file import refuse_external

__all__ = ["CPU", "CUDA", "VARIABLE", "Port", "Session", "Settings", "providers"]

VARIABLE = "FORENSICS_DEVICE"
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
_ON_GPU = (CUDA, CPU)
_MOST_THREADS = 4  # of one operator

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Settings:
    """How a model is run.

    Attributes:
        threads: Of one operator; 0 for $OMP_NUM_THREADS, or up to four of the machine's.
        providers: Names of ONNX Runtime's execution providers, the first that can is taken; by
            $FORENSICS_DEVICE if empty.
        bound: Whether inputs and outputs are bound to memory of the device, so that only what goes in and
            comes out is copied; None for: on a GPU.
        seconds: After which a call is stopped, between two operators; never if 0.
    """

    threads: int = 0
    providers: tuple[str, ...] = ()
    bound: bool | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Port:
    """An input or output of a model.

    Attributes:
        name: In the file.
        shape: With None for what the file leaves open.
        kind: Of its values, such as "float", "float16" or "uint8".
    """

    name: str
    shape: tuple[int | None, ...]
    kind: str

    def __str__(self) -> str:
        sizes = ", ".join("any" if size is None else str(size) for size in self.shape)
        return f"({sizes}) {self.kind}"


class Session:
    """A model, ready to run.

    Args:
        model: The content of an ONNX file. One that draws in other files is refused.
        settings: How to run it; as the environment says if None.

    Raises:
        MissingExtra: ONNX Runtime is not installed.
        ModelError: It is no model that this version runs, or names other files.
        UsageError: There is no such provider here.
    """

    def __init__(self, model: bytes, settings: Settings | None = None) -> None:
        runtime, how = _library(), settings or Settings()
        refuse_external(model)
        options = runtime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = how.threads or _threads()
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.load_model_format", "ONNX")
        # Sessions of several detectors run side by side: a thread that waits leaves its core to the others.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        wanted = _known(how.providers) or providers()
        try:
            self._session = runtime.InferenceSession(model, options, providers=list(wanted))
        except Exception as error:  # ONNX Runtime raises classes of its own, without a common one
            raise ModelError(f"the model cannot be run: {_line(error)}") from error
        self.takes = tuple(_port(value) for value in self._session.get_inputs())
        self.gives = tuple(_port(value) for value in self._session.get_outputs())
        self.provider: str = self._session.get_providers()[0]
        self._seconds = how.seconds
        self._bound = self.provider == CUDA if how.bound is None else how.bound

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return len(self.takes)

    @property
    def shapes(self) -> tuple[tuple[int | None, ...], ...]:
        """Shape of each input, with None for what the file leaves open."""
        return tuple(port.shape for port in self.takes)

    def __call__(self, *inputs: Floats) -> list[Floats]:
        """Return the outputs for some inputs, both in the order of the file.

        Raises:
            ModelError: The inputs do not fit, or it took too long.
        """
        try:
            given = dict(zip((port.name for port in self.takes), inputs, strict=True))
            with self._limited() as options:
                if self._bound:
                    return self._through(given, options)
                return list(self._session.run(None, given, options))
        except Exception as error:
            raise ModelError(f"the model cannot be run on this input: {_line(error)}") from error

    @contextmanager
    def _limited(self) -> Iterator[Any]:
        """Give options of one call, which a timer ends."""
        if not self._seconds:
            yield None
            return
        options = _library().RunOptions()
        timer = Timer(self._seconds, lambda: setattr(options, "terminate", True))
        timer.daemon = True
        timer.start()
        try:
            yield options
        except Exception as error:
            if options.terminate:
                limit = self._seconds
                raise ModelError(f"it took longer than {limit:g} s", expected=limit) from error
            raise
        finally:
            timer.cancel()

    def _through(self, given: dict[str, Floats], options: Any) -> list[Floats]:
        """Run with inputs and outputs in the memory of the device."""
        device = "cuda" if self.provider == CUDA else "cpu"
        binding, make = self._session.io_binding(), _library().OrtValue.ortvalue_from_numpy
        for name, value in given.items():
            binding.bind_ortvalue_input(name, make(np.ascontiguousarray(value), device, 0))
        for port in self.gives:
            binding.bind_output(port.name, device)
        self._session.run_with_iobinding(binding, options)
        return list(binding.copy_outputs_to_cpu())


def providers() -> tuple[str, ...]:
    """Return what models run on: a GPU only where $FORENSICS_DEVICE is "cuda" and there is one."""
    if os.environ.get(VARIABLE, "cpu") != "cuda":
        return ("CPUExecutionProvider",)
    there = _library().get_available_providers()
    return tuple(name for name in _ON_GPU if name in there)


def _known(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return providers, if this installation has them all; ONNX Runtime would take others in silence."""
    there = _library().get_available_providers() if wanted else []
    missing = [name for name in wanted if name not in there]
    if missing:
        raise UsageError(
            f"this installation of ONNX Runtime has no {', '.join(missing)}; it has: {', '.join(there)}",
            expected=there,
            actual=missing,
        )
    return wanted


def _port(value: Any) -> Port:
    shape = tuple(n if isinstance(n, int) else None for n in value.shape)
    return Port(value.name, shape, value.type.removeprefix("tensor(").removesuffix(")"))


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
