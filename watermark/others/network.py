"""Running a network of somebody else from the bytes of an ONNX file, which cannot name further files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from forensics.errors import ModelError, UsageError
from forensics.media.types import Pixels
from forensics.runtime.sessions import Session

__all__ = ["Network", "network", "scaled_to", "shaped"]

Floats = npt.NDArray[np.float32]
Network = Callable[[Floats], Floats]


def network(data: bytes, name: str, sizes: Sequence[int]) -> Network:
    """Return a function from the one input of a network to its first output, of shape (1, size, ...).

    Args:
        data: The content of an ONNX file: from memory, a file cannot draw others in.
        name: Of the scheme, for messages.
        sizes: Numbers of outputs that the scheme may have.

    Raises:
        MissingExtra: ONNX Runtime is missing.
        UsageError: The file is no network of one input; when it runs: its shapes are others.
    """
    try:
        session = Session(data)
    except ModelError as error:
        raise UsageError(f"the weights of {name} are no network: {error}") from error
    if session.inputs != 1:
        raise UsageError(f"the weights of {name} are no network of one input")

    def run(values: Floats) -> Floats:
        try:
            found = np.asarray(session(np.ascontiguousarray(values))[0], np.float32)
        except ModelError as error:
            raise UsageError(f"the network of {name} does not take this picture: {error}") from error
        return shaped(found, name, sizes)

    return run


def shaped(found: Floats, name: str, sizes: Sequence[int]) -> Floats:
    """Return the output of a network if it has a shape that the scheme has.

    Raises:
        UsageError: It has another.
    """
    if found.ndim < 2 or found.shape[0] != 1 or found.shape[1] not in sizes:
        raise UsageError(
            f"the network of {name} is another: its output is {found.shape}",
            expected=tuple((1, size) for size in sizes),
            actual=found.shape,
        )
    return found


def scaled_to(pixels: Pixels, side: int) -> Floats:
    """Return (1, 3, side, side) in [0, 1] of (H, W, 3) pixels, by Pillow's bilinear filter."""
    from PIL import Image

    small = Image.fromarray(pixels).resize((side, side), Image.Resampling.BILINEAR)
    return (np.asarray(small, np.float32) / 255.0).transpose(2, 0, 1)[None]
