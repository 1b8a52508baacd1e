"""What computes: a CPU, a GPU, or several processes with one each, by Hugging Face's accelerate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from forensics.errors import MissingExtra
from forensics.training.run import device_named
from forensics.training.sparing import spare
from forensics.training.task import Turn

__all__ = ["Machine"]


class Machine:
    """A device with its precision: bfloat16 where it pays, on GPUs; float32 on CPUs, where it costs much.

    Started by `torchrun`, every process has one, and gradients are averaged over all.

    Args:
        name: "cpu", "cuda", or "auto" for the GPU where there is one.
        compiled: Whether modules are compiled: they are on GPUs if None.
        sparing: Whether parts of networks are computed twice, to take less memory (`spare`).

    Raises:
        UsageError: There is no such device.
    """

    def __init__(self, name: str = "auto", *, compiled: bool | None = None, sparing: bool = False) -> None:
        self._name = device_named(name).type
        self._compiled = self._name == "cuda" if compiled is None else compiled
        self._sparing = sparing

    @cached_property
    def _accelerator(self) -> Any:
        try:
            from accelerate import Accelerator
        except ImportError as error:
            raise MissingExtra("training", "train") from error
        on_gpu = self._name == "cuda"
        return Accelerator(cpu=not on_gpu, mixed_precision="bf16" if on_gpu else "no")

    @property
    def device(self) -> torch.device:
        """Where tensors are to be."""
        device: torch.device = self._accelerator.device
        return device

    @property
    def processes(self) -> int:
        """How many there are."""
        return int(self._accelerator.num_processes)

    @property
    def number(self) -> int:
        """Which of them this is, from 0."""
        return int(self._accelerator.process_index)

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files."""
        return bool(self._accelerator.is_main_process)

    def hasten(self, module: nn.Module) -> None:
        """Make a module sparing, and compile it, where asked for; it cannot be differentiated twice then."""
        if self._sparing:
            spare(module)
        if self._compiled:
            module.compile()

    def next_of(self, turns: Iterator[Turn]) -> Turn | None:
        """Return the next turn, computed with the device's precision; None if there is none."""
        with self._accelerator.autocast():
            return next(turns, None)

    def backward(self, loss: Tensor) -> None:
        """Compute gradients."""
        self._accelerator.backward(loss)

    def most(self, value: float) -> float:
        """Return the largest value of all processes, so that all decide alike."""
        if self.processes == 1:
            return value
        values = self._accelerator.gather(torch.tensor([value], dtype=torch.float64, device=self.device))
        return float(values.max())

    def share(self, parameters: Sequence[nn.Parameter]) -> None:
        """Average gradients over all processes."""
        if self.processes == 1:
            return
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        mean = self._accelerator.reduce(parameters_to_vector(gradients), "mean")
        vector_to_parameters(mean, gradients)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient

    def align(self, module: nn.Module) -> None:
        """Make what modules keep beside their weights that of the first process: codebooks and the like."""
        if self.processes == 1:
            return
        for buffer in module.buffers():
            torch.distributed.broadcast(buffer, 0)
