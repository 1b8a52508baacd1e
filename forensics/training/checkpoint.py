"""Checkpoints in safetensors: everything that a run needs to go on where it stopped, and no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from forensics.errors import UsageError
from forensics.files import atomic_write

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(
    path: Path, modules: Mapping[str, nn.Module], optimizer: Optimizer | None, step: int, config: Any
) -> None:
    """Write weights, the optimiser's state and the step, at once or not at all.

    Args:
        path: Where to.
        modules: By name.
        optimizer: Its moments are kept; None for weights alone.
        step: Steps done.
        config: Of the run, as JSON; a run with another one does not go on from here.
    """
    tensors = {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }
    numbers: dict[str, float] = {}
    for index, state in (optimizer.state_dict()["state"] if optimizer else {}).items():
        for key, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer/{index}/{key}"] = value.detach().cpu().contiguous().clone()
            else:
                numbers[f"{index}/{key}"] = value
    head = {"step": str(step), "config": json.dumps(config, sort_keys=True), "numbers": json.dumps(numbers)}
    atomic_write(path, save(tensors, metadata=head))


def load_checkpoint(
    path: Path, modules: Mapping[str, nn.Module], optimizer: Optimizer | None, config: Any
) -> int:
    """Read what `save_checkpoint` wrote, into modules and the optimiser, and return the step.

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
    if optimizer is not None:
        _restore(optimizer, _below(tensors, "optimizer/"), json.loads(head["numbers"]))
    return int(head["step"])


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _restore(optimizer: Optimizer, tensors: Mapping[str, Tensor], numbers: Mapping[str, float]) -> None:
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**tensors, **numbers}.items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = value
    whole = optimizer.state_dict()
    whole["state"] = state
    optimizer.load_state_dict(whole)
