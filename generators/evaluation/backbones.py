"""Networks of timm as feature extractors: the one part of the evaluation that needs PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra, UsageError
from forensics.generators.evaluation.checks import Pictures
from forensics.generators.evaluation.extractor import RANGES, TIMM, FeatureOptions, resized

__all__ = ["TimmExtractor", "timm_library", "timm_model"]

Floats = npt.NDArray[np.float32]


class TimmExtractor:
    """A model of timm without its classifier.

    Args:
        name: As timm knows it: "resnet18.a1_in1k".
        options: Its weights, which come from a file, or from the network if that is allowed; the size and
            range of its pictures, if not what timm says.

    Raises:
        UsageError: timm has no such model, or its weights do not fit, are not there or were not asked for.
        MissingExtra: PyTorch or timm is not installed.
    """

    def __init__(self, name: str, options: FeatureOptions) -> None:
        self._name = f"{TIMM}{name}"
        self._model = timm_model(name, options.weights, download=options.download)
        timm = timm_library()
        config = timm.data.resolve_model_data_config(self._model)
        height, width = config["input_size"][1:]
        self._size = (options.side, options.side) if options.side else (height, width)
        self._range = RANGES[options.values] if options.values else (config["mean"], config["std"])

    @property
    def name(self) -> str:
        """Its name, with "timm:" before it."""
        return self._name

    def __call__(self, pictures: Pictures) -> Floats:
        """Return (N, D) features.

        Args:
            pictures: (N, H, W, 3) uint8 RGB.

        Raises:
            UsageError: The model does not run on pictures of this size.
        """
        import torch

        mean, deviation = (np.array(v, np.float32) for v in self._range)
        values = (resized(pictures, self._size) - mean) / deviation
        batch = torch.from_numpy(np.ascontiguousarray(values.transpose(0, 3, 1, 2)))
        try:
            with torch.inference_mode():
                return np.asarray(self._model(batch).flatten(1).numpy(), np.float32)
        except (RuntimeError, AssertionError) as error:  # timm asserts the sizes that a model takes
            message = f"{self._name} does not run on pictures of {self._size}: {error}"
            raise UsageError(message, actual=self._size) from error


def timm_model(name: str, weights: Path | None, *, download: bool = False) -> Any:
    """Return a model of timm without its classifier, for inference.

    Args:
        name: As timm knows it.
        weights: A safetensors file, with or without the classifier.
        download: Let timm fetch the weights from the network instead.

    Raises:
        UsageError: timm has no such model, or its weights do not fit, are not there or were not asked for.
        MissingExtra: PyTorch or timm is not installed.
    """
    if (weights is not None) is download:
        raise UsageError(
            f"{TIMM}{name} needs weights: either a safetensors file of yours, or leave to download them",
            expected="one of both",
            actual=weights,
        )
    model = _created(timm_library(), name, download=download)
    if weights is not None:
        _fill(model, weights)
    return model.eval()


def timm_library() -> Any:
    """Return timm.

    Raises:
        MissingExtra: It or PyTorch is not installed.
        UsageError: It does not start.
    """
    try:
        import timm
        import torch  # noqa: F401 - timm may be there without it
    except ImportError as error:
        raise MissingExtra("features of timm", "train") from error
    except RuntimeError as error:  # as of a torchvision that was built for another PyTorch
        raise UsageError(f"timm is installed and does not start: {error}") from error
    return timm


def _created(timm: Any, name: str, *, download: bool) -> Any:
    try:
        return timm.create_model(name, pretrained=download, num_classes=0)
    except Exception as error:  # an unknown name, no weights of that name, no network: each has its own class
        message = f"timm makes no model {name!r}: {str(error).splitlines()[0] if str(error) else type(error)}"
        raise UsageError(message, actual=name) from error


def _fill(model: Any, weights: Path) -> None:
    """Load weights; those of the classifier, which was left out, may be there too."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        state = load(weights.read_bytes())
    except OSError as error:
        raise UsageError(f"the weights {weights} cannot be read: {error.strerror}", actual=weights) from error
    except SafetensorError as error:
        raise UsageError(f"{weights} is no safetensors file: {error}", actual=weights) from error
    wanted = set(model.state_dict())
    try:
        model.load_state_dict({key: state[key] for key in wanted})
    except (KeyError, RuntimeError) as error:
        missing = len(wanted - set(state))
        message = (
            f"the weights {weights} do not fit the model: {missing} of {len(wanted)} tensors are not there"
        )
        raise UsageError(message, expected=len(wanted), actual=len(wanted) - missing) from error
