"""Running a TorchScript file that has a method `detect`; the only module here that imports torch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib import import_module

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra, UsageError
from forensics.watermark.others.network import Network, shaped

__all__ = ["torch_network"]

Floats = npt.NDArray[np.float32]


def torch_network(data: bytes, name: str, sizes: Sequence[int]) -> Network:
    """Return the method `detect` of a TorchScript module, from (1, 3, H, W) to its scores.

    TorchScript is a program: give only files whose publisher you trust.

    Args:
        data: The content of the file.
        name: Of the scheme, for messages.
        sizes: Numbers of outputs that the scheme may have.

    Raises:
        MissingExtra: torch is missing.
        UsageError: It cannot be loaded; when it runs: it does not take the picture.
    """
    try:
        torch = import_module("torch")
    except ImportError as error:
        raise MissingExtra(f"TorchScript files of {name}", "train") from error
    try:
        module = torch.jit.load(io.BytesIO(data), map_location="cpu").eval()
        detect = module.detect
    except Exception as error:
        raise UsageError(f"the weights of {name} are no TorchScript module with `detect`") from error

    def run(values: Floats) -> Floats:
        try:
            with torch.no_grad():
                found = np.asarray(detect(torch.from_numpy(np.ascontiguousarray(values))).numpy(), np.float32)
        except Exception as error:
            raise UsageError(f"the network of {name} does not take this picture") from error
        return shaped(found, name, sizes)

    return run
