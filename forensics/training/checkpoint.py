"""Checkpoints in safetensors: everything that a run needs to go on where it stopped, and no pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from forensics.errors import UsageError
from forensics.files import atomic_write

__all__ = ["Progress", "digest_of", "load_checkpoint", "save_checkpoint"]


T = TypeVar("T")


class Progress(NamedTuple):
    """How far a run is.

    Attributes:
        step: Steps done.
        seconds: That they took.
    """

    step: int
    seconds: float


def digest_of(*parts: npt.NDArray[Any] | Tensor | str) -> str:
    """Return the BLAKE2b digest of arrays and texts: their values, types, shapes and order.

    Args:
        parts: What is trained on.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        array = np.frombuffer(part.encode(), np.uint8) if isinstance(part, str) else np.asarray(part)
        digest.update(f"{array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def save_checkpoint(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    progress: Progress,
    config: Any,
    data: str = "",
) -> None:
    """Write weights, the state of optimisers and how far a run is, at once or not at all.

    Args:
        path: Where to.
        modules: By name.
        optimizers: By name; their moments are kept.
        progress: How far it is.
        config: Of the run, as JSON; a run with another one does not go on from here.
        data: Digest of what is trained on; a run on other data does not go on from here.
    """
    tensors = {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }
    numbers: dict[str, float] = {}
    for name, optimizer in optimizers.items():
        for index, state in optimizer.state_dict()["state"].items():
            for key, value in state.items():
                if isinstance(value, Tensor):
                    place = f"optimizer {name}/{index}/{key}"
                    tensors[place] = value.detach().cpu().contiguous().clone()
                else:
                    numbers[f"{name}/{index}/{key}"] = value
    head = {
        "progress": json.dumps(progress),
        "config": json.dumps(config, sort_keys=True),
        "data": data,
        "numbers": json.dumps(numbers),
    }
    atomic_write(path, save(tensors, metadata=head))


def load_checkpoint(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    config: Any,
    data: str = "",
) -> Progress:
    """Read what `save_checkpoint` wrote, into modules and optimisers, and return how far the run is.

    Raises:
        UsageError: The file is none, or of a run with another configuration or on other data.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            head = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
    except (OSError, SafetensorError) as error:
        raise UsageError(f"{path} is no checkpoint: {error}", actual=str(path)) from None
    if head.get("config") != json.dumps(config, sort_keys=True):
        raise UsageError(f"{path} is from a run with other settings; start in another folder")
    if head.get("data") != data:
        raise UsageError(f"{path} is from a run on other data; start in another folder")
    for name, module in modules.items():
        module.load_state_dict(_below(tensors, f"{name}/"))
    numbers = json.loads(head["numbers"])
    for name, optimizer in optimizers.items():
        _restore(optimizer, _below(tensors, f"optimizer {name}/"), _below(numbers, f"{name}/"))
    return Progress(*json.loads(head["progress"]))


def _below(values: Mapping[str, T], prefix: str) -> dict[str, T]:
    return {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}


def _restore(optimizer: Optimizer, tensors: Mapping[str, Tensor], numbers: Mapping[str, float]) -> None:
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **numbers}.items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = value
    whole = optimizer.state_dict()
    whole["state"] = state
    optimizer.load_state_dict(whole)
