"""Checkpoints in safetensors: everything that a run needs to go on where it stopped, and no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from forensics.errors import UsageError
from forensics.files import atomic_write

__all__ = ["Progress", "load_checkpoint", "save_checkpoint"]


T = TypeVar("T")


class Progress(NamedTuple):
    """How far a run is.

    Attributes:
        step: Steps done.
        seconds: That they took.
    """

    step: int
    seconds: float


def save_checkpoint(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimizers: Mapping[str, Optimizer],
    progress: Progress,
    config: Any,
) -> None:
    """Write weights, the state of optimisers and how far a run is, at once or not at all.

    Args:
        path: Where to.
        modules: By name.
        optimizers: By name; their moments are kept.
        progress: How far it is.
        config: Of the run, as JSON; a run with another one does not go on from here.
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
        "numbers": json.dumps(numbers),
    }
    atomic_write(path, save(tensors, metadata=head))


def load_checkpoint(
    path: Path, modules: Mapping[str, nn.Module], optimizers: Mapping[str, Optimizer], config: Any
) -> Progress:
    """Read what `save_checkpoint` wrote, into modules and optimisers, and return how far the run is.

    Raises:
        UsageError: The file is none, or of a run with another configuration.
    """
    try:
        with safe_open(str(path), framework="pt") as file:
            head = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
    except (OSError, SafetensorError) as error:
        raise UsageError(f"{path} is no checkpoint: {error}", actual=str(path)) from None
    if head.get("config") != json.dumps(config, sort_keys=True):
        raise UsageError(f"{path} is from a run with other settings; start in another folder")
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
