"""Denoisers that were trained before, to stand still while something is trained beside them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from forensics.errors import UsageError
from forensics.generators.networks.text import EncoderConfig, TextConfig
from forensics.generators.networks.transformer import TransformerConfig
from forensics.generators.networks.unet import UNetConfig
from forensics.generators.pipelines.recipe import Recipe, read_recipe
from forensics.generators.train.bundle import WEIGHTS
from forensics.generators.train.denoising import denoiser_of
from forensics.generators.train.lessons import Lesson
from forensics.generators.train.runs import DenoiserRun, objective_of
from forensics.runtime.store import Bundle
from forensics.training.schedule import Schedule

__all__ = ["Frozen", "frozen", "objective_of", "run_of"]

T = TypeVar("T")
_DENOISERS = ("diffusion", "flow")


@dataclass(frozen=True, eq=False)
class Frozen:
    """A trained denoiser.

    Attributes:
        run: How it was trained.
        recipe: How it is drawn with.
        module: Its network, with the weights of its file: in 16 bits, as 32-bit floats.
        digest: SHA-256 of these weights.
    """

    run: DenoiserRun
    recipe: Recipe
    module: nn.Module
    digest: str


def frozen(bundle: Bundle) -> Frozen:
    """Return the denoiser of a model, as it was trained.

    Raises:
        UsageError: The model is none of pictures by diffusion or flow.
        ModelError: Its files are not those of its card.
    """
    run, content = run_of(bundle), bundle.read(WEIGHTS)
    module = denoiser_of(run)
    try:
        module.load_state_dict({name: value.float() for name, value in load(content).items()})
    except (RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise UsageError(f"the weights of {bundle.folder} are none of its network: {reason}") from None
    digest = hashlib.sha256(content).hexdigest()
    return Frozen(run, read_recipe(bundle), module.requires_grad_(False).eval(), digest)


def run_of(bundle: Bundle) -> DenoiserRun:
    """Return how the denoiser of a model was trained, as its card says.

    Raises:
        UsageError: The model is none of pictures by diffusion or flow, predicts a variance too, is scaled by
            the noise that it sees, or reads texts by a pretrained encoder.
        ModelError: It has no recipe.
    """
    family = read_recipe(bundle).family
    if family not in _DENOISERS:
        raise UsageError(
            f"{bundle.folder} is a {family}; what stands beside a denoiser needs one of diffusion or flow",
            expected=_DENOISERS,
            actual=family,
        )
    try:
        config = dict(bundle.card["config"])
        model, text = config["model"], config["text"]
        config["model"] = _filled(UNetConfig if "multiples" in model else TransformerConfig, model)
        config["schedule"] = _filled(Schedule, config["schedule"])
        config["text"] = None if text is None else _filled(TextConfig, text)
        config["lesson"] = config.get("lesson") and _filled(Lesson, config["lesson"])
        config["encoder"] = config.get("encoder") and _filled(EncoderConfig, config["encoder"])
        run = _filled(DenoiserRun, config)
    except (KeyError, TypeError) as error:
        raise UsageError(f"the card of {bundle.folder} does not say how it was trained: {error}") from None
    if run.learned:
        raise UsageError(f"{bundle.folder} predicts a variance too, and nothing can stand beside it")
    if run.data:
        raise UsageError(f"{bundle.folder} is scaled by the noise that it sees, and nothing begins with it")
    if run.encoder is not None:
        raise UsageError(
            f"{bundle.folder} reads captions by a text encoder, {run.encoder.name}: nothing begins with it"
        )
    return run


def _filled(kind: type[T], values: dict[str, Any]) -> T:
    """Return a frozen dataclass of what was JSON: its lists are tuples, and what it does not know is left."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name in known
        }
    )
