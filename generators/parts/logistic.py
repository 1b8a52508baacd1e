"""The logistic function, so that it is the same in ONNX files."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

__all__ = ["log_sigmoid"]


def log_sigmoid(x: Tensor) -> Tensor:
    """Return log(1 / (1 + exp(-x))), finite for all finite x.

    `torch.nn.functional.logsigmoid` becomes the logarithm of a sigmoid when it is exported, which is -inf
    below -88.
    """
    return -F.softplus(-x)
