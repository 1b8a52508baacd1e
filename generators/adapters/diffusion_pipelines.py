"""Pipelines of Hugging Face diffusers, from a folder of yours."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from forensics.errors import MissingExtra, ModelError, UsageError
from forensics.generators.adapters.hub import check_brings_no_code, offline, quiet, reason

__all__ = ["DiffusersSampler", "load_pipeline"]

_INDEX = "model_index.json"


class DiffusersSampler:
    """A sampler of a pipeline that makes pictures of noise, or of noise and a text.

    The code of the installed diffusers runs, and none that lies in the folder; weights are read from
    safetensors files alone. The noise of each picture comes from a seed of its own.

    Args:
        source: Folder that `save_pretrained` wrote; with `download`, also the name of one on the hub.
        download: Let diffusers fetch what is not there from the network; nothing is fetched otherwise.
        device: Where it runs; a GPU if there is one and this is None.

    Raises:
        MissingExtra: diffusers is not installed.
        UsageError: There is no such folder, or it holds no pipeline.
        ModelError: The pipeline cannot be loaded.
    """

    def __init__(self, source: str, *, download: bool = False, device: str | None = None) -> None:
        self._pipeline, self._torch, self._device = load_pipeline(source, download=download, device=device)
        self._pipeline.set_progress_bar_config(disable=True)

    def __call__(
        self, seeds: Sequence[int], prompt: str = "", steps: int = 0, guidance: float = 1.0
    ) -> npt.NDArray[np.uint8]:
        """Return (len(seeds), H, W, 3) pictures.

        Raises:
            UsageError: Something is asked that the pipeline does not take.
        """
        generators = [self._torch.Generator("cpu").manual_seed(seed) for seed in seeds]
        given: dict[str, Any] = {"generator": generators, "output_type": "np", **self._counted(seeds, prompt)}
        if steps:
            given["num_inference_steps"] = steps
        if guidance != 1.0:
            given["guidance_scale"] = guidance
        for name in given:
            if name not in self._takes:
                raise UsageError(f"{type(self._pipeline).__name__} takes no {name}", actual=name)
        with self._torch.inference_mode():
            found = np.asarray(self._pipeline(**given).images, np.float32)
        pixels = np.rint(np.clip(found, 0.0, 1.0) * 255.0).astype(np.uint8)
        return np.repeat(pixels, 3, axis=-1) if pixels.shape[-1] == 1 else pixels

    @property
    def _takes(self) -> frozenset[str]:
        return frozenset(inspect.signature(type(self._pipeline).__call__).parameters)

    def _counted(self, seeds: Sequence[int], prompt: str) -> dict[str, Any]:
        """Return how many pictures of what, as the pipeline is told it."""
        if prompt or "prompt" in self._takes:
            return {"prompt": [prompt] * len(seeds)}
        return {"batch_size": len(seeds)}


def load_pipeline(source: str, *, download: bool = False, device: str | None = None) -> tuple[Any, Any, str]:
    """Return a pipeline, the module torch, and where the pipeline is.

    Args:
        source: As for `DiffusersSampler`, like the others.
        download: Let diffusers fetch what is not there.
        device: Where it runs.

    Raises:
        MissingExtra: diffusers is not installed.
        UsageError: There is no such folder, or it holds no pipeline.
        ModelError: The pipeline cannot be loaded.
    """
    if not download:
        _check_folder(Path(source))
    diffusers, torch = _libraries()
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return _loaded(diffusers, source, download).to(place), torch, place


def _check_folder(folder: Path) -> None:
    """Refuse what is no pipeline, and one that brings code."""
    if not (folder / _INDEX).is_file():
        raise UsageError(
            f"{folder} is no folder of a pipeline of diffusers: it has no {_INDEX}; "
            "with --download, its name on the hub is taken as well",
            expected=_INDEX,
            actual=str(folder),
        )
    check_brings_no_code(folder)


def _libraries() -> tuple[Any, Any]:
    try:
        import diffusers
        import torch
    except ImportError as error:
        raise MissingExtra("a pipeline of diffusers", "diffusers") from error
    return diffusers, torch


def _loaded(diffusers: Any, source: str, download: bool) -> Any:
    """Return a pipeline from safetensors files, without a connection if there is to be none."""
    try:
        with offline(not download), quiet(diffusers.utils.logging):
            return diffusers.DiffusionPipeline.from_pretrained(
                source, local_files_only=not download, use_safetensors=True, trust_remote_code=False
            )
    except Exception as error:  # missing files, other versions, no network: each has its own class
        raise ModelError(f"diffusers cannot load {source}: {reason(error)}", actual=source) from error
