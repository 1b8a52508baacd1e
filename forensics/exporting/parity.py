"""Whether ONNX files compute what the modules of PyTorch compute that they were made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forensics.errors import ModelError
from forensics.exporting.inputs import Inputs
from forensics.exporting.losses import Loss, loss_of
from forensics.runtime.sessions import Session
from forensics.runtime.store import Bundle

__all__ = ["MOST", "parity_of"]

MOST = 1e-4  # of the largest value


def parity_of(bundle: Bundle, networks: Mapping[str, Session], inputs: Inputs) -> dict[str, Loss]:
    """Return how far each ONNX file is from its module, where weights for PyTorch are kept.

    Args:
        bundle: The model.
        networks: By name of file.
        inputs: Of each.

    Returns:
        Nothing where PyTorch is not installed, or the model keeps no such weights.

    Raises:
        ModelError: A file does not compute what its module does.
    """
    try:
        import torch

        from forensics.exporting.train.references import references_of
    except ImportError:
        return {}
    found = {}
    for name, module in references_of(bundle).items():
        if name not in networks:
            continue
        with torch.no_grad():
            expected = module(*(torch.from_numpy(np.ascontiguousarray(x)) for x in inputs[name])).numpy()
        found[name] = loss_of(name, expected, networks[name](*inputs[name])[-1].reshape(expected.shape))
        if found[name].relative > MOST:
            raise ModelError(
                f"{name} differs from its module by {found[name].relative:.2g} of the largest value",
                expected=MOST,
                actual=found[name].relative,
            )
    return found
